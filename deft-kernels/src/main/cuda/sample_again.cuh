// What sample_short.cuh does where its list does not hold the candidates: one block goes over the row
// as often as it takes. And what both need of weights and lists.
#pragma once

#include "sample_params.cuh"

namespace deft {

// exp(less * scale) as the processor's: that of a 16th by a polynomial, less 1, squared four times.
__device__ __forceinline__ double weightOf(float less, float scale) {
  const double v = (double)less * (double)scale;
  const double ROUND = 6755399441055744.0;  // 1.5 * 2^52
  const double t = fma(v, 1.4426950408889634, ROUND);
  const double m = t - ROUND;
  double r = fma(m, -6.9314718055994529e-1, v);
  r = fma(m, -2.3190468138462996e-17, r) * 0.0625;
  double q = fma(r, 1.0 / 5040, 1.0 / 720);
  q = fma(r, q, 1.0 / 120);
  q = fma(r, q, 1.0 / 24);
  q = fma(r, q, 1.0 / 6);
  q = fma(r, q, 0.5);
  q = fma(r * r, q, r);
#pragma unroll
  for (int i = 0; i < 4; i++) {
    q = fma(q, q, q + q);
  }
  q += 1;
  const double w =
      __hiloint2double(__double2hiint(q) + (__double2loint(t) << 20), __double2loint(q));
  return v > -700 ? w : 0;
}

// As keyOf, with what is no number below all that are.
__device__ __forceinline__ uint32_t rankOf(float v) { return v == v ? keyOf(v) : 0; }

// An element of a list: larger values first, then smaller ids.
__device__ __forceinline__ uint64_t entryOf(int id, float v) {
  return (uint64_t)~rankOf(v) << 32 | (uint32_t)id;
}

// By the shared memory of ShortSampler.
template <typename Shared>
struct SampleAgain {
  static constexpr int T = DEFT_SAMPLE_THREADS;
  static constexpr int WARPS = T / 32;
  static constexpr int LIST = T;

  // How many of the row reach a key.
  static __device__ __forceinline__ int reaching(Shared& s, const float* x, int n, uint32_t key) {
    __syncthreads();
    if (threadIdx.x == 0) {
      s.filled = 0;
    }
    __syncthreads();
    int own = 0;
#pragma unroll 8
    for (int i = threadIdx.x; i < n; i += T) {
      own += rankOf(x[i]) >= key;
    }
    own = __reduce_add_sync(~0u, own);
    if (threadIdx.x % 32 == 0) {
      atomicAdd(&s.filled, own);
    }
    __syncthreads();
    return s.filled;
  }

  // Lists the candidates of a top-k again: by a bound that no more than the list holds reach or, if
  // there is none for equal values, those above these and of them the first. Returns how many.
  static __device__ __forceinline__ int listAgain(Shared& s, const float* x, int n, bool none) {
    const int tid = threadIdx.x, lane = tid % 32, warp = tid / 32;
    const int k = s.limit;
    // At least k reach low, fewer reach high.
    uint32_t low = none ? 0 : s.bound, high = s.peak + 1;
    int reach = none ? n : LIST + 1;
#pragma unroll 1
    while (reach > LIST && high - low > 1) {
      const uint32_t mid = low + (high - low) / 2;
      const int c = reaching(s, x, n, mid);
      if (c < k) {
        high = mid;
      } else {
        low = mid;
        reach = c;
      }
    }
    const bool tied = reach > LIST;
    __syncthreads();
    s.list[tid] = ~0ull;
    if (tid == 0) {
      s.filled = 0;
    }
    __syncthreads();
#pragma unroll 4
    for (int i = tid; i < n; i += T) {
      const float v = x[i];
      if (rankOf(v) >= low + tied) {
        const int at = atomicAdd(&s.filled, 1);
        if (at < LIST) {
          s.list[at] = entryOf(i, v);
        }
      }
    }
    __syncthreads();
    const int filled = s.filled;
    if (!tied) {
      return filled;
    }
#pragma unroll 1
    for (int base = 0, seen = filled; base < n && seen < k; base += T) {
      const int i = base + tid;
      const bool is = i < n && rankOf(x[i]) == low;
      const unsigned those = __ballot_sync(~0u, is);
      if (lane == 0) {
        s.part[warp] = __popc(those);
      }
      __syncthreads();
      int at = seen + __popc(those & ((1u << lane) - 1));
#pragma unroll 1
      for (int w = 0; w < WARPS; w++) {
        at += w < warp ? s.part[w] : 0;
        seen += s.part[w];
      }
      if (is && at < k) {
        s.list[at] = entryOf(i, x[i]);
      }
      __syncthreads();
    }
    return k;
  }

