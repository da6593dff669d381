// Stage 2: merges the partial results of each row in the order of the plan.
#pragma once
#include "attention_params.cuh"
#include "deft.cuh"
#include "ptx.cuh"

namespace deft {

// The first `valid` of a lane's values. Heads of a multiple of 8 keep lanes aligned.
template <typename T, int E>
__device__ __forceinline__ void storeRow(T* to, const float (&x)[E], int valid) {
  if (valid >= E) {
    struct alignas(E * sizeof(T)) Values {
      T v[E];
    } values;
#pragma unroll
    for (int i = 0; i < E; i++) values.v[i] = As<T>::put(x[i]);
    *reinterpret_cast<Values*>(to) = values;
  }
}

// One warp: row `query`, query head `hh` of KV head `head`. Each lane finds the weight of one of up to
// 32 partial results at a time while their values are on their way.
template <typename T, int D>
__device__ __forceinline__ void combineRow(const AttentionParams& p, int query, int head, int hh) {
  constexpr int E = D / 32;  // values a lane
  constexpr int FLIGHT = 8;  // partial results asked for at once
  const int lane = threadIdx.x & 31;
  const int first = p.rowPartial[query];
  const int n = p.rowPartial[query + 1] - first;
  const unsigned base = static_cast<unsigned>(head) * p.partials * p.group + hh;
  float acc[E];
#pragma unroll
  for (int i = 0; i < E; i++) acc[i] = 0;
  float top = -1e30f;
  float total = 0;
  for (int from = 0; from < n; from += 32) {
    const int count = min(32, n - from);
    unsigned at = 0;
    float lse = -1e30f;
    if (lane < count) {
      at = base + static_cast<unsigned>(p.partialOf[first + from + lane]) * p.group;
      lse = __ldcg(p.lse + at);
    }
    float keep = 0;
    float weight = 0;
    for (int j = 0; j < count; j += FLIGHT) {
      float x[FLIGHT][E];
#pragma unroll
      for (int u = 0; u < FLIGHT; u++) {
        const unsigned row = __shfl_sync(~0u, at, j + u);
        const float* v = p.partial + static_cast<size_t>(row) * D + lane * E;
        if constexpr (E == 4) {
          float4 y = make_float4(0, 0, 0, 0);
          if (j + u < count) y = __ldcg(reinterpret_cast<const float4*>(v));
          x[u][0] = y.x;
          x[u][1] = y.y;
          x[u][2] = y.z;
          x[u][3] = y.w;
        } else {
          float2 y = make_float2(0, 0);
          if (j + u < count) y = __ldcg(reinterpret_cast<const float2*>(v));
          x[u][0] = y.x;
          x[u][1] = y.y;
        }
      }
      if (j == 0) {
        float m = lse;
#pragma unroll
        for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
        m = fmaxf(m, top);
        keep = exp2Fast(top - m);
        top = m;
        // A row that saw nothing has -1e30 everywhere; its partial results are 0.
        weight = lse > -1e29f ? exp2Fast(lse - m) : 0.f;
        float w = weight;
#pragma unroll
        for (int o = 16; o; o >>= 1) w += __shfl_xor_sync(~0u, w, o);
        total = total * keep + w;
#pragma unroll
        for (int i = 0; i < E; i++) acc[i] *= keep;
      }
#pragma unroll
      for (int u = 0; u < FLIGHT; u++) {
        const float f = __shfl_sync(~0u, weight, j + u);
#pragma unroll
        for (int i = 0; i < E; i++) acc[i] = fmaf(f, x[u][i], acc[i]);
      }
    }
  }
  const float scale = total > 0 ? 1 / total : 0.f;
#pragma unroll
  for (int i = 0; i < E; i++) acc[i] *= scale;
  const size_t to =
      static_cast<size_t>(query) * p.outStride + (head * p.group + hh) * p.headDim + lane * E;
  if (p.outType == F32) {
    storeRow<float, E>(static_cast<float*>(p.out) + to, acc, p.headDim - lane * E);
  } else if (p.outType == F16) {
    storeRow<__half, E>(static_cast<__half*>(p.out) + to, acc, p.headDim - lane * E);
  } else {
    storeRow<__nv_bfloat16, E>(static_cast<__nv_bfloat16*>(p.out) + to, acc, p.headDim - lane * E);
  }
}

// A kernel of its own: one warp a (query, head).
template <typename T, int D>
__device__ __forceinline__ void combine(const AttentionParams& p) {
  const int heads = p.kvHeads * p.group;
  const int index = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5);
  if (index >= p.rows * heads) return;
  const int query = index / heads;
  const int h = index - query * heads;
  const int head = h * p.groupMagic >> 16;
  combineRow<T, D>(p, query, head, h - head * p.group);
}

}  // namespace deft
