// What a transformer's step does besides matrix products and attention. Rows of every tensor lie
// `stride` values apart, a multiple of eight, so that vectors of four are always aligned; what lies
// past a row's columns stays zero.
#include "deft.cuh"
#include "early.cuh"

using namespace deft;

// At the start of kernels that are launched early; see early.cuh.
__device__ __forceinline__ void begin() {
  allowSuccessor();
  waitForPredecessor();
}

// --- copies and conversions ---

struct ConvertParams {
  const void* from;
  void* to;
  uint64_t from_stride;  // values; for Q8_0 bytes a row
  uint64_t to_stride;
  int rows, cols;
  int from_type, to_type;
};
DEFT_PARAMS(convert, ConvertParams);

template <typename T>
__device__ float element(const ConvertParams& p, int r, int c) {
  return As<T>::get(static_cast<const T*>(p.from)[r * p.from_stride + c]);
}

// One row a y block (strided), a value a thread: for loading and for what is not hot.
extern "C" __global__ void __launch_bounds__(256) convert(const __grid_constant__ ConvertParams p) {
  begin();
  for (int r = blockIdx.y; r < p.rows; r += gridDim.y) {
    for (int c = blockIdx.x * 256 + threadIdx.x; c < p.cols; c += gridDim.x * 256) {
      float x;
      if (p.from_type == Q8_0) {
        const uint8_t* block = static_cast<const uint8_t*>(p.from) + r * p.from_stride + c / 32 * 34;
        const uint16_t bits = block[0] | block[1] << 8;
        x = __half2float(__ushort_as_half(bits)) * static_cast<int8_t>(block[2 + c % 32]);
      } else {
        DEFT_BY_TYPE(p.from_type, T, x = element<T>(p, r, c));
      }
      DEFT_BY_TYPE(p.to_type, T, static_cast<T*>(p.to)[r * p.to_stride + c] = As<T>::put(x));
    }
  }
}

struct CopyInParams {
  const uint4* from;  // host memory that the device sees
  uint4* to;
  int64_t n;
};
DEFT_PARAMS(copy_in, CopyInParams);

// A few kilobytes from the host: a copy engine would take longer to be handed the stream than to copy. Not cached, for
// the host writes there again.
extern "C" __global__ void __launch_bounds__(256) copy_in(const __grid_constant__ CopyInParams p) {
  const int64_t i = blockIdx.x * 256 + threadIdx.x;
  if (i < p.n) p.to[i] = __ldcv(p.from + i);
}

// --- embedding ---

struct Drawn {  // sample.cuh's DeftDraw
  int token;
  float logProb;
};

struct EmbedParams {
  const void* table;
  const int* tokens;           // those below 0: ~place among the drawn ones
  const Drawn* const* drawn;
  void* y;
  uint64_t table_stride, y_stride;
  int cols;
  int table_type, y_type;
};
DEFT_PARAMS(embed, EmbedParams);

template <typename T, typename U>
__device__ void copy_row(const T* from, U* to, int cols) {
  for (int c = threadIdx.x * 4; c < cols; c += blockDim.x * 4) store4(to + c, load4(from + c));
}

// A row a block. Whole vectors: past the columns both sides hold zeros.
extern "C" __global__ void __launch_bounds__(256) embed(const __grid_constant__ EmbedParams p) {
  begin();
  const int r = blockIdx.x;
  int token = p.tokens[r];
  if (token < 0) token = (*p.drawn)[~token].token;
  DEFT_BY_TYPE(p.table_type, T, {
    const T* from = static_cast<const T*>(p.table) + static_cast<uint64_t>(token) * p.table_stride;
    DEFT_BY_TYPE(p.y_type, U, copy_row(from, static_cast<U*>(p.y) + r * p.y_stride, p.cols));
  });
}

struct GatherParams {
  const void* x;
  void* y;
  uint64_t x_stride, y_stride;
  int cols;
  int x_type, y_type;
  int rows[128];
};
DEFT_PARAMS(gather_rows, GatherParams);

extern "C" __global__ void __launch_bounds__(256)
    gather_rows(const __grid_constant__ GatherParams p) {
  begin();
  DEFT_BY_TYPE(p.x_type, T, {
    const T* from = static_cast<const T*>(p.x) + p.rows[blockIdx.x] * p.x_stride;
    DEFT_BY_TYPE(p.y_type, U,
                 copy_row(from, static_cast<U*>(p.y) + blockIdx.x * p.y_stride, p.cols));
  });
}

// --- norm, bias, gate ---

