// The draws that most are, in little code: the likeliest token, one of the likeliest k, one of those
// that min-p keeps, with or without top-p among these.
//
// In a step the weights have pushed this code out of the caches, so every line of it that runs once
// costs as much as a read of memory. Hence one pass over the row, loops that are not unrolled, and a
// list of few tokens, each of which is ranked by its own thread. The last warp reads no logits: it
// prepares what needs none.
//
// The pass leaves the largest value of every 2C threads, 240 of a row. Every block gets all of them
// and takes a bound that at least k reach. What reaches it is then looked for only where the largest
// value of a thread does, and goes to a list in block 0. Blocks write to each other by stores
// that a barrier in shared memory counts: barriers of a cluster wait for all of memory.
//
// Whose memory is written to when: first all blocks meet at the barrier of the cluster, by which each
// has its barriers and an empty list. `tops` counts what then comes to every block; it goes on when
// all of that is there. `pushed` counts all else that comes to block 0, list and sums: after it no
// other block touches block 0's memory, which may use it as it likes, and the others may leave, which
// `told` tells them. So nothing is on its way to a block that reuses its memory or leaves. Where the
// list does not hold the candidates, block 0 goes over the row by itself.
#pragma once

#include <stddef.h>

#include "sample_again.cuh"
#include "sample_exchange.cuh"

namespace deft {

template <int C>
struct ShortSampler {
  using Exchange = SampleExchange<C>;
  static constexpr int T = DEFT_SAMPLE_THREADS;
  static constexpr int WARPS = T / 32;
  static constexpr int READERS = T - 32;
  static constexpr int SHARE = 2 * C;  // threads of a group
  static constexpr int GROUPS = READERS / 2;
  static constexpr int DEPTH = 8;     // copies a thread
  static constexpr int LIST = T;      // one element a thread
  static constexpr int MOST_K = 192;  // of 240 groups: some 390 candidates
  static constexpr int MOST_GROUPS = 200;  // that reach the bound, if that can be had: 430 candidates
  static constexpr float LOWEST = -1e38f;  // what is below has no weight

  struct __align__(16) Shared {
    float4 row[DEPTH * READERS];
    uint64_t list[LIST];   // of block 0: the complement of the key above the id
    double weight[LIST];   // of the sorted list
    int id[LIST];
    uint32_t top[GROUPS];  // keys
    float sum[C * WARPS];  // of block 0
    uint64_t tops, pushed, told;  // barriers: of top; of list and sum; of leave
    DeftSampleSpec spec;
    double u;
    float scale, norm;
    uint32_t peak, bound;
    int limit;  // tokens to keep at most, LIST: by min-p alone, 0: this is no draw for us
    int hits, filled, answer, leave;
    int part[WARPS];
    uint16_t hit[T];
  };

  const DeftSample& p;
  Shared& s;
  const int tid, lane, warp, rank;
  int from, to;
  const float* x;
  float most, sum;  // of this thread's values: the largest, the exponentials of what they lack of it

  __device__ __forceinline__ ShortSampler(const DeftSample& p, Shared& s)
      : p(p),
        s(s),
        tid(threadIdx.x),
        lane(tid % 32),
        warp(tid / 32),
        rank(C == 1 ? 0 : blockIdx.x % C) {
    const int share = ((p.n + 511) / 512 + C - 1) / C * 512;
    from = min(p.n, rank * share);
    to = min(p.n, from + share);
  }

  __device__ __forceinline__ void take(float a, float b, float c, float d) {
    constexpr float L = CUDART_L2E_F;
    const float was = __fmul_rn(most, L);
    most = fmaxf(fmaxf(most, fmaxf(a, b)), fmaxf(c, d));
    const float now = __fmul_rn(most, L);
    sum = fmaf(sum, exp2Fast(was - now),
               (exp2Fast(fmaf(a, L, -now)) + exp2Fast(fmaf(b, L, -now))) +
                   (exp2Fast(fmaf(c, L, -now)) + exp2Fast(fmaf(d, L, -now))));
  }

  // --- phases ---

