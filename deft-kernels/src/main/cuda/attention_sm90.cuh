// Both stages of tree attention for sm_90a in one kernel.
//
// Tokens are the rows of the matrix unit (64 a tile), query rows its columns: S^T = K Q^T and
// O^T += V^T P^T. So a group of 4 query rows costs 8 columns, not 64 rows, and one of 200 rows reads each
// tile once. A producer warpgroup gathers tiles with asynchronous copies; two consumer warpgroups share
// them, each with rows of its own or, where rows are few, with every second tile.
//
// Softmax keeps a reference exponent a row that moves only when a probability would exceed LIMIT (or a
// row sees its first token): no maximum is searched in the usual tile. A row's reference depends on its
// own scores alone.
#pragma once
#include "attention_combine.cuh"
#include "attention_params.cuh"
#include "tile.cuh"
#include "wgmma.cuh"

namespace deft {
namespace sm90 {

constexpr int STAGES = 4;
constexpr int MAX_COLUMNS = 104;
constexpr int CONSUMERS = 2;
constexpr int THREADS = (CONSUMERS + 1) * 128;
constexpr int PRODUCER_REGISTERS = 24;
constexpr int CONSUMER_REGISTERS = 240;

// Shared memory of one consumer warpgroup.
template <int D>
struct alignas(1024) Own {
  unsigned char q[MAX_COLUMNS * D * 2];  // [D / 64][columns][128 bytes], swizzled
  unsigned char p[MAX_COLUMNS * 128];    // [columns][64 tokens], swizzled
  float start[MAX_COLUMNS];              // minus the reference, base 2
  float moved[MAX_COLUMNS];              // what `start` becomes
  float across[4][MAX_COLUMNS];          // one value a warp and column
};

template <int D>
struct alignas(1024) Shared {
  unsigned char kv[STAGES][2][TILE * D * 2];  // K then V, each [D / 64][64 tokens][128 bytes], swizzled
  Own<D> own[CONSUMERS];
  uint64_t full[STAGES];
  uint64_t empty[STAGES];
};

template <int D>
constexpr int sharedBytes() {
  return sizeof(Shared<D>) + 1024;
}

struct Cursor {
  int stage = 0;
  uint32_t parity = 0;
  __device__ __forceinline__ void next() {
    if (++stage == STAGES) {
      stage = 0;
      parity ^= 1;
    }
  }
};

template <typename T, int D>
__device__ __forceinline__ void produce(const AttentionParams& p, Shared<D>& sm, int head,
                                        const AttentionRange& range) {
  constexpr int CHUNKS = D / 8;             // 16-byte chunks a row
  constexpr int ROWS = TILE * CHUNKS / 128; // rows a thread copies
  const int thread = threadIdx.x & 127;
  const int chunk = thread % CHUNKS;
  const int row0 = thread / CHUNKS * ROWS;
  const T* k = static_cast<const T*>(p.k) + chunk * 8;
  const T* v = static_cast<const T*>(p.v) + chunk * 8;
  const uint32_t full = sharedAddress(sm.full);
  const uint32_t empty = sharedAddress(sm.empty);
  const uint32_t kv = sharedAddress(sm.kv);
  auto copyRow = [&](uint32_t keys, int row, int slot) {
    const size_t offset = slotOffset<D>(p, max(slot, 0), head);
    const int bytes = slot < 0 ? 0 : 16;
    const uint32_t to = keys + swizzled(row, chunk, TILE);
    copyAsync16(to, k + offset, bytes);
    copyAsync16(to + TILE * D * 2, v + offset, bytes);
  };
  Cursor at;
  at.parity = 1;
  const int first = range.firstItem;
  const int end = range.endItem;
  AttentionTile next = range.tile;
  int t = range.item.firstTile;
  int t1 = range.item.endTile;
  for (int i = first;;) {
    for (; t < t1; t++) {
      const AttentionTile tile = next;
      if (t + 1 < t1) next = p.tiles[t + 1];
      const int count = tile.count & 0xff;
      mbarrierWait(empty + at.stage * 8, at.parity);
      const uint32_t keys = kv + at.stage * (TILE * D * 4);
      if (tile.count & TILE_RUNS) {
        TileWalk walk(p, tile, row0);
#pragma unroll 1
        for (int row = row0; row < row0 + ROWS; row++) copyRow(keys, row, walk.slot(p, tile, row));
      } else {
#pragma unroll
        for (int j = 0; j < ROWS; j++) copyRow(keys, row0 + j, row0 + j < count ? tile.slot + row0 + j : -1);
      }
      mbarrierArriveOnCopies(full + at.stage * 8);
      at.next();
    }
    if (++i >= end) break;
    t = p.items[i].firstTile;
    t1 = p.items[i].endTile;
    next = p.tiles[t];
  }
  copyAsyncCommit();
  copyAsyncWait<0>();
}

// Which of a thread's columns see a token: bit j for row `row0 + 8 j` of the item, bit 16 + j for the
// next row.

// With a mask. Out of line: the loop over tiles must stay in the instruction cache.
__device__ __noinline__ uint32_t seenByMask(const AttentionParams& p, AttentionItem item, TokenSight see,
                                            int row0, int columns) {
  uint32_t seen = 0;
  for (int j = 0; j < columns; j++) {
    seen |= static_cast<uint32_t>(visible(p, item, see, row0 + 8 * j)) << j;
    seen |= static_cast<uint32_t>(visible(p, item, see, row0 + 8 * j + 1)) << (16 + j);
  }
  return seen;
}

// Bits j of 0..15 with row + 8 j < limit.
__device__ __forceinline__ uint32_t bitsBelow(int limit, int row) {
  return (1u << min(max(limit - row + 7, 0) >> 3, 16)) - 1;
}

__device__ __forceinline__ uint32_t seenBy(const AttentionParams& p, const AttentionTile& tile,
                                           const AttentionItem& item, int token, int row0, int columns) {
  const TokenSight see = sight(p, tile, token);
  if (item.mask != 0) return seenByMask(p, item, see, row0, columns);
  const int lo = see.rows & 0xffff;
  const int hi = see.rows >> 16;
  return (bitsBelow(hi, row0) & ~bitsBelow(lo, row0)) |
         (bitsBelow(hi, row0 + 1) & ~bitsBelow(lo, row0 + 1)) << 16;
}

// One item's rows [column0, column0 + N) on one warpgroup.
template <typename T, int D, int N>
__device__ __forceinline__ void consume(const AttentionParams& p, Shared<D>& sm, Own<D>& own,
                                        const AttentionItem& item, int head, int warpgroup, Cursor& at) {
  constexpr int HALVES = D / 64;
  constexpr float LIMIT = __is_same(T, __half) ? 256.f : 16777216.f;  // of a probability
  constexpr float NEVER = __builtin_huge_valf();
  const int thread = threadIdx.x & 127;
  const int warp = thread >> 5;
  const int lane = thread & 31;
  const int barrier = 1 + warpgroup;
  const int pair = (lane & 3) * 2;  // this thread's columns of eight: pair, pair + 1
  const int token = warp * 16 + (lane >> 2);
  const int column0 = item.split ? 0 : warpgroup * N;
  const int rows = item.queries * p.group;
  const int valid = min(max(rows - column0, 0), N);
  const int tiles = item.endTile - item.firstTile;
  const bool active = item.split ? warpgroup < tiles : valid > 0;
  const uint32_t full = sharedAddress(sm.full);
  const uint32_t empty = sharedAddress(sm.empty);
  const uint32_t kv = sharedAddress(sm.kv);
  const uint32_t qShared = sharedAddress(own.q);
  const uint32_t pShared = sharedAddress(own.p);
  const uint32_t startShared = sharedAddress(own.start) + pair * 4;  // of this thread's columns

  if (!active) {
    for (int t = 0; t < tiles; t++) {
      mbarrierWait(full + at.stage * 8, at.parity);
      if (lane == 0) mbarrierArrive(empty + at.stage * 8);
      at.next();
    }
    return;
  }

  // Queries, and no reference yet: the first visible score will exceed minus infinity.
  {
    constexpr int CHUNKS = D / 8;
    const T* q = static_cast<const T*>(p.q);
    const int heads = p.kvHeads * p.group;
#pragma unroll 1
    for (int i = thread; i < N * CHUNKS; i += 128) {
      const int c = i % CHUNKS;
      const int r = i / CHUNKS;
      const int query = min((column0 + r) * p.groupMagic >> 16, item.queries - 1);
      const int h = head * p.group + column0 + r - query * p.group;
      copyAsync16(qShared + swizzled(r, c, N),
                  q + (static_cast<size_t>(item.q0 + query) * heads + (r < valid ? h : 0)) * D + c * 8,
                  r < valid ? 16 : 0);
    }
    copyAsyncCommit();
    if (thread < N) own.start[thread] = thread < valid ? NEVER : 0.f;
  }
  float o[HALVES][N / 2];
  float sum[N / 4];
#pragma unroll
  for (int i = 0; i < N / 2; i++) {
#pragma unroll
    for (int h = 0; h < HALVES; h++) o[h][i] = 0;
  }
#pragma unroll
  for (int i = 0; i < N / 4; i++) sum[i] = 0;
  copyAsyncWait<0>();
  fenceMatrixReads();
  barrierSync(barrier, 128);

  const uint32_t lastBytes = (((2 * warp + (lane >> 3 & 1)) ^ (lane & 7)) << 4) + (lane & 7) * 128 + pShared;
  const int step = item.split ? 2 : 1;
  AttentionTile next = p.tiles[item.firstTile + (item.split ? warpgroup : 0)];
  // Who sees the tile at hand; found out for the next one while the matrix unit is busy. The vote tells
  // the compiler that all of the warp goes one way.
  bool whole;
  uint32_t seenA;
  uint32_t seenB;
  auto look = [&]() {
    whole = __any_sync(~0u, next.count & TILE_FULL);
    seenA = seenB = ~0u;
    if (!whole) {
      seenA = seenBy(p, next, item, token, column0 + pair, N / 8);
      seenB = seenBy(p, next, item, token + 8, column0 + pair, N / 8);
    }
  };
  look();
  for (int t = 0; t < tiles; t++) {
    if (item.split && (t & 1) != warpgroup) {
      mbarrierWait(full + at.stage * 8, at.parity);
      if (lane == 0) mbarrierArrive(empty + at.stage * 8);
      at.next();
      continue;
    }
    if (t + step < tiles) next = p.tiles[item.firstTile + t + step];
    mbarrierWait(full + at.stage * 8, at.parity);
    fenceMatrixReads();
    const uint32_t keys = kv + at.stage * (TILE * D * 4);
    const uint32_t values = keys + TILE * D * 2;
    uint32_t packed[N / 4];
    auto scores = [&](float(&s)[N / 2]) {
      wgmmaFence();
      wgmma<T, N, 0, 0>(s, matrixDescriptor(keys, 1024), matrixDescriptor(qShared, 1024));
#pragma unroll
      for (int k = 1; k < D / 16; k++) {
        wgmma<T, N, 0, 1>(s, matrixDescriptor(keys + (k >> 2) * (TILE * 128) + (k & 3) * 32, 1024),
                          matrixDescriptor(qShared + (k >> 2) * (N * 128) + (k & 3) * 32, 1024));
      }
      wgmmaCommit();
    };
    // Probabilities to shared memory; whether one is too large for its reference.
    auto probabilities = [&](float(&s)[N / 2]) {
      uint32_t most = 0;
      auto four = [&](int j, bool masked) {
        const float2 start = loadShared2(startShared + 32 * j);
        float x[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
          x[i] = exp2Fast(fmaf(s[4 * j + i], p.scaleLog2, i & 1 ? start.y : start.x));
        }
        if (masked) {
          if (!(seenA >> j & 1)) x[0] = 0;
          if (!(seenA >> (16 + j) & 1)) x[1] = 0;
          if (!(seenB >> j & 1)) x[2] = 0;
          if (!(seenB >> (16 + j) & 1)) x[3] = 0;
        }
        packed[2 * j] = pack<T>(x[0], x[1]);
        packed[2 * j + 1] = pack<T>(x[2], x[3]);
        most = max2<T>(most, max2<T>(packed[2 * j], packed[2 * j + 1]));
      };
      if (whole) {
#pragma unroll
        for (int j = 0; j < N / 8; j++) four(j, false);
      } else {
#pragma unroll
        for (int j = 0; j < N / 8; j++) four(j, true);
      }
      // [columns][tokens], eight tokens of a column at a time
#pragma unroll
      for (int j = 0; j + 1 < N / 8; j += 2) {
        const uint32_t to = lastBytes + (8 * j + (lane >> 4) * 8) * 128;
        asm volatile(
            "stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};\n" ::"r"(to),
            "r"(packed[2 * j]), "r"(packed[2 * j + 1]), "r"(packed[2 * j + 2]), "r"(packed[2 * j + 3])
            : "memory");
      }
      if constexpr (N / 8 % 2 == 1) {
        constexpr int j = N / 8 - 1;
        asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1, %2};\n" ::"r"(
                         lastBytes + 8 * j * 128),
                     "r"(packed[2 * j]), "r"(packed[2 * j + 1])
                     : "memory");
      }
      fenceMatrixReads();
      const float2 peak = unpack<T>(most);
      const bool over = fmaxf(peak.x, peak.y) > LIMIT;
      return over;
    };
    bool over;
    {
      float s[N / 2];
      scores(s);
      wgmmaWait<0>();
      pin(s);
      if (whole && t < step && !p.exact) {
        // A first reference: the score of the first token, which is near enough most often. Other
        // rows decide whether a tile is whole, so that exact results cannot have it.
        if (thread < 4) {
#pragma unroll
          for (int j = 0; j < N / 8; j++) {
            storeShared2(startShared + 32 * j, -s[4 * j] * p.scaleLog2, -s[4 * j + 1] * p.scaleLog2);
          }
        }
        barrierSync(barrier, 128);
      }
      over = probabilities(s);
    }
    if (__any_sync(~0u, barrierAny(barrier, 128, over))) {
      float s[N / 2];
      scores(s);
      wgmmaWait<0>();
      pin(s);
              // Move the references of the rows that need it, and what was summed up with them.
#pragma unroll
              for (int j = 0; j < N / 8; j++) {
#pragma unroll
                for (int b = 0; b < 2; b++) {
                  float m = -NEVER;
                  if (seenA >> (16 * b + j) & 1) m = s[4 * j + b];
                  if (seenB >> (16 * b + j) & 1) m = fmaxf(m, s[4 * j + 2 + b]);
                  m = fmaxf(m, __shfl_xor_sync(~0u, m, 4));
                  m = fmaxf(m, __shfl_xor_sync(~0u, m, 8));
                  m = fmaxf(m, __shfl_xor_sync(~0u, m, 16));
                  if (lane < 4) own.across[warp][8 * j + pair + b] = m;
                }
              }
              barrierSync(barrier, 128);
#pragma unroll
              for (int j = 0; j < N / 8; j++) {
#pragma unroll
                for (int b = 0; b < 2; b++) {
                  const int c = 8 * j + pair + b;
                  const float m = fmaxf(fmaxf(own.across[0][c], own.across[1][c]),
                                        fmaxf(own.across[2][c], own.across[3][c]));
                  const float old = own.start[c];
                  float now = old;
                  if (c < valid && m > -NEVER && exp2Fast(fmaf(m, p.scaleLog2, old)) > LIMIT) {
                    now = -m * p.scaleLog2;
                    const float f = old == NEVER ? 0.f : exp2Fast(now - old);
#pragma unroll
                    for (int h = 0; h < HALVES; h++) {
                      o[h][4 * j + b] *= f;
                      o[h][4 * j + 2 + b] *= f;
                    }
                    sum[2 * j + b] *= f;
                  }
                  if (warp == 0 && lane < 4) own.moved[c] = now;
                }
              }
              barrierSync(barrier, 128);
              if (thread < N) own.start[thread] = own.moved[thread];
              barrierSync(barrier, 128);
      probabilities(s);
      barrierSync(barrier, 128);
    }
    wgmmaFence();
#pragma unroll
    for (int h = 0; h < HALVES; h++) {
#pragma unroll
      for (int k = 0; k < TILE / 16; k++) {
        wgmma<T, N, 1, 1>(o[h], matrixDescriptor(values + h * (TILE * 128) + k * 2048, 1024),
                          matrixDescriptor(pShared + k * 32, 1024));
      }
    }
    wgmmaCommit();
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
      const float2 x = unpack<T>(packed[2 * j]);
      const float2 y = unpack<T>(packed[2 * j + 1]);
      sum[2 * j] += x.x + y.x;
      sum[2 * j + 1] += x.y + y.y;
    }
    look();
    wgmmaWait<0>();
