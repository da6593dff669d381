// Many query rows on the rows of the matrix unit: S = Q K^T, O += P V, one or two blocks of 64 a
// warpgroup. Probabilities stay in registers; a row is four lanes' own, so that no warp waits for another.
// While one block has its softmax, the products of the other run.
#pragma once
#include "mma.cuh"
#include "sm90_shared.cuh"

namespace deft {
namespace sm90 {

// Which of a thread's scores are seen: bit 2 n + b for token 8 n + pair + b and row `row`, bit 16 + 2 n + b
// for row + 8. Out of line: the loop over tiles must stay in the instruction cache.
__device__ __noinline__ uint32_t seenTokens(const TokenSight* sight, int row, int pair) {
  uint32_t seen = 0;
  const uint32_t at = sharedAddress(sight + pair);
#pragma unroll
  for (int n = 0; n < 8; n++) {
    const uint4 two = loadShared4(at + n * 8 * sizeof(TokenSight));
#pragma unroll
    for (int b = 0; b < 2; b++) {
      const uint32_t rows = b ? two.z : two.x;
      const uint32_t lo = rows & 0xffff;
      const uint32_t many = (rows >> 16) - lo;
      if (row - lo < many) seen |= 1u << (2 * n + b);
      if (row + 8 - lo < many) seen |= 1u << (16 + 2 * n + b);
    }
  }
  return seen;
}

// The same with a mask. Asking for all bytes or words before the first is looked at was slower (4000 + 50 x 200: 224
// us a layer where this takes 188).
__device__ __noinline__ uint32_t seenTokensByMask(const AttentionParams& p, const TokenSight* sight, int q0, int mask,
                                                  int row, int pair) {
  uint32_t seen = 0;
#pragma unroll 1
  for (int i = 0; i < 16; i++) {
    const TokenSight see = sight[(i >> 1) * 8 + pair + (i & 1)];
    seen |= static_cast<uint32_t>(visible(p, q0, mask, see, row)) << i;
    seen |= static_cast<uint32_t>(visible(p, q0, mask, see, row + 8)) << (16 + i);
  }
  return seen;
}

// 64 query rows of a warpgroup: two of each thread.
template <typename T, int D>
struct RowBlock {
  static constexpr bool HALF = __is_same(T, __half);
  static constexpr float LIMIT = 8;         // of the exponent of a probability in binary16, base 2
  static constexpr float MOST = 1 << 24;    // of a row's sum of probabilities
  static constexpr float LOST = 0x1p80f;    // a sum past it leaves values little room in float32
  static constexpr float ROOM = 40;         // a reference is so far above what it is made of: 2^-40, for larger ones to come
  static_assert(80 + ROOM <= 120, "what brings LOST back to 2^-ROOM must not vanish");
  static constexpr float INFINITE = __builtin_huge_valf();
  static constexpr float NEVER = 3e38f;     // the reference of a row that saw nothing
  float o[D / 2];
  float sum[2];
  float start[2];  // minus the reference, base 2

  // there: how many of the thread's two rows there are. Others need no reference.
  __device__ __forceinline__ void begin(int there) {
#pragma unroll
    for (int i = 0; i < D / 2; i++) o[i] = 0;
    sum[0] = sum[1] = 0;
    start[0] = there > 0 ? NEVER : 0;
    start[1] = there > 1 ? NEVER : 0;
  }

  // Scores to probabilities, as the left operand of the product with values. No maximum is searched in the usual tile
  // of bfloat16, whose range is float32's: that probabilities are too large is known from their sums (settle).
  __device__ __forceinline__ void softmax(float (&s)[32], uint32_t (&a)[16], float scale) {
    if (HALF || __any_sync(~0u, start[0] == NEVER || start[1] == NEVER)) refer(s, scale);
    float add[2][2] = {};
#pragma unroll
    for (int i = 0; i < 16; i++) {
      const float x = exp2Fast(fmaf(s[2 * i], scale, start[i & 1]));
      const float y = exp2Fast(fmaf(s[2 * i + 1], scale, start[i & 1]));
      add[i & 1][0] += x;
      add[i & 1][1] += y;
      a[i] = pack<T>(x, y);
    }
#pragma unroll
    for (int r = 0; r < 2; r++) sum[r] += add[r][0] + add[r][1];
  }

