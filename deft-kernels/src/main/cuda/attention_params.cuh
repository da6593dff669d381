// What the attention kernels are told. Offsets and sizes are mirrored on the host, which checks the sizes.
#pragma once
#include <stdint.h>

namespace deft {

// Tokens that a stage of the pipeline holds.
constexpr int TILE = 64;

// One block of query rows against a run of tiles, by one thread block a KV head. Query rows of the item
// are (query q0 + r / group, head r % group) for r < queries * group.
struct AttentionItem {
  int q0;
  int queries;
  int firstTile;
  int endTile;
  int partial;  // first partial result, in queries
  int columns;  // rows a team takes at once: one of the compiled widths
  int split;    // who does what of the teams, see OwnRows: SPLIT_HALVES, SPLIT_TILES, SPLIT_ROWS
  int mask;     // 0: intervals; 1: dense bytes; 2: bit words
};

// Teams have halves of the rows; they take tiles in turn and each that gets one writes all rows, team w to
// partial + w * queries; or they have 16 rows in turn.
constexpr int SPLIT_HALVES = 0;
constexpr int SPLIT_TILES = 1;
constexpr int SPLIT_ROWS = 2;
// Added to the others: no row of the item has another partial result, so that it is the output.
constexpr int DIRECT = 4;

// 64 tokens of an item. One run of slots: tokens 0..count-1 at slot.., visible to rows [lo, hi) of the
// item. With TILE_RUNS `slot` is the first of `rows` AttentionRuns.
struct AttentionTile {
  int slot;
  uint32_t rows;  // lo | hi << 16, in rows (query * group)
  int count;      // tokens | TILE_RUNS | TILE_FULL | TILE_IDLE << (2 team + block) | TILE_NEW
  int column;     // mask column of the first token
};
constexpr int TILE_RUNS = 1 << 8;
constexpr int TILE_FULL = 1 << 9;  // every row of the item sees all 64 tokens
constexpr int TILE_IDLE = 1 << 10;  // no row of block 0 of team 0 sees any of them; then block 1, team 1's two
constexpr int TILE_NEW = 1 << 14;  // the step may write some of them: the kernel before this one may be at it

// Tokens `first` up to the next run's first (or the tile's count) at slot, slot + 1, ... Token t is
// visible to rows [lo + max(0, t - causal) * group, hi).
struct AttentionRun {
  int slot;
  uint32_t rows;    // lo | hi << 16
  uint32_t extent;  // first | causal << 8
  int column;       // mask column of token `first`
};

constexpr int MERGE_DROP = 2;  // partial results that were merged are dropped from the second-level cache

// The items of one thread block. The first one and its first tile lie here too: one load less before
// the first keys are asked for.
struct AttentionRange {
  int firstItem;
  int endItem;
  int merge;    // 0: all rows are computed by items that write outputs, so that there is no stage 2; or MERGE...
  int unused;
  AttentionItem item;
  AttentionTile tile;
};

struct AttentionParams {
  const void* q;        // [rows][heads][D]
  const void* k;        // one layer: [slot >> s][kvHeads][slot & (2^s - 1)][D]
  const void* v;
  const AttentionRange* ranges;
  const AttentionItem* items;
  const AttentionTile* tiles;
  const AttentionRun* runs;
  const void* mask;     // dense [rows][maskStride] bytes, or [maskTokens][maskStride] 64-bit words
  float* partial;       // [kvHeads][partials * group][D]: sums of 2^(score - m) times values, in the Order
                        // of the kernel
  float2* weights;      // [kvHeads][partials * group]: m, and the sum of 2^(score - m); 0 if a row saw
                        // nothing
  const int* rowPartial;     // [rows + 1]
  const int* partialOf;      // partial result (in queries) of each entry; -1 for a row written by its item
  void* out;            // [rows][outStride], heads * headDim of them used
  unsigned long long* arrived;  // [kvHeads], counts thread blocks, never reset; see attention_sm90.cuh
  float scaleLog2;      // scale of scores times log2(e)
  int group;            // query heads a KV head
  int groupMagic;       // ceil(65536 / group): r / group = r * groupMagic >> 16 for r < 1024
  int kvHeads;
  int partials;         // capacity of partial results, in queries
  int pageShift;        // s
  int maskStride;
  int rows;
  int headDim;          // columns of a head in `out`; D when not padded
  int outType;          // deft::Type
  int outStride;        // values from a row of `out` to the next
  int exact;            // 1: a row's bits must depend on its own tokens alone
};

}  // namespace deft
