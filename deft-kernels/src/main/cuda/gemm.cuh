// Products of few rows with a weight matrix: y[r][n] (+)= sum_k w[n][k] x[r][k], 1..64 rows.
//
// Weights are the 16-row operand of mma.sync (m16n8k16) and the rows of x its 8 columns, so that few
// rows waste no memory traffic and little arithmetic. K is cut in chunks of BK; chunk c belongs to
// partition c mod P, P = (warps along K) x (blocks of a cluster along K). Each partition keeps a
// ring of S chunks in shared memory, filled by asynchronous copies and handed over by mbarriers: no
// block-wide barrier in the main loop. The partitions of a tile are summed as a binary tree over
// their numbers, so the bits of a row depend on (BK, P) alone: not on the number of rows, the tile,
// the grid or the split between warps and blocks.
#pragma once

#include "early.cuh"
#include "gemm_params.cuh"

namespace deft {

__device__ __forceinline__ uint32_t sharedAddress(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

__device__ __forceinline__ void barrierInit(uint32_t bar, int count) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(bar), "r"(count) : "memory");
}

__device__ __forceinline__ void barrierWait(uint32_t bar, int parity) {
  asm volatile(
      "{\n"
      ".reg .pred p;\n"
      "again:\n"
#if __CUDA_ARCH__ >= 900
      "mbarrier.try_wait.parity.shared.b64 p, [%0], %1;\n"
#elif __CUDA_ARCH__ >= 800
      ".reg .b64 t;\n"
      "mbarrier.test_wait.parity.shared.b64 p, [%0], %1;\n"
#endif
      "@!p bra again;\n"
      "}\n" ::"r"(bar),
      "r"(parity)
      : "memory");
}

__device__ __forceinline__ void ldmatrix4(uint32_t (&r)[4], uint32_t at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at));
}

__device__ __forceinline__ void ldmatrix2(uint32_t& a, uint32_t& b, uint32_t at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(a), "=r"(b)
               : "r"(at));
}

template <typename T>
__device__ __forceinline__ void mma(float4& c, const uint32_t (&a)[4], uint32_t b0, uint32_t b1);

template <>
__device__ __forceinline__ void mma<__nv_bfloat16>(
    float4& c, const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c.x), "+f"(c.y), "+f"(c.z), "+f"(c.w)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <>