  __device__ __forceinline__ void pass() {
    most = LOWEST;
    sum = 0;
    const int whole = to & ~3;
    float4* const own = s.row + tid;
#pragma unroll 1
    for (int i = from + tid * 4; i < whole;) {
      const int end = min(whole, i + DEPTH * READERS * 4);
      int j = 0;
#pragma unroll 1
      for (int k = i; k < end; k += READERS * 4, j += READERS) {
        copyAsync16(sharedAddress(own + j), x + k, 16);
      }
      copyAsyncCommit();
      copyAsyncWait<0>();
      j = 0;
#pragma unroll 1
      for (; i < end; i += READERS * 4, j += READERS) {
        const float4 v = own[j];
        take(v.x, v.y, v.z, v.w);
      }
    }
    if (whole < to && (whole - from) / 4 % READERS == tid) {
#pragma unroll 1
      for (int i = max(whole, from); i < to; i++) {
        take(x[i], -CUDART_INF_F, -CUDART_INF_F, -CUDART_INF_F);
      }
    }
  }

  // By one warp: what the filters make of the largest values of groups.
  __device__ __forceinline__ void findBound() {
    const DeftSampleSpec& q = s.spec;
    constexpr int EACH = 8;
    uint32_t key[EACH];
    const uint4 a = *reinterpret_cast<const uint4*>(&s.top[lane * 4]);
    uint4 b = {};
    uint32_t low = min(min(a.x, a.y), min(a.z, a.w));
    if (128 + lane * 4 < GROUPS) {
      b = *reinterpret_cast<const uint4*>(&s.top[128 + lane * 4]);
      low = min(low, min(min(b.x, b.y), min(b.z, b.w)));
    }
    key[0] = a.x, key[1] = a.y, key[2] = a.z, key[3] = a.w;
    key[4] = b.x, key[5] = b.y, key[6] = b.z, key[7] = b.w;
    const uint32_t peak = __reduce_max_sync(
        ~0u, max(max(max(a.x, a.y), max(a.z, a.w)), max(max(b.x, b.y), max(b.z, b.w))));
    low = __reduce_min_sync(~0u, low);
    // 1 / 2^-128 is infinite.
    const bool greedy = q.temperature <= 0x1p-128f || q.topK == 1;
    int limit = greedy ? 1 : q.topK < p.n ? q.topK : 0;
    if (limit > MOST_K || q.count > 1) {
      limit = 0;
    } else if (limit == 1) {
      low = peak;
    } else if (limit > 0) {
      // A few more than the limit will do.
      const int enough = max(limit, min(limit + limit / 8, MOST_GROUPS));
      uint32_t high = peak + 1;
#pragma unroll 1
      while (high - low > 1) {
        const uint32_t mid = low + (high - low) / 2;
        int reach = 0;
#pragma unroll
        for (int j = 0; j < EACH; j++) {
          reach += key[j] >= mid;
        }
        reach = __reduce_add_sync(~0u, reach);
        if (reach < limit) {
          high = mid;
          continue;
        }
        low = mid;
        if (reach <= enough) {
          break;
        }
      }
    } else if (q.minP > 0 && q.topP >= 1) {
      limit = LIST;
      low = keyOf(fmaf(__logf(q.minP) - 1e-3f, q.temperature, ofKey(peak))) - 4;
    }
    if (lane == 0) {
      s.limit = limit;
      s.peak = peak;
      s.bound = max(low, keyOf(LOWEST) + 1);
    }
  }

  // --- the draw ---

  __device__ __forceinline__ void write(int id, float value, float c) {
    const float d = (fmaf(value, CUDART_L2E_F, -c) - s.norm) * CUDART_LN2_F;
    p.out[s.spec.out] = {id, d};
  }

