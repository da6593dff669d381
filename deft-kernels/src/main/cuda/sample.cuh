// Chooses tokens from rows of logits that stay on the device, as the CPU sampler of deft-engine
// does: the same filters, the same ties, the same uniform number, the same order of the draw.
//
// A cluster of C blocks works on a row. Passes over the row (which the L2 cache holds): the largest
// value; the sums and, where a filter needs it, a histogram; the candidates around the cut, sorted
// in shared memory; and, where more is kept than fits there, sums of blocks of 512 tokens, of which
// one is searched. No float atomics; the result does not depend on C but by rounding of sums in
// float64.
#pragma once

#include <float.h>
#include <math_constants.h>
#include <stdint.h>

// What to draw: one a row of the launch, in device or mapped memory.
struct DeftSampleSpec {
  int64_t seed;       //  0
  int64_t stream;     //  8
  int32_t position;   // 16: of the token on its path
  int32_t row;        // 20: of the logits
  float temperature;  // 24: 0 takes the likeliest
  float topP;         // 28: (0, 1]
  float minP;         // 32: [0, 1)
  int32_t topK;       // 36: 0 keeps all
  int32_t count;      // 40: 1: one token by the inverse of the distribution, as on the CPU; more:
                      //     that many distinct ones by Gumbel-top-k, in the order of their draw
                      //     (temperature 0: the likeliest ones), at most DEFT_SAMPLE_MOST
  int32_t out;        // 44: where the first of them goes
};
static_assert(sizeof(DeftSampleSpec) == 48, "the host lays this struct out by hand");

// What was drawn. Where fewer tokens are left by the filters than asked for: token -1.
struct DeftDraw {
  int32_t token;  // 0
  float logProb;  // 4: natural logarithm, of the unscaled and unfiltered logits
};
static_assert(sizeof(DeftDraw) == 8, "the host reads this struct by hand");

// The one argument of every deft_sample kernel, by value.
struct DeftSample {
  const float* logits;          //  0: [rows][n], 16-byte aligned
  const DeftSampleSpec* specs;  //  8
  DeftDraw* out;                // 16: device or mapped memory
  int64_t ld;                   // 24: elements between rows of logits, a multiple of 4
  int32_t n;                    // 32: tokens, at most 262144
  int32_t count;                // 36: specs; the grid is count times the cluster
};
static_assert(sizeof(DeftSample) == 40, "the host lays this struct out by hand");

constexpr int DEFT_SAMPLE_MOST = 256;
constexpr int DEFT_SAMPLE_THREADS = 512;

namespace deft {

// --- CounterRandom, bit for bit ---

__device__ __forceinline__ uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

__device__ __forceinline__ uint64_t counterBits(int64_t seed, int64_t stream, int64_t position) {
  constexpr uint64_t GOLDEN = 0x9E3779B97F4A7C15ull;
  uint64_t h = mix(seed * GOLDEN + 0x632BE59BD9B4E019ull);
  h = mix(h + (stream + 1) * GOLDEN);
  return mix(h + (position + 2) * GOLDEN);
}

// Larger floats have larger keys.
__device__ __forceinline__ uint32_t keyOf(float x) {
  const uint32_t b = __float_as_uint(x + 0.0f);
  return b & 0x80000000u ? ~b : b | 0x80000000u;
}
__device__ __forceinline__ float ofKey(uint32_t k) {
  return __uint_as_float(k & 0x80000000u ? k & 0x7FFFFFFFu : ~k);
}

template <int C>
struct RowSampler {
  static constexpr int T = DEFT_SAMPLE_THREADS;
  static constexpr int WARPS = T / 32;
  static constexpr int BLOCK = 512;
  static constexpr int BINS = 32;
  static constexpr int CAP = 2048;
  static constexpr int MOST = 262144 / BLOCK;

  struct Shared {
    double pow2[32];          // 2^(i/32)
    double exchange[2][2 * BINS + 2];
    double warp[WARPS];
    int warpInt[WARPS];
    int filled;
    int answer[4];
    union {
      struct {
        float mass[BINS][T];
        uint16_t count[BINS][T];
      } bins;
      struct {
        uint64_t list[CAP];
        double scan[CAP];
      } sorted;
      double block[MOST];
    };
  };

  const DeftSample& p;
  Shared& s;
  DeftSampleSpec spec;
  const float* x;
  int rank, n, from, to;
  int turn = 0;  // of the exchange buffers
  float peak, scale;  // the row's largest value; 1 / temperature
  // What the filters keep: values above cut, and of those equal to it the ids up to last.
  float cut;
  int last;