__device__ __forceinline__ void mma<__half>(
    float4& c, const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c.x), "+f"(c.y), "+f"(c.z), "+f"(c.w)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ float4 add(float4 a, float4 b) {
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

// One output element.
template <typename T>
__device__ __forceinline__ void put(const DeftGemm& p, int r, int n, float v) {
  if (r >= p.rows || n >= p.n) {
    return;
  }
  const int64_t at = r * p.ldy + n;
  if (p.mode & DEFT_GEMM_FLOAT) {
    float* y = static_cast<float*>(p.y) + at;
    *y = p.mode & DEFT_GEMM_ADD ? *y + v : v;
  } else {
    static_cast<T*>(p.y)[at] = As<T>::put(v);
  }
}

// NT: tiles of 8 rows of x; MT: tiles of 16 rows of w a warp; WM x WK: warps along w's rows and K;
// S: chunks of BK elements in a ring; SK: blocks along K; SPLIT as in DeftGemmKernel; BULK: rows
// are fetched by the bulk copy engine (compute capability 9) instead of 16 bytes a thread.
template <int NT_, int MT_, int WM_, int WK_, int S_, int BK_, int SK_, int SPLIT_, bool BULK_>
struct GemmConfig {
  static constexpr int NT = NT_, MT = MT_, WM = WM_, WK = WK_, S = S_, BK = BK_, SK = SK_;
  static constexpr int SPLIT = SPLIT_;
  static constexpr bool BULK = BULK_;
  static constexpr int R = NT * 8;
  static constexpr int TN = WM * MT * 16;
  static constexpr int THREADS = WM * WK * 32;
  // 16 bytes more than the data: ldmatrix then meets no bank twice.
  static constexpr int STRIDE = BK * 2 + 16;
  static constexpr int STAGE = (TN + R) * STRIDE;
  static constexpr int RING = WK * S * STAGE;
  static constexpr int BARS = (WK * S * 8 + 127) / 128 * 128;
  // Sums are exchanged in halves where they are large.
  static constexpr bool HALVE = WK > 1 && WK * TN * R * 4 > 32768;
  static constexpr int KEPT = HALVE ? WK / 2 : WK;
  static constexpr int SUMS = KEPT * TN * R * 4;
  static constexpr int SHARED = BARS + RING + SUMS;
  static constexpr int ORDER = BK * 65536 + WK * SK;
};

template <typename T, typename C>
struct Gemm {
  const DeftGemm& p;
  const T* w;
  const T* x;
  uint32_t ring;  // of this warp's partition
  uint32_t bars;
  int lane, wm, wk, rank;
  uint64_t policy;

  __device__ explicit Gemm(const DeftGemm& p) : p(p) {}

  __device__ __forceinline__ int weightRow(int tile, int r) const {
    if (p.mode & DEFT_GEMM_SWIGLU) {
      const int half = C::MT * 8;
      const int row = min((tile * C::WM + wm) * half + (r < half ? r : r - half), p.n - 1);
      return r < half ? row : p.n + row;
    }
    return min(tile * C::TN + wm * C::MT * 16 + r, p.n - 1);
  }

  __device__ __forceinline__ void copy16(uint32_t to, const T* from, int bytes, bool once) const {
    if (once) {
#if __CUDA_ARCH__ >= 800
      asm volatile("cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2, %3;" ::"r"(to),
                   "l"(from), "r"(bytes), "l"(policy)
                   : "memory");
#endif
    } else {
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes)
                   : "memory");
    }
  }

  __device__ __forceinline__ void copyRow(
      uint32_t to, const T* from, int bytes, uint32_t bar, bool once) const {
#if __CUDA_ARCH__ >= 900
    if (once) {
      asm volatile(
          "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], "
          "[%1], %2, [%3], %4;" ::"r"(to),
          "l"(from), "r"(bytes), "r"(bar), "l"(policy)
          : "memory");
    } else {
      asm volatile(
          "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, "
          "[%3];" ::"r"(to),
          "l"(from), "r"(bytes), "r"(bar)
          : "memory");
    }
#endif
  }

  __device__ __forceinline__ uint32_t bar(int slot) const { return bars + slot * 8; }

  // This warp's share of the rows of x: every WM-th.
  __device__ __forceinline__ int shareOfX() const {
    return (p.rows - wm + C::WM - 1) / C::WM;
  }

  __device__ __forceinline__ void fetchW(int slot, int tile, int chunk) const {
    const uint32_t to = ring + slot * C::STAGE + wm * C::MT * 16 * C::STRIDE;
    const int k0 = chunk * C::BK;
    if (C::BULK) {
      const int bytes = min(C::BK, p.k - k0) * 2;
      if (lane == 0) {
        asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(bar(slot)),
                     "r"(bytes * (C::MT * 16 + shareOfX()))
                     : "memory");
      }
      __syncwarp();
#pragma unroll
      for (int i = 0; i < (C::MT * 16 + 31) / 32; i++) {
        const int r = i * 32 + lane;
        if (C::MT % 2 == 0 || r < C::MT * 16) {
          copyRow(to + r * C::STRIDE, w + weightRow(tile, r) * p.ldw + k0, bytes, bar(slot), true);
        }
      }
    } else {
      constexpr int LANES = C::BK / 8, ROWS = 32 / LANES;
      const int k = k0 + lane % LANES * 8;
      const int bytes = k < p.k ? 16 : 0;
      const T* from = w + (k < p.k ? k : 0);
#pragma unroll
      for (int i = 0; i < C::MT * 16 / ROWS; i++) {
        const int r = i * ROWS + lane / LANES;
        copy16(to + r * C::STRIDE + lane % LANES * 16, from + weightRow(tile, r) * p.ldw, bytes,
               true);
      }
    }
  }

  __device__ __forceinline__ void fetchX(int slot, int chunk) const {
    const uint32_t to = ring + slot * C::STAGE + C::TN * C::STRIDE;
    const int k0 = chunk * C::BK;
    if (C::BULK) {
      const int bytes = min(C::BK, p.k - k0) * 2;
      const int r = lane * C::WM + wm;
      if (r < p.rows) {
        copyRow(to + r * C::STRIDE, x + r * p.ldx + k0, bytes, bar(slot), false);
      }
      if (C::R > C::WM * 32 && r + C::WM * 32 < p.rows) {
        const int q = r + C::WM * 32;
        copyRow(to + q * C::STRIDE, x + q * p.ldx + k0, bytes, bar(slot), false);
      }
    } else {
      constexpr int LANES = C::BK / 8, ROWS = 32 / LANES;
      const int k = k0 + lane % LANES * 8;
      const int bytes = k < p.k ? 16 : 0;
      const T* from = x + (k < p.k ? k : 0);
      for (int r = wm * ROWS + lane / LANES; r < p.rows; r += C::WM * ROWS) {
        copy16(to + r * C::STRIDE + lane % LANES * 16, from + r * p.ldx, bytes, false);
      }
      asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(bar(slot)) : "memory");
    }
  }

  __device__ __forceinline__ void syncGroup() const {
    if (C::WM == 1) {
      __syncwarp();
    } else {
      asm volatile("bar.sync %0, %1;" ::"r"(1 + wk), "n"(C::WM * 32) : "memory");
    }
  }

  // Fragments of KS elements along K: one step of 16, two where there is one tile of columns.
  static constexpr int HALVES = C::NT == 1 ? 2 : 1;
  struct Fragments {
    uint32_t a[HALVES][C::MT][4];
    uint32_t b[(C::NT + 1) / 2][4];
  };

  __device__ __forceinline__ void read(Fragments& f, uint32_t aw, uint32_t bx, int step) const {
#pragma unroll
    for (int h = 0; h < HALVES; h++) {
#pragma unroll
      for (int mt = 0; mt < C::MT; mt++) {
        ldmatrix4(f.a[h][mt], aw + mt * 16 * C::STRIDE + (step * HALVES + h) * 32);
      }
    }
    if (C::NT == 1) {
      ldmatrix4(f.b[0], bx + step * 64);
    } else {
#pragma unroll
      for (int nt = 0; nt + 1 < C::NT; nt += 2) {
        ldmatrix4(f.b[nt / 2], bx + nt * 8 * C::STRIDE + step * 32);
      }
      if (C::NT % 2) {
        // The upper half of the warp points at rows that are there, too.
        ldmatrix2(f.b[C::NT / 2][0], f.b[C::NT / 2][1],
                  bx + ((C::NT - 1) * 8 - lane / 16 * 8) * C::STRIDE + step * 32);
      }
    }
  }

  __device__ __forceinline__ void multiply(float4 (&acc)[C::MT][C::NT], int slot) const {
    const uint32_t stage = ring + slot * C::STAGE;
    const uint32_t aw = stage + (wm * C::MT * 16 + lane % 16) * C::STRIDE + lane / 16 * 16;
    const uint32_t xs = stage + C::TN * C::STRIDE;
    const uint32_t bx = C::NT == 1
                            ? xs + lane % 8 * C::STRIDE + lane / 8 * 16
                            : xs + (lane / 16 * 8 + lane % 8) * C::STRIDE + lane / 8 % 2 * 16;
    constexpr int STEPS = C::BK / 16 / HALVES;
    Fragments f[2];
    read(f[0], aw, bx, 0);
#pragma unroll
    for (int s = 0; s < STEPS; s++) {
      if (s + 1 < STEPS) {
        read(f[(s + 1) % 2], aw, bx, s + 1);
      }
      const Fragments& g = f[s % 2];
#pragma unroll
      for (int h = 0; h < HALVES; h++) {
#pragma unroll
        for (int nt = 0; nt < C::NT; nt++) {
#pragma unroll
          for (int mt = 0; mt < C::MT; mt++) {
            const int b = C::NT == 1 ? h * 2 : nt % 2 * 2;
            mma<T>(acc[mt][nt], g.a[h][mt], g.b[nt / 2][b], g.b[nt / 2][b + 1]);
          }
        }
      }
    }
  }

  // Bulk copies leave what is past the end of K as it was; x must be 0 there. Done by the group.
  __device__ __forceinline__ void clearTail(int slot, int from) const {
    const uint32_t to = ring + slot * C::STAGE + C::TN * C::STRIDE;
    for (int i = wm * 32 + lane; i < C::R * (C::BK / 8); i += C::WM * 32) {
      if (i % (C::BK / 8) * 8 >= from) {
        save(to + i / (C::BK / 8) * C::STRIDE + i % (C::BK / 8) * 16, make_float4(0, 0, 0, 0));
      }
    }
#if __CUDA_ARCH__ >= 900
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
    syncGroup();
  }

  static __device__ __forceinline__ void clusterSync() {
#if __CUDA_ARCH__ >= 900
    asm volatile(
        "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::
            : "memory");
#endif
  }

  static __device__ __forceinline__ float4 load(uint32_t at, int rank) {
    float4 v = make_float4(0, 0, 0, 0);
#if __CUDA_ARCH__ >= 900
    if (C::SPLIT == 1) {
      uint32_t there;
      asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(at), "r"(rank));
      asm volatile("ld.shared::cluster.v4.f32 {%0,%1,%2,%3}, [%4];"
                   : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
                   : "r"(there)
                   : "memory");
      return v;
    }
