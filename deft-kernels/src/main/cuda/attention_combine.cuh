// Stage 2: merges the partial results of each row in the order of the plan.
#pragma once
#include "attention_params.cuh"
#include "deft.cuh"
#include "ptx.cuh"

namespace deft {

// How the values of a partial result lie. PAIRS: as the threads of a matrix instruction have them, four of a
// thread side by side: of 16 values, 0 1 8 9, 2 3 10 11, ...
enum class Order { PLAIN, PAIRS };

// The column at an even place of a partial result; the next place has the next column.
template <Order ORDER>
__device__ __forceinline__ int columnAt(int place) {
  return ORDER == Order::PLAIN ? place : (place & ~15) + (place & 2) * 4 + (place & 12) / 2;
}

// Values of a row that a lane of LANES has: vectors of W side by side, LANES of them apart.
template <int D, int LANES>
struct LaneValues {
  static constexpr int W = D / LANES < 4 ? D / LANES : 4;
  static constexpr int VECTORS = D / LANES / W;
  static constexpr int STEP = LANES * W;
};

// A lane's values to their columns below `limit`. Heads of a multiple of 8 keep them aligned.
template <Order ORDER, int D, int LANES, typename T>
__device__ __forceinline__ void storeRow(T* to, const float (&x)[D / LANES], int limit) {
  using V = LaneValues<D, LANES>;
  constexpr int SIDE = ORDER == Order::PLAIN ? V::W : 2;  // values side by side
  const int place = (threadIdx.x & (LANES - 1)) * V::W;
#pragma unroll
  for (int i = 0; i < D / LANES; i += SIDE) {
    struct alignas(SIDE * sizeof(T)) Values {
      T v[SIDE];
    } values;
#pragma unroll
    for (int j = 0; j < SIDE; j++) values.v[j] = As<T>::put(x[i + j]);
    const int column = columnAt<ORDER>(place + i / V::W * V::STEP + i % V::W);
    if (column < limit) *reinterpret_cast<Values*>(to + column) = values;
  }
}

// A lane's values of one row, which sum up to `total` weights.
template <Order ORDER, int D, int LANES>
__device__ __forceinline__ void storeMerged(const AttentionParams& p, int query, int head, float (&acc)[D / LANES],
                                            float total) {
  const float scale = total > 0 ? 1 / total : 0.f;
#pragma unroll
  for (int i = 0; i < D / LANES; i++) acc[i] *= scale;
  const size_t to = static_cast<size_t>(query) * p.outStride + head * p.headDim;
  if (p.outType == F32) {
    storeRow<ORDER, D, LANES>(static_cast<float*>(p.out) + to, acc, p.headDim);
  } else if (p.outType == F16) {
    storeRow<ORDER, D, LANES>(static_cast<__half*>(p.out) + to, acc, p.headDim);
  } else {
    storeRow<ORDER, D, LANES>(static_cast<__nv_bfloat16*>(p.out) + to, acc, p.headDim);
  }
}

// Partial results lie in the second-level cache: other multiprocessors wrote them.
template <int D, int LANES>
__device__ __forceinline__ void loadRow(float (&x)[D / LANES], const float* from) {
  using V = LaneValues<D, LANES>;
#pragma unroll
  for (int v = 0; v < V::VECTORS; v++) {
    if constexpr (V::W == 4) {
      const float4 y = __ldcg(reinterpret_cast<const float4*>(from + v * V::STEP));
      x[4 * v] = y.x;
      x[4 * v + 1] = y.y;
      x[4 * v + 2] = y.z;
      x[4 * v + 3] = y.w;
    } else {
      const float2 y = __ldcg(reinterpret_cast<const float2*>(from + v * V::STEP));
      x[2 * v] = y.x;
      x[2 * v + 1] = y.y;
    }
  }
}

// Row `row` of the partial results, from a column of the first on: one instruction.
template <int D>
__device__ __forceinline__ const float* partialAt(const float* column, unsigned row) {
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(column) +
                                        static_cast<size_t>(row) * (D * sizeof(float)));
}

// Which partial results a query merges, the lane's own of the first 32 looked up already; lanes past the last
// have that.
struct PartialList {
  int first;
  int count;
  unsigned own;

  __device__ __forceinline__ void look(const AttentionParams& p, int query) {
    const int lane = threadIdx.x & 31;
    first = p.rowPartial[query];
    count = p.rowPartial[query + 1] - first;
    own = count > 0 ? p.partialOf[first + min(lane, count - 1)] : 0;
  }

  // The row is written already.
  __device__ __forceinline__ bool direct() const { return __shfl_sync(~0u, own, 0) == ~0u; }
};

