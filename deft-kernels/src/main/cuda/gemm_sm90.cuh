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

  __device__ __forceinline__ void multiply() const {
    constexpr int UNITS = C::MT / 2;  // of a warpgroup
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
    lay(acc, warpgroup);
  }

  // Sums of row r lie OUT floats after those of row r - 1, where the ring was: nothing is on its way there.
  template <int U, int A>
  __device__ __forceinline__ void lay(const float (&acc)[U][A], int warpgroup) const {
    const int lane = threadIdx.x & 31;
    const uint32_t to =
        ring + (lane & 3) * (2 * C::OUT * 4) + (warpgroup * 64 + (threadIdx.x >> 5 & 3) * 16 + (lane >> 2)) * 4;
    barrierSync(1, C::CONSUMERS);
#pragma unroll
    for (int u = 0; u < U; u++) {
#pragma unroll
      for (int i = 0; i < A; i++) {
        const int at = ((i >> 2) * 8 + (i & 1)) * C::OUT * 4 + u * 512 + (i & 2) * 16;
        asm volatile("st.shared.f32 [%0], %1;" ::"r"(to + at), "f"(acc[u][i]) : "memory");
      }
    }
    barrierSync(1, C::CONSUMERS);
  }

  // --- results: sixteen threads a row, sixteen rows at a time; loops that are not unrolled ---

  // With dry nothing is written and nobody waited for, and what is read means nothing: copies to the ring may be on
  // their way.
  __device__ __forceinline__ void finish(int dry) const {
    const int wide = p.mode & DEFT_GEMM_FLOAT ? 4 : 8;  // outputs that a thread writes at once
    const int lane = threadIdx.x & 15;
    const int rows = dry ? 1 : p.rows;
    const float* parts = nullptr;
    int row = threadIdx.x >> 4;
    int step = C::CONSUMERS / 16;
    if (p.parts > 1) {
      parts = publish(dry);
      row = row * p.parts + (dry ? 0 : part);
      step *= p.parts;
    }
#pragma unroll 1
    for (int r = row; r < rows; r += step) {
      float squares = 0;
#pragma unroll 1
      for (int n = lane * wide; n < count; n += 16 * wide) {
        const float4 a = result(parts, r, n);
        if (wide == 4) {
          squares += putFloats(dry, r, n, a);
        } else {
          putHalves(dry, r, n, a, result(parts, r, n + 4));
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

  __device__ __forceinline__ float4 result(const float* parts, int r, int n) const {
    if (parts != nullptr) {
      float4 v = make_float4(0, 0, 0, 0);
#pragma unroll 2
      for (int s = 0; s < p.parts; s++) {
        const float4 a = __ldcg(reinterpret_cast<const float4*>(parts + (s * C::N + r) * (C::MT * 64) + n));
        v = make_float4(v.x + a.x, v.y + a.y, v.z + a.z, v.w + a.w);
      }
      return v;
    }
    float4 v = sums(r, n);
    if (gates()) {
      const float4 u = sums(r, n + C::MT * 32);
      v = make_float4(gated(v.x, u.x), gated(v.y, u.y), gated(v.z, u.z), gated(v.w, u.w));
    }
    return v;
  }

  // volatile, so that the dry turn brings it close.
  static __device__ __forceinline__ float4 loadOnce(const float* from) {
    float4 v;
    asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "l"(from));
    return v;
  }

  // Gives the sum of the squares of what it wrote, where a norm is asked for.
  __device__ __forceinline__ float putFloats(int dry, int r, int n, float4 v) const {
    float* y = static_cast<float*>(p.y) + r * p.ldy + base + n;
    const float each[4] = {v.x, v.y, v.z, v.w};
    if (n + 4 <= count && (reinterpret_cast<uintptr_t>(y) & 15) == 0) {
      float4 g = v;
      if (p.mode & DEFT_WGMMA_NORM) g = loadOnce(p.norm + base + n);
      if (dry) return 0;
      if (p.mode & DEFT_GEMM_ADD) {
        const float4 o = *reinterpret_cast<float4*>(y);
        v = make_float4(o.x + v.x, o.y + v.y, o.z + v.z, o.w + v.w);
      }
      *reinterpret_cast<float4*>(y) = v;
      if (p.mode & DEFT_WGMMA_NORM) {
        store4(static_cast<T*>(p.normed) + r * p.ldnormed + base + n,
               make_float4(v.x * g.x, v.y * g.y, v.z * g.z, v.w * g.w));
      }
      return v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (n + i < count && !dry) y[i] = p.mode & DEFT_GEMM_ADD ? y[i] + each[i] : each[i];
    }
    return 0;
  }

  __device__ __forceinline__ void putHalves(int dry, int r, int n, float4 a, float4 b) const {
    T* y = static_cast<T*>(p.y) + r * p.ldy + base + n;
    if (n + 8 <= count && (reinterpret_cast<uintptr_t>(y) & 7) == 0) {
      if (dry) return;
      store4(y, a);
      store4(y + 4, b);
      return;
    }
    const float each[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (n + i < count && !dry) y[i] = As<T>::put(each[i]);
    }
  }

  // Writes this part's sums and waits for those of the others, whose thread blocks run at the same time: there are no
  // more than multiprocessors. Each adds up rows of its own.
  __device__ __forceinline__ const float* publish(int dry) const {
    unsigned* counter = reinterpret_cast<unsigned*>(p.part) + C::MOST_TILES * (31 - __clz(p.parts)) + tile;
    float* all = p.part + C::MOST_TILES * 4 + static_cast<size_t>(tile * p.parts) * (C::MT * 64 * C::N);
    const int lane = threadIdx.x & 15;
    const int rows = dry ? 1 : p.rows;
#pragma unroll 1
    for (int r = threadIdx.x >> 4; r < rows; r += C::CONSUMERS / 16) {
#pragma unroll 1
      for (int n = lane * 4; n < count; n += 64) {
        const float4 v = sums(r, n);
        if (!dry) __stcg(reinterpret_cast<float4*>(all + (part * C::N + r) * (C::MT * 64) + n), v);
      }
    }
    if (dry) return all;
    barrierSync(1, C::CONSUMERS);
    if (threadIdx.x == 0) {
      unsigned before, seen;
      asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], 1;" : "=r"(before) : "l"(counter) : "memory");
      const unsigned due = (before / p.parts + 1) * p.parts;
      do {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(counter) : "memory");
      } while (static_cast<int>(seen - due) < 0);
    }
    barrierSync(1, C::CONSUMERS);
    return all;
  }
};

}  // namespace deft
