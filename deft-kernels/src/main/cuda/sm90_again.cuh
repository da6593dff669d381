// Rows computed anew, straight from memory: those whose sum passed RowBlock::LOST, since one of their scores is so far
// above those before it in the item (83, base e, above the first tile) that float32 has no room for both. Rare and slow, so
// that the usual tile need not look for it; called after all items, since a call among them costs all others.
#pragma once
#include "attention_combine.cuh"
#include "sm90_shared.cuh"

namespace deft {
namespace sm90 {

// Sum of the products of eight pairs of 16-bit values.
template <typename T>
__device__ __forceinline__ float dot8(const uint4& a, const uint4& b) {
  const uint32_t x[4] = {a.x, a.y, a.z, a.w};
  const uint32_t y[4] = {b.x, b.y, b.z, b.w};
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const float2 u = unpack<T>(x[i]);
    const float2 v = unpack<T>(y[i]);
    sum += u.x * v.x + u.y * v.y;
  }
  return sum;
}

// A row of an item by one warp: its tiles from `firstTurn` on, every `turns`-th. A lane has the values of its places.
template <typename T, int D>
__device__ __forceinline__ void rowAgain(const AttentionParams& p, const AttentionItem& item, int head, int row,
                                         int firstTurn, int turns, float (&acc)[D / 32], float& top, float& total) {
  using V = LaneValues<D, 32>;
  const int lane = threadIdx.x & 31;
  const int query = row * p.groupMagic >> 16;
  const int heads = p.kvHeads * p.group;
  const T* q = static_cast<const T*>(p.q) +
               (static_cast<size_t>(item.q0 + query) * heads + head * p.group + row - query * p.group) * D;
  top = -1e30f;
  total = 0;
  for (int i = 0; i < D / 32; i++) acc[i] = 0;
#pragma unroll 1
  for (int t = item.firstTile + firstTurn; t < item.endTile; t += turns) {
    const AttentionTile tile = p.tiles[t];
#pragma unroll 1
    for (int from = 0; from < TILE; from += 32) {
      const TokenSight see = sight(p, tile, from + lane);
      const int slot = TileWalk(p, tile, from + lane).slot(p, tile, from + lane);
      const bool seen = slot >= 0 && visible(p, item.q0, item.mask, see, row);
      const size_t at = slotOffset<D>(p, max(slot, 0), head);
      const uint4* k4 = reinterpret_cast<const uint4*>(static_cast<const T*>(p.k) + at);
      const uint4* q4 = reinterpret_cast<const uint4*>(q);
      float s = 0;
#pragma unroll 4
      for (int d = 0; d < D / 8; d++) s += dot8<T>(q4[d], k4[d]);
      s = seen ? s * p.scaleLog2 : -1e30f;
      float m = fmaxf(top, s);
#pragma unroll
      for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
      const float keep = exp2Fast(top - m);
      top = m;
      const float w = seen ? exp2Fast(s - m) : 0.f;
      total = total * keep + w;  // of this lane's tokens
#pragma unroll
      for (int i = 0; i < D / 32; i++) acc[i] *= keep;
#pragma unroll 4
      for (int j = 0; j < 32; j++) {
        const float wj = __shfl_sync(~0u, w, j);
        const T* v = static_cast<const T*>(p.v) + __shfl_sync(~0u, at, j);
#pragma unroll
        for (int i = 0; i < D / 32; i++) {
          const float x = As<T>::get(v[columnAt<Order::PAIRS>(lane * V::W + (i & ~1)) + (i & 1)]);
          if (wj != 0) acc[i] += wj * x;
        }
      }
    }
  }
#pragma unroll
  for (int o = 16; o; o >>= 1) total += __shfl_xor_sync(~0u, total, o);
}

// Those rows of a warp that items first..end - 1 of a thread block have lost, which is told by what they wrote: a sum of minus
// infinity, or a not-a-number as output that no instruction makes.
template <typename T, int D>
__device__ __noinline__ void rowsAgain(const AttentionParams& p, int first, int end, int head, int warpgroup) {
  const int lane = threadIdx.x & 31;
  __syncwarp();
#pragma unroll 1
  for (int i = first; i < end; i++) {
    const AttentionItem item = p.items[i];
    const OwnRows own(item, p.group, warpgroup);
    const bool inTurn = (item.split & 3) == SPLIT_TILES;
    const size_t partial =
        (static_cast<size_t>(head) * p.partials + item.partial + (inTurn ? warpgroup * item.queries : 0)) * p.group;
#pragma unroll 1
    for (int r = 0; r < 2 * BLOCK && item.columns == BLOCK; r++) {
      const int row = own.of(r);
      if ((r >> 4 & 3) != (threadIdx.x >> 5 & 3) || r >= own.count || row >= own.limit) continue;
      const int query = row * p.groupMagic >> 16;
      const int h = head * p.group + row - query * p.group;
      const size_t out = static_cast<size_t>(item.q0 + query) * p.outStride + h * p.headDim;
      const bool lost =
          item.split & DIRECT ? *reinterpret_cast<const uint32_t*>(static_cast<const T*>(p.out) + out) == LOST_OUTPUT
                              : p.weights[partial + row].y == -__builtin_huge_valf();
      if (!lost) continue;
      float acc[D / 32];
      float top;
      float total;
      rowAgain<T, D>(p, item, head, row, inTurn ? warpgroup : 0, inTurn ? CONSUMERS : 1, acc, top, total);
      __syncwarp();  // all have looked
      if (item.split & DIRECT) {
        storeMerged<Order::PAIRS, D, 32>(p, item.q0 + query, h, acc, total);
      } else {
        float* to = p.partial + (partial + row) * D + lane * (D / 32);
#pragma unroll
        for (int j = 0; j < D / 32; j++) to[j] = acc[j];
        if (lane == 0) p.weights[partial + row] = make_float2(top, total);
      }
    }
  }
}

}  // namespace sm90
}  // namespace deft