  // After the pass.
  __device__ __forceinline__ void finish() {
    const uint32_t first = Exchange::far(&s, 0);
    const float bound = ofKey(s.bound);
    float peak = ofKey(s.peak);
    const float c = __fmul_rn(peak, CUDART_L2E_F);
    if (most >= bound) {
      s.hit[Exchange::add(sharedAddress(&s.hits))] = tid;
    }
    sum *= exp2Fast(__fmul_rn(most, CUDART_L2E_F) - c);
#pragma unroll
    for (int o = 16; o; o /= 2) {
      sum += __shfl_xor_sync(~0u, sum, o);
    }
    __syncthreads();
    const int hits = s.hits;
    int bytes = 0;
    if (lane == 0) {
      bytes = 4;
      Exchange::put(first, offsetof(Shared, sum) + (rank * WARPS + warp) * 4, __float_as_uint(sum),
                    offsetof(Shared, pushed));
    }
#pragma unroll 1
    for (int h = warp; h < hits; h += WARPS) {
#pragma unroll 1
      for (int i = from + s.hit[h] * 4 + lane / 4 * (READERS * 4) + lane % 4; i < to;
           i += 8 * READERS * 4) {
        const float v = x[i];
        if (v >= bound) {
          const int at = Exchange::addFar(first + offsetof(Shared, filled));
          if (at >= LIST) {
            h = LIST;  // many equal values, in general: enough of it
            break;
          }
          bytes += 8;
          Exchange::put(first, offsetof(Shared, list) + at * 8, entryOf(i, v),
                        offsetof(Shared, pushed));
        }
      }
    }
    if (C > 1) {
      bytes = __reduce_add_sync(~0u, bytes);
      if (lane == 0) {
        Exchange::expect(first + offsetof(Shared, pushed), bytes);
      }
      if (rank > 0) {
        Exchange::await(s.told, 0);
        return;
      }
      Exchange::await(s.pushed, 0);
      if (tid > 0 && tid < C) {
        Exchange::put(Exchange::far(&s, tid), offsetof(Shared, leave), 1u,
                      offsetof(Shared, told));
      }
    } else {
      __syncthreads();
    }
    int all = s.filled;
    if (warp == WARPS - 1) {
      float z = 0;
#pragma unroll
      for (int i = 0; i < C * WARPS; i += 32) {
        z += i + lane < C * WARPS ? s.sum[i + lane] : 0;
      }
#pragma unroll
      for (int o = 16; o; o /= 2) {
        z += __shfl_xor_sync(~0u, z, o);
      }
      s.norm = __log2f(z);
    }
    if (all == 0 || all > LIST) {
      all = SampleAgain<Shared>::again(s, p.logits + s.spec.row * p.ld, p.n, all == 0);
      peak = ofKey(s.peak);
      if (all == 0) {
        if (tid == 0) {
          const int token = s.answer == INT32_MAX ? 0 : s.answer;
          write(token, p.logits[s.spec.row * p.ld + token], c);
        }
        return;
      }
    }

    const uint64_t e = s.list[tid];
    const int id = (int)e;
    const float value = ofKey(~(uint32_t)(e >> 32));
    const double topP = s.spec.topP, minP = s.spec.minP;
    const int kept = min(s.limit, all);
    int place = LIST;
    if (tid < all) {
      place = 0;
#pragma unroll 1
      for (int i = 0; i < all; i += 4) {
        const ulonglong2 a = *reinterpret_cast<const ulonglong2*>(&s.list[i]);
        const ulonglong2 b = *reinterpret_cast<const ulonglong2*>(&s.list[i + 2]);
        place += (a.x < e) + (a.y < e) + (b.x < e) + (b.y < e);
      }
    }
    const bool in = place < kept;
    double w = 0;
    if (in) {
      w = weightOf(value - peak, s.scale);
      w = topP < 1 || w >= minP ? w : 0;
      s.weight[place] = w;
      s.id[place] = id;
    }
    __syncthreads();
    double reach, total;
#pragma unroll 1
    for (bool draw = topP >= 1;; draw = true) {
      // First the weights of what is likelier, then those up to this id; four sums each, for one
      // takes as long as its chain.
      const int end = draw ? id : place - 1;
      double r[4] = {}, t[4] = {};
      if (in) {
#pragma unroll 1
        for (int j = 0; j < kept; j += 4) {
          int4 q = {j, j + 1, j + 2, j + 3};
          if (draw) {
            q = *reinterpret_cast<const int4*>(&s.id[j]);
          }
          const double2 a = *reinterpret_cast<const double2*>(&s.weight[j]);
          const double2 b = *reinterpret_cast<const double2*>(&s.weight[j + 2]);
          t[0] += a.x, t[1] += a.y, t[2] += b.x, t[3] += b.y;
          r[0] += q.x <= end ? a.x : 0;
          r[1] += q.y <= end ? a.y : 0;
          r[2] += q.z <= end ? b.x : 0;
          r[3] += q.w <= end ? b.y : 0;
        }
      }
      reach = (r[0] + r[1]) + (r[2] + r[3]);
      total = (t[0] + t[1]) + (t[2] + t[3]);
      if (draw) {
        break;
      }
      __syncthreads();
      if (in && !(reach < topP * total && w >= minP)) {
        w = 0;
        s.weight[place] = 0;
      }
      __syncthreads();
    }
    if (w > 0 && reach > s.u * total) {
      atomicMin(&s.answer, id);
    }
    __syncthreads();
    const int token = s.answer;
    if (in && (token == INT32_MAX ? place == 0 : id == token)) {
      write(id, value, c);
    }
  }