  __device__ RowSampler(const DeftSample& p, Shared& s) : p(p), s(s) {}

  // --- clusters ---

  static __device__ __forceinline__ void syncAll() {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile(
          "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::
              : "memory");
      return;
    }
#endif
    __syncthreads();
  }

  template <typename V>
  static __device__ __forceinline__ V peer(const V* at, int rank) {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      uint64_t there;
      asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(at), "r"(rank));
      return *reinterpret_cast<volatile V*>(there);
    }
#endif
    return *const_cast<const volatile V*>(at);
  }

  // Where this block leaves numbers for the others: one barrier an exchange, two buffers in turns.
  __device__ __forceinline__ double* mine() { return s.exchange[turn]; }

  // --- reductions: every thread of the cluster gets the result ---

  template <typename F>
  __device__ double reduce(double v, F f) {
#pragma unroll
    for (int o = 16; o; o /= 2) {
      v = f(v, __shfl_xor_sync(~0u, v, o));
    }
    if (threadIdx.x % 32 == 0) {
      s.warp[threadIdx.x / 32] = v;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      double t = s.warp[0];
      for (int i = 1; i < WARPS; i++) {
        t = f(t, s.warp[i]);
      }
      mine()[0] = t;
    }
    syncAll();
    double t = peer(&mine()[0], 0);
    for (int c = 1; c < C; c++) {
      t = f(t, peer(&mine()[0], c));
    }
    turn ^= 1;
    return t;
  }

  __device__ double sum(double v) {
    return reduce(v, [](double a, double b) { return a + b; });
  }

  // Calls f(id, value) for this block's part of the row.
  template <typename F>
  __device__ __forceinline__ void each(F f) const {
    constexpr int UNROLL = 4;
    int i = from + threadIdx.x * 4;
    for (; i + (UNROLL - 1) * T * 4 + 3 < to; i += UNROLL * T * 4) {
      float4 v[UNROLL];
#pragma unroll
      for (int j = 0; j < UNROLL; j++) {
        v[j] = *reinterpret_cast<const float4*>(x + i + j * T * 4);
      }
#pragma unroll
      for (int j = 0; j < UNROLL; j++) {
        f(i + j * T * 4, v[j].x);
        f(i + j * T * 4 + 1, v[j].y);
        f(i + j * T * 4 + 2, v[j].z);
        f(i + j * T * 4 + 3, v[j].w);
      }
    }
    for (; i < to; i += T * 4) {
      for (int j = i; j < min(i + 4, to); j++) {
        f(j, x[j]);
      }
    }
  }

  // Four values from i on; minus infinity past the end.
  __device__ __forceinline__ float4 load4(int i, int end) const {
    if (i + 3 < end) {
      return *reinterpret_cast<const float4*>(x + i);
    }
    float4 v;
    v.x = i < end ? x[i] : -CUDART_INF_F;
    v.y = i + 1 < end ? x[i + 1] : -CUDART_INF_F;
    v.z = i + 2 < end ? x[i + 2] : -CUDART_INF_F;
    v.w = -CUDART_INF_F;
    return v;
  }

  // The weight a draw gives to a token.
  __device__ __forceinline__ double share(int id, float value) const {
    const double w = weight(value);
    return kept(id, value) && w >= spec.minP ? w : 0;
  }

  // exp((value - max) * scale) to about 1e-15: 2^(i/32) from a table, the rest by a polynomial.
  __device__ __forceinline__ double weight(float value) const {
    return power((double)(value - peak) * (double)scale);
  }

  __device__ __forceinline__ double power(double v) const {
    const bool tiny = !(v > -700);
    v = tiny ? -700 : v;
    const double ROUND = 6755399441055744.0;  // 1.5 * 2^52
    const double t = fma(v, 46.166241308446828384, ROUND);  // 32 / ln 2
    const int k = __double2loint(t);
    const double m = t - ROUND;
    double r = fma(m, -2.1660849390173098e-2, v);  // ln 2 / 32 in two parts
    r = fma(m, -2.3251928468788740e-12, r);
    double q = fma(r, 1.0 / 120, 1.0 / 24);
    q = fma(r, q, 1.0 / 6);
    q = fma(r, q, 0.5);
    q = fma(r * r, q, r);
    const double b = s.pow2[k & 31];
    const double w = fma(b, q, b);
    const double scaled =
        __hiloint2double(__double2hiint(w) + ((k >> 5) << 20), __double2loint(w));
    return tiny ? 0 : scaled;
  }

  // The same in float32, to about 2e-7.
  static __device__ __forceinline__ float power(float v) {
    constexpr float LOG2E = 1.44269504f, LOG2E_LOW = 1.92596299e-8f;
    v = fmaxf(v, -1000.0f);
    const float t = v * LOG2E;
    const float low = fmaf(v, LOG2E_LOW, fmaf(v, LOG2E, -t));
    float w;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(w) : "f"(t));
    return fmaf(w * 0.693147181f, low, w);
  }

  __device__ __forceinline__ bool kept(int id, float value) const {
    return value > cut || (value == cut && id <= last);
  }

  // --- search for a cut ---

  // Where a value stands to what is still undecided: bins of equal width below `top`, then of keys.
  struct Range {
    float top, inverse;
    int bin;  // -1 at first
    uint32_t low, high;
    int shift;
    __device__ __forceinline__ int coarse(float v) const {
      const float d = (top - v) * inverse;
      return d < BINS - 1 ? (d > 0 ? (int)d : 0) : BINS - 1;
    }
    // -1 above the range, BINS below it, else the bin.
    __device__ __forceinline__ int of(float v) const {
      const int c = coarse(v);
      if (bin < 0) {
        return c;
      }
      if (c != bin) {
        return c < bin ? -1 : BINS;
      }
      const uint32_t k = keyOf(v);
      return k > high ? -1 : k < low ? BINS : (int)((high - k) >> shift);
    }
    __device__ __forceinline__ void bounds(uint32_t l, uint32_t h) {
      low = l;
      high = h;
      shift = 0;
      while ((high - low) >> shift >= BINS) {
        shift++;
      }
    }
    // The bin b becomes the range.
    __device__ __forceinline__ void narrow(int b) {
      if (bin < 0) {
        bin = b;
        const float width = 1 / inverse;
        const float upper = top - width * b, lower = top - width * (b + 1);
        const float slack = fmaxf(fabsf(top), fabsf(lower)) * 1e-5f + width * 1e-3f;
        bounds(b == BINS - 1 ? 0 : keyOf(lower - slack), b == 0 ? ~0u : keyOf(upper + slack));
      } else {
        const uint32_t h = high - ((uint32_t)b << shift);
        const uint32_t l = b + 1 > (int)((high - low) >> shift) ? low : h - ((1u << shift) - 1);
        bounds(l < low ? low : l, h);
      }
    }
  };

  __device__ __forceinline__ void clearBins() {
    __syncthreads();
    for (int b = 0; b < BINS; b++) {
      s.bins.mass[b][threadIdx.x] = 0;
      s.bins.count[b][threadIdx.x] = 0;
    }
  }

  __device__ __forceinline__ void put(int bin, float mass) {
    if (mass != 0) {
      s.bins.mass[bin][threadIdx.x] += mass;
    }
    s.bins.count[bin][threadIdx.x]++;
  }

  // Sums the bins over threads and blocks, masses before counts, and two more numbers that thread 0
  // left behind them.
  __device__ void sumBins(double* sums, bool bins = true) {
    __syncthreads();
    for (int b = threadIdx.x / 32; bins && b < BINS; b += WARPS) {
      double m = 0;
      int c = 0;
      for (int i = threadIdx.x % 32; i < T; i += 32) {
        m += s.bins.mass[b][i];
        c += s.bins.count[b][i];
      }
#pragma unroll
      for (int o = 16; o; o /= 2) {
        m += __shfl_xor_sync(~0u, m, o);
        c += __shfl_xor_sync(~0u, c, o);
      }
      if (threadIdx.x % 32 == 0) {
        mine()[b] = m;
        mine()[BINS + b] = c;
      }
    }
    syncAll();
    if (threadIdx.x < 2 * BINS + 2) {
      double t = 0;
      for (int c = 0; c < C; c++) {
        t += peer(&mine()[threadIdx.x], c);
      }
      sums[threadIdx.x] = t;
    }
    turn ^= 1;
    __syncthreads();
  }

  __device__ void sortList(int size) {
    __syncthreads();
    if (size <= T) {
      // Elements are distinct: each counts those before it.
      const uint64_t e = (int)threadIdx.x < size ? s.sorted.list[threadIdx.x] : 0;
      int place = 0;
      if ((int)threadIdx.x < (size + 31) / 32 * 32) {
#pragma unroll 8
        for (int i = 0; i < size; i++) {
          place += s.sorted.list[i] < e;
        }
      }
      __syncthreads();
      if ((int)threadIdx.x < size) {
        s.sorted.list[place] = e;
      }
      __syncthreads();
      return;
    }
    int width = 2;
    while (width < size) {
      width *= 2;
    }
    for (int i = size + threadIdx.x; i < width; i += T) {
      s.sorted.list[i] = ~0ull;
    }
    __syncthreads();
    for (int k = 2; k <= width; k *= 2) {
      for (int j = k / 2; j; j /= 2) {
        for (int i = threadIdx.x; i < width / 2; i += T) {
          const int a = (i / j) * 2 * j + i % j, b = a + j;
          const uint64_t u = s.sorted.list[a], v = s.sorted.list[b];
          if (u > v == ((a & k) == 0)) {
            s.sorted.list[a] = v;
            s.sorted.list[b] = u;
          }
        }
        __syncthreads();
      }
    }
  }

  // scan[i] = start + the sum of f(0..i); f is called once an element.
  template <typename F>
  __device__ void scanList(int size, double start, F f) {
    constexpr int PER = CAP / T;
    double v[PER], sum = 0;
#pragma unroll
    for (int j = 0; j < PER; j++) {
      const int i = threadIdx.x * PER + j;
      sum += i < size ? f(i) : 0;
      v[j] = sum;
    }
    double inc = sum;
#pragma unroll
    for (int o = 1; o < 32; o *= 2) {
      const double u = __shfl_up_sync(~0u, inc, o);
      inc += threadIdx.x % 32 >= o ? u : 0;
    }
    if (threadIdx.x % 32 == 31) {
      s.warp[threadIdx.x / 32] = inc;
    }
    __syncthreads();
    double before = start + inc - sum;
    for (int i = 0; i < (int)threadIdx.x / 32; i++) {
      before += s.warp[i];
    }
#pragma unroll
    for (int j = 0; j < PER; j++) {
      const int i = threadIdx.x * PER + j;
      if (i < size) {
        s.sorted.scan[i] = before + v[j];
      }
    }
    __syncthreads();
  }

  // The first i of 0..size for which f(i), else size. All threads of the block get it.
  template <typename F>
  __device__ int firstOf(int size, F f) {
    if (threadIdx.x == 0) {
      s.answer[3] = size;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < size; i += T) {
      if (f(i)) {
        atomicMin(&s.answer[3], i);
        break;
      }
    }
    __syncthreads();
    const int r = s.answer[3];
    __syncthreads();
    return r;
  }

  // Gathers in block 0, sorted from the largest value, what of(value) puts into [first, BINS);
  // returns how many there are in all blocks (more than CAP: nothing is gathered).
  template <typename V>
  __device__ int gather(const Range& r, bool above, V value, double& massAbove) {
    __syncthreads();
    if (threadIdx.x == 0) {
      s.filled = 0;
    }
    __syncthreads();
    double m = 0;
    each([&](int id, float logit) {
      const float v = value(id, logit);
      const int b = r.of(v);
      if (b < 0 && !above) {
        m += weight(v);
      } else if (b < BINS && v > -CUDART_INF_F) {
        const int at = atomicAdd(&s.filled, 1);
        if (at < CAP) {
          s.sorted.list[at] = (uint64_t)~keyOf(v) << 32 | (uint32_t)id;
        }
      }
    });
    m = above ? 0 : blockSum(m);
    __syncthreads();
    if (threadIdx.x == 0) {
      mine()[0] = s.filled;
      mine()[1] = m;
    }
    syncAll();
    int all = 0, own = (int)peer(&mine()[0], 0);
    massAbove = 0;
    for (int c = 0; c < C; c++) {
      all += (int)peer(&mine()[0], c);
      massAbove += peer(&mine()[1], c);
    }
    if (all <= CAP && rank == 0) {
      int at = own;
      for (int c = 1; c < C; c++) {
        const int size = (int)peer(&mine()[0], c);
        for (int i = threadIdx.x; i < size; i += T) {
          s.sorted.list[at + i] = peer(&s.sorted.list[i], c);
        }
        at += size;
      }
    }
    turn ^= 1;
    syncAll();  // before the others' lists are overwritten
    if (all <= CAP && rank == 0) {
      sortList(all);
    }
    return all;
  }

  // Three answers of block 0, to all.
  __device__ __forceinline__ void tell(int a, int b, int c) {
    if (rank == 0 && threadIdx.x == 0) {
      mine()[0] = a;
      mine()[1] = b;
      mine()[2] = c;
    }
    syncAll();
    if (threadIdx.x < 3) {
      s.answer[threadIdx.x] = (int)peer(&mine()[threadIdx.x], 0);
    }
    turn ^= 1;
    __syncthreads();
  }

  struct Found {
    int size;      // of the sorted list in block 0
    int kept;      // of them up to the cut
    bool fromTop;  // nothing is above the list
  };

  // Finds the shortest prefix, by (value, smaller id first), that holds `target` values (or, byMass,
  // that weight); sets cut and last. sums: the first histogram.
  template <typename V>
  __device__ Found search(Range& r, double* sums, bool byMass, double target, V value) {
    double before = 0;  // counts or masses above the range
    int countBefore = 0;
    for (;;) {
      // The bin in which the target is reached; if rounding or too few values miss it, the last one.
      int b = 0, counted = countBefore;
      double run = before, runAt = before;
      int countedAt = countBefore;
      for (int i = 0; i < BINS; i++) {
        const int c = (int)sums[BINS + i];
        if (c > 0) {
          b = i;
          runAt = run;
          countedAt = counted;
          run += byMass ? sums[i] : c;
          counted += c;
          if (run >= target) {
            break;
          }
        }
      }
      if (run < target && !byMass && counted > CAP) {
        // All of them.
        cut = -CUDART_INF_F;
        last = -1;
        return {0, 0, false};
      }
      const int inBin = (int)sums[BINS + b];
      before = runAt;
      countBefore = countedAt;
      r.narrow(b);
      if (inBin <= CAP || r.low == r.high) {
        if (inBin > CAP) {
          break;
        }
        const bool top = countBefore + inBin <= CAP;
        double exact;
        const int size = gather(r, top, value, exact);
        Found f = {size, 0, top};
        float c = 0;
        int l = 0;
        if (rank == 0) {
          if (byMass) {
            scanList(size, top ? 0 : exact,
                     [&](int i) { return weight(ofKey(~(uint32_t)(s.sorted.list[i] >> 32))); });
            f.kept = min(size, firstOf(size, [&](int i) { return s.sorted.scan[i] >= target; }) + 1);
          } else {
            f.kept = min((double)size, target - (top ? 0 : countBefore));
          }
          f.kept = max(f.kept, min(size, 1));
          const uint64_t e = s.sorted.list[max(0, f.kept - 1)];
          c = ofKey(~(uint32_t)(e >> 32));
          l = (int)(uint32_t)e;
        }
        tell(__float_as_int(c), l, f.kept);
        cut = __int_as_float(s.answer[0]);
        last = s.answer[1];
        f.kept = s.answer[2];
        __syncthreads();
        return f;
      }
      clearBins();
      each([&](int id, float logit) {
        const float v = value(id, logit);
        const int c = r.of(v);
        if (c >= 0 && c < BINS && v > -CUDART_INF_F) {
          put(c, byMass ? (float)weight(v) : 0.0f);
        }
      });
      sumBins(sums);
    }
    // More equal values than the list holds: the ids of so many of them, counted in order.
    cut = ofKey(r.high);
    const double w = byMass ? weight(cut) : 1;
    const double need = fmax(1.0, ceil((target - before) / w));
    double c = 0;
    each([&](int id, float logit) { c += value(id, logit) == cut; });
    // Blocks hold contiguous ids: each finds where the count passes.
    __syncthreads();
    const double all = blockSum(c);
    if (threadIdx.x == 0) {
      mine()[0] = all;
    }
    syncAll();
    double ahead = 0;
    for (int q = 0; q < rank; q++) {
      ahead += peer(&mine()[0], q);
    }
    turn ^= 1;
    int found = -1;
    if (ahead < need && ahead + all >= need) {
      found = nth(need - ahead, value);
    }
    last = (int)reduce((double)found, [](double a, double b) { return a > b ? a : b; });
    return {0, 0, false};
  }

  __device__ double blockSum(double v) {
#pragma unroll
    for (int o = 16; o; o /= 2) {
      v += __shfl_xor_sync(~0u, v, o);
    }
    if (threadIdx.x % 32 == 0) {
      s.warp[threadIdx.x / 32] = v;
    }
    __syncthreads();
    double t = 0;
    for (int i = 0; i < WARPS; i++) {
      t += s.warp[i];
    }
    __syncthreads();
    return t;
  }

  // The id of the k-th value of this block's part that equals cut. Rare, so simple.
  template <typename V>
  __device__ int nth(double k, V value) {
    int seen = 0;
    for (int base = from; base < to; base += T) {
      const int id = base + threadIdx.x;
      const bool is = id < to && value(id, x[id]) == cut;
      const unsigned w = __ballot_sync(~0u, is);
      if (threadIdx.x % 32 == 0) {
        s.warpInt[threadIdx.x / 32] = __popc(w);
      }
      __syncthreads();
      int at = seen, all = 0;
      for (int i = 0; i < WARPS; i++) {
        at += i < (int)threadIdx.x / 32 ? s.warpInt[i] : 0;
        all += s.warpInt[i];
      }
      at += __popc(w & ((1u << threadIdx.x % 32) - 1));
      if (is && at + 1 == (int)k) {
        s.answer[3] = id;
      }
      __syncthreads();
      if (seen + all >= (int)k) {
        return s.answer[3];
      }
      seen += all;
    }
    return -1;
  }

  // --- draws ---

  // By the inverse of the distribution over the kept tokens, in the order of ids.
  __device__ int drawAll(double u, int likeliest) {
    const int lane = threadIdx.x % 32;
    __syncthreads();
    const int firstBlock = from / BLOCK;
    for (int b = firstBlock + threadIdx.x / 32; b * BLOCK < to; b += WARPS) {
      float4 v[BLOCK / 128];
      const int start = b * BLOCK + lane * 4;
#pragma unroll
      for (int j = 0; j < BLOCK / 128; j++) {
        v[j] = load4(start + j * 128, to);
      }
      double w = 0;
#pragma unroll
      for (int j = 0; j < BLOCK / 128; j++) {
        const int i = start + j * 128;
        w += (share(i, v[j].x) + share(i + 1, v[j].y)) + (share(i + 2, v[j].z) + share(i + 3, v[j].w));
      }
#pragma unroll
      for (int o = 16; o; o /= 2) {
        w += __shfl_xor_sync(~0u, w, o);
      }
      if (lane == 0) {
        s.block[b - firstBlock] = w;
      }
    }
    syncAll();
    int token = -1;
    if (rank == 0) {
      const int blocks = (n + BLOCK - 1) / BLOCK, each = (blocks + C - 1) / C;
      // One thread a block: at most 512 of them.
      const int b = threadIdx.x;
      const double w = b < blocks ? peer(&s.block[b % each], b / each) : 0;
      double inc = w;
#pragma unroll
      for (int o = 1; o < 32; o *= 2) {
        const double v = __shfl_up_sync(~0u, inc, o);
        inc += lane >= o ? v : 0;
      }
      if (lane == 31) {
        s.warp[b / 32] = inc;
      }
      if (b == 0) {
        s.answer[0] = blocks - 1;
      }
      __syncthreads();
      double before = 0, total = 0;
      for (int i = 0; i < WARPS; i++) {
        before += i < b / 32 ? s.warp[i] : 0;
        total += s.warp[i];
      }
      inc += before;
      const double left = u * total;
      if (b < blocks && inc > left) {
        atomicMin(&s.answer[0], b);
      }
      __syncthreads();
      if (b == s.answer[0]) {
        s.exchange[turn ^ 1][0] = left - (inc - w);
      }
      __syncthreads();
      if (b < 32) {
        const double rest = s.exchange[turn ^ 1][0];
        const int start = s.answer[0] * BLOCK + lane * (BLOCK / 32);
        double v[BLOCK / 32], t = 0;
        int lastPossible = -1;
#pragma unroll
        for (int j = 0; j < BLOCK / 32; j += 4) {
          const float4 q = load4(start + j, n);
          v[j] = share(start + j, q.x);
          v[j + 1] = share(start + j + 1, q.y);
          v[j + 2] = share(start + j + 2, q.z);
          v[j + 3] = share(start + j + 3, q.w);
        }
#pragma unroll
        for (int j = 0; j < BLOCK / 32; j++) {
          t += v[j];
          lastPossible = v[j] > 0 ? start + j : lastPossible;
        }
        double before = t;
#pragma unroll
        for (int o = 1; o < 32; o *= 2) {
          const double q = __shfl_up_sync(~0u, before, o);
          before += lane >= o ? q : 0;
        }
        before -= t;
        int hit = INT32_MAX;
#pragma unroll
        for (int j = 0; j < BLOCK / 32; j++) {
          before += v[j];
          if (hit == INT32_MAX && v[j] > 0 && before > rest) {
            hit = start + j;
          }
        }
        hit = __reduce_min_sync(~0u, hit);
        lastPossible = __reduce_max_sync(~0u, lastPossible);
        token = hit != INT32_MAX ? hit : lastPossible >= 0 ? lastPossible : likeliest;
      }
    }
    return token;  // thread 0 of block 0 has it
  }

  // The same from the sorted list of block 0.
  __device__ int drawList(int size, double u) {
    for (int i = threadIdx.x; i < size; i += T) {
      const uint64_t e = s.sorted.list[i];
      s.sorted.list[i] = e << 32 | e >> 32;  // id above, complemented key below
    }
    sortList(size);
    const double minP = spec.minP;
    auto weightOf = [&](int i) {
      const double w = weight(ofKey(~(uint32_t)s.sorted.list[i]));
      return w >= minP ? w : 0;
    };
    scanList(size, 0, weightOf);
    const double left = u * s.sorted.scan[size - 1];
    int at = firstOf(size, [&](int i) { return s.sorted.scan[i] > left; });
    if (at == size) {
      // Rounding: the last possible one.
      for (at = size - 1; at > 0 && !(weightOf(at) > 0); at--) {
      }
    }
    return (int)(s.sorted.list[at] >> 32);
  }

  // Minus the logarithm of minus the logarithm of a uniform number of this token.
  __device__ __forceinline__ float gumbel(uint64_t key, int id) const {
    const uint64_t h = mix(key + (uint64_t)(uint32_t)(id + 3) * 0x9E3779B97F4A7C15ull);
    // (0, 1): 24 bits and a half.
    const float u = ((uint32_t)(h >> 40) + 0.5f) * 0x1p-24f;
    // Near 1, -log(u) loses bits: log1p of what is left there.
    const float e = u > 0.5f ? -log1pf(-((0xFFFFFF - (uint32_t)(h >> 40)) + 0.5f) * 0x1p-24f)
                             : -__logf(u);
    return -__logf(e);
  }

  __device__ void run() {
    rank = C == 1 ? 0 : blockIdx.x % C;
    spec = p.specs[blockIdx.x / C];
    x = p.logits + spec.row * p.ld;
    n = p.n;
    const int blocks = (n + BLOCK - 1) / BLOCK, share = (blocks + C - 1) / C;
    from = min(n, rank * share * BLOCK);
    to = min(n, (rank + 1) * share * BLOCK);
    if (threadIdx.x < 32) {
      s.pow2[threadIdx.x] = exp2(threadIdx.x / 32.0);
    }

    // The largest, and the first token that has it: one number of 64 bits.
    uint64_t top = 0;
    each([&](int id, float v) {
      const uint64_t k = (uint64_t)keyOf(v) << 32 | (uint32_t)~id;
      top = k > top ? k : top;
    });
#pragma unroll
    for (int o = 16; o; o /= 2) {
      const uint64_t v = __shfl_xor_sync(~0u, top, o);
      top = v > top ? v : top;
    }
    uint64_t* const tops = reinterpret_cast<uint64_t*>(s.warp);
    if (threadIdx.x % 32 == 0) {
      tops[threadIdx.x / 32] = top;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      for (int i = 1; i < WARPS; i++) {
        top = tops[i] > top ? tops[i] : top;
      }
      *reinterpret_cast<uint64_t*>(&mine()[0]) = top;
    }
    syncAll();
    for (int c = 0; c < C; c++) {
      const uint64_t v = peer(reinterpret_cast<uint64_t*>(&mine()[0]), c);
      top = c == 0 || v > top ? v : top;
    }
    turn ^= 1;
    peak = ofKey((uint32_t)(top >> 32));
    const int likeliest = (int)~(uint32_t)top;

    scale = 1 / spec.temperature;
    const bool greedy = spec.temperature == 0 || spec.topK == 1 || !(scale < CUDART_INF_F);
    const bool many = spec.count > 1;
    const bool topK = !greedy && spec.topK > 0 && spec.topK < n;
    const bool topP = !greedy && spec.topP < 1;
    if (greedy) {
      scale = 1;
    }
    cut = -CUDART_INF_F;
    last = n;
    const bool filters = topK || topP;

    // Sums, and the first histogram where a filter follows.
    Range r = {peak, 0, -1, 0, 0, 0};
    double total = 0;
    double sums1 = 0;
    {
      // Tokens of less weight than (1 - p) / n are together less than 1 - p.
      const float reach = topK ? 20.0f : logf(n / (1 - spec.topP)) + 0.01f;
      r.inverse = (BINS - 1) * scale / reach;
      if (filters) {
        clearBins();
      }
      float part = 0;
      int inPart = 0;
      each([&](int id, float v) {
        part += power(v - peak);
        if (++inPart == 8) {
          sums1 += part;
          part = 0;
          inPart = 0;
        }
        if (filters) {
          float w = 0;
          if (topP) {
            const double d = weight(v);
            total += d;
            w = (float)d;
          }
          if (v > -CUDART_INF_F) {
            put(r.coarse(v), w);
          }
        }
      });
      sums1 += part;
    }
    __shared__ double sums[2 * BINS + 2];
    sums1 = blockSum(sums1);
    total = topP && !topK ? blockSum(total) : 0;
    if (threadIdx.x == 0) {
      mine()[2 * BINS] = sums1;
      mine()[2 * BINS + 1] = total;
    }
    sumBins(sums, filters);
    sums1 = sums[2 * BINS];
    total = sums[2 * BINS + 1];
    Found f = {0, 0, false};
    if (filters) {
      auto plain = [](int, float v) { return v; };
      const double share = topK ? spec.topK : (double)spec.topP * total;
      f = search(r, sums, !topK, share, plain);
      if (topK && topP) {
        if (f.fromTop) {
          // All of them stand in the list.
          int keep = 0;
          uint64_t e = 0;
          if (rank == 0) {
            scanList(f.kept, 0,
                     [&](int i) { return weight(ofKey(~(uint32_t)(s.sorted.list[i] >> 32))); });
            const double mass = (double)spec.topP * s.sorted.scan[f.kept - 1];
            keep = min(f.kept, firstOf(f.kept, [&](int i) { return s.sorted.scan[i] >= mass; }) + 1);
            e = s.sorted.list[keep - 1];
          }
          tell(__float_as_int(ofKey(~(uint32_t)(e >> 32))), (int)(uint32_t)e, keep);
          cut = __int_as_float(s.answer[0]);
          last = s.answer[1];
          f.kept = s.answer[2];
          __syncthreads();
        } else {
          const float c0 = cut;
          const int l0 = last;
          auto some = [c0, l0](int id, float v) {
            return v > c0 || (v == c0 && id <= l0) ? v : -CUDART_INF_F;
          };
          r = {peak, (BINS - 1) * scale / (logf(n / (1 - spec.topP)) + 0.01f), -1, 0, 0, 0};
          clearBins();
          double t = 0;
          each([&](int id, float v) {
            if (some(id, v) > -CUDART_INF_F) {
              const double w = weight(v);
              t += w;
              put(r.coarse(v), (float)w);
            }
          });
          t = sum(t);
          sumBins(sums);
          f = search(r, sums, true, (double)spec.topP * t, some);
        }
      }
    }

    const double logSum = log(sums1);
    if (many) {
      const uint64_t key = counterBits(spec.seed, spec.stream, spec.position);
      const float c0 = cut;
      const int l0 = last;
      const double minP = greedy ? 0 : spec.minP;
      auto noisy = [&](int id, float v) {
        if (spec.temperature == 0 || greedy) {
          return v;
        }
        if (!(v > c0 || (v == c0 && id <= l0)) || (minP > 0 && weight(v) < minP)) {
          return -CUDART_INF_F;
        }
        return (v - peak) * scale + gumbel(key, id);
      };
      r = greedy ? Range{peak, (BINS - 1) / 20.0f, -1, 0, 0, 0}
                 : Range{logf((float)n) + 3, (BINS - 1) / 32.0f, -1, 0, 0, 0};
      clearBins();
      each([&](int id, float v) {
        const float g = noisy(id, v);
        if (g > -CUDART_INF_F) {
          put(r.coarse(g), 0);
        }
      });
      sumBins(sums);
      const int want = min(spec.count, DEFT_SAMPLE_MOST);
      f = search(r, sums, false, want, noisy);
      if (rank == 0) {
        for (int i = threadIdx.x; i < want; i += T) {
          DeftDraw d = {-1, 0};
          if (i < f.kept && s.sorted.list[i] != ~0ull) {
            d.token = (int)(uint32_t)s.sorted.list[i];
            d.logProb = (float)((double)(x[d.token] - peak) - logSum);
          }
          p.out[spec.out + i] = d;
        }
      }
    } else {
      int token = likeliest;
      if (!greedy) {
        const double u = (counterBits(spec.seed, spec.stream, spec.position) >> 11) * 0x1p-53;
        if (filters && f.fromTop) {
          if (rank == 0) {
            token = drawList(f.kept, u);
          }
        } else {
          token = drawAll(u, likeliest);
        }
      }
      if (rank == 0 && threadIdx.x == 0) {
        p.out[spec.out] = {token, (float)((double)(x[token] - peak) - logSum)};
      }
    }
    syncAll();  // no block leaves while another reads from it
  }
};

}  // namespace deft
