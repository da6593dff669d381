// Products of few rows with a weight matrix on sm_90a: y[r][n] (+)= sum_k w[n][k] x[r][k].
//
// Weights are the 64 rows of wgmma, rows of x its columns: S = W X^T, as in attention of few query rows. Each thread
// block has one tile of weight rows, as many as give all multiprocessors the same, and a part of K where the matrix
// has too few rows for that. Two warps fill a ring with chunks of 64 columns of the weights, which they begin with
// before the kernel before this one has ended; two others bring the rows of x. Parts of K are added up in their
// order, so the same input gives the same bits.
//
// A norm between two products has no kernel of its own: the first one's rows go on times the norm's weights, with the
// sums of their squares, and the second one scales what it makes of them: W (s v) = s (W v).
//
// In a step this kernel's code has to come from memory each time, so it is short: loops are not unrolled but in what
// runs once a chunk. And the consumers run through what comes after the loop while they wait for the kernel before.
#pragma once

#include "early.cuh"
#include "wgmma.cuh"
#include "wgmma_params.cuh"

namespace deft {

// N: most rows of x; MT: blocks of 64 weight rows a tile.
template <int N_, int MT_>
struct WgmmaGemmConfig {
  static constexpr int N = N_, MT = MT_;
  static constexpr int K = 64;  // columns a chunk
  static constexpr int UNIT = 64 * K * 2;
  static constexpr int STAGE = MT * UNIT + N * K * 2;
  static constexpr int STAGES = (220 * 1024) / STAGE;
  static constexpr int SHARED = STAGES * STAGE + 2 * STAGES * 8 + N * 4;
  static constexpr int CONSUMERS = 256;
  static constexpr int COPIERS = 64;  // threads that bring weights, and as many that bring rows of x
  static constexpr int THREADS = CONSUMERS + 2 * COPIERS;
  static constexpr int OUT = MT * 64 + 4;  // floats of a row of sums; padded for the banks
  static_assert(N * OUT * 4 <= STAGES * STAGE, "sums lie where the ring was");
  // Counters of tiles, of 1, 2, 4 and 8 parts, in front of the partial sums.
  static constexpr int MOST_TILES = 256;
};

template <typename T, typename C>
struct WgmmaGemm {
  const DeftWgmma& p;
  int tile;   // this thread block's
  int base;   // its first output
  int count;  // its outputs
  int part;   // of K
  int k0, k1;  // chunks
  uint32_t ring, full, empty, scales;

  __device__ __forceinline__ explicit WgmmaGemm(const DeftWgmma& p) : p(p) {}

  __device__ __forceinline__ bool gates() const { return C::MT > 2 && (p.mode & DEFT_GEMM_SWIGLU); }

