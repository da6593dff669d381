// Reading tiles: where their tokens lie and who sees them.
#pragma once
#include "attention_params.cuh"

namespace deft {

// Byte of 16-byte chunk `c` of row `r` in a tile of `rows` rows: columns of 128 bytes, chunks exchanged
// by the row (the 128-byte swizzle of the matrix unit).
__device__ __forceinline__ uint32_t swizzled(int r, int c, int rows) {
  return (c >> 3) * (rows * 128) + r * 128 + (((c & 7) ^ (r & 7)) << 4);
}

// Element of a slot's key or value in a layer's pool.
template <int D>
__device__ __forceinline__ size_t slotOffset(const AttentionParams& p, uint32_t slot, int head) {
  const size_t page = static_cast<size_t>(slot >> p.pageShift) * p.kvHeads + head;
  return ((page << p.pageShift) + (slot & ((1u << p.pageShift) - 1))) * D;
}

// The run of 0..last that holds a token of the tile.
__device__ __forceinline__ int findRun(const AttentionRun* runs, int last, int token) {
  int lo = 0;
  int hi = last;
  while (lo < hi) {
    const int mid = (lo + hi + 1) >> 1;
    if (static_cast<int>(runs[mid].extent & 0xff) <= token) {
      lo = mid;
    } else {
      hi = mid - 1;
    }
  }
  return lo;
}

// Walks the tokens of a tile in ascending order.
struct TileWalk {
  int run = 0;
  int base = 0;
  int until = 0;

  __device__ __forceinline__ TileWalk(const AttentionParams& p, const AttentionTile& tile, int token) {
    if (tile.count & TILE_RUNS) {
      run = findRun(p.runs + tile.slot, tile.rows - 1, token);
      enter(p, tile);
    } else {
      base = tile.slot;
      until = tile.count & 0xff;
    }
  }

  __device__ __forceinline__ void enter(const AttentionParams& p, const AttentionTile& tile) {
    const AttentionRun* runs = p.runs + tile.slot;
    base = runs[run].slot - static_cast<int>(runs[run].extent & 0xff);
    until = run + 1 < static_cast<int>(tile.rows) ? runs[run + 1].extent & 0xff : tile.count & 0xff;
  }

  // Slot of a token, -1 past the last.
  __device__ __forceinline__ int slot(const AttentionParams& p, const AttentionTile& tile, int token) {
    if (token >= until && tile.count & TILE_RUNS && run + 1 < static_cast<int>(tile.rows)) {
      run++;
      enter(p, tile);
    }
    return token < until ? base + token : -1;
  }
};

// Who sees a token: rows [lo, hi) of the item as lo | hi << 16, if the mask has it so.
struct TokenSight {
  uint32_t rows;
  int column;
};

__device__ __forceinline__ TokenSight sight(const AttentionParams& p, const AttentionTile& tile, int token) {
  if (token >= (tile.count & 0xff)) return {0, 0};
  if (!(tile.count & TILE_RUNS)) return {tile.rows, tile.column + token};
  const AttentionRun run = p.runs[tile.slot + findRun(p.runs + tile.slot, tile.rows - 1, token)];
  const int late = token - static_cast<int>(run.extent >> 8);
  const uint32_t lo = (run.rows & 0xffff) + max(0, late) * p.group;
  const uint32_t hi = run.rows >> 16;
  return {lo < hi ? lo | hi << 16 : 0, run.column + token - static_cast<int>(run.extent & 0xff)};
}

__device__ __forceinline__ bool visible(const AttentionParams& p, int q0, int mask, TokenSight see, int row) {
  const uint32_t lo = see.rows & 0xffff;
  if (static_cast<uint32_t>(row) - lo >= (see.rows >> 16) - lo) return false;
  if (mask == 0) return true;
  const int query = q0 + (row * p.groupMagic >> 16);
  if (mask == 1) {
    return static_cast<const uint8_t*>(p.mask)[static_cast<size_t>(query) * p.maskStride + see.column] != 0;
  }
  return static_cast<const uint64_t*>(
             p.mask)[static_cast<size_t>(see.column) * p.maskStride + (query >> 6)] >>
             (query & 63) &
         1;
}

}  // namespace deft
