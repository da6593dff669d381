// Products of 9 to 64 rows with a weight matrix on sm_90a: y[r][n] (+)= sum_k w[n][k] x[r][k].
//
// Weights are the 64 rows of wgmma, rows of x its columns: S = W X^T, as in attention of few query rows. A
// thread block an SM takes a tile of weight rows, as many as give all SMs the same, and a part of K where the
// matrix has too few rows for that. A producer warpgroup fills a ring of chunks of 64 columns; weights before
// the kernel before this one has ended. Parts of K are summed up in their order by the thread block that is
// done last, so that the same input gives the same bits.
#pragma once

#include "early.cuh"
#include "gemm_params.cuh"
#include "wgmma.cuh"
#ifndef DEFT_AHEAD
#define DEFT_AHEAD ".L2::128B"
#endif
#ifndef DEFT_ROTATE
#define DEFT_ROTATE 0
#endif

namespace deft {

// N: rows of x; MT: blocks of 64 weight rows a tile.
template <int N_, int MT_>
struct WideConfig {
  static constexpr int N = N_, MT = MT_;
  static constexpr int K = 64;  // columns a chunk
  static constexpr int UNIT = 64 * K * 2;
  static constexpr int STAGE = MT * UNIT + N * K * 2;
  static constexpr int STAGES = (220 * 1024) / STAGE;
  static constexpr int BARS = 2 * STAGES * 8;
  static constexpr int SHARED = STAGES * STAGE + BARS;
  static constexpr int CONSUMERS = 2;
  static constexpr int THREADS = (CONSUMERS + 1) * 128;
  // Counters of tiles, of 1, 2, 4 and 8 parts, in front of the partial sums.
  static constexpr int MOST_TILES = 256;
};

template <typename T, typename C>
struct WideGemm {
  const DeftGemm& p;
  int tiles;     // thread blocks that share out the tiles, for each part of K
  int tileRows;  // outputs a tile, a multiple of 8
  int part;      // of K: this thread block's
  int first;     // tile
  int k0, k1;    // chunks
  uint32_t ring, full, empty;

  __device__ __forceinline__ explicit WideGemm(const DeftGemm& p) : p(p) {}

  __device__ __forceinline__ bool gates() const { return p.mode & DEFT_GEMM_SWIGLU; }

  __device__ __forceinline__ void run() {
    extern __shared__ __align__(1024) unsigned char raw[];
    allowSuccessor();
    ring = sharedAddress(raw);
    full = ring + C::STAGES * C::STAGE;
    empty = full + C::STAGES * 8;
    if (ring & 1023) __trap();
    if (threadIdx.x == 0) {
      for (int i = 0; i < C::STAGES; i++) {
        mbarrierInit(full + i * 8, 128);
        mbarrierInit(empty + i * 8, C::CONSUMERS * 4);
      }
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    const int most = gates() ? C::MT * 32 : C::MT * 64;
    tiles = gridDim.x / p.parts;
    const int waves = (p.n + tiles * most - 1) / (tiles * most);
    tileRows = ((p.n + tiles * waves - 1) / (tiles * waves) + 7) & ~7;
    part = blockIdx.x / tiles;
    first = blockIdx.x - part * tiles;
    const int chunks = p.k / C::K;
    k0 = chunks * part / p.parts;
    k1 = chunks * (part + 1) / p.parts;
    if (threadIdx.x >= C::CONSUMERS * 128) {
      produce();
    } else {
      consume();
    }
  }

  // Weight rows of tile `tile` that fall to this thread, as bytes from the first one; bit j: row j is there.
  __device__ __forceinline__ uint32_t weightRows(int tile, uint32_t (&at)[C::MT * 4]) const {
    const int row0 = (threadIdx.x & 127) >> 3;
    uint32_t there = 0;
#pragma unroll
    for (int j = 0; j < C::MT * 4; j++) {
      int row = row0 + 16 * j;
      int up = 0;
      if (C::MT % 2 == 0 && gates() && j >= C::MT * 2) {
        row -= C::MT * 32;
        up = p.n;
      }
      if (row < tileRows && tile * tileRows + row < p.n) there |= 1u << j;
      at[j] = static_cast<uint32_t>(up + row) * static_cast<uint32_t>(p.ldw) * 2;
    }
    return there;
  }

  __device__ __forceinline__ void copyWeights(const char* w, const uint32_t (&at)[C::MT * 4], uint32_t there,
                                              uint32_t to, uint64_t once) const {
#pragma unroll
    for (int j = 0; j < C::MT * 4; j++) {
      if (there >> j & 1) {
        asm volatile("cp.async.cg.shared.global.L2::cache_hint" DEFT_AHEAD " [%0], [%1], 16, %2;\n" ::"r"(to + j * 2048),
                     "l"(w + at[j]), "l"(once)
                     : "memory");
      }
    }
  }

  __device__ __forceinline__ void copyRows(const char* x, uint32_t to) const {
    const int row0 = (threadIdx.x & 127) >> 3;
#pragma unroll
    for (int j = 0; j < C::N / 16; j++) {
      if (row0 + 16 * j < p.rows) {
        copyAsync16(to + C::MT * C::UNIT + j * 2048, x + static_cast<size_t>(16 * j) * p.ldx * 2, 16);
      }
    }
  }

  // The k-th chunk of this thread block's: they begin in different places, so that not all ask for the same rows of
  // x at once.
  __device__ __forceinline__ int place(int k) const {
    if (!DEFT_ROTATE) return k * (C::K * 2);
    const int n = k1 - k0;
    const int at = k - k0 + first * n / tiles;
    return (k0 + (at >= n ? at - n : at)) * (C::K * 2);
  }

  __device__ __forceinline__ void produce() const {
    const int thread = threadIdx.x & 127;
    const int chunk = thread & 7;
    const int row0 = thread >> 3;
    const uint32_t to = ring + row0 * 128 + ((chunk ^ row0 & 7) << 4);
    const char* x = static_cast<const char*>(p.x) + static_cast<size_t>(row0) * p.ldx * 2 + chunk * 16;
    uint64_t once;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(once));
    uint32_t at[C::MT * 4];
    int stage = 0;
    uint32_t parity = 1;
    bool begun = false;
    for (int tile = first; tile * tileRows < p.n; tile += tiles) {
      const uint32_t there = weightRows(tile, at);
      const char* w = static_cast<const char*>(p.w) + static_cast<size_t>(tile) * tileRows * p.ldw * 2 + chunk * 16;
      int k = k0;
      if (!begun) {
        begun = true;
        const int ahead = min(C::STAGES, k1 - k0);
        for (int i = 0; i < ahead; i++) copyWeights(w + place(k0 + i), at, there, to + i * C::STAGE, once);
        waitForPredecessor();
        for (int i = 0; i < ahead; i++) {
          copyRows(x + place(k0 + i), to + i * C::STAGE);
          mbarrierArriveOnCopies(full + i * 8);
        }
        k += ahead;
        if (ahead == C::STAGES) {
          parity = 0;
        } else {
          stage = ahead;
        }
      }
      for (; k < k1; k++) {
        mbarrierWait(empty + stage * 8, parity);
        copyWeights(w + place(k), at, there, to + stage * C::STAGE, once);
        copyRows(x + place(k), to + stage * C::STAGE);
        mbarrierArriveOnCopies(full + stage * 8);
        if (++stage == C::STAGES) {
          stage = 0;
          parity ^= 1;
        }
      }
    }
    if (!begun) waitForPredecessor();
    copyAsyncCommit();
    copyAsyncWait<0>();
  }