  __device__ __forceinline__ void run() {
    extern __shared__ __align__(1024) unsigned char raw[];
    allowSuccessor();
    ring = sharedAddress(raw);
    full = ring + C::STAGES * C::STAGE;
    empty = full + C::STAGES * 8;
    scales = empty + C::STAGES * 8;
    if (threadIdx.x == 0) {
      for (int i = 0; i < C::STAGES; i++) {
        mbarrierInit(full + i * 8, 2 * C::COPIERS);
        mbarrierInit(empty + i * 8, C::CONSUMERS / 32);
      }
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    const int tiles = gridDim.x / p.parts;
    const int rows = ((p.n + tiles - 1) / tiles + 7) & ~7;
    part = blockIdx.x / tiles;
    tile = blockIdx.x - part * tiles;
    base = tile * rows;
    count = min(rows, p.n - base);
    if (count <= 0) {
      waitForPredecessor();
      return;
    }
    const int chunks = p.k / C::K;
    k0 = chunks * part / p.parts;
    k1 = chunks * (part + 1) / p.parts;
    if (threadIdx.x < C::CONSUMERS) {
      consume();
    } else if (threadIdx.x < C::CONSUMERS + C::COPIERS) {
      bringWeights();
    } else {
      waitForPredecessor();
      bringRows();
    }
  }

  // Rows of 128 bytes, eight at a time, each thread 16 bytes of one.
  static constexpr int ROWS_AT_A_TIME = C::COPIERS / 8;

  __device__ __forceinline__ void bringWeights() const {
    const int thread = threadIdx.x & (C::COPIERS - 1);
    const int chunk = thread & 7;
    const int row = thread >> 3;
    const int turns = (count - row + 7) / ROWS_AT_A_TIME;
    const size_t step = static_cast<size_t>(p.ldw) * (2 * ROWS_AT_A_TIME);
    const size_t up = static_cast<size_t>(p.ldw) * 2 * p.n;
    const uint32_t to = ring + row * 128 + ((chunk ^ row) << 4);
    const char* from = static_cast<const char*>(p.w) + static_cast<size_t>(base + row) * p.ldw * 2 + chunk * 16;
    uint64_t once;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(once));
    int stage = 0;
    uint32_t parity = 1;
#pragma unroll 1
    for (int k = k0; k < k1; k++) {
      mbarrierWait(empty + stage * 8, parity);
      const char* w = from + k * (C::K * 2);
      uint32_t s = to + stage * C::STAGE;
#pragma unroll 1
      for (int half = 0; half < 2; half++) {
        const char* g = w;
        uint32_t at = s;
#pragma unroll 2
        for (int i = 0; i < turns; i++) {
          asm volatile("cp.async.cg.shared.global.L2::cache_hint.L2::128B [%0], [%1], 16, %2;\n" ::"r"(at), "l"(g),
                       "l"(once)
                       : "memory");
          at += ROWS_AT_A_TIME * 128;
          g += step;
        }
        if (!gates()) break;
        w += up;
        s += C::MT * 32 * 128;
      }
      mbarrierArriveOnCopies(full + stage * 8);
      if (++stage == C::STAGES) {
        stage = 0;
        parity ^= 1;
      }
    }
    copyAsyncCommit();
    copyAsyncWait<0>();
  }

  __device__ __forceinline__ void bringRows() const {
    const int thread = threadIdx.x & (C::COPIERS - 1);
    const int chunk = thread & 7;
    const int row = thread >> 3;
    const int turns = (p.rows - row + 7) / ROWS_AT_A_TIME;
    const size_t step = static_cast<size_t>(p.ldx) * (2 * ROWS_AT_A_TIME);
    const uint32_t to = ring + C::MT * C::UNIT + row * 128 + ((chunk ^ row) << 4);
    const char* from = static_cast<const char*>(p.x) + static_cast<size_t>(row) * p.ldx * 2 + chunk * 16;
    int stage = 0;
    uint32_t parity = 1;
#pragma unroll 1
    for (int k = k0; k < k1; k++) {
      mbarrierWait(empty + stage * 8, parity);
      const char* g = from + k * (C::K * 2);
      uint32_t at = to + stage * C::STAGE;
#pragma unroll 2
      for (int i = 0; i < turns; i++) {
        copyAsync16(at, g, 16);
        at += ROWS_AT_A_TIME * 128;
        g += step;
      }
      mbarrierArriveOnCopies(full + stage * 8);
      if (++stage == C::STAGES) {
        stage = 0;
        parity ^= 1;
      }
    }
    copyAsyncCommit();
    copyAsyncWait<0>();
  }

  __device__ __forceinline__ void consume() const {
    int dry = 1;
#pragma unroll 1
    for (int turn = 0; turn < 2; turn++) {
      asm volatile("" : "+r"(dry));  // one copy of the code for both turns
      if (!dry) {
        waitForPredecessor();
        scaleRows();
        multiply();
      }
      finish(dry);
      dry = 0;
    }
  }