struct NormParams {
  const void* x;
  const float* weight;
  void* y;
  uint64_t x_stride, y_stride;
  int cols;
  int x_type, y_type;
  float eps;
};
DEFT_PARAMS(rms_norm, NormParams);

constexpr int NORM_VECTORS = 8;  // that a thread keeps in registers: 256 threads hold 8192 columns

template <typename T, typename U>
__device__ void norm_row(const T* x, const float* weight, U* y, int cols, float eps) {
  __shared__ float shared[32];
  float4 kept[NORM_VECTORS];
  float sum = 0;
#pragma unroll
  for (int k = 0; k < NORM_VECTORS; k++) {
    const int c = (k * 256 + threadIdx.x) * 4;
    if (c < cols) {
      kept[k] = load4(x + c);
      sum += kept[k].x * kept[k].x + kept[k].y * kept[k].y + kept[k].z * kept[k].z +
             kept[k].w * kept[k].w;
    }
  }
  for (int c = (NORM_VECTORS * 256 + threadIdx.x) * 4; c < cols; c += 1024) {
    const float4 v = load4(x + c);
    sum += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
  }
  const float scale = rsqrtf(block_sum(sum, shared) / cols + eps);
  auto write = [&](int c, float4 v) {
    const float4 w = load4(weight + c);
    store4(y + c, make_float4(v.x * scale * w.x, v.y * scale * w.y, v.z * scale * w.z,
                              v.w * scale * w.w));
  };
#pragma unroll
  for (int k = 0; k < NORM_VECTORS; k++) {
    const int c = (k * 256 + threadIdx.x) * 4;
    if (c < cols) write(c, kept[k]);
  }
  for (int c = (NORM_VECTORS * 256 + threadIdx.x) * 4; c < cols; c += 1024) write(c, load4(x + c));
}

// A row a block of 256; the row is read once.
extern "C" __global__ void __launch_bounds__(256) rms_norm(const __grid_constant__ NormParams p) {
  begin();
  const uint64_t r = blockIdx.x;
  DEFT_BY_TYPE(p.x_type, T, {
    const T* x = static_cast<const T*>(p.x) + r * p.x_stride;
    DEFT_BY_TYPE(p.y_type, U,
                 norm_row(x, p.weight, static_cast<U*>(p.y) + r * p.y_stride, p.cols, p.eps));
  });
}

struct BiasParams {
  void* y;
  const float* bias;
  uint64_t y_stride;
  int cols;
  int y_type;
};
DEFT_PARAMS(add_bias, BiasParams);

extern "C" __global__ void __launch_bounds__(256) add_bias(const __grid_constant__ BiasParams p) {
  begin();
  const int c = (blockIdx.x * 256 + threadIdx.x) * 4;
  if (c >= p.cols) return;
  DEFT_BY_TYPE(p.y_type, T, {
    T* y = static_cast<T*>(p.y) + blockIdx.y * p.y_stride + c;
    const float4 a = load4(y);
    const float4 b = load4(p.bias + c);
    store4(y, make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w));
  });
}

struct GateParams {
  const void* gate_up;  // [rows][gate, then up]
  void* y;
  uint64_t gate_stride, y_stride;
  int cols;  // of y
  int gate_type, y_type;
};
DEFT_PARAMS(swiglu, GateParams);

extern "C" __global__ void __launch_bounds__(256) swiglu(const __grid_constant__ GateParams p) {
  begin();
  const int c = (blockIdx.x * 256 + threadIdx.x) * 4;
  if (c >= p.cols) return;
  DEFT_BY_TYPE(p.gate_type, T, {
    const T* g = static_cast<const T*>(p.gate_up) + blockIdx.y * p.gate_stride + c;
    const T* u = g + p.cols;
    float4 a;
    float4 b;
    if (p.cols % 4 == 0) {
      a = load4(g);
      b = load4(u);
    } else {  // up does not begin at a whole vector
      float x[8];
      for (int i = 0; i < 4; i++) {
        x[i] = c + i < p.cols ? As<T>::get(g[i]) : 0.f;
        x[4 + i] = c + i < p.cols ? As<T>::get(u[i]) : 0.f;
      }
      a = make_float4(x[0], x[1], x[2], x[3]);
      b = make_float4(x[4], x[5], x[6], x[7]);
    }
    const float4 y = make_float4(gated(a.x, b.x), gated(a.y, b.y), gated(a.z, b.z), gated(a.w, b.w));
    DEFT_BY_TYPE(p.y_type, U, store4(static_cast<U*>(p.y) + blockIdx.y * p.y_stride + c, y));
  });
}