// Partial results that a row merges at a time: most rows have 9 to 11 of a tree's 16 ranges.
constexpr int MERGE_AT_ONCE = 16;

// One warp: HEADS rows of query `query`, from head hh of KV head `head` on, each by its own lanes. Their partial
// results lie side by side. No loop is unrolled that need not be: this runs once or twice, and what counts is how much
// code has to come.
// drop: the partial results are undefined afterwards.
template <Order ORDER, int D, int HEADS>
__device__ __forceinline__ void combineRows(const AttentionParams& p, int query, int head, int hh,
                                            const PartialList& list, bool drop = false) {
  constexpr int LANES = 32 / HEADS;  // a row
  constexpr int E = D / LANES;       // values a lane
  constexpr int FLIGHT = HEADS == 4 ? 4 : 8;  // partial results asked for at once
  // A lane's own partial results are `place` and, where a row has eight lanes, the eighth after it.
  constexpr int WIDTH = LANES < MERGE_AT_ONCE ? LANES : MERGE_AT_ONCE;
  constexpr int OWN = MERGE_AT_ONCE / WIDTH;
  const int lane = threadIdx.x & 31;
  const int h = lane / LANES;
  const int place = lane % WIDTH;
  const int n = list.count;
  const float* column = p.partial + lane % LANES * LaneValues<D, LANES>::W;
  const unsigned base = static_cast<unsigned>(head) * p.partials * p.group + hh + h;
  unsigned looked = list.own;
  float acc[E] = {};
  float top = -1e30f;
  float total = 0;
#pragma unroll 1
  for (int from = 0; from < n; from += MERGE_AT_ONCE) {
    const int count = min(MERGE_AT_ONCE, n - from);
    if (from > 0 && from % 32 == 0) looked = p.partialOf[list.first + from + min(lane, n - from - 1)];
    unsigned at[OWN];
    float2 own[OWN];
    float weight[OWN];
#pragma unroll
    for (int o = 0; o < OWN; o++) {
      at[o] = base + __shfl_sync(~0u, looked, from % 32 + min(place + o * WIDTH, count - 1)) * p.group;
      own[o] = __ldcg(p.weights + at[o]);
    }
#pragma unroll 1
    for (int j = 0; j < count; j += FLIGHT) {
      // Those past the last are read as the last and count nothing.
      const bool late = OWN > 1 && j >= WIDTH;
      const unsigned from0 = late ? at[OWN - 1] : at[0];
      float x[FLIGHT][E];
#pragma unroll
      for (int u = 0; u < FLIGHT; u++) {
        loadRow<D, LANES>(x[u], partialAt<D>(column, __shfl_sync(~0u, from0, j + u, WIDTH)));
      }
      if (j == 0) {
        // While the values are on their way.
        float m = -1e30f;
#pragma unroll
        for (int o = 0; o < OWN; o++) {
          if (place + o * WIDTH < count && own[o].y > 0) m = fmaxf(m, own[o].x);
        }
#pragma unroll
        for (int o = WIDTH / 2; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
        m = fmaxf(m, top);
        const float keep = exp2Fast(top - m);
        top = m;
        float w = 0;
#pragma unroll
        for (int o = 0; o < OWN; o++) {
          const bool counts = place + o * WIDTH < count && own[o].y > 0;
          weight[o] = counts ? exp2Fast(own[o].x - m) : 0.f;
          w = __fadd_rn(w, __fmul_rn(weight[o], own[o].y));
        }
        // The same sums in the same order, whether a row has 8 lanes or 32.
#pragma unroll
        for (int o = WIDTH / 2; o; o >>= 1) w += __shfl_xor_sync(~0u, w, o);
        total = total * keep + w;
#pragma unroll
        for (int i = 0; i < E; i++) acc[i] *= keep;
      }
      const float weight0 = late ? weight[OWN - 1] : weight[0];
#pragma unroll
      for (int u = 0; u < FLIGHT; u++) {
        const float f = __shfl_sync(~0u, weight0, j + u, WIDTH);
#pragma unroll
        for (int i = 0; i < E; i++) acc[i] = fmaf(f, x[u][i], acc[i]);
      }
      // Nobody else reads these rows, and they are whole lines: dropped, they need not be written to
      // memory while others read keys and values, or the next kernel its weights.
      if (!drop) continue;
      __syncwarp();
      constexpr int LINES = HEADS * D * sizeof(float) / 128;  // of one partial result, side by side
      static_assert(FLIGHT * LINES % 32 == 0 || 32 % (FLIGHT * LINES) == 0);
#pragma unroll 1
      for (int i = lane; i < (FLIGHT * LINES + 31) / 32 * 32; i += 32) {
        // All lanes take part in the shuffle; the first ones have the first head's.
        const int u = i / LINES;
        const float* v = partialAt<D>(p.partial, __shfl_sync(~0u, from0, (j + u) % WIDTH));
        if (u < FLIGHT && j + u < count) discardLine(v + i % LINES * 32);
      }
    }
  }
  storeMerged<ORDER, D, LANES>(p, query, head * p.group + hh + h, acc, total);
}

// The same for one row of at most 32 partial results by all warps of a thread block, which take them in
// turn: where rows are few, what counts is how long one takes. `room`: shared memory for a row a warp.
template <Order ORDER, int D, int WARPS>
__device__ __forceinline__ void combineTogether(const AttentionParams& p, int query, int head, int hh,
                                                const PartialList& list, float* room, int barrier) {
  constexpr int E = D / 32;
  constexpr int FLIGHT = 32 / WARPS;
  const int lane = threadIdx.x & 31;
  const int warp = threadIdx.x >> 5;
  const unsigned at = (static_cast<unsigned>(head) * p.partials + list.own) * p.group + hh;
  const float2 own = __ldcg(p.weights + at);
  const bool counts = lane < list.count && own.y > 0;
  const float* column = p.partial + lane * E;
  float x[FLIGHT][E];
#pragma unroll
  for (int u = 0; u < FLIGHT; u++) {
    const int j = warp + u * WARPS;
    loadRow<D, 32>(x[u], partialAt<D>(column, __shfl_sync(~0u, at, j)));
  }
  float m = counts ? own.x : -1e30f;
#pragma unroll
  for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
  const float weight = counts ? exp2Fast(own.x - m) : 0.f;
  float total = weight * own.y;
#pragma unroll
  for (int o = 16; o; o >>= 1) total += __shfl_xor_sync(~0u, total, o);
  float acc[E] = {};
#pragma unroll
  for (int u = 0; u < FLIGHT; u++) {
    const float f = __shfl_sync(~0u, weight, warp + u * WARPS);
#pragma unroll
    for (int i = 0; i < E; i++) acc[i] = fmaf(f, x[u][i], acc[i]);
  }
#pragma unroll
  for (int i = 0; i < E; i++) room[warp * D + lane * E + i] = acc[i];
  barrierSync(barrier, WARPS * 32);
  if (warp != 0) return;
#pragma unroll
  for (int w = 1; w < WARPS; w++) {
#pragma unroll
    for (int i = 0; i < E; i++) acc[i] += room[w * D + lane * E + i];
  }
  storeMerged<ORDER, D, 32>(p, query, head * p.group + hh, acc, total);
}

// The rows of a KV head that fall to warp `warp` of `warps`: as many heads of a query at a time as leave
// work for all. What does not depend on partial results is looked up one step ahead.
struct CombineWork {
  int head;
  int at;
  int step;
  int each;
  PartialList list;

  __device__ __forceinline__ CombineWork(const AttentionParams& p, int h, int warp, int warps) : head(h) {
    const int rows = p.rows * p.group;
    each = p.group % 4 == 0 && rows >= 4 * warps ? 4 : p.group % 2 == 0 && rows > warps ? 2 : 1;
    at = warp * each;
    step = warps * each;
    if (at < rows) list.look(p, at / p.group);
  }

  template <Order ORDER, int D>
  __device__ __forceinline__ void run(const AttentionParams& p, bool drop) {
    const int rows = p.rows * p.group;
#pragma unroll 1
    while (at < rows) {
      const int query = at / p.group;
      const int hh = at - query * p.group;
      const PartialList now = list;
      at += step;
      if (at < rows) list.look(p, at / p.group);
      if (now.direct()) {
      } else if (each == 4) {
        combineRows<ORDER, D, 4>(p, query, head, hh, now, drop);
      } else if (each == 2) {
        combineRows<ORDER, D, 2>(p, query, head, hh, now, drop);
      } else {
        combineRows<ORDER, D, 1>(p, query, head, hh, now, drop);
      }
    }
  }
};

// A kernel of its own: one warp a (query, head).
template <int D>
__device__ __forceinline__ void combine(const AttentionParams& p) {
  const int heads = p.kvHeads * p.group;
  const int index = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5);
  if (index >= p.rows * heads) return;
  const int query = index / heads;
  const int h = index - query * heads;
  const int head = h * p.groupMagic >> 16;
  PartialList list;
  list.look(p, query);
  combineRows<Order::PLAIN, D, 1>(p, query, head, h - head * p.group, list);
}

}  // namespace deft