  // References by the largest score: of rows that see their first token, and in binary16 of those with a probability
  // that would be too large.
  __device__ __forceinline__ void refer(const float (&s)[32], float scale) {
    // Four chains a row: there are too few warps to hide the latency of one.
    float part[2][4];
    float m[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        part[r][i] = fmaxf(fmaxf(s[4 * i + 2 * r], s[4 * i + 2 * r + 1]),
                           fmaxf(s[4 * i + 16 + 2 * r], s[4 * i + 16 + 2 * r + 1]));
      }
      m[r] = fmaxf(fmaxf(part[r][0], part[r][1]), fmaxf(part[r][2], part[r][3]));
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
      m[r] = fmaxf(m[r], __shfl_xor_sync(~0u, m[r], 1));
      m[r] = fmaxf(m[r], __shfl_xor_sync(~0u, m[r], 2));
      m[r] *= scale;
    }
    if constexpr (HALF) {
      if (__any_sync(~0u, m[0] + start[0] > LIMIT || m[1] + start[1] > LIMIT)) {
        float f[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
          const float now = m[r] + start[r] > LIMIT ? -m[r] : start[r];
          f[r] = exp2Fast(now - start[r]);
          start[r] = now;
        }
        // Nothing in a first tile, which has to wait for this code.
        if (__any_sync(~0u, sum[0] != 0 || sum[1] != 0)) scaleBy(f);
      }
    } else {
#pragma unroll
      for (int r = 0; r < 2; r++) {
        if (start[r] == NEVER && m[r] > -INFINITE) start[r] = -m[r] - ROOM;
      }
    }
  }

  // What was summed up, times f.
  __device__ __forceinline__ void scaleBy(const float (&f)[2]) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      sum[r] *= f[r];
#pragma unroll
      for (int i = 0; i < D / 8; i++) {
        o[4 * i + 2 * r] *= f[r];
        o[4 * i + 2 * r + 1] *= f[r];
      }
    }
  }

  // After the products: whether some row's sum is so large that its reference has to move.
  __device__ __forceinline__ bool settled() const { return HALF || (sum[0] <= MOST && sum[1] <= MOST); }

  // Moves the references of those rows. By the row's own sum alone: its bits do not depend on others. A row past LOST is
  // lost: its sum is minus infinity from here on and its probabilities are 0; in the end it is computed anew
  // (sm90_again.cuh).
  __device__ __forceinline__ void settle() {
    float f[2];
    bool lost[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float all = sum[r];
      float most = sum[r];
      float bad = 0;  // not so if values passed float32
#pragma unroll
      for (int i = 0; i < D / 8; i++) bad = fmaf(o[4 * i + 2 * r], 0.f, fmaf(o[4 * i + 2 * r + 1], 0.f, bad));
#pragma unroll
      for (int m = 1; m < 4; m <<= 1) {
        all += __shfl_xor_sync(~0u, all, m);
        most = fmaxf(most, __shfl_xor_sync(~0u, most, m));
        bad += __shfl_xor_sync(~0u, bad, m);
      }
      lost[r] = most > MOST && (all >= LOST || bad != 0);
      const float now = most > MOST && !lost[r] ? start[r] - __log2f(all) - ROOM : start[r];
      f[r] = exp2Fast(now - start[r]);
      start[r] = now;
    }
    scaleBy(f);
#pragma unroll
    for (int r = 0; r < 2; r++) {
      if (lost[r]) {
        sum[r] = -INFINITE;
        start[r] = -NEVER;
      }
    }
  }

  // Its partial result and weights; `row` of the item is this thread's first, those below `limit` count. Sets
  // `lostSome` if one of them is lost; its weights say so, too.
  __device__ __forceinline__ void flush(const AttentionParams& p, size_t first, int row, int limit,
                                        int* lostSome) {
    const int thread = threadIdx.x & 127;
    const int pair = (thread & 3) * 2;
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float all = sum[r];
      all += __shfl_xor_sync(~0u, all, 1);
      all += __shfl_xor_sync(~0u, all, 2);
      if (!HALF && all == -INFINITE) *lostSome = 1;
      if (row + 8 * r < limit) {
        // Order::PAIRS
        float* out = p.partial + (first + row + 8 * r) * D + pair * 2;
#pragma unroll
        for (int i = 0; i < D / 2; i += 8) {
          *reinterpret_cast<float4*>(out + 2 * i) =
              make_float4(o[i + 2 * r], o[i + 2 * r + 1], o[i + 4 + 2 * r], o[i + 5 + 2 * r]);
        }
        if (pair == 0) p.weights[first + row + 8 * r] = make_float2(-start[r], all);
      }
    }
  }

  // The same of rows that have no other partial result: their outputs.
  __device__ __forceinline__ void finish(const AttentionParams& p, int q0, int head, int row, int limit,
                                        int* lostSome) {
    const int pair = (threadIdx.x & 3) * 2;
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float all = sum[r];
      all += __shfl_xor_sync(~0u, all, 1);
      all += __shfl_xor_sync(~0u, all, 2);
      const float scale = all > 0 ? 1 / all : 0.f;
      if (row + 8 * r < limit) {
        const int query = (row + 8 * r) * p.groupMagic >> 16;
        const int h = head * p.group + row + 8 * r - query * p.group;
        T* out = static_cast<T*>(p.out) + static_cast<size_t>(q0 + query) * p.outStride + h * p.headDim + pair;
#pragma unroll
        for (int i = 0; i < D / 8; i++) {
          if (8 * i < p.headDim) {
            *reinterpret_cast<uint32_t*>(out + 8 * i) = pack<T>(o[4 * i + 2 * r] * scale, o[4 * i + 2 * r + 1] * scale);
          }
        }
        if (!HALF && all == -INFINITE) {
          *lostSome = 1;
          if (pair == 0) *reinterpret_cast<uint32_t*>(out) = LOST_OUTPUT;
        }
      }
    }
  }
};

