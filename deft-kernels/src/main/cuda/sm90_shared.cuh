// What the parts of the sm_90a attention kernel share: the layout of shared memory, and how an item's
// rows fall to its warpgroups.
#pragma once
#include "attention_params.cuh"
#include "tile.cuh"
#include "wgmma.cuh"

namespace deft {
namespace sm90 {

constexpr int STAGES = 4;
constexpr int CONSUMERS = 2;
constexpr int THREADS = (CONSUMERS + 1) * 128;
constexpr int STAGE2 = 1 + CONSUMERS;  // barrier of all consumers; each warpgroup has one of its own before
// Spills in loops are dear: with so much shared memory hardly any first-level cache is left.
constexpr int PRODUCER_REGISTERS = 40;
constexpr int CONSUMER_REGISTERS = 232;
constexpr int BLOCK = 64;        // query rows of one matrix instruction where they are its rows
constexpr int MAX_BLOCKS = 2;    // such blocks of a warpgroup
constexpr int MAX_COLUMNS = 16;  // most query rows as columns; an item of more has `columns` = BLOCK

constexpr uint32_t LOST_OUTPUT = 0x7fa17fa1;  // first two outputs of a row that is to be computed anew

// Shared memory of one consumer warpgroup.
template <int D>
struct alignas(1024) Own {
  unsigned char q[MAX_BLOCKS][BLOCK * D * 2];  // each [D / 64][64 rows][128 bytes], swizzled
  unsigned char p[MAX_COLUMNS * 128];          // [columns][64 tokens], swizzled
  float start[MAX_COLUMNS];                    // minus the reference, base 2
  float moved[MAX_COLUMNS];                    // what sums are multiplied by when it moves
  float across[4][MAX_COLUMNS];                // one value a warp and column
  int lostSome[4];                             // whether a warp lost rows (sm90_again.cuh)
  AttentionItem item[2];                       // the one at hand and the next, by their parity
};

template <int D>
struct alignas(1024) Shared {
  unsigned char kv[STAGES][2][TILE * D * 2];  // K then V, each [D / 64][64 tokens][128 bytes], swizzled
  Own<D> own[CONSUMERS];
  TokenSight sight[STAGES][TILE];  // who sees each token; not written where all rows see all of them
  AttentionRun runs[4][TILE];      // of the tile at hand, for each warp of the producer
  AttentionTile tiles[4][32];      // the next ones, for each of its warps
  int flags[STAGES];               // of the tile: TILE_FULL, TILE_IDLE
  int head;                        // KV head, and the item past the last: here, not in registers
  int end;
  int merge;
  uint64_t full[STAGES];
  uint64_t empty[STAGES];
};

template <int D>
constexpr int sharedBytes() {
  return sizeof(Shared<D>);
}

// The stages in turn, of the n-th tile of a thread block. One register.
struct Cursor {
  static_assert((STAGES & STAGES - 1) == 0);
  uint32_t n = 0;
  __device__ __forceinline__ int stage() const { return n % STAGES; }
  __device__ __forceinline__ uint32_t parity() const { return n / STAGES & 1; }
  __device__ __forceinline__ void next() { n++; }
};

// Which tiles of an item are a warpgroup's own, by how many are left.
struct Turn {
  int mask;
  int want;
  __device__ __forceinline__ Turn(int tiles, bool split, int warpgroup)
      : mask(split ? 1 : 0), want(split ? tiles - warpgroup & 1 : 0) {}
  __device__ __forceinline__ bool own(int left) const { return (left & mask) == want; }
};

// For finding out where time goes: -DDEFT_PROFILE and an array of 64 times a thread block, of which
// item i of a range has 8 from 8 + 8 i on.
#ifdef DEFT_PROFILE
__device__ unsigned long long profile[256 * 64];
__shared__ int profileAt;
__device__ __forceinline__ void mark(int i) {
  if (threadIdx.x == 0 && profileAt + i < 64) {
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(profile[blockIdx.x * 64 + profileAt + i]));
  }
}
__device__ __forceinline__ void markItem(int i) {
  if (threadIdx.x == 0) profileAt = 8 * i;
}
#else
__device__ __forceinline__ void mark(int) {}
__device__ __forceinline__ void markItem(int) {}
#endif

// An item with the fields that steer known to be equal in all threads.
__device__ __forceinline__ AttentionItem uniform(AttentionItem item) {
  item.queries = __shfl_sync(~0u, item.queries, 0);
  item.firstTile = __shfl_sync(~0u, item.firstTile, 0);
  item.endTile = __shfl_sync(~0u, item.endTile, 0);
  item.columns = __shfl_sync(~0u, item.columns, 0);
  item.split = __shfl_sync(~0u, item.split, 0);
  return item;
}

// The rows of an item that fall to a warpgroup: its row r < count is row of(r) of the item, if that is below
// `limit`. Where tiles are shared out instead, both have all rows.
struct OwnRows {
  int first;
  int step;  // from 16 rows to the next 16
  int count;
  int limit;

  __device__ __forceinline__ OwnRows(const AttentionItem& item, int group, int warpgroup) {
    const int rows = item.queries * group;
    step = 16;
    limit = rows;
    const int split = item.split & 3;
    if (split == SPLIT_TILES) {
      first = 0;
      limit = count = warpgroup < item.endTile - item.firstTile ? rows : 0;
    } else if (split == SPLIT_ROWS) {
      first = warpgroup * 16;
      step = 32;
      count = (((rows + 15) >> 4) + 1 - warpgroup >> 1) * 16;
    } else {
      const int blocks = (rows + BLOCK - 1) / BLOCK;
      const int half = (blocks + 1) / 2 * BLOCK;
      first = warpgroup * half;
      count = warpgroup == 0 ? min(rows, half) : max(rows - half, 0);
    }
  }

  __device__ __forceinline__ int of(int r) const { return first + (r >> 4) * step + (r & 15); }
};

// Asks for what one warpgroup needs of item `index`: its queries, with zeros past the last, and the next
// item itself.
template <typename T, int D>
__device__ __forceinline__ void askItem(const AttentionParams& p, const Shared<D>& sm, Own<D>& own,
                                        const AttentionItem& item, int index, int warpgroup) {
  constexpr int CHUNKS = D / 8;
  const int thread = threadIdx.x & 127;
  const int head = sm.head;
  if (thread < 2 && index + 1 < sm.end) {
    copyAsync16(sharedAddress(&own.item[index + 1 & 1]) + thread * 16,
                reinterpret_cast<const char*>(p.items + index + 1) + thread * 16, 16);
  }
  const OwnRows rows(item, p.group, warpgroup);
  const int asked = item.columns == BLOCK ? (rows.count + BLOCK - 1) / BLOCK * BLOCK : item.columns;
  const int heads = p.kvHeads * p.group;
  const int chunk = thread % CHUNKS;
  const char* q = static_cast<const char*>(p.q) +
                  (static_cast<size_t>(item.q0 * heads + head * p.group) * CHUNKS + chunk) * 16;
  const uint32_t to = sharedAddress(own.q);
#pragma unroll 1
  for (int r = thread / CHUNKS; r < asked; r += 128 / CHUNKS) {
    const int row = rows.of(r);
    const int query = row * p.groupMagic >> 16;
    const bool there = row < rows.limit;
    const int from = there ? row + query * (heads - p.group) : 0;
    copyAsync16(to + (r / BLOCK) * (BLOCK * D * 2) + swizzled(r % BLOCK, chunk, BLOCK),
                q + static_cast<size_t>(from) * (D * 2), there ? 16 : 0);
  }
  copyAsyncCommit();
}

}  // namespace sm90
}  // namespace deft