// --- norms of heads, rotary embedding, keys and values ---

// What a head's values are multiplied with before their weights. All lanes of the warp.
template <typename T>
__device__ __forceinline__ float head_scale(const T* x, int dim, float eps) {
  float sum = 0;
  for (int i = threadIdx.x & 31; i < dim; i += 32) {
    const float v = As<T>::get(x[i]);
    sum += v * v;
  }
  return rsqrtf(warp_sum(sum) / dim + eps);
}

struct HeadNormParams {
  void* x;  // the first head of the first row
  const float* weight;
  uint64_t x_stride;
  int heads, dim;
  int x_type;
  float eps;
};
DEFT_PARAMS(norm_heads, HeadNormParams);

// A warp a head.
extern "C" __global__ void __launch_bounds__(128) norm_heads(const __grid_constant__ HeadNormParams p) {
  begin();
  const int head = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (head >= p.heads) return;
  DEFT_BY_TYPE(p.x_type, T, {
    T* x = static_cast<T*>(p.x) + blockIdx.y * p.x_stride + head * p.dim;
    const float scale = head_scale(x, p.dim, p.eps);
    for (int i = threadIdx.x & 31; i < p.dim; i += 32) {
      x[i] = As<T>::put(As<T>::get(x[i]) * scale * p.weight[i]);
    }
  });
}

struct TurnParams {
  const double* frequencies;  // [pairs], radians a position
  const int* positions;
  float2* turns;  // [rows][pairs]: cosine and sine
  int pairs;
};
DEFT_PARAMS(rope_turns, TurnParams);

// Angles of all rows, once for all layers; a block a row.
extern "C" __global__ void __launch_bounds__(64) rope_turns(const __grid_constant__ TurnParams p) {
  begin();
  const int r = blockIdx.x;
  for (int i = threadIdx.x; i < p.pairs; i += 64) {
    // The angle is exact enough in float64 only: it grows with the position.
    double t = p.positions[r] * p.frequencies[i];
    t -= rint(t * 0.15915494309189535) * 6.283185307179586;
    float sin, cos;
    sincosf(static_cast<float>(t), &sin, &cos);
    p.turns[r * p.pairs + i] = make_float2(cos, sin);
  }
}

struct RopeParams {
  void* qkv;  // [rows][(heads + 2 kv_heads) * dim]
  const float2* turns;
  const int* slots;
  void* queries;  // [rows][heads][padded], of the cache's type
  void* keys;     // this layer's
  void* values;
  const float* query_norm;  // [dim], or null: heads stay as they are
  const float* key_norm;
  uint64_t qkv_stride;
  int heads, kv_heads, dim, padded, pairs, shift;
  int interleaved;
  int qkv_type, kv_type;
  int rotate;  // 0: only copies the queries
  float eps;
};
DEFT_PARAMS(rope_append, RopeParams);

__device__ __forceinline__ float2 turned(float2 v, float2 t) {
  return make_float2(v.x * t.x - v.y * t.y, v.x * t.y + v.y * t.x);
}

// Heads that are as the product left them, four values a lane.
template <typename T, typename U>
__device__ __forceinline__ void rope_vectors(const RopeParams& p, const float2* turns, int pairs, T* x, U* to) {
  const int lane = threadIdx.x & 31;
  const int apart = p.interleaved ? 0 : pairs;
  for (int i = lane * 4; i < p.dim - apart; i += 128) {
    float4 a = load4(x + i);
    if (i < 2 * pairs - apart) {
      const float4 t = load4(reinterpret_cast<const float*>(turns + (apart ? i : i / 2)));
      if (apart) {
        float4 b = load4(x + i + apart);
        const float4 u = load4(reinterpret_cast<const float*>(turns + i + 2));
        const float2 v0 = turned({a.x, b.x}, {t.x, t.y});
        const float2 v1 = turned({a.y, b.y}, {t.z, t.w});
        const float2 v2 = turned({a.z, b.z}, {u.x, u.y});
        const float2 v3 = turned({a.w, b.w}, {u.z, u.w});
        a = make_float4(v0.x, v1.x, v2.x, v3.x);
        b = make_float4(v0.y, v1.y, v2.y, v3.y);
        store4(x + i + apart, b);
        store4(to + i + apart, b);
      } else {
        const float2 v0 = turned({a.x, a.y}, {t.x, t.y});
        const float2 v1 = turned({a.z, a.w}, {t.z, t.w});
        a = make_float4(v0.x, v0.y, v1.x, v1.y);
      }
      store4(x + i, a);
      store4(to + i, a);
    } else {
      store4(to + i + apart, load4(x + i + apart));
    }
  }
}