#endif
    asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];"
                 : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
                 : "r"(at)
                 : "memory");
    return v;
  }

  static __device__ __forceinline__ void save(uint32_t at, float4 v) {
    asm volatile("st.shared.v4.f32 [%0], {%1,%2,%3,%4};" ::"r"(at), "f"(v.x), "f"(v.y), "f"(v.z),
                 "f"(v.w)
                 : "memory");
  }

  // The sum of all partitions for one float4, a binary tree over their numbers.
  static __device__ __forceinline__ float4 total(uint32_t at) {
    constexpr int RANKS = C::SPLIT == 1 ? C::SK : 1;
    constexpr int Q = RANKS * C::KEPT;
    float4 v[Q];
#pragma unroll
    for (int i = 0; i < Q; i++) {
      v[i] = load(at + i % C::KEPT * (C::TN * C::R * 4), i / C::KEPT);
    }
#pragma unroll
    for (int step = 1; step < Q; step *= 2) {
#pragma unroll
      for (int i = 0; i + step < Q; i += 2 * step) {
        v[i] = add(v[i], v[i + step]);
      }
    }
    return v[0];
  }

  __device__ __forceinline__ void out(int row, int col, float4 v) const {
    // Fragment of m16n8: v.x, v.y in row g, v.z, v.w in row g + 8.
    const int n = row + lane / 4, r = col + lane % 4 * 2;
    if (C::SPLIT == 2) {
      float* q = p.part + ((int64_t)rank * p.rows + r) * p.n + n;
      if (r < p.rows && n < p.n) q[0] = v.x;
      if (r + 1 < p.rows && n < p.n) q[p.n] = v.y;
      if (r < p.rows && n + 8 < p.n) q[8] = v.z;
      if (r + 1 < p.rows && n + 8 < p.n) q[p.n + 8] = v.w;
      return;
    }
    put<T>(p, r, n, v.x);
    put<T>(p, r + 1, n, v.y);
    put<T>(p, r, n + 8, v.z);
    put<T>(p, r + 1, n + 8, v.w);
  }

  // Sums the partitions of a tile and writes it.
  __device__ __forceinline__ void finish(float4 (&acc)[C::MT][C::NT], int tile, uint32_t sums) {
    constexpr int FRAGS = C::MT * C::NT;
    const uint32_t mine =
        sums + (((C::HALVE ? wk / 2 : wk) * C::WM + wm) * FRAGS * 32 + lane) * 16;
    if (C::HALVE) {
      if (wk & 1) {
#pragma unroll
        for (int f = 0; f < FRAGS; f++) {
          save(mine + f * 512, acc[f / C::NT][f % C::NT]);
        }
      }
      __syncthreads();
      if (!(wk & 1)) {
#pragma unroll
        for (int f = 0; f < FRAGS; f++) {
          float4 o;
          asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];"
                       : "=f"(o.x), "=f"(o.y), "=f"(o.z), "=f"(o.w)
                       : "r"(mine + f * 512)
                       : "memory");
          save(mine + f * 512, add(acc[f / C::NT][f % C::NT], o));
        }
      }
    } else {
#pragma unroll
      for (int f = 0; f < FRAGS; f++) {
        save(mine + f * 512, acc[f / C::NT][f % C::NT]);
      }
    }
    if (C::SPLIT == 1) {
      clusterSync();
    } else {
      __syncthreads();
    }
    // Tasks: (warp of rows, pair of 16-row tiles, tile of 8 columns), a warp each.
    constexpr int PAIR = C::MT % 2 == 0 ? 2 : 1;
    static_assert(C::MT == 1 || PAIR == 2, "gate and up must meet in one thread");
    constexpr int TASKS = C::WM * (C::MT / PAIR) * C::NT;
    constexpr int STEP = C::WM * C::WK * (C::SPLIT == 1 ? C::SK : 1);
    for (int t = (C::SPLIT == 1 ? rank * C::WM * C::WK : 0) + wk * C::WM + wm; t < TASKS;
         t += STEP) {
      const int nt = t % C::NT, q = t / C::NT % (C::MT / PAIR), m = t / C::NT / (C::MT / PAIR);
      const uint32_t at = sums + ((m * FRAGS + q * C::NT + nt) * 32 + lane) * 16;
      const float4 v = total(at);
      if (PAIR == 2) {
        const float4 u = total(at + C::MT / 2 * C::NT * 512);
        if (p.mode & DEFT_GEMM_SWIGLU) {
          out((tile * C::WM + m) * C::MT * 8 + q * 16, nt * 8,
              make_float4(gated(v.x, u.x), gated(v.y, u.y), gated(v.z, u.z), gated(v.w, u.w)));
        } else {
          out(tile * C::TN + (m * C::MT + q) * 16, nt * 8, v);
          out(tile * C::TN + (m * C::MT + q + C::MT / 2) * 16, nt * 8, u);
        }
      } else if (p.mode & DEFT_GEMM_SWIGLU) {
        // 8 rows of gate above 8 rows of up: both in the same thread.
        const int n = (tile * C::WM + m) * 8 + lane / 4, r = nt * 8 + lane % 4 * 2;
        put<T>(p, r, n, gated(v.x, v.z));
        put<T>(p, r + 1, n, gated(v.y, v.w));
      } else {
        out(tile * C::TN + (m * C::MT + q) * 16, nt * 8, v);
      }
    }
    if (C::SPLIT == 1) {
      clusterSync();
    } else {
      __syncthreads();
    }
  }

  __device__ __forceinline__ void run() {
    extern __shared__ __align__(128) unsigned char shared[];
    const int warp = threadIdx.x / 32;
    lane = threadIdx.x % 32;
    wm = warp % C::WM;
    wk = warp / C::WM;
    rank = C::SK == 1 ? 0 : blockIdx.x % C::SK;
    w = static_cast<const T*>(p.w);
    x = static_cast<const T*>(p.x);
    const uint32_t base = sharedAddress(shared);
    bars = base + wk * C::S * 8;
    ring = base + C::BARS + wk * C::S * C::STAGE;
    const uint32_t sums = base + C::BARS + C::RING;
    policy = 0;
#if __CUDA_ARCH__ >= 800
    asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
#endif
    const int units = gridDim.x / C::SK;
    const int outputs = p.mode & DEFT_GEMM_SWIGLU ? C::TN / 2 : C::TN;
    const int tiles = (p.n + outputs - 1) / outputs;
    const int first = blockIdx.x / C::SK;
    const int chunks = (p.k + C::BK - 1) / C::BK;
    constexpr int P = C::SK * C::WK;
    const int part = rank * C::WK + wk;
    const int perTile = part < chunks ? (chunks - part + P - 1) / P : 0;
    const int myTiles = first < tiles ? (tiles - first + units - 1) / units : 0;
    const int total = perTile * myTiles;

    if (wm == 0 && lane < C::S) {
      barrierInit(bar(lane), C::BULK ? C::WM : C::WM * 32);
    }
    if (C::BULK && p.k % C::BK) {
      // What the last chunk leaves as it was must be finite.
      for (int i = threadIdx.x * 16; i < C::RING; i += C::THREADS * 16) {
        save(base + C::BARS + i, make_float4(0, 0, 0, 0));
      }
    }
    if (C::BULK) {
#if __CUDA_ARCH__ >= 900
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
      asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
    }
    __syncthreads();
    allowSuccessor();

    // Blocks of 256 rows of w start at different places of K: in step, all blocks of the grid would
    // ask for the same few channels of memory and the same lines of x.
    const int shift = p.mode & DEFT_GEMM_SWIGLU ? 7 : 8;
    auto start = [&](int tile) {
      return perTile ? (tile * outputs >> shift) % perTile : 0;
    };
    int nextTile = first, nextStep = 0, nextPlace = start(first);
    auto advance = [&]() {
      if (++nextPlace == perTile) {
        nextPlace = 0;
      }
      if (++nextStep == perTile) {
        nextStep = 0;
        nextTile += units;
        nextPlace = start(nextTile);
      }
    };
    const int ahead = min(total, C::S);
    if (p.early) {
      for (int j = 0; j < ahead; j++) {
        fetchW(j, nextTile, nextPlace * P + part);
        advance();
      }
      waitForPredecessor();
      nextTile = first;
      nextStep = 0;
      nextPlace = start(first);
      for (int j = 0; j < ahead; j++) {
        fetchX(j, nextPlace * P + part);
        advance();
      }
    } else {
      waitForPredecessor();
      for (int j = 0; j < ahead; j++) {
        fetchW(j, nextTile, nextPlace * P + part);
        fetchX(j, nextPlace * P + part);
        advance();
      }
    }

    int slot = 0, parity = 0, done = 0;
    for (int tile = first; tile < tiles; tile += units) {
      float4 acc[C::MT][C::NT];
#pragma unroll
      for (int f = 0; f < C::MT * C::NT; f++) {
        acc[f / C::NT][f % C::NT] = make_float4(0, 0, 0, 0);
      }
      for (int i = 0; i < perTile; i++) {
        barrierWait(bar(slot), parity);
        if (C::BULK && p.k % C::BK && ((i + start(tile)) % perTile * P + part + 1) * C::BK > p.k) {
          clearTail(slot, p.k % C::BK);
        }
        multiply(acc, slot);
        syncGroup();
        if (done + C::S < total) {
          fetchW(slot, nextTile, nextPlace * P + part);
          fetchX(slot, nextPlace * P + part);
          advance();
        }
        done++;
        if (++slot == C::S) {
          slot = 0;
          parity ^= 1;
        }
      }
      finish(acc, tile, sums);
    }
  }
};

// Sums the partials of a kernel with split = 2, one thread an output.
template <typename T>
__device__ __forceinline__ void gemmSum(const DeftGemm& p) {
  waitForPredecessor();
  allowSuccessor();
  const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= (int64_t)p.rows * p.n) {
    return;
  }
  float v[8];
  for (int s = 0; s < 8; s++) {
    v[s] = s < p.parts ? p.part[s * (int64_t)p.rows * p.n + i] : 0;
  }
  for (int step = 1; step < p.parts; step *= 2) {
    for (int s = 0; s + step < p.parts; s += 2 * step) {
      v[s] += v[s + step];
    }
  }
  put<T>(p, i / p.n, i % p.n, v[0]);
}

}  // namespace deft