template <int FROM, int TO>
struct Blocks {
  static constexpr int from = FROM;
  static constexpr int to = TO;
};

// BLOCKS blocks of item `index` of those before `end` on one warpgroup. The item was asked for; asks for
// the next one.
template <typename T, int D, int BLOCKS, bool MASKED>
__device__ __forceinline__ void consumeRows(const AttentionParams& p, Shared<D>& sm, Own<D>& own,
                                            int tiles, int split, int index, int warpgroup, Cursor& at) {
  const int thread = threadIdx.x & 127;
  const int lane = thread & 31;
  const int barrier = 1 + warpgroup;
  const uint32_t full = sharedAddress(sm.full);
  const uint32_t empty = sharedAddress(sm.empty);
  // The stage may be filled again when all of the warp have read what they need of it.
  auto release = [&]() {
    __syncwarp();
    if (lane == 0) mbarrierArrive(empty + at.stage() * 8);
  };
  const uint32_t kv = sharedAddress(sm.kv);
  const uint32_t queries = matrixPlace(sharedAddress(own.q));
  RowBlock<T, D> block[BLOCKS];
  const auto there = [&](int m) {
    const OwnRows rows(own.item[index & 1], p.group, warpgroup);
    const int row = rows.of(m * BLOCK + (thread >> 5) * 16 + lane / 4);
    return (row < rows.limit) + (row + 8 < rows.limit);
  };
#pragma unroll
  for (int m = 0; m < BLOCKS; m++) block[m].begin(there(m));
  copyAsyncWait<0>();
  fenceMatrixReads();
  barrierSync(barrier, 128);
  mark(1);
  // One block's queries stay in registers: shared memory is what the products of scores wait for.
  uint32_t q[BLOCKS == 1 ? D / 16 : 1][4];
  if constexpr (BLOCKS == 1) {
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      loadMatrix4(q[k], sharedAddress(own.q) + swizzled((thread >> 5) * 16 + (lane & 15), 2 * k + (lane >> 4), BLOCK));
    }
  }
  // Blocks FROM to TO - 1 on the tile at hand.
  auto pass = [&](auto blocks, bool whole) {
    constexpr int FROM = decltype(blocks)::from;
    constexpr int COUNT = decltype(blocks)::to - FROM;
    const uint32_t stage = kv + at.stage() * (TILE * D * 4);
    const uint32_t keys = matrixPlace(stage);
    const uint32_t values = matrixPlace(stage + TILE * D * 2, TILE * 128);
    float s[COUNT][32];
    wgmmaFence();
#pragma unroll
    for (int m = 0; m < COUNT; m++) {
      if constexpr (BLOCKS == 1) {
        wgmmaRows<T, 64, 0, 0>(s[m], q[0], matrixDescriptor(keys));
      } else {
        wgmma<T, 64, 0, 0>(s[m], matrixDescriptor(queries + (FROM + m) * (BLOCK * D * 2 / 16)), matrixDescriptor(keys));
      }
#pragma unroll
      for (int k = 1; k < D / 16; k++) {
        const uint32_t step = (k >> 2) * (BLOCK * 128 / 16) + (k & 3) * 2;
        if constexpr (BLOCKS == 1) {
          wgmmaRows<T, 64, 0, 1>(s[m], q[k], matrixDescriptor(keys + step));
        } else {
          wgmma<T, 64, 0, 1>(s[m], matrixDescriptor(queries + (FROM + m) * (BLOCK * D * 2 / 16) + step),
                             matrixDescriptor(keys + step));
        }
      }
      wgmmaCommit();
    }
    uint32_t a[COUNT][16];
#pragma unroll
    for (int m = 0; m < COUNT; m++) {
      // Told while the scores are made.
      uint32_t seen = 0;
      if (!whole) {
        const AttentionItem& item = own.item[index & 1];
        const int row = OwnRows(item, p.group, warpgroup).of((FROM + m) * BLOCK + (thread >> 5) * 16 + lane / 4);
        const TokenSight* sight = sm.sight[at.stage()];
        const int pair = (lane & 3) * 2;
        if constexpr (MASKED) {
          seen = seenTokensByMask(p, sight, item.q0, item.mask, row, pair);
        } else {
          seen = seenTokens(sight, row, pair);
        }
      }
      // Groups end in order: this block's scores are there when one later group at most is under way.
      if (COUNT == 2) {
        wgmmaWait<1>();
      } else {
        wgmmaWait<0>();
      }
      pin(s[m]);
      if (!whole) {
#pragma unroll
        for (int i = 0; i < 32; i++) {
          if (!(seen >> ((i & 2) * 8 + (i >> 2) * 2 + (i & 1)) & 1)) s[m][i] = -__builtin_huge_valf();
        }
      }
      block[FROM + m].softmax(s[m], a[m], p.scaleLog2);
      wgmmaFence();
#pragma unroll
      for (int k = 0; k < TILE / 16; k++) {
        wgmmaRows<T, D, 1, 1>(block[FROM + m].o, &a[m][4 * k], matrixDescriptor(values + k * (2048 / 16)));
      }
      wgmmaCommit();
    }
    wgmmaWait<0>();
#pragma unroll
    for (int m = 0; m < COUNT; m++) {
      pin(block[FROM + m].o);
      hold(a[m]);
    }
    if constexpr (BLOCKS == 1) {
#pragma unroll
      for (int k = 0; k < D / 16; k++) hold(q[k]);
    }
  };
  const Turn turn(tiles, (split & 3) == SPLIT_TILES, warpgroup);
  for (int left = tiles; left > 0; left--) {
    mbarrierWait(full + at.stage() * 8, at.parity());
    // The votes tell the compiler that all of the warp goes one way.
    const int flags = sm.flags[at.stage()];
    const bool idle0 = __any_sync(~0u, flags & TILE_IDLE << 2 * warpgroup);
    const bool idle1 = BLOCKS == 1 || __any_sync(~0u, flags & TILE_IDLE << 2 * warpgroup + 1);
    if (!turn.own(left) || (idle0 && idle1)) {
      release();
      at.next();
      continue;
    }
    fenceMatrixReads();
    const bool whole = __any_sync(~0u, flags & TILE_FULL);
    if (BLOCKS == 1 || idle1) {
      pass(Blocks<0, 1>(), whole);
    } else if (idle0) {
      pass(Blocks<BLOCKS - 1, BLOCKS>(), whole);
    } else {
      pass(Blocks<0, BLOCKS>(), whole);
    }
    if (!__all_sync(~0u, block[0].settled() && block[BLOCKS - 1].settled())) {
#pragma unroll
      for (int m = 0; m < BLOCKS; m++) block[m].settle();
    }
    release();
    at.next();
    if (left == tiles) mark(2);
  }
  const AttentionItem item = own.item[index & 1];  // before somebody asks for the one after the next
  barrierSync(barrier, 128);  // nobody reads the queries any more
  mark(3);
  if (index + 1 < sm.end) askItem<T, D>(p, sm, own, uniform(own.item[index + 1 & 1]), index + 1, warpgroup);
  const OwnRows rows(item, p.group, warpgroup);
  const size_t first = (static_cast<size_t>(sm.head) * p.partials + item.partial +
                        ((item.split & 3) == SPLIT_TILES ? warpgroup * item.queries : 0)) *
                       p.group;
#pragma unroll
  for (int m = 0; m < BLOCKS; m++) {
    const int row = rows.of(m * BLOCK + (thread >> 5) * 16 + lane / 4);
    if (__any_sync(~0u, item.split & DIRECT)) {
      block[m].finish(p, item.q0, sm.head, row, rows.limit, &own.lostSome[thread >> 5]);
    } else {
      block[m].flush(p, first, row, rows.limit, &own.lostSome[thread >> 5]);
    }
  }
  mark(4);
}

}  // namespace sm90
}  // namespace deft