#pragma unroll
    for (int h = 0; h < HALVES; h++) pin(o[h]);
    if (lane == 0) mbarrierArrive(empty + at.stage * 8);
    at.next();
  }

  // Flush. Code that runs once an item comes slowly from memory, so there is little of it: nothing is
  // normalised here. Sums over tokens: 32 threads hold one of each column; the queries' room takes them.
  const uint32_t sumShared = qShared + ((warp * 8 + (lane >> 2)) * N + pair) * 4;
#pragma unroll
  for (int j = 0; j < N / 8; j++) storeShared2(sumShared + 32 * j, sum[2 * j], sum[2 * j + 1]);
  const size_t first =
      (static_cast<size_t>(head) * p.partials + item.partial + (item.split ? warpgroup * item.queries : 0)) *
          p.group +
      column0;
  float* out = p.partial + (first + pair) * D + token;
#pragma unroll
  for (int j = 0; j < N / 8; j++) {
#pragma unroll
    for (int b = 0; b < 2; b++) {
      if (8 * j + pair + b < valid) {
#pragma unroll
        for (int h = 0; h < HALVES; h++) {
          out[(8 * j + b) * D + h * 64] = o[h][4 * j + b];
          out[(8 * j + b) * D + h * 64 + 8] = o[h][4 * j + 2 + b];
        }
      }
    }
  }
  barrierSync(barrier, 128);
  if (thread < valid) {
    const float* sums = reinterpret_cast<const float*>(own.q) + thread;
    float all = 0;
#pragma unroll 4
    for (int i = 0; i < 32; i++) all += sums[i * N];
    p.weights[first + thread] = make_float2(-own.start[thread], all);
  }
  barrierSync(barrier, 128);  // before the next item's queries
}

