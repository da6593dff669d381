// The producer of the sm_90a attention kernel: a warpgroup that gathers tiles of keys and values, and tells
// who sees their tokens.
#pragma once
#include "early.cuh"
#include "sm90_shared.cuh"

namespace deft {
namespace sm90 {

// The runs of a tile where a warp finds that of a token without a search.
struct RunTable {
  AttentionRun* runs;  // the warp's own room for TILE of them
  uint32_t starts[2];  // bit t: a run begins with token t

  // This lane's run of the first 32 of a tile: lanes past the last run have that, which does no harm.
  static __device__ __forceinline__ AttentionRun ask(const AttentionParams& p, const AttentionTile& tile) {
    return p.runs[tile.slot + min(threadIdx.x & 31, tile.rows - 1)];
  }

  // All lanes of the warp, each with what it asked for.
  __device__ __forceinline__ void fill(const AttentionParams& p, const AttentionTile& tile, AttentionRun run) {
    const int last = tile.rows - 1;
    const int lane = threadIdx.x & 31;
    starts[0] = starts[1] = 0;
    __syncwarp();
    for (int i = 0;;) {
      const uint32_t first = run.extent & 0xff;
      starts[0] |= __reduce_or_sync(~0u, first < 32 ? 1u << first : 0);
      starts[1] |= __reduce_or_sync(~0u, first < 32 ? 0 : 1u << (first - 32));
      runs[min(i + lane, last)] = run;
      i += 32;
      if (i > last) break;
      run = p.runs[tile.slot + min(i + lane, last)];
    }
    __syncwarp();
  }

  __device__ __forceinline__ const AttentionRun& of(int token) const {
    const uint32_t upTo = (2u << (token & 31)) - 1;
    const int before = token < 32 ? __popc(starts[0] & upTo) : __popc(starts[0]) + __popc(starts[1] & upTo);
    return runs[before - 1];
  }
};

template <typename T, int D>
__device__ __forceinline__ void produce(const AttentionParams& p, Shared<D>& sm,
                                        const AttentionRange& range) {
  const int head = sm.head;
  constexpr int CHUNKS = D / 8;             // 16-byte chunks a row
  constexpr int ROWS = TILE * CHUNKS / 128; // rows a thread copies
  const int thread = threadIdx.x & 127;
  const int lane = thread & 31;
  const int chunk = thread % CHUNKS;
  const int row0 = thread / CHUNKS * ROWS;
  const int mine = (thread >> 5) * 16 + (lane & 15);  // the token that this lane looks up for its warp
  const int source = lane / CHUNKS * ROWS;            // the lane of this one's first row
  const uint32_t full = sharedAddress(sm.full);
  const uint32_t empty = sharedAddress(sm.empty);
  const uint32_t to = sharedAddress(sm.kv) + row0 * 128 + (chunk >> 3) * (TILE * 128);
  const int turned = (chunk ^ row0) & 7;  // row0 + j differs from row0 by the bits of j alone
  RunTable runs{sm.runs[thread >> 5]};
  AttentionTile* tiles = sm.tiles[thread >> 5];
  Cursor at;
  int i = range.firstItem;
  int t = range.item.firstTile;
  int t1 = range.item.endTile;
  // Tiles are read 32 at a time, each warp for itself; the first came with the range.
  if (lane == 0) tiles[t & 31] = range.tile;
  int known = t + 1;
  __syncwarp();
  AttentionRun ahead;
  int asked = -1;
  bool ready = false;  // the kernels before this one have ended
  for (;;) {
    for (; t < t1; t++) {
      if (t >= known) {
        __syncwarp();
        tiles[(t + lane) & 31] = p.tiles[min(t + lane, t1 - 1)];
        __syncwarp();
        known = t + 32;
      }
      const AttentionTile tile = tiles[t & 31];
      if (asked != t && __any_sync(~0u, tile.count & TILE_RUNS)) ahead = RunTable::ask(p, tile);
      const AttentionRun run0 = ahead;
      if (t + 1 < min(t1, known) && __any_sync(~0u, tiles[t + 1 & 31].count & TILE_RUNS)) {
        ahead = RunTable::ask(p, tiles[t + 1 & 31]);
        asked = t + 1;
      }
      if (!ready && __any_sync(~0u, tile.count & TILE_NEW)) {
        waitForPredecessor();
        ready = true;
      }
      const int count = tile.count & 0xff;
      const bool several = __any_sync(~0u, tile.count & TILE_RUNS);
      const bool whole = __any_sync(~0u, tile.count & TILE_FULL);
      mbarrierWait(empty + at.stage() * 8, at.parity() ^ 1);
      TokenSight see{tile.rows, tile.column + mine};
      int slot = tile.slot + mine;
      if (several) {
        runs.fill(p, tile, run0);
        const AttentionRun run = runs.of(mine);
        const int late = mine - static_cast<int>(run.extent >> 8);
        const uint32_t lo = (run.rows & 0xffff) + max(0, late) * p.group;
        const int within = mine - static_cast<int>(run.extent & 0xff);
        see.rows = lo < run.rows >> 16 ? lo | (run.rows & 0xffff0000u) : 0;
        see.column = run.column + within;
        slot = run.slot + within;
      }
      if (mine >= count) see.rows = 0;
      if (!whole && lane < 16) sm.sight[at.stage()][mine] = see;
      // Its first chunk in the layer's pool.
      if (mine >= count) slot = 0;
      const int own = ((((slot >> p.pageShift) * p.kvHeads + head) << p.pageShift) +
                       (slot & ((1 << p.pageShift) - 1))) *
                      CHUNKS;
      const uint32_t keys = to + at.stage() * (TILE * D * 4) + (turned << 4);
      const int left = count - row0;
      const uint32_t first = __shfl_sync(~0u, own, source);
      const uint32_t last = __shfl_sync(~0u, own, source + ROWS - 1);
      if (__all_sync(~0u, left >= ROWS && last - first == (ROWS - 1) * CHUNKS)) {
        // Rows side by side in a page, as most are: one address for all.
        const uint4* k = static_cast<const uint4*>(p.k) + (first + chunk);
        const uint4* v = static_cast<const uint4*>(p.v) + (first + chunk);
#pragma unroll
        for (int j = 0; j < ROWS; j++) {
          const uint32_t there = (keys ^ j << 4) + j * 128;
          copyAsync16(there, k + j * CHUNKS, 16);
          copyAsync16(there + TILE * D * 2, v + j * CHUNKS, 16);
        }
      } else {
#pragma unroll
        for (int j = 0; j < ROWS; j++) {
          const uint32_t from = __shfl_sync(~0u, own, source + j) + chunk;
          const uint32_t there = (keys ^ j << 4) + j * 128;
          const int bytes = j < left ? 16 : 0;
          copyAsync16(there, static_cast<const uint4*>(p.k) + from, bytes);
          copyAsync16(there + TILE * D * 2, static_cast<const uint4*>(p.v) + from, bytes);
        }
      }
      if (thread == 0) sm.flags[at.stage()] = tile.count;
      __syncwarp();
      if (lane == 0) mbarrierArrive(full + at.stage() * 8);  // what was written by hand
      mbarrierArriveOnCopies(full + at.stage() * 8);
      at.next();
    }
    if (++i >= sm.end) break;
    t = p.items[i].firstTile;
    t1 = p.items[i].endTile;
    known = t;
  }
  copyAsyncCommit();
  copyAsyncWait<0>();
}

}  // namespace sm90
}  // namespace deft
