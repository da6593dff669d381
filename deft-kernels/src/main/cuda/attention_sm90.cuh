// Both stages of tree attention for sm_90a in one kernel.
//
// A producer warpgroup gathers tiles of 64 tokens with asynchronous copies (sm90_produce.cuh); two consumer
// warpgroups share them. Few query rows lie on the columns of the matrix unit (sm90_columns.cuh), more on
// its rows (sm90_rows.cuh).
//
// Softmax keeps a reference exponent a row, of its first tile's largest score. It moves only when probabilities would be
// too large (2^8 in binary16) or their sum is (2^24): no maximum is searched in the usual tile. A row's reference
// depends on its own scores alone.
#pragma once
#include "attention_combine.cuh"
#include "early.cuh"
#include "sm90_again.cuh"
#include "sm90_columns.cuh"
#include "sm90_produce.cuh"
#include "sm90_rows.cuh"

namespace deft {
namespace sm90 {

// MASKED: items have a mask. Kernels of their own, for what a masked tile needs costs the others registers.
template <typename T, int D, bool MASKED>
__device__ __forceinline__ void attention(const AttentionParams& p) {
  markItem(0);
  mark(0);
  allowSuccessor();
  // A symbol of known place: addresses in it cost no registers. The host gives the room; that it is
  // aligned is checked, since the matrix unit would read other bytes.
  extern __shared__ __align__(1024) unsigned char raw[];
  Shared<D>& sm = *reinterpret_cast<Shared<D>*>(raw);
  if (sharedAddress(raw) & 1023) __trap();
  const AttentionRange& range = p.ranges[blockIdx.x / p.kvHeads];
  const int first = range.firstItem;
  const int end = range.endItem;
  if (threadIdx.x == 0) {
    sm.head = blockIdx.x % p.kvHeads;
    sm.end = end;
    sm.merge = range.merge;
    for (int i = 0; i < STAGES; i++) {
      mbarrierInit(sharedAddress(&sm.full[i]), 128 + 4);
      mbarrierInit(sharedAddress(&sm.empty[i]), CONSUMERS * 4);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  if (threadIdx.x < CONSUMERS) sm.own[threadIdx.x].item[first & 1] = range.item;
  if (threadIdx.x < CONSUMERS * 4) sm.own[threadIdx.x >> 2].lostSome[threadIdx.x & 3] = 0;
  __syncthreads();
  if (threadIdx.x >= CONSUMERS * 128) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(PRODUCER_REGISTERS));
    // Before the kernels before this one have ended, only what came with the step's upload is read, and
    // keys and values of earlier steps.
    if (first < end) produce<T, D>(p, sm, range);
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(CONSUMER_REGISTERS));
    waitForPredecessor();
    const int warpgroup = __shfl_sync(~0u, threadIdx.x >> 7, 0);
    Own<D>& own = sm.own[warpgroup];
    Cursor at;
    if (first < end) askItem<T, D>(p, sm, own, uniform(own.item[first & 1]), first, warpgroup);
    for (int i = first; i < sm.end; i++) {
      const AttentionItem item = uniform(own.item[i & 1]);
      const int tiles = item.endTile - item.firstTile;
      markItem(1 + i - first);
      mark(0);
      switch (item.columns) {
#define DEFT_WIDTH(N)                                                    \
  case N:                                                                \
    consumeColumns<T, D, N, MASKED>(p, sm, own, tiles, i, warpgroup, at); \
    break;
        DEFT_WIDTH(8)
        DEFT_WIDTH(16)
#undef DEFT_WIDTH
        default:
          if (OwnRows(item, p.group, warpgroup).count > BLOCK) {
            consumeRows<T, D, 2, MASKED>(p, sm, own, tiles, item.split, i, warpgroup, at);
          } else {
            consumeRows<T, D, 1, MASKED>(p, sm, own, tiles, item.split, i, warpgroup, at);
          }
      }
    }
    if constexpr (!__is_same(T, __half)) {
      __syncwarp();
      if (__any_sync(~0u, own.lostSome[threadIdx.x >> 5 & 3])) rowsAgain<T, D>(p, first, sm.end, sm.head, warpgroup);
    }
    if (!sm.merge) return;
    markItem(0);
    mark(1);
    // Stage 2 when all thread blocks of this head are done, by all of them. They run at the same time:
    // the launch is cooperative. The count only grows, so that nothing needs to be reset.
    const int ranges = gridDim.x / p.kvHeads;
    __threadfence();
    barrierSync(STAGE2, CONSUMERS * 128);
    const int head = sm.head;
    // Few rows: one a thread block. Not so where bits must not depend on how many rows there are.
    const int turn = blockIdx.x / p.kvHeads;
    const int rows = p.rows * p.group;
    const bool few = rows <= ranges && !p.exact;
    const int query = turn * p.groupMagic >> 16;
    CombineWork work(p, head, turn * (CONSUMERS * 4) + (threadIdx.x >> 5), ranges * CONSUMERS * 4);
    if (few && turn < rows) work.list.look(p, query);
    if (threadIdx.x == 0) {
      unsigned long long* arrived = p.arrived + head;
      const unsigned long long all = (atomicAdd(arrived, 1ull) / ranges + 1) * ranges;
      unsigned long long seen;
      do {
        asm volatile("ld.acquire.gpu.global.u64 %0, [%1];" : "=l"(seen) : "l"(arrived) : "memory");
      } while (seen < all);
    }
    barrierSync(STAGE2, CONSUMERS * 128);
    mark(2);
    if (!few) {
      work.run<Order::PAIRS, D>(p, sm.merge == MERGE_DROP);
    } else if (turn < rows) {
      const int hh = turn - query * p.group;
      if (work.list.direct()) {
      } else if (work.list.count <= 32) {
        combineTogether<Order::PAIRS, D, CONSUMERS * 4>(p, query, head, hh, work.list,
                                                        reinterpret_cast<float*>(sm.kv), STAGE2);
      } else if (threadIdx.x < 32) {
        combineRows<Order::PAIRS, D, 1>(p, query, head, hh, work.list);
      }
    }
    mark(3);
  }
}

}  // namespace sm90
}  // namespace deft
