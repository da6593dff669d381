// Stage 1 of tree attention for every architecture from sm_80 on: query rows are the rows of
// mma.sync (16 a warp), tokens its columns. Four warps take 16 rows each, or, where an item has at most
// 16 rows, share them and take 16 of a tile's 64 tokens each.
#pragma once
#include "attention_params.cuh"
#include "mma.cuh"
#include "ptx.cuh"
#include "tile.cuh"

namespace deft {
namespace portable {

constexpr int STAGES = 2;
constexpr int THREADS = 128;
constexpr int ROWS = 64;

template <int D>
struct alignas(1024) Shared {
  unsigned char kv[STAGES][2][TILE * D * 2];  // K then V, each [D / 64][64 tokens][128 bytes], swizzled
  float merged[16][D + 4];                    // sums of the warps that share rows
  float across[4][16];
};

template <int D>
constexpr int sharedBytes() {
  return sizeof(Shared<D>) + 1024;
}

// Asks for the keys and values of one tile.
template <typename T, int D>
__device__ __forceinline__ void load(const AttentionParams& p, Shared<D>& sm, int stage, int head,
                                     const AttentionTile& tile) {
  constexpr int CHUNKS = D / 8;
  constexpr int EACH = TILE * CHUNKS / THREADS;
  const int chunk = threadIdx.x % CHUNKS;
  const int row0 = threadIdx.x / CHUNKS * EACH;
  const T* k = static_cast<const T*>(p.k) + chunk * 8;
  const T* v = static_cast<const T*>(p.v) + chunk * 8;
  const uint32_t keys = sharedAddress(sm.kv[stage]);
  TileWalk walk(p, tile, row0);
#pragma unroll 4
  for (int j = 0; j < EACH; j++) {
    const int row = row0 + j;
    const int slot = walk.slot(p, tile, row);
    const size_t offset = slotOffset<D>(p, max(slot, 0), head);
    const uint32_t to = keys + swizzled(row, chunk, TILE);
    copyAsync16(to, k + offset, slot < 0 ? 0 : 16);
    copyAsync16(to + TILE * D * 2, v + offset, slot < 0 ? 0 : 16);
  }
}

// SHARE: the warps share 16 rows and each takes 16 tokens of a tile.
template <typename T, int D, bool SHARE>
__device__ __forceinline__ void compute(const AttentionParams& p, Shared<D>& sm, const AttentionItem& item,
                                        int head) {
  constexpr int TOKENS = SHARE ? 16 : TILE;  // of a tile, a warp
  constexpr int BLOCKS = TOKENS / 8;
  const int warp = threadIdx.x >> 5;
  const int lane = threadIdx.x & 31;
  const int rows = item.queries * p.group;
  const int row[2] = {(SHARE ? 0 : warp * 16) + (lane >> 2), (SHARE ? 0 : warp * 16) + (lane >> 2) + 8};
  const int token0 = SHARE ? warp * 16 : 0;

  uint32_t q[D / 16][4];
  {
    const T* base = static_cast<const T*>(p.q);
    const int heads = p.kvHeads * p.group;
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const int query = row[r] * p.groupMagic >> 16;
      const bool valid = row[r] < rows;
      const T* from = base +
                      (static_cast<size_t>(item.q0 + (valid ? query : 0)) * heads + head * p.group +
                       (valid ? row[r] - query * p.group : 0)) *
                          D +
                      (lane & 3) * 2;
#pragma unroll
      for (int k = 0; k < D / 16; k++) {
        q[k][r] = valid ? *reinterpret_cast<const uint32_t*>(from + k * 16) : 0;
        q[k][r + 2] = valid ? *reinterpret_cast<const uint32_t*>(from + k * 16 + 8) : 0;
      }
    }
  }
  float o[D / 8][4];
#pragma unroll
  for (int i = 0; i < D / 8; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) o[i][j] = 0;
  }
  float top[2] = {-1e30f, -1e30f};
  float sum[2] = {0, 0};

  load<T, D>(p, sm, 0, head, p.tiles[item.firstTile]);
  copyAsyncCommit();
  for (int t = item.firstTile; t < item.endTile; t++) {
    const int stage = (t - item.firstTile) & 1;
    if (t + 1 < item.endTile) load<T, D>(p, sm, stage ^ 1, head, p.tiles[t + 1]);
    copyAsyncCommit();
    copyAsyncWait<1>();
    __syncthreads();
    const AttentionTile tile = p.tiles[t];
    const uint32_t keys = sharedAddress(sm.kv[stage]);
    const uint32_t values = keys + TILE * D * 2;
    float s[BLOCKS][4];
#pragma unroll
    for (int n = 0; n < BLOCKS; n++) {
#pragma unroll
      for (int j = 0; j < 4; j++) s[n][j] = 0;
    }
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int n = 0; n < BLOCKS; n += 2) {
        uint32_t b[4];
        loadMatrix4(b, keys + swizzled(token0 + n * 8 + (lane & 7) + (lane >> 4 << 3),
                                       k * 2 + (lane >> 3 & 1), TILE));
        multiply<T>(s[n], q[k], b[0], b[1]);
        multiply<T>(s[n + 1], q[k], b[2], b[3]);
      }
    }
    if (!(tile.count & TILE_FULL)) {
#pragma unroll
      for (int n = 0; n < BLOCKS; n++) {
#pragma unroll
        for (int b = 0; b < 2; b++) {
          const TokenSight see = sight(p, tile, token0 + n * 8 + (lane & 3) * 2 + b);
#pragma unroll
          for (int r = 0; r < 2; r++) {
            if (!visible(p, item.q0, item.mask, see, row[r])) s[n][2 * r + b] = -1e30f;
          }
        }
      }
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float m = top[r];
#pragma unroll
      for (int n = 0; n < BLOCKS; n++) m = fmaxf(m, fmaxf(s[n][2 * r], s[n][2 * r + 1]));
      m = fmaxf(m, __shfl_xor_sync(~0u, m, 1));
      m = fmaxf(m, __shfl_xor_sync(~0u, m, 2));
      const float keep = exp2Fast((top[r] - m) * p.scaleLog2);
      top[r] = m;
      float add = 0;
#pragma unroll
      for (int n = 0; n < BLOCKS; n++) {
#pragma unroll
        for (int b = 0; b < 2; b++) {
          // A row that has seen nothing yet has m = -1e30: what it does not see stays 0.
          float& x = s[n][2 * r + b];
          x = x > -1e29f ? exp2Fast((x - m) * p.scaleLog2) : 0.f;
          add += x;
        }
      }
      sum[r] = sum[r] * keep + add;
#pragma unroll
      for (int i = 0; i < D / 8; i++) {
        o[i][2 * r] *= keep;
        o[i][2 * r + 1] *= keep;
      }
    }