// For finding out where time goes: -DDEFT_PROFILE and an array of 16 times a thread block.
#ifdef DEFT_PROFILE
__device__ unsigned long long profile[1024 * 16];
__device__ __forceinline__ void mark(int i) {
  if (threadIdx.x == 0 && i < 16) {
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(profile[blockIdx.x * 16 + i]));
  }
}
#else
__device__ __forceinline__ void mark(int) {}
#endif

template <typename T, int D>
__device__ __forceinline__ void attention(const AttentionParams& p) {
  mark(0);
  extern __shared__ unsigned char raw[];
  Shared<D>& sm =
      *reinterpret_cast<Shared<D>*>((reinterpret_cast<uintptr_t>(raw) + 1023) & ~static_cast<uintptr_t>(1023));
  const int head = blockIdx.x % p.kvHeads;
  const AttentionRange& range = p.ranges[blockIdx.x / p.kvHeads];
  const int first = range.firstItem;
  const int end = range.endItem;
  if (threadIdx.x == 0) {
    for (int i = 0; i < STAGES; i++) {
      mbarrierInit(sharedAddress(&sm.full[i]), 128);
      mbarrierInit(sharedAddress(&sm.empty[i]), CONSUMERS * 4);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  __syncthreads();
  if (threadIdx.x >= CONSUMERS * 128) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(PRODUCER_REGISTERS));
    if (first < end) produce<T, D>(p, sm, head, range);
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(CONSUMER_REGISTERS));
    const int warpgroup = __shfl_sync(~0u, threadIdx.x >> 7, 0);
    Own<D>& own = sm.own[warpgroup];
    Cursor at;
    for (int i = first; i < end; i++) {
      AttentionItem item = i == first ? range.item : p.items[i];
      item.split = __any_sync(~0u, item.split);
      item.columns = __shfl_sync(~0u, item.columns, 0);
      item.queries = __shfl_sync(~0u, item.queries, 0);
      item.firstTile = __shfl_sync(~0u, item.firstTile, 0);
      item.endTile = __shfl_sync(~0u, item.endTile, 0);
      switch (item.columns) {
#define DEFT_WIDTH(N) \
  case N:             \
    consume<T, D, N>(p, sm, own, item, head, warpgroup, at); \
    break;
        DEFT_WIDTH(8)
        DEFT_WIDTH(16)
        DEFT_WIDTH(32)
        DEFT_WIDTH(48)
        DEFT_WIDTH(64)
        DEFT_WIDTH(80)
        DEFT_WIDTH(104)
#undef DEFT_WIDTH
      }
      mark(4 + i - first);
    }
    mark(1);
    // Stage 2 when all thread blocks of this head are done, by all of them. They run at the same time:
    // the launch is cooperative. The count only grows, so that nothing needs to be reset.
    const int ranges = gridDim.x / p.kvHeads;
    __threadfence();
    barrierSync(3, CONSUMERS * 128);
    CombineWork work(p, head, blockIdx.x / p.kvHeads * (CONSUMERS * 4) + (threadIdx.x >> 5),
                     ranges * CONSUMERS * 4);
    if (threadIdx.x == 0) {
      unsigned long long* arrived = p.arrived + head;
      const unsigned long long all = (atomicAdd(arrived, 1ull) / ranges + 1) * ranges;
      unsigned long long seen;
      do {
        asm volatile("ld.acquire.gpu.global.u64 %0, [%1];" : "=l"(seen) : "l"(arrived) : "memory");
      } while (seen < all);
    }
    barrierSync(3, CONSUMERS * 128);
    mark(2);
    work.run<D>(p);
    mark(3);
  }
}

}  // namespace sm90
}  // namespace deft