  // What the sums of each row are to be multiplied by: four threads a row, eight of its squares each at a time.
  __device__ __forceinline__ void scaleRows() const {
    static_assert(C::CONSUMERS / 4 >= C::N, "a turn for all rows");
    const int row = threadIdx.x >> 2;
    float scale = 1;
    if (row >= C::N) return;
    if (p.squared > 0) {
      const float* from = p.squares + row * DEFT_WGMMA_SQUARES;
      float sum = 0;
#pragma unroll 1
      for (int t = threadIdx.x & 3; t < p.squared; t += 32) {
        float v[8];
#pragma unroll
        for (int i = 0; i < 8; i++) v[i] = t + 4 * i < p.squared ? __ldcg(from + t + 4 * i) : 0.f;
#pragma unroll
        for (int i = 0; i < 8; i++) sum += v[i];
      }
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      scale = rsqrtf(sum * p.inverse + p.eps);
    }
    asm volatile("st.shared.f32 [%0], %1;" ::"r"(scales + row * 4), "f"(scale) : "memory");
  }

  static constexpr int UNITS = C::MT / 2;   // blocks of weight rows of a warpgroup
  static constexpr int GROUPS = C::N / 8;  // of eight rows of x: of each unit and group a thread has four sums

  __device__ __forceinline__ void multiply() const {
    const int warpgroup = __shfl_sync(~0u, threadIdx.x >> 7, 0);
    const int lane = threadIdx.x & 31;
    int stage = 0;
    uint32_t parity = 0;
    float acc[UNITS][C::N / 2];
#pragma unroll
    for (int u = 0; u < UNITS; u++) {
#pragma unroll
      for (int i = 0; i < C::N / 2; i++) acc[u][i] = 0;
    }
#pragma unroll 1
    for (int k = k0; k < k1; k++) {
      mbarrierWait(full + stage * 8, parity);
      fenceMatrixReads();
      const uint32_t from = ring + stage * C::STAGE;
      const uint32_t x = matrixPlace(from + C::MT * C::UNIT);
      wgmmaFence();
#pragma unroll
      for (int u = 0; u < UNITS; u++) {
        const uint32_t w = matrixPlace(from + (2 * u + warpgroup) * C::UNIT);
#pragma unroll
        for (int i = 0; i < C::K / 16; i++) {
          wgmma<T, C::N, 0, 1>(acc[u], matrixDescriptor(w + 2 * i), matrixDescriptor(x + 2 * i));
        }
      }
      wgmmaCommit();
      wgmmaWait<0>();
#pragma unroll
      for (int u = 0; u < UNITS; u++) pin(acc[u]);
      __syncwarp();
      if (lane == 0) mbarrierArrive(empty + stage * 8);
      if (++stage == C::STAGES) {
        stage = 0;
        parity ^= 1;
      }
    }
    if (p.parts > 1) {
      publish(acc);
    } else {
      barrierSync(1, C::CONSUMERS);
#pragma unroll
      for (int u = 0; u < UNITS; u++) {
#pragma unroll
        for (int j = 0; j < GROUPS; j++) {
          lay(u, j, make_float4(acc[u][4 * j], acc[u][4 * j + 1], acc[u][4 * j + 2], acc[u][4 * j + 3]));
        }
      }
      barrierSync(1, C::CONSUMERS);
    }
  }

  // Sums of row r lie OUT floats after those of row r - 1, where the ring was: nothing is on its way there.
  __device__ __forceinline__ void lay(int u, int j, float4 v) const {
    const int lane = threadIdx.x & 31;
    const uint32_t to = ring + (j * 8 + (lane & 3) * 2) * (C::OUT * 4) +
                        (u * 128 + (threadIdx.x >> 5) * 16 + (lane >> 2)) * 4;
    asm volatile("st.shared.f32 [%0], %1;" ::"r"(to), "f"(v.x) : "memory");
    asm volatile("st.shared.f32 [%0], %1;" ::"r"(to + C::OUT * 4), "f"(v.y) : "memory");
    asm volatile("st.shared.f32 [%0], %1;" ::"r"(to + 32), "f"(v.z) : "memory");
    asm volatile("st.shared.f32 [%0], %1;" ::"r"(to + C::OUT * 4 + 32), "f"(v.w) : "memory");
  }