  __device__ __forceinline__ void consume() const {
    constexpr int UNITS = C::MT / 2;  // of a warpgroup
    const int warpgroup = __shfl_sync(~0u, threadIdx.x >> 7, 0);
    const int lane = threadIdx.x & 31;
    int stage = 0;
    uint32_t parity = 0;
    waitForPredecessor();
    for (int tile = first; tile * tileRows < p.n; tile += tiles) {
      float acc[UNITS][C::N / 2];
#pragma unroll
      for (int u = 0; u < UNITS; u++) {
#pragma unroll
        for (int i = 0; i < C::N / 2; i++) acc[u][i] = 0;
      }
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
      if (p.parts == 1) {
        store(acc, tile, warpgroup);
      } else {
        storeSums(acc, tile, warpgroup);
      }
    }
  }

  // Adds up the parts of a tile: each of their thread blocks a share of it, when all are there. They run at the
  // same time: there are no more than multiprocessors.
  template <int U, int A>
  __device__ __forceinline__ void storeSums(const float (&acc)[U][A], int tile, int warpgroup) const {
    constexpr int CHUNK = C::CONSUMERS * 128;
    unsigned* counter = reinterpret_cast<unsigned*>(p.part) + C::MOST_TILES * (31 - __clz(p.parts)) + tile;
    float* mine = p.part + C::MOST_TILES * 4 + static_cast<size_t>(tile * p.parts) * (U * A * CHUNK) + threadIdx.x;
#pragma unroll
    for (int u = 0; u < U; u++) {
#pragma unroll
      for (int i = 0; i < A; i++) __stcg(mine + (part * U * A + u * A + i) * CHUNK, acc[u][i]);
    }
    __threadfence();
    barrierSync(1, CHUNK);
    if (threadIdx.x == 0) {
      const unsigned all = (atomicAdd(counter, 1) / p.parts + 1) * p.parts;
      unsigned seen;
      do {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(counter) : "memory");
      } while (seen < all);
    }
    barrierSync(1, CHUNK);
    const int lane = threadIdx.x & 31;
    const int row = (threadIdx.x >> 5 & 3) * 16 + (lane >> 2) + warpgroup * 64;
    const int pair = (lane & 3) * 2;
    const int base = tile * tileRows;
    const int end = min(tileRows, p.n - base);
    const int share = U * A / p.parts;
#pragma unroll 4
    for (int e = part * share; e < (part + 1) * share; e++) {
      float v = 0;
#pragma unroll 4
      for (int s = 0; s < p.parts; s++) v += __ldcg(mine + (s * U * A + e) * CHUNK);
      const int i = e % A;
      const int n = e / A * 128 + row + (i & 2) * 4;
      if (n < end) put<T>(p, (i >> 2) * 8 + pair + (i & 1), base + n, v);
    }
  }

  template <int U, int A>
  __device__ __forceinline__ void store(const float (&acc)[U][A], int tile, int warpgroup) const {
    const int lane = threadIdx.x & 31;
    const int row = (threadIdx.x >> 5 & 3) * 16 + (lane >> 2);
    const int pair = (lane & 3) * 2;
    const int base = tile * tileRows;
    const int end = min(tileRows, p.n - base);
#pragma unroll
    for (int u = 0; u < U; u++) {
      if (U > 1 && gates() && u >= U / 2) break;
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int n = (2 * u + warpgroup) * 64 + row + 8 * h;
        if (n >= end) continue;
#pragma unroll
        for (int i = 0; i < A; i += 4) {
#pragma unroll
          for (int b = 0; b < 2; b++) {
            float v = acc[u][i + 2 * h + b];
            if (U > 1 && gates()) v = swiglu(v, acc[(u + U / 2) % U][i + 2 * h + b]);
            put<T>(p, 2 * i + pair + b, base + n, v);
          }
        }
      }
    }
  }
};

}  // namespace deft
