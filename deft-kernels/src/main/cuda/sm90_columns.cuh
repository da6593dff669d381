// Few query rows on the columns of the matrix unit: S^T = K Q^T, O^T += V^T P^T, 64 tokens the rows. So a
// leaf of 4 query rows costs 8 columns, not 64 rows. Warpgroups take tiles in turn.
#pragma once
#include "sm90_shared.cuh"

namespace deft {
namespace sm90 {

// Which of a thread's columns see a token: bit j for row `row0 + 8 j` of the item, bit 16 + j for the
// next row.

// With a mask. Out of line: the loop over tiles must stay in the instruction cache.
__device__ __noinline__ uint32_t seenByMask(const AttentionParams& p, int q0, int mask, TokenSight see,
                                            int row0, int columns) {
  uint32_t seen = 0;
  for (int j = 0; j < columns; j++) {
    seen |= static_cast<uint32_t>(visible(p, q0, mask, see, row0 + 8 * j)) << j;
    seen |= static_cast<uint32_t>(visible(p, q0, mask, see, row0 + 8 * j + 1)) << (16 + j);
  }
  return seen;
}

// Bits j of 0..15 with row + 8 j < limit.
__device__ __forceinline__ uint32_t bitsBelow(int limit, int row) {
  return (1u << min(max(limit - row + 7, 0) >> 3, 16)) - 1;
}

__device__ __forceinline__ uint32_t seenBy(TokenSight see, int row0) {
  const int lo = see.rows & 0xffff;
  const int hi = see.rows >> 16;
  return (bitsBelow(hi, row0) & ~bitsBelow(lo, row0)) |
         (bitsBelow(hi, row0 + 1) & ~bitsBelow(lo, row0 + 1)) << 16;
}

// The tiles of item `index` of those before `end` that fall to one warpgroup. The item was asked for; asks
// for the next one.
template <typename T, int D, int N, bool MASKED>
__device__ __forceinline__ void consumeColumns(const AttentionParams& p, Shared<D>& sm, Own<D>& own,
                                               int tiles, int index, int warpgroup, Cursor& at) {
  constexpr int HALVES = D / 64;
  constexpr float LIMIT = __is_same(T, __half) ? 256.f : 16777216.f;  // of a probability
  constexpr float NEVER = __builtin_huge_valf();
  const int thread = threadIdx.x & 127;
  const int warp = thread >> 5;
  const int lane = thread & 31;
  const int barrier = 1 + warpgroup;
  const int pair = (lane & 3) * 2;  // this thread's columns of eight: pair, pair + 1
  const int token = warp * 16 + (lane >> 2);
  const int valid = OwnRows(own.item[index & 1], p.group, warpgroup).count;
  const uint32_t full = sharedAddress(sm.full);
  const uint32_t empty = sharedAddress(sm.empty);
  // The stage may be filled again when all of the warp have read what they need of it.
  auto release = [&]() {
    __syncwarp();
    if (lane == 0) mbarrierArrive(empty + at.stage() * 8);
  };
  const uint32_t kv = sharedAddress(sm.kv);
  const uint32_t queries = matrixPlace(sharedAddress(own.q));
  const uint32_t pShared = sharedAddress(own.p);
  const uint32_t probabilities = matrixPlace(pShared);
  const uint32_t startShared = sharedAddress(own.start) + pair * 4;  // of this thread's columns

  // No reference yet: the first visible score will exceed minus infinity.
  if (thread < N) own.start[thread] = thread < valid ? NEVER : 0.f;
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
  mark(1);

  const uint32_t lastBytes = (((2 * warp + (lane >> 3 & 1)) ^ (lane & 7)) << 4) + (lane & 7) * 128 + pShared;
  bool begun = false;
  const Turn turn(tiles, true, warpgroup);
  for (int left = tiles; left > 0; left--) {
    mbarrierWait(full + at.stage() * 8, at.parity());
    if (!turn.own(left)) {
      release();
      at.next();
      continue;
    }
    fenceMatrixReads();
    const uint32_t stage = kv + at.stage() * (TILE * D * 4);
    const uint32_t keys = matrixPlace(stage);
    const uint32_t values = matrixPlace(stage + TILE * D * 2);
    // The vote tells the compiler that all of the warp goes one way.
    const bool whole = __any_sync(~0u, sm.flags[at.stage()] & TILE_FULL);
    uint32_t seenA = ~0u;
    uint32_t seenB = ~0u;
    uint32_t packed[N / 4];
    for (bool again = false;;) {
      float s[N / 2];
      wgmmaFence();
      wgmma<T, N, 0, 0>(s, matrixDescriptor(keys), matrixDescriptor(queries));
#pragma unroll
      for (int k = 1; k < D / 16; k++) {
        const uint32_t step = (k >> 2) * (TILE * 128 / 16) + (k & 3) * 2;
        wgmma<T, N, 0, 1>(s, matrixDescriptor(keys + step), matrixDescriptor(queries + step));
      }
      wgmmaCommit();
      if (!whole) {
        const TokenSight a = sm.sight[at.stage()][token];
        const TokenSight b = sm.sight[at.stage()][token + 8];
        if constexpr (!MASKED) {
          seenA = seenBy(a, pair);
          seenB = seenBy(b, pair);
        } else {
          const AttentionItem& item = own.item[index & 1];
          seenA = seenByMask(p, item.q0, item.mask, a, pair, N / 8);
          seenB = seenByMask(p, item.q0, item.mask, b, pair, N / 8);
        }
      }
      wgmmaWait<0>();
      pin(s);
      if (again) {
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
        if (thread < N) {
          const float m = fmaxf(fmaxf(own.across[0][thread], own.across[1][thread]),
                                fmaxf(own.across[2][thread], own.across[3][thread]));
          const float old = own.start[thread];
          float factor = 1;
          if (thread < valid && m > -NEVER && exp2Fast(fmaf(m, p.scaleLog2, old)) > LIMIT) {
            const float now = -m * p.scaleLog2;
            factor = old == NEVER ? 0.f : exp2Fast(now - old);
            own.start[thread] = now;
          }
          own.moved[thread] = factor;
        }
        barrierSync(barrier, 128);
        const uint32_t movedShared = sharedAddress(own.moved) + pair * 4;
#pragma unroll
        for (int j = 0; j < N / 8; j++) {
          const float2 f = loadShared2(movedShared + 32 * j);
#pragma unroll
          for (int h = 0; h < HALVES; h++) {
            o[h][4 * j] *= f.x;
            o[h][4 * j + 1] *= f.y;
            o[h][4 * j + 2] *= f.x;
            o[h][4 * j + 3] *= f.y;
          }
          sum[2 * j] *= f.x;
          sum[2 * j + 1] *= f.y;
        }
      } else if (whole && !begun && !p.exact) {
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
      // Probabilities to shared memory; whether one is too large for its reference.
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
      // All of the warpgroup have written when the answer is there.
      const bool over = __any_sync(~0u, barrierAny(barrier, 128, fmaxf(peak.x, peak.y) > LIMIT));
      if (!over || again) break;
      again = true;
    }
    begun = true;
    wgmmaFence();
#pragma unroll
    for (int h = 0; h < HALVES; h++) {
#pragma unroll
      for (int k = 0; k < TILE / 16; k++) {
        wgmma<T, N, 1, 1>(o[h], matrixDescriptor(values + h * (TILE * 128 / 16) + k * (2048 / 16)),
                          matrixDescriptor(probabilities + k * 2));
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
    wgmmaWait<0>();
#pragma unroll
    for (int h = 0; h < HALVES; h++) pin(o[h]);
    release();
    at.next();
    if (left == tiles) mark(2);
  }
  const AttentionItem item = own.item[index & 1];  // before somebody asks for the one after the next
  barrierSync(barrier, 128);  // nobody reads queries and probabilities any more
  mark(3);
  if (index + 1 < sm.end) askItem<T, D>(p, sm, own, uniform(own.item[index + 1 & 1]), index + 1, warpgroup);

  // Flush. Code that runs once an item comes slowly from memory, so there is little of it: nothing is
  // normalised here. Sums over tokens: 32 threads hold one of each column; the probabilities' room takes
  // them.
  const uint32_t sumShared = pShared + ((warp * 8 + (lane >> 2)) * N + pair) * 4;
#pragma unroll
  for (int j = 0; j < N / 8; j++) storeShared2(sumShared + 32 * j, sum[2 * j], sum[2 * j + 1]);
  const size_t first =
      (static_cast<size_t>(sm.head) * p.partials + item.partial + warpgroup * item.queries) * p.group;
  // Order::PAIRS: a column's place; that of eight columns on is the next but one.
  float* out = p.partial + (first + pair) * D + warp * 16 + (lane >> 3) * 4 + (lane >> 2 & 1);
#pragma unroll
  for (int j = 0; j < N / 8; j++) {
#pragma unroll
    for (int b = 0; b < 2; b++) {
      if (8 * j + pair + b < valid) {
#pragma unroll
        for (int h = 0; h < HALVES; h++) {
          out[(8 * j + b) * D + h * 64] = o[h][4 * j + b];
          out[(8 * j + b) * D + h * 64 + 2] = o[h][4 * j + 2 + b];
        }
      }
    }
  }
  barrierSync(barrier, 128);
  if (thread < valid) {
    const float* sums = reinterpret_cast<const float*>(own.p) + thread;
    float all = 0;
#pragma unroll 8
    for (int i = 0; i < 32; i++) all += sums[i * N];
    p.weights[first + thread] = make_float2(-own.start[thread], all);
  }
  mark(4);
}

}  // namespace sm90
}  // namespace deft