  // Where a thread's sums of a unit, a group of rows and part 0 lie in memory; other parts' follow.
  __device__ __forceinline__ float4* place(int u, int j) const {
    float4* all = reinterpret_cast<float4*>(p.part + C::MOST_TILES * 4);
    return all + static_cast<size_t>((tile * UNITS + u) * GROUPS + j) * p.parts * C::CONSUMERS + threadIdx.x;
  }

  // Writes this part's sums as they lie in registers and waits for those of the others, whose thread blocks run at the
  // same time: there are no more than multiprocessors.
  template <int U, int A>
  __device__ __forceinline__ void publish(const float (&acc)[U][A]) const {
#pragma unroll
    for (int u = 0; u < UNITS; u++) {
#pragma unroll
      for (int j = 0; j < GROUPS; j++) {
        if (j * 8 < p.rows) {
          __stcg(place(u, j) + part * C::CONSUMERS,
                 make_float4(acc[u][4 * j], acc[u][4 * j + 1], acc[u][4 * j + 2], acc[u][4 * j + 3]));
        }
      }
    }
    barrierSync(1, C::CONSUMERS);
    if (threadIdx.x == 0) {
      unsigned* counter = reinterpret_cast<unsigned*>(p.part) + C::MOST_TILES * (31 - __clz(p.parts)) + tile;
      unsigned before, seen;
      asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], 1;" : "=r"(before) : "l"(counter) : "memory");
      const unsigned due = (before / p.parts + 1) * p.parts;
      do {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(counter) : "memory");
      } while (static_cast<int>(seen - due) < 0);
    }
    barrierSync(1, C::CONSUMERS);
  }

  // Adds up the parts of every parts-th group of rows; what four parts left is asked for at once.
  __device__ __forceinline__ void gather(int dry) const {
    const int groups = dry ? 1 : (p.rows + 7) >> 3;
#pragma unroll 1
    for (int j = dry ? 0 : part; j < groups; j += p.parts) {
#pragma unroll 1
      for (int u = 0; u < UNITS; u++) {
        const float4* from = place(u, j);
        float4 v = make_float4(0, 0, 0, 0);
#pragma unroll 1
        for (int s = 0; s < p.parts; s += 4) {
          float4 a[4];
#pragma unroll
          for (int i = 0; i < 4; i++) {
            a[i] = s + i < p.parts ? __ldcg(from + (s + i) * C::CONSUMERS) : make_float4(0, 0, 0, 0);
          }
#pragma unroll
          for (int i = 0; i < 4; i++) v = plus(v, a[i]);
        }
        if (!dry) lay(u, j, v);
      }
    }
    if (!dry) barrierSync(1, C::CONSUMERS);
  }

  static __device__ __forceinline__ float4 plus(float4 a, float4 b) {
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
  }

  // --- results: sixteen threads a row, sixteen rows at a time, eight outputs a thread; loops that are not unrolled ---

  // With dry nothing is written and nobody waited for, and what is read means nothing: copies to the ring may be on
  // their way.
  __device__ __forceinline__ void finish(int dry) const {
    const int lane = threadIdx.x & 15;
    const int rows = dry ? 1 : p.rows;
    const int of = threadIdx.x >> 4;
    int row = of;
    if (p.parts > 1) {
      gather(dry);
      row = ((of >> 3) * p.parts + (dry ? 0 : part)) * 8 + (of & 7);
    }
#pragma unroll 1
    for (int r = row; r < rows; r += C::CONSUMERS / 16 * p.parts) {
      float squares = 0;
#pragma unroll 1
      for (int n = lane * 8; n < count; n += 128) {
        if (p.mode & DEFT_GEMM_FLOAT) {
          squares += putFloats(dry, r, n);
        } else {
          putHalves(dry, r, n);
        }
      }
      if (p.mode & DEFT_WGMMA_NORM) {
#pragma unroll
        for (int i = 8; i > 0; i >>= 1) squares += __shfl_xor_sync(0xffffu << (threadIdx.x & 16), squares, i);
        if (lane == 0 && !dry) p.squaresOut[r * DEFT_WGMMA_SQUARES + tile] = squares;
      }
    }
  }

  __device__ __forceinline__ float4 sums(int r, int n) const {
    const uint4 v = loadShared4(ring + (r * C::OUT + n) * 4);
    float s;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(s) : "r"(scales + r * 4));
    return make_float4(s * __uint_as_float(v.x), s * __uint_as_float(v.y), s * __uint_as_float(v.z),
                       s * __uint_as_float(v.w));
  }

  static __device__ __forceinline__ float squared(float4 v) { return v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w; }

  // Eight outputs of a row.
  __device__ __forceinline__ void result(int r, int n, float4 (&v)[2]) const {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      v[h] = sums(r, n + 4 * h);
      if (gates()) {
        const float4 u = sums(r, n + 4 * h + C::MT * 32);
        v[h] = make_float4(gated(v[h].x, u.x), gated(v[h].y, u.y), gated(v[h].z, u.z), gated(v[h].w, u.w));
      }
    }
  }

  // volatile, so that the dry turn brings it close.
  static __device__ __forceinline__ float4 loadOnce(const float* from) {
    float4 v;
    asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(from));
    return v;
  }

  // Gives the sum of the squares of what it wrote, where a norm is asked for.
  __device__ __forceinline__ float putFloats(int dry, int r, int n) const {
    float* y = static_cast<float*>(p.y) + r * p.ldy + base + n;
    const bool whole = n + 8 <= count && (reinterpret_cast<uintptr_t>(y) & 15) == 0;
    float4 o[2] = {};
    float4 g[2] = {};
    if (whole) {
      if (p.mode & DEFT_GEMM_ADD && !dry) {
        o[0] = loadOnce(y);
        o[1] = loadOnce(y + 4);
      }
      if (p.mode & DEFT_WGMMA_NORM) {
        g[0] = loadOnce(p.norm + base + n);
        g[1] = loadOnce(p.norm + base + n + 4);
      }
    }
    float4 v[2];
    result(r, n, v);
    if (dry) return 0;
    if (whole) {
      T* normed = static_cast<T*>(p.normed) + r * p.ldnormed + base + n;
      float squares = 0;
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const float4 a = plus(o[h], v[h]);
        reinterpret_cast<float4*>(y)[h] = a;
        if (p.mode & DEFT_WGMMA_NORM) {
          store4(normed + 4 * h, make_float4(a.x * g[h].x, a.y * g[h].y, a.z * g[h].z, a.w * g[h].w));
          squares += squared(a);
        }
      }
      return squares;
    }
    const float each[8] = {v[0].x, v[0].y, v[0].z, v[0].w, v[1].x, v[1].y, v[1].z, v[1].w};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (n + i < count) y[i] = p.mode & DEFT_GEMM_ADD ? y[i] + each[i] : each[i];
    }
    return 0;
  }

  __device__ __forceinline__ void putHalves(int dry, int r, int n) const {
    T* y = static_cast<T*>(p.y) + r * p.ldy + base + n;
    float4 v[2];
    result(r, n, v);
    if (dry) return;
    if (n + 8 <= count && (reinterpret_cast<uintptr_t>(y) & 7) == 0) {
      store4(y, v[0]);
      store4(y + 4, v[1]);
      return;
    }
    const float each[8] = {v[0].x, v[0].y, v[0].z, v[0].w, v[1].x, v[1].y, v[1].z, v[1].w};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (n + i < count) y[i] = As<T>::put(each[i]);
    }
  }
};

}  // namespace deft