#pragma unroll
    for (int k = 0; k < TOKENS / 16; k++) {
      const uint32_t a[4] = {pack<T>(s[2 * k][0], s[2 * k][1]), pack<T>(s[2 * k][2], s[2 * k][3]),
                             pack<T>(s[2 * k + 1][0], s[2 * k + 1][1]),
                             pack<T>(s[2 * k + 1][2], s[2 * k + 1][3])};
#pragma unroll
      for (int n = 0; n < D / 16; n++) {
        uint32_t b[4];
        loadMatrix4Transposed(b, values + swizzled(token0 + k * 16 + (lane & 15), n * 2 + (lane >> 4), TILE));
        multiply<T>(o[2 * n], a, b[0], b[1]);
        multiply<T>(o[2 * n + 1], a, b[2], b[3]);
      }
    }
    __syncthreads();
  }
  copyAsyncWait<0>();
#pragma unroll
  for (int r = 0; r < 2; r++) {
    sum[r] += __shfl_xor_sync(~0u, sum[r], 1);
    sum[r] += __shfl_xor_sync(~0u, sum[r], 2);
  }
  const size_t first = (static_cast<size_t>(head) * p.partials + item.partial) * p.group;
  if constexpr (SHARE) {
    // Warps one after the other, so that the order of additions is fixed.
    if ((lane & 3) == 0) {
      sm.across[warp][lane >> 2] = top[0];
      sm.across[warp][(lane >> 2) + 8] = top[1];
    }
    __syncthreads();
    float factor[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const int at = (lane >> 2) + 8 * r;
      float m = fmaxf(fmaxf(sm.across[0][at], sm.across[1][at]), fmaxf(sm.across[2][at], sm.across[3][at]));
      factor[r] = exp2Fast((top[r] - m) * p.scaleLog2);
      top[r] = m;
    }
    for (int w = 0; w < 4; w++) {
      if (warp == w) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
          float* to = sm.merged[(lane >> 2) + 8 * r];
#pragma unroll
          for (int i = 0; i < D / 8; i++) {
#pragma unroll
            for (int b = 0; b < 2; b++) {
              const int d = i * 8 + (lane & 3) * 2 + b;
              to[d] = (w == 0 ? 0.f : to[d]) + o[i][2 * r + b] * factor[r];
            }
          }
          if ((lane & 3) == 0) {
            to[D] = (w == 0 ? 0.f : to[D]) + sum[r] * factor[r];
            to[D + 1] = top[r];
          }
        }
      }
      __syncthreads();
    }
    for (int i = threadIdx.x; i < rows * (D / 4); i += THREADS) {
      const int r = i / (D / 4);
      const int d = i % (D / 4) * 4;
      const float* from = sm.merged[r];
      const float total = from[D];
      *reinterpret_cast<float4*>(p.partial + (first + r) * D + d) =
          make_float4(from[d], from[d + 1], from[d + 2], from[d + 3]);
      if (d == 0) p.weights[first + r] = make_float2(from[D + 1] * p.scaleLog2, total);
    }
    __syncthreads();
  } else {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      if (row[r] < rows) {
        float* to = p.partial + (first + row[r]) * D + (lane & 3) * 2;
#pragma unroll
        for (int i = 0; i < D / 8; i++) {
          *reinterpret_cast<float2*>(to + i * 8) = make_float2(o[i][2 * r], o[i][2 * r + 1]);
        }
        if ((lane & 3) == 0) {
p.weights[first + row[r]] = make_float2(top[r] * p.scaleLog2, sum[r]);
        }
      }
    }
  }
}

template <typename T, int D>
__device__ __forceinline__ void attention(const AttentionParams& p) {
  extern __shared__ unsigned char raw[];
  Shared<D>& sm =
      *reinterpret_cast<Shared<D>*>((reinterpret_cast<uintptr_t>(raw) + 1023) & ~static_cast<uintptr_t>(1023));
  const int head = blockIdx.x % p.kvHeads;
  const AttentionRange& range = p.ranges[blockIdx.x / p.kvHeads];
  for (int i = range.firstItem; i < range.endItem; i++) {
    const AttentionItem item = p.items[i];
    if (item.columns <= 16) {
      compute<T, D, true>(p, sm, item, head);
    } else {
      compute<T, D, false>(p, sm, item, head);
    }
  }
}

}  // namespace portable
}  // namespace deft