  // Draws from all that min-p keeps: a part of the ids a warp, of which one goes through its own.
  static __device__ __forceinline__ void drawAgain(Shared& s, const float* x, int n, bool none) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const uint32_t bound = none ? 0 : s.bound;
    const float peak = ofKey(s.peak), scale = s.scale;
    const double minP = s.spec.minP;
    auto share = [&](int i, int end) {
      const float v = i < end ? x[i] : -CUDART_INF_F;
      const double w = i < end && rankOf(v) >= bound ? weightOf(v - peak, scale) : 0;
      return w >= minP ? w : 0;
    };
    const int each = (n + T - 1) / T * 32;
    const int start = min(n, warp * each), end = min(n, start + each);
    double own = 0;
#pragma unroll 4
    for (int i = start + lane; i < end; i += 32) {
      own += share(i, end);
    }
#pragma unroll
    for (int o = 16; o; o /= 2) {
      own += __shfl_xor_sync(~0u, own, o);
    }
    __syncthreads();
    if (lane == 0) {
      s.weight[warp] = own;
    }
    __syncthreads();
    double before = 0, total = 0;
#pragma unroll 1
    for (int w = 0; w < WARPS; w++) {
      before = w == warp ? total : before;
      total += s.weight[w];
    }
    const double left = s.u * total;
    if (own > 0 && before <= left && (left < before + own || before + own >= total)) {
      // Sums round otherwise than this loop: the last possible token takes what is over.
      int last = 0;
      bool hit = false;
#pragma unroll 1
      for (int i = start + lane; i - lane < end && !hit; i += 32) {
        const double w = share(i, end);
        double sum = w;
#pragma unroll
        for (int o = 1; o < 32; o *= 2) {
          const double v = __shfl_up_sync(~0u, sum, o);
          sum += lane >= o ? v : 0;
        }
        const unsigned possible = __ballot_sync(~0u, w > 0);
        const unsigned hits = __ballot_sync(~0u, w > 0 && before + sum > left);
        hit = hits != 0;
        if (possible) {
          last = i - lane + (hit ? __ffs(hits) - 1 : 31 - __clz(possible));
        }
        before += __shfl_sync(~0u, sum, 31);
      }
      if (lane == 0) {
        s.answer = last;
      }
    }
    __syncthreads();
  }

  // By block 0, when it is alone with its memory: too many candidates, or none, that is nothing above
  // LOWEST. Rare, so simple; not inlined, to lie apart. Returns the length of the new list; 0: the
  // token is in `answer`.
  static __device__ __noinline__ int again(Shared& s, const float* x, int n, bool none) {
    __syncthreads();  // peak, filled and list have been read
    if (none) {
      if (threadIdx.x == 0) {
        s.peak = 0;
      }
      __syncthreads();
      uint32_t most = 0;
#pragma unroll 4
      for (int i = threadIdx.x; i < n; i += T) {
        most = max(most, rankOf(x[i]));
      }
      atomicMax(&s.peak, most);
      __syncthreads();
    }
    if (s.limit < LIST) {
      return listAgain(s, x, n, none);
    }
    drawAgain(s, x, n, none);
    return 0;
  }
};

}  // namespace deft