  __device__ __forceinline__ void run() {
    constexpr int WORDS = sizeof(DeftSampleSpec) / 4;
    const bool reads = warp < WARPS - 1;
    // Mostly draw i is of row i; if not, the pass is made again.
    int row = min((int)blockIdx.x / C, p.rows - 1);
    if (reads) {
      Exchange::arriveAll();
#if __CUDA_ARCH__ >= 900
      asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
    } else {
      uint32_t word = 0;
      if (lane < WORDS) {
        // Not from a cache: the host writes there again.
        word = __ldcv(reinterpret_cast<const uint32_t*>(p.specs + blockIdx.x / C) + lane);
      }
#pragma unroll 1
      for (int i = lane; i < LIST; i += 32) {
        s.list[i] = ~0ull;
        s.weight[i] = 0;
        s.id[i] = INT32_MAX;
      }
      if (lane == 0) {
        s.hits = 0;
        s.filled = 0;
        s.answer = INT32_MAX;
        if (C > 1) {
          mbarrierInit(sharedAddress(&s.tops), 1);
          mbarrierInit(sharedAddress(&s.pushed), C * WARPS);
          mbarrierInit(sharedAddress(&s.told), 1);
#if __CUDA_ARCH__ >= 900
          asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
          Exchange::expect(sharedAddress(&s.told), 4);
        }
      }
      __syncwarp();
      Exchange::arriveReady();
      if (lane < WORDS) {
        reinterpret_cast<uint32_t*>(&s.spec)[lane] = word;
      }
      __syncwarp();
      s.scale = __frcp_rn(s.spec.temperature);
      s.u = (counterBits(s.spec.seed, s.spec.stream, s.spec.position) >> 11) * 0x1p-53;
    }
#pragma unroll 1
    for (int parity = 0;; parity ^= 1) {
      x = p.logits + row * p.ld;
      if (reads) {
        pass();
        float top = most;
#pragma unroll
        for (int o = 1; o < SHARE; o *= 2) {
          top = fmaxf(top, __shfl_xor_sync(~0u, top, o));
        }
        Exchange::awaitAll();  // all blocks are ready
        if (lane % SHARE < C) {
          const int group = (rank * (WARPS - 1) + warp) * (32 / SHARE) + lane / SHARE;
          Exchange::put(Exchange::far(&s, lane % SHARE), offsetof(Shared, top) + group * 4,
                        keyOf(top), offsetof(Shared, tops));
        }
      } else {
        most = LOWEST;
        sum = 0;
        Exchange::awaitAll();
        if (C > 1) {
          if (lane == 0) {
            Exchange::expect(sharedAddress(&s.tops), GROUPS * 4);
          }
          Exchange::await(s.tops, parity);
          findBound();
        }
      }
      __syncthreads();
      if (C == 1) {
        if (!reads) {
          findBound();
        }
        __syncthreads();
      }
      if (s.spec.row == row) {
        break;
      }
      row = s.spec.row;
      Exchange::arriveAll();
    }
    if (s.limit > 0) {
      finish();
    } else if (rank == 0 && tid == 0) {
      p.out[s.spec.out] = {-1, 0};
    }
  }
};

}  // namespace deft