template <typename T, typename U>
__device__ void rope_head(const RopeParams& p, int r, int head, T* x, U* to) {
  const int lane = threadIdx.x & 31;
  const bool turns = p.rotate && head < p.heads + p.kv_heads;
  const float2* turn = p.turns + static_cast<size_t>(r) * p.pairs;
  const float* weight = head < p.heads ? p.query_norm : p.key_norm;
  if (!turns || (weight == nullptr && p.pairs % 4 == 0)) {
    rope_vectors(p, turn, turns ? p.pairs : 0, x, to);
  } else {
    const float scale = weight ? head_scale(x, p.dim, p.eps) : 1.f;
    auto value = [&](int i) {
      const float v = As<T>::get(x[i]);
      return weight ? v * scale * weight[i] : v;
    };
    for (int i = lane; i < p.pairs; i += 32) {
      const int a = p.interleaved ? 2 * i : i;
      const int b = p.interleaved ? 2 * i + 1 : i + p.pairs;
      const float2 v = turned({value(a), value(b)}, turn[i]);
      x[a] = As<T>::put(v.x);
      x[b] = As<T>::put(v.y);
      to[a] = As<U>::put(v.x);
      to[b] = As<U>::put(v.y);
    }
    for (int i = 2 * p.pairs + lane; i < p.dim; i += 32) {
      const float v = value(i);
      if (weight) x[i] = As<T>::put(v);
      to[i] = As<U>::put(v);
    }
  }
  if (head < p.heads) {
    for (int i = p.dim + lane; i < p.padded; i += 32) to[i] = As<U>::put(0.f);
  }
}

// A warp a head: queries go to their buffer, keys and values to their slots. The padding of the
// cache's heads is zero from the start and stays so.
extern "C" __global__ void __launch_bounds__(128) rope_append(const __grid_constant__ RopeParams p) {
  begin();
  const int r = blockIdx.y;
  const int head = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (head >= (p.rotate ? p.heads + 2 * p.kv_heads : p.heads)) return;
  DEFT_BY_TYPE(p.qkv_type, T, {
    T* x = static_cast<T*>(p.qkv) + r * p.qkv_stride + head * p.dim;
    uint64_t at;
    void* base;
    if (head < p.heads) {
      base = p.queries;
      at = (uint64_t(r) * p.heads + head) * p.padded;
    } else {
      const int h = (head - p.heads) % p.kv_heads;
      if (p.slots[r] < 0) return;  // a row of padding leaves nothing
      const uint64_t slot = p.slots[r];
      base = head < p.heads + p.kv_heads ? p.keys : p.values;
      at = ((((slot >> p.shift) * p.kv_heads + h) << p.shift) + (slot & ((1u << p.shift) - 1))) *
           p.padded;
    }
    if (p.kv_type == F16) {
      rope_head(p, r, head, x, static_cast<__half*>(base) + at);
    } else {
      rope_head(p, r, head, x, static_cast<__nv_bfloat16*>(base) + at);
    }
  });
}

struct CopyKvParams {
  void* keys;  // of the first layer
  void* values;
  uint64_t layer_bytes;
  int kv_heads, head_bytes, shift;
  int from[256], to[256];
};
DEFT_PARAMS(copy_kv, CopyKvParams);

// Block (pair, layer, keys or values): 16 bytes a thread.
extern "C" __global__ void __launch_bounds__(128) copy_kv(const __grid_constant__ CopyKvParams p) {
  char* base = static_cast<char*>(blockIdx.z ? p.values : p.keys) + blockIdx.y * p.layer_bytes;
  const uint64_t mask = (1u << p.shift) - 1;
  const uint64_t from = p.from[blockIdx.x];
  const uint64_t to = p.to[blockIdx.x];
  const int words = p.head_bytes / 16;
  for (int i = threadIdx.x; i < p.kv_heads * words; i += 128) {
    const int h = i / words;
    const int w = i % words;
    const uint64_t a =
        ((((from >> p.shift) * p.kv_heads + h) << p.shift) + (from & mask)) * p.head_bytes + w * 16;
    const uint64_t b =
        ((((to >> p.shift) * p.kv_heads + h) << p.shift) + (to & mask)) * p.head_bytes + w * 16;
    *reinterpret_cast<uint4*>(base + b) = *reinterpret_cast<const uint4*>(base + a);
  }
}

// --- logits ---

struct SoftmaxParams {
  float* x;
  uint64_t stride;
  int cols;
  int log;
};
DEFT_PARAMS(softmax, SoftmaxParams);

// A row a block.
extern "C" __global__ void __launch_bounds__(1024) softmax(const __grid_constant__ SoftmaxParams p) {
  __shared__ float shared[32];
  float* x = p.x + blockIdx.x * p.stride;
  float max = -INFINITY;
  for (int c = threadIdx.x; c < p.cols; c += 1024) max = fmaxf(max, x[c]);
  max = block_max(max, shared);
  float sum = 0;
  for (int c = threadIdx.x; c < p.cols; c += 1024) sum += expf(x[c] - max);
  sum = block_sum(sum, shared);
  const float log_sum = logf(sum);
  const float inverse = 1.f / sum;
  for (int c = threadIdx.x; c < p.cols; c += 1024) {
    const float d = x[c] - max;
    x[c] = p.log ? d - log_sum : expf(d) * inverse;
  }
}

struct SummaryPart {
  float max;
  int best;
  double sum;  // of exponentials less max; in the end its logarithm plus max
};
struct SummaryParams {
  const float* x;
  SummaryPart* parts;  // [rows][parts]
  SummaryPart* out;    // [rows]
  uint64_t stride;
  int cols;
  int count;  // of parts a row
};
DEFT_PARAMS(summarize_parts, SummaryParams);
DEFT_PARAMS(summarize_rows, SummaryParams);

constexpr int SUMMARY_COLUMNS = 4096;

__device__ __forceinline__ void better(float& max, int& best, float m, int b) {
  if (m > max || (m == max && b < best)) {
    max = m;
    best = b;
  }
}

// Block (part, row) of 256: sixteen values a thread, read once.
extern "C" __global__ void __launch_bounds__(256)
    summarize_parts(const __grid_constant__ SummaryParams p) {
  __shared__ float shared[32];
  __shared__ int best_shared[8];
  __shared__ float max_shared[8];
  const float* x = p.x + blockIdx.y * p.stride;
  const int from = blockIdx.x * SUMMARY_COLUMNS;
  const int end = min(from + SUMMARY_COLUMNS, p.cols);
  float v[16];
  float max = -INFINITY;
  int best = end;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const int c = from + (k * 256 + threadIdx.x) * 4;
    float4 f = make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);
    if (c < end) f = *reinterpret_cast<const float4*>(x + c);
    v[4 * k] = f.x;
    v[4 * k + 1] = c + 1 < end ? f.y : -INFINITY;
    v[4 * k + 2] = c + 2 < end ? f.z : -INFINITY;
    v[4 * k + 3] = c + 3 < end ? f.w : -INFINITY;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (c + i < end) better(max, best, v[4 * k + i], c + i);
    }
  }
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) {
    better(max, best, __shfl_xor_sync(0xffffffffu, max, d), __shfl_xor_sync(0xffffffffu, best, d));
  }
  if ((threadIdx.x & 31) == 0) {
    max_shared[threadIdx.x >> 5] = max;
    best_shared[threadIdx.x >> 5] = best;
  }
  __syncthreads();
#pragma unroll
  for (int w = 0; w < 8; w++) better(max, best, max_shared[w], best_shared[w]);
  float sum = 0;
#pragma unroll
  for (int k = 0; k < 16; k++) sum += v[k] == -INFINITY ? 0.f : expf(v[k] - max);
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) {
    SummaryPart part;
    part.max = max;
    part.best = best;
    part.sum = sum;
    p.parts[blockIdx.y * p.count + blockIdx.x] = part;
  }
}

// A row a warp's block.
extern "C" __global__ void __launch_bounds__(32)
    summarize_rows(const __grid_constant__ SummaryParams p) {
  const SummaryPart* parts = p.parts + blockIdx.x * p.count;
  float max = -INFINITY;
  int best = p.cols;
  for (int i = threadIdx.x; i < p.count; i += 32) better(max, best, parts[i].max, parts[i].best);
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) {
    better(max, best, __shfl_xor_sync(0xffffffffu, max, d), __shfl_xor_sync(0xffffffffu, best, d));
  }
  double sum = 0;
  for (int i = threadIdx.x; i < p.count; i += 32) {
    sum += parts[i].sum * exp(static_cast<double>(parts[i].max) - max);
  }
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, d);
  if (threadIdx.x == 0) {
    SummaryPart part;
    part.max = max;
    part.best = best;
    part.sum = max + log(sum);
    p.out[blockIdx.x] = part;
  }
}
