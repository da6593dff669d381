// Chooses tokens from rows of logits that stay on the device, as the CPU sampler of deft-engine
// does: the same filters, the same ties, the same uniform number, the same order of the draw.
//
// A cluster of C blocks works on a row. Passes over the row (which the L2 cache holds): the largest
// value; the sums and, where a filter needs it, a histogram; the candidates around the cut, sorted
// in shared memory; and, where more is kept than fits there, sums of blocks of 512 tokens, of which
// one is searched. A small top-k takes two: the first leaves a bound by which the second finds the
// candidates. No float atomics; the result does not depend on C but by rounding of sums in float64.
#pragma once

#include "sample_params.cuh"

namespace deft {

template <int C>
struct RowSampler {
  static constexpr int T = DEFT_SAMPLE_THREADS;
  static constexpr int WARPS = T / 32;
  static constexpr int BLOCK = 512;
  static constexpr int BINS = 32;
  static constexpr int CAP = 2048;
  static constexpr int MOST = 262144 / BLOCK;
  static constexpr int UNROLL = 4;
  // Largest top-k that is found by a bound: each block may list half as many again.
  static constexpr int FEW = C < 8 ? T / 2 : CAP / 2 / C;

  struct Shared {
    DeftSampleSpec spec;
    double pow2[32];          // 2^(i/32)
    double exchange[2][2 * BINS + 2];
    double warp[WARPS];
    int warpInt[WARPS];
    int filled;
    int answer[4];
    union {
      struct {
        float mass[BINS][T];
        uint16_t count[BINS][T];
      } bins;
      struct {
        uint64_t list[CAP];
        double scan[CAP];
      } sorted;
      double block[MOST];
    };
  };

  const DeftSample& p;
  Shared& s;
  const DeftSampleSpec& spec;  // after a barrier
  const float* x;
  int rank, n, from, to;
  int turn = 0;  // of the exchange buffers
  float peak, scale;  // the row's largest value; 1 / temperature
  // What the filters keep: values above cut, and of those equal to it the ids up to last.
  float cut;
  int last;

  // What needs no logits, to be done before they are awaited.
  __device__ __forceinline__ RowSampler(const DeftSample& p, Shared& s) : p(p), s(s), spec(s.spec) {
    // Not from a cache: the host writes there again.
    constexpr int WORDS = sizeof(DeftSampleSpec) / 4;
    const uint32_t* from = reinterpret_cast<const uint32_t*>(p.specs + blockIdx.x / C);
    if (threadIdx.x < WORDS) {
      reinterpret_cast<uint32_t*>(&s.spec)[threadIdx.x] = __ldcv(from + threadIdx.x);
    }
    if (threadIdx.x < 32) {
      s.pow2[threadIdx.x] = exp2(threadIdx.x / 32.0);
      s.filled = 0;
    }
  }

  // --- clusters ---

  static __device__ __forceinline__ void syncAll() {
    if (C > 1) {
      arrive();
      await();
    } else {
      __syncthreads();
    }
  }

  static __device__ __forceinline__ void arrive() {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    }
#endif
  }

  static __device__ __forceinline__ void await() {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
    }
#endif
  }

  template <typename V>
  static __device__ __forceinline__ V peer(const V* at, int rank) {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      uint64_t there;
      asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(at), "r"(rank));
      return *reinterpret_cast<volatile V*>(there);
    }
#endif
    return *const_cast<const volatile V*>(at);
  }

  // Where this block leaves numbers for the others: one barrier an exchange, two buffers in turns.
  __device__ __forceinline__ double* mine() { return s.exchange[turn]; }

  // --- reductions: every thread of the cluster gets the result ---

  template <typename F>
  __device__ double reduce(double v, F f) {
#pragma unroll
    for (int o = 16; o; o /= 2) {
      v = f(v, __shfl_xor_sync(~0u, v, o));
    }
    if (threadIdx.x % 32 == 0) {
      s.warp[threadIdx.x / 32] = v;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      double t = s.warp[0];
      for (int i = 1; i < WARPS; i++) {
        t = f(t, s.warp[i]);
      }
      mine()[0] = t;
    }
    syncAll();
    double t = peer(&mine()[0], 0);
    for (int c = 1; c < C; c++) {
      t = f(t, peer(&mine()[0], c));
    }
    turn ^= 1;
    return t;
  }

  __device__ double sum(double v) {
    return reduce(v, [](double a, double b) { return a + b; });
  }

  // Four values from i on; minus infinity past the end.
  __device__ __forceinline__ float4 load4(int i, int end) const {
    if (i + 3 < end) {
      return *reinterpret_cast<const float4*>(x + i);
    }
    float4 v;
    v.x = i < end ? x[i] : -CUDART_INF_F;
    v.y = i + 1 < end ? x[i + 1] : -CUDART_INF_F;
    v.z = i + 2 < end ? x[i + 2] : -CUDART_INF_F;
    v.w = -CUDART_INF_F;
    return v;
  }

  // Calls f(i, v) for this block's part of the row: v[j] stands at i + j * T * 4. What is past the
  // end is minus infinity.
  template <typename F>
  __device__ __forceinline__ void batches(F f) const {
    for (int i = from + threadIdx.x * 4; i < to; i += UNROLL * T * 4) {
      float4 v[UNROLL];
      if (i + (UNROLL - 1) * T * 4 + 3 < to) {
#pragma unroll
        for (int j = 0; j < UNROLL; j++) {
          v[j] = *reinterpret_cast<const float4*>(x + i + j * T * 4);
        }
      } else {
#pragma unroll
        for (int j = 0; j < UNROLL; j++) {
          v[j] = load4(i + j * T * 4, to);
        }
      }
      f(i, v);
    }
  }

  // Calls f(id, value) for them, and done() after each batch.
  template <typename F, typename D>
  __device__ __forceinline__ void each(F f, D done) const {
    batches([&](int i, const float4(&v)[UNROLL]) {
#pragma unroll
      for (int j = 0; j < UNROLL; j++) {
        f(i + j * T * 4, v[j].x);
        f(i + j * T * 4 + 1, v[j].y);
        f(i + j * T * 4 + 2, v[j].z);
        f(i + j * T * 4 + 3, v[j].w);
      }
      done();
    });
  }

  template <typename F>
  __device__ __forceinline__ void each(F f) const {
    each(f, [] {});
  }

  // The weight a draw gives to a token.
  __device__ __forceinline__ double share(int id, float value) const {
    const double w = weight(value);
    return kept(id, value) && w >= spec.minP ? w : 0;
  }

  // exp((value - max) * scale) to about 1e-15: 2^(i/32) from a table, the rest by a polynomial.
  __device__ __forceinline__ double weight(float value) const {
    return power((double)(value - peak) * (double)scale);
  }

  __device__ __forceinline__ double power(double v) const {
    const bool tiny = !(v > -700);
    v = tiny ? -700 : v;
    const double ROUND = 6755399441055744.0;  // 1.5 * 2^52
    const double t = fma(v, 46.166241308446828384, ROUND);  // 32 / ln 2
    const int k = __double2loint(t);
    const double m = t - ROUND;
    double r = fma(m, -2.1660849390173098e-2, v);  // ln 2 / 32 in two parts
    r = fma(m, -2.3251928468788740e-12, r);
    double q = fma(r, 1.0 / 120, 1.0 / 24);
    q = fma(r, q, 1.0 / 6);
    q = fma(r, q, 0.5);
    q = fma(r * r, q, r);
    const double b = s.pow2[k & 31];
    const double w = fma(b, q, b);
    const double scaled =
        __hiloint2double(__double2hiint(w) + ((k >> 5) << 20), __double2loint(w));
    return tiny ? 0 : scaled;
  }

  // The same in float32, to about 2e-7.
  static __device__ __forceinline__ float power(float v) {
    v = fmaxf(v, -1000.0f);
    const float t = v * 1.44269504f;
    const float rest = fmaf(t, -0.693147182f, v);  // float32 has ln 2 to 3e-9 of it
    float w;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(w) : "f"(t));
    return fmaf(w, rest, w);
  }

  __device__ __forceinline__ bool kept(int id, float value) const {
    return value > cut || (value == cut && id <= last);
  }

  // --- search for a cut ---

  // Where a value stands to what is still undecided: bins of equal width below `top`, then of keys.
  struct Range {
    float top, inverse;
    int bin;  // -1 at first
    uint32_t low, high;
    int shift;
    __device__ __forceinline__ int coarse(float v) const {
      const float d = (top - v) * inverse;
      return d < BINS - 1 ? (d > 0 ? (int)d : 0) : BINS - 1;
    }
    // -1 above the range, BINS below it, else the bin.
    __device__ __forceinline__ int of(float v) const {
      const int c = coarse(v);
      if (bin < 0) {
        return c;
      }
      if (c != bin) {
        return c < bin ? -1 : BINS;
      }
      const uint32_t k = keyOf(v);
      return k > high ? -1 : k < low ? BINS : (int)((high - k) >> shift);
    }
    __device__ __forceinline__ void bounds(uint32_t l, uint32_t h) {
      low = l;
      high = h;
      shift = 0;
      while ((high - low) >> shift >= BINS) {
        shift++;
      }
    }
    // The bin b becomes the range.
    __device__ __forceinline__ void narrow(int b) {
      if (bin < 0) {
        bin = b;
        const float width = 1 / inverse;
        const float upper = top - width * b, lower = top - width * (b + 1);
        const float slack = fmaxf(fabsf(top), fabsf(lower)) * 1e-5f + width * 1e-3f;
        bounds(b == BINS - 1 ? 0 : keyOf(lower - slack), b == 0 ? ~0u : keyOf(upper + slack));
      } else {
        const uint32_t h = high - ((uint32_t)b << shift);
        const uint32_t l = b + 1 > (int)((high - low) >> shift) ? low : h - ((1u << shift) - 1);
        bounds(l < low ? low : l, h);
      }
    }
  };

  __device__ __forceinline__ void clearBins() {
    __syncthreads();
    for (int b = 0; b < BINS; b++) {
      s.bins.mass[b][threadIdx.x] = 0;
      s.bins.count[b][threadIdx.x] = 0;
    }
  }

  __device__ __forceinline__ void put(int bin, float mass) {
    if (mass != 0) {
      s.bins.mass[bin][threadIdx.x] += mass;
    }
    s.bins.count[bin][threadIdx.x]++;
  }

  // Sums the bins over threads and blocks, masses before counts, and two more numbers that thread 0
  // left behind them.
  __device__ void sumBins(double* sums) {
    __syncthreads();
    for (int b = threadIdx.x / 32; b < BINS; b += WARPS) {
      double m = 0;
      int c = 0;
      for (int i = threadIdx.x % 32; i < T; i += 32) {
        m += s.bins.mass[b][i];
        c += s.bins.count[b][i];
      }
#pragma unroll
      for (int o = 16; o; o /= 2) {
        m += __shfl_xor_sync(~0u, m, o);
        c += __shfl_xor_sync(~0u, c, o);
      }
      if (threadIdx.x % 32 == 0) {
        mine()[b] = m;
        mine()[BINS + b] = c;
      }
    }
    syncAll();
    if (threadIdx.x < 2 * BINS + 2) {
      double t = 0;
      for (int c = 0; c < C; c++) {
        t += peer(&mine()[threadIdx.x], c);
      }
      sums[threadIdx.x] = t;
    }
    turn ^= 1;
    __syncthreads();
  }

  // Writes over the scan.
  __device__ void sortList(int size) {
    int* const place = reinterpret_cast<int*>(s.sorted.scan);
    place[threadIdx.x] = 0;
    __syncthreads();
    if (size <= T) {
      // Elements are distinct: those before each are counted, by as many warps as there are.
      const int lg = size > 32 ? 32 - __clz((size - 1) / 32) : 0;  // of the warps that hold them
      const int own = threadIdx.x & ((32 << lg) - 1), part = threadIdx.x >> (5 + lg);
      uint64_t e = 0;
      if (own < size) {
        e = s.sorted.list[own];
        const int end = size * (part + 1) * (1 << lg) / WARPS;
        int before = 0;
#pragma unroll 8
        for (int i = size * part * (1 << lg) / WARPS; i < end; i++) {
          before += s.sorted.list[i] < e;
        }
        atomicAdd(&place[own], before);
      }
      __syncthreads();
      if ((int)threadIdx.x < size) {
        s.sorted.list[place[threadIdx.x]] = e;
      }
      __syncthreads();
      return;
    }
    int width = 2;
    while (width < size) {
      width *= 2;
    }
    for (int i = size + threadIdx.x; i < width; i += T) {
      s.sorted.list[i] = ~0ull;
    }
    __syncthreads();
    for (int k = 2; k <= width; k *= 2) {
      for (int j = k / 2; j; j /= 2) {
        for (int i = threadIdx.x; i < width / 2; i += T) {
          const int a = 2 * i - (i & (j - 1)), b = a + j;
          const uint64_t u = s.sorted.list[a], v = s.sorted.list[b];
          if (u > v == ((a & k) == 0)) {
            s.sorted.list[a] = v;
            s.sorted.list[b] = u;
          }
        }
        __syncthreads();
      }
    }
  }

  // scan[i] = start + the sum of f(0..i); f is called once an element.
  template <typename F>
  __device__ void scanList(int size, double start, F f) {
    constexpr int PER = CAP / T;
    double v[PER], sum = 0;
#pragma unroll
    for (int j = 0; j < PER; j++) {
      const int i = threadIdx.x * PER + j;
      sum += i < size ? f(i) : 0;
      v[j] = sum;
    }
    double inc = sum;
#pragma unroll
    for (int o = 1; o < 32; o *= 2) {
      const double u = __shfl_up_sync(~0u, inc, o);
      inc += threadIdx.x % 32 >= o ? u : 0;
    }
    if (threadIdx.x % 32 == 31) {
      s.warp[threadIdx.x / 32] = inc;
    }
    __syncthreads();
    double before = start + inc - sum;
    for (int i = 0; i < (int)threadIdx.x / 32; i++) {
      before += s.warp[i];
    }
#pragma unroll
    for (int j = 0; j < PER; j++) {
      const int i = threadIdx.x * PER + j;
      if (i < size) {
        s.sorted.scan[i] = before + v[j];
      }
    }
    __syncthreads();
  }

  // The first i of 0..size for which f(i), else size. All threads of the block get it.
  template <typename F>
  __device__ int firstOf(int size, F f) {
    if (threadIdx.x == 0) {
      s.answer[3] = size;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < size; i += T) {
      if (f(i)) {
        atomicMin(&s.answer[3], i);
        break;
      }
    }
    __syncthreads();
    const int r = s.answer[3];
    __syncthreads();
    return r;
  }

  // An element of the list: larger values first, then smaller ids.
  static __device__ __forceinline__ uint64_t entry(int id, float v) {
    return (uint64_t)~keyOf(v) << 32 | (uint32_t)id;
  }

  // Gathers in block 0, sorted from the largest value, what of(value) puts into [first, BINS);
  // returns how many there are in all blocks (more than CAP: nothing is gathered).
  template <typename V>
  __device__ int gather(const Range& r, bool above, V value, double& massAbove) {
    __syncthreads();
    if (threadIdx.x == 0) {
      s.filled = 0;
    }
    __syncthreads();
    double m = 0;
    each([&](int id, float logit) {
      const float v = value(id, logit);
      const int b = r.of(v);
      if (b < 0 && !above) {
        m += weight(v);
      } else if (b < BINS && v > -CUDART_INF_F) {
        const int at = atomicAdd(&s.filled, 1);
        if (at < CAP) {
          s.sorted.list[at] = entry(id, v);
        }
      }
    });
    massAbove = above ? 0 : blockSum(m);
    return collect(massAbove, 0);
  }

  // A key that at least k of the threads' keys reach and, if bisection finds such a one in a few
  // steps, not many more; 0 if fewer than k are larger than 0.
  static __device__ __forceinline__ uint32_t reached(uint32_t key, int k) {
    uint32_t low = 0;
#pragma unroll 1
    for (uint32_t bit = 1u << 31; bit >= 1u << 12; bit /= 2) {
      const int reach = __syncthreads_count(key >= (low | bit));
      if (reach >= k) {
        low |= bit;
        if (reach - k <= k / 8) {
          break;
        }
      }
    }
    return low;
  }

  // Leaves not many more than the k largest in the list, as sorting takes the square of its size.
  __device__ __forceinline__ int prune(int size, int k) {
    uint64_t e[CAP / T];
    uint32_t key = 0;
#pragma unroll
    for (int j = 0; j < CAP / T; j++) {
      const int i = threadIdx.x + j * T;
      e[j] = i < size ? s.sorted.list[i] : ~0ull;
      key = max(key, ~(uint32_t)(e[j] >> 32));
    }
    if (threadIdx.x == 0) {
      s.filled = 0;
    }
    const uint32_t low = max(1u, reached(key, k));
#pragma unroll
    for (int j = 0; j < CAP / T; j++) {
      if (~(uint32_t)(e[j] >> 32) >= low) {
        s.sorted.list[atomicAdd(&s.filled, 1)] = e[j];
      }
    }
    __syncthreads();
    return s.filled;
  }

  // Brings the blocks' lists together in block 0, sorted (most > 0: only so many of the largest are
  // wanted), and adds up m; returns how many elements there are in all blocks (more than CAP: they
  // stay where they are). Nothing may be written over the lists before one more exchange.
  __device__ int collect(double& m, int most) {
    __syncthreads();
    if (threadIdx.x == 0) {
      mine()[0] = s.filled;
      mine()[1] = m;
    }
    syncAll();
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int size = (int)peer(&mine()[0], lane % C);
    m = peer(&mine()[1], lane % C);
#pragma unroll
    for (int o = 1; o < C; o *= 2) {
      m += __shfl_xor_sync(~0u, m, o);
    }
    turn ^= 1;
    const int all = __reduce_add_sync(~0u, lane < C ? size : 0);
    if (rank == 0 && all > 0 && all <= CAP) {
      if (C > 1) {
        // Some warps for each of the other blocks.
        constexpr int OTHERS = C > 1 ? C - 1 : 1, EACH = WARPS / OTHERS;
        const int c = 1 + warp % OTHERS;
        const int at = __reduce_add_sync(~0u, lane < c ? size : 0);
        const int end = __shfl_sync(~0u, size, c);
        for (int i = warp / OTHERS * 32 + lane; i < end && warp < EACH * OTHERS; i += EACH * 32) {
          s.sorted.list[at + i] = peer(&s.sorted.list[i], c);
        }
      }
      int size = all;
      if (most > 0 && all > 160) {
        __syncthreads();
        size = prune(all, most);
      }
      sortList(size);
    }
    return all;
  }

  struct Found {
    int size;      // of the sorted list in block 0
    int kept;      // of them up to the cut
    bool fromTop;  // nothing is above the list
  };

  // What block 0 keeps of its list, to all.
  __device__ __forceinline__ void tellCut(Found& f) {
    if (rank == 0 && threadIdx.x == 0) {
      const uint64_t e = s.sorted.list[max(0, f.kept - 1)];
      mine()[0] = ofKey(~(uint32_t)(e >> 32));
      mine()[1] = (int)(uint32_t)e;
      mine()[2] = f.kept;
    }
    syncAll();
    cut = (float)peer(&mine()[0], 0);
    last = (int)peer(&mine()[1], 0);
    f.kept = (int)peer(&mine()[2], 0);
    turn ^= 1;
  }

  // Finds the shortest prefix, by (value, smaller id first), that holds `target` values (or, byMass,
  // that weight); sets cut and last. sums: the first histogram.
  template <typename V>
  __device__ Found search(Range& r, double* sums, bool byMass, double target, V value) {
    double before = 0;  // counts or masses above the range
    int countBefore = 0;
    for (;;) {
      // The bin in which the target is reached; if rounding or too few values miss it, the last one.
      int b = 0, counted = countBefore;
      double run = before, runAt = before;
      int countedAt = countBefore;
      for (int i = 0; i < BINS; i++) {
        const int c = (int)sums[BINS + i];
        if (c > 0) {
          b = i;
          runAt = run;
          countedAt = counted;
          run += byMass ? sums[i] : c;
          counted += c;
          if (run >= target) {
            break;
          }
        }
      }
      if (run < target && !byMass && counted > CAP) {
        // All of them.
        cut = -CUDART_INF_F;
        last = -1;
        return {0, 0, false};
      }
      const int inBin = (int)sums[BINS + b];
      before = runAt;
      countBefore = countedAt;
      r.narrow(b);
      if (inBin <= CAP || r.low == r.high) {
        if (inBin > CAP) {
          break;
        }
        const bool top = countBefore + inBin <= CAP;
        double exact;
        const int size = gather(r, top, value, exact);
        Found f = {size, 0, top};
        if (rank == 0) {
          if (byMass) {
            scanList(size, top ? 0 : exact,
                     [&](int i) { return weight(ofKey(~(uint32_t)(s.sorted.list[i] >> 32))); });
            f.kept = min(size, firstOf(size, [&](int i) { return s.sorted.scan[i] >= target; }) + 1);
          } else {
            f.kept = min((double)size, target - (top ? 0 : countBefore));
          }
          f.kept = max(f.kept, min(size, 1));
        }
        tellCut(f);
        return f;
      }
      clearBins();
      each([&](int id, float logit) {
        const float v = value(id, logit);
        const int c = r.of(v);
        if (c >= 0 && c < BINS && v > -CUDART_INF_F) {
          put(c, byMass ? (float)weight(v) : 0.0f);
        }
      });
      sumBins(sums);
    }
    // More equal values than the list holds: the ids of so many of them, counted in order.
    cut = ofKey(r.high);
    const double w = byMass ? weight(cut) : 1;
    const double need = fmax(1.0, ceil((target - before) / w));
    double c = 0;
    each([&](int id, float logit) { c += value(id, logit) == cut; });
    // Blocks hold contiguous ids: each finds where the count passes.
    __syncthreads();
    const double all = blockSum(c);
    if (threadIdx.x == 0) {
      mine()[0] = all;
    }
    syncAll();
    double ahead = 0;
    for (int q = 0; q < rank; q++) {
      ahead += peer(&mine()[0], q);
    }
    turn ^= 1;
    int found = -1;
    if (ahead < need && ahead + all >= need) {
      found = nth(need - ahead, value);
    }
    last = (int)reduce((double)found, [](double a, double b) { return a > b ? a : b; });
    return {0, 0, false};
  }

  __device__ double blockSum(double v) {
#pragma unroll
    for (int o = 16; o; o /= 2) {
      v += __shfl_xor_sync(~0u, v, o);
    }
    if (threadIdx.x % 32 == 0) {
      s.warp[threadIdx.x / 32] = v;
    }
    __syncthreads();
    double t = 0;
    for (int i = 0; i < WARPS; i++) {
      t += s.warp[i];
    }
    __syncthreads();
    return t;
  }

  // The id of the k-th value of this block's part that equals cut. Rare, so simple.
  template <typename V>
  __device__ int nth(double k, V value) {
    int seen = 0;
    for (int base = from; base < to; base += T) {
      const int id = base + threadIdx.x;
      const bool is = id < to && value(id, x[id]) == cut;
      const unsigned w = __ballot_sync(~0u, is);
      if (threadIdx.x % 32 == 0) {
        s.warpInt[threadIdx.x / 32] = __popc(w);
      }
      __syncthreads();
      int at = seen, all = 0;
      for (int i = 0; i < WARPS; i++) {
        at += i < (int)threadIdx.x / 32 ? s.warpInt[i] : 0;
        all += s.warpInt[i];
      }
      at += __popc(w & ((1u << threadIdx.x % 32) - 1));
      if (is && at + 1 == (int)k) {
        s.answer[3] = id;
      }
      __syncthreads();
      if (seen + all >= (int)k) {
        return s.answer[3];
      }
      seen += all;
    }
    return -1;
  }

  // --- draws ---

  // By the inverse of the distribution over the kept tokens, in the order of ids.
  __device__ int drawAll(double u, int likeliest) {
    const int lane = threadIdx.x % 32;
    __syncthreads();
    const int firstBlock = from / BLOCK;
    for (int b = firstBlock + threadIdx.x / 32; b * BLOCK < to; b += WARPS) {
      float4 v[BLOCK / 128];
      const int start = b * BLOCK + lane * 4;
#pragma unroll
      for (int j = 0; j < BLOCK / 128; j++) {
        v[j] = load4(start + j * 128, to);
      }
      double w = 0;
#pragma unroll
      for (int j = 0; j < BLOCK / 128; j++) {
        const int i = start + j * 128;
        w += (share(i, v[j].x) + share(i + 1, v[j].y)) + (share(i + 2, v[j].z) + share(i + 3, v[j].w));
      }
#pragma unroll
      for (int o = 16; o; o /= 2) {
        w += __shfl_xor_sync(~0u, w, o);
      }
      if (lane == 0) {
        s.block[b - firstBlock] = w;
      }
    }
    syncAll();
    int token = -1;
    if (rank == 0) {
      const int blocks = (n + BLOCK - 1) / BLOCK, each = (blocks + C - 1) / C;
      // One thread a block: at most 512 of them.
      const int b = threadIdx.x;
      const double w = b < blocks ? peer(&s.block[b % each], b / each) : 0;
      double inc = w;
#pragma unroll
      for (int o = 1; o < 32; o *= 2) {
        const double v = __shfl_up_sync(~0u, inc, o);
        inc += lane >= o ? v : 0;
      }
      if (lane == 31) {
        s.warp[b / 32] = inc;
      }
      if (b == 0) {
        s.answer[0] = blocks - 1;
      }
      __syncthreads();
      double before = 0, total = 0;
      for (int i = 0; i < WARPS; i++) {
        before += i < b / 32 ? s.warp[i] : 0;
        total += s.warp[i];
      }
      inc += before;
      const double left = u * total;
      if (b < blocks && inc > left) {
        atomicMin(&s.answer[0], b);
      }
      __syncthreads();
      if (b == s.answer[0]) {
        s.exchange[turn ^ 1][0] = left - (inc - w);
      }
      __syncthreads();
      if (b < 32) {
        const double rest = s.exchange[turn ^ 1][0];
        const int start = s.answer[0] * BLOCK + lane * (BLOCK / 32);
        double v[BLOCK / 32], t = 0;
        int lastPossible = -1;
#pragma unroll
        for (int j = 0; j < BLOCK / 32; j += 4) {
          const float4 q = load4(start + j, n);
          v[j] = share(start + j, q.x);
          v[j + 1] = share(start + j + 1, q.y);
          v[j + 2] = share(start + j + 2, q.z);
          v[j + 3] = share(start + j + 3, q.w);
        }
#pragma unroll
        for (int j = 0; j < BLOCK / 32; j++) {
          t += v[j];
          lastPossible = v[j] > 0 ? start + j : lastPossible;
        }
        double before = t;
#pragma unroll
        for (int o = 1; o < 32; o *= 2) {
          const double q = __shfl_up_sync(~0u, before, o);
          before += lane >= o ? q : 0;
        }
        before -= t;
        int hit = INT32_MAX;
#pragma unroll
        for (int j = 0; j < BLOCK / 32; j++) {
          before += v[j];
          if (hit == INT32_MAX && v[j] > 0 && before > rest) {
            hit = start + j;
          }
        }
        hit = __reduce_min_sync(~0u, hit);
        lastPossible = __reduce_max_sync(~0u, lastPossible);
        token = hit != INT32_MAX ? hit : lastPossible >= 0 ? lastPossible : likeliest;
      }
    }
    return token;  // thread 0 of block 0 has it
  }

  // The same from the sorted list of block 0.
  __device__ int drawList(int size, double u) {
    for (int i = threadIdx.x; i < size; i += T) {
      const uint64_t e = s.sorted.list[i];
      s.sorted.list[i] = e << 32 | e >> 32;  // id above, complemented key below
    }
    sortList(size);
    const double minP = spec.minP;
    auto weightOf = [&](int i) {
      const double w = weight(ofKey(~(uint32_t)s.sorted.list[i]));
      return w >= minP ? w : 0;
    };
    scanList(size, 0, weightOf);
    const double left = u * s.sorted.scan[size - 1];
    int at = firstOf(size, [&](int i) { return s.sorted.scan[i] > left; });
    if (at == size) {
      // Rounding: the last possible one.
      for (at = size - 1; at > 0 && !(weightOf(at) > 0); at--) {
      }
    }
    return (int)(s.sorted.list[at] >> 32);
  }

  // Minus the logarithm of minus the logarithm of a uniform number of this token.
  __device__ __forceinline__ float gumbel(uint64_t key, int id) const {
    const uint64_t h = mix(key + (uint64_t)(uint32_t)(id + 3) * 0x9E3779B97F4A7C15ull);
    // (0, 1): 24 bits and a half.
    const float u = ((uint32_t)(h >> 40) + 0.5f) * 0x1p-24f;
    // Near 1, -log(u) loses bits: log1p of what is left there.
    const float e = u > 0.5f ? -log1pf(-((0xFFFFFF - (uint32_t)(h >> 40)) + 0.5f) * 0x1p-24f)
                             : -__logf(u);
    return -__logf(e);
  }

  // --- first passes ---

  // Of a warp: the larger value, then the smaller id.
  static __device__ __forceinline__ uint64_t warpTop(uint64_t t) {
    const uint32_t key = __reduce_max_sync(~0u, (uint32_t)(t >> 32));
    const uint32_t id = __reduce_max_sync(~0u, t >> 32 == key ? (uint32_t)t : 0);
    return (uint64_t)key << 32 | id;
  }

  // Finds the peak and the first token that has it and, if `few`, a bound that at least topK values
  // of the row reach: each block takes one from the largest values of its threads, and the largest
  // of these holds for the row.
  __device__ __forceinline__ int first(bool few, float& bound) {
    float best = -CUDART_INF_F;
    int at = from + threadIdx.x * 4;
    const bool any = at < to;
    each([&](int id, float v) {
      if (v > best) {
        best = v;
        at = id;
      }
    });
    const uint32_t key = any ? keyOf(best) : 0;
    uint64_t* const tops = reinterpret_cast<uint64_t*>(s.warp);
    const int lane = threadIdx.x % 32;
    uint64_t top = warpTop((uint64_t)key << 32 | (uint32_t)~at);
    if (lane == 0) {
      tops[threadIdx.x / 32] = top;
    }
    __syncthreads();
    top = warpTop(tops[lane % WARPS]);
    uint32_t low = few ? reached(key, spec.topK) : 0;
    uint64_t* const out = reinterpret_cast<uint64_t*>(mine());
    if (threadIdx.x == 0) {
      out[0] = top;
      out[1] = low;
    }
    syncAll();
    top = warpTop(peer(&out[0], lane % C));
    low = __reduce_max_sync(~0u, (uint32_t)peer(&out[1], lane % C));
    turn ^= 1;
    peak = ofKey((uint32_t)(top >> 32));
    if (few) {
      bound = ofKey(max(low, 0x00800000u));  // above minus infinity
    }
    return (int)~(uint32_t)top;
  }

  // The sum of exponentials of this block's part; lists what is at least bound, s.filled elements.
  __device__ __forceinline__ double sumAndList(float bound) {
    double sum = 0;
    batches([&](int i, const float4(&v)[UNROLL]) {
      float part = 0, most = -CUDART_INF_F;
#pragma unroll
      for (int j = 0; j < UNROLL; j++) {
        part += (power(v[j].x - peak) + power(v[j].y - peak)) +
                (power(v[j].z - peak) + power(v[j].w - peak));
        most = fmaxf(most, fmaxf(fmaxf(v[j].x, v[j].y), fmaxf(v[j].z, v[j].w)));
      }
      sum += part;
      if (most >= bound) {
        unsigned hits = 0;
#pragma unroll
        for (int j = 0; j < UNROLL; j++) {
          hits |= (v[j].x >= bound ? 1u : 0) << 4 * j | (v[j].y >= bound ? 2u : 0) << 4 * j |
                  (v[j].z >= bound ? 4u : 0) << 4 * j | (v[j].w >= bound ? 8u : 0) << 4 * j;
        }
        int at = atomicAdd(&s.filled, __popc(hits));
#pragma unroll 1
        for (; hits; hits &= hits - 1) {
          const unsigned b = __ffs(hits) - 1;
          if (at < CAP) {
            s.sorted.list[at++] = i + b / 4 * T * 4 + b % 4;
          }
        }
      }
    });
    sum = blockSum(sum);
    // Values only now, of all at once: registers cannot be indexed.
    for (int i = threadIdx.x; i < min(s.filled, CAP); i += T) {
      const int id = (int)s.sorted.list[i];
      s.sorted.list[i] = entry(id, x[id]);
    }
    return sum;
  }

  __device__ void run() {
    __syncthreads();  // the spec is there
    rank = C == 1 ? 0 : blockIdx.x % C;
    x = p.logits + spec.row * p.ld;
    n = p.n;
    const int blocks = (n + BLOCK - 1) / BLOCK, share = (blocks + C - 1) / C;
    from = min(n, rank * share * BLOCK);
    to = min(n, (rank + 1) * share * BLOCK);

    scale = 1 / spec.temperature;
    const bool greedy = spec.temperature == 0 || spec.topK == 1 || !(scale < CUDART_INF_F);
    const bool many = spec.count > 1;
    const bool topK = !greedy && spec.topK > 0 && spec.topK < n;
    const bool topP = !greedy && spec.topP < 1;
    const bool few = topK && spec.topK <= FEW;
    if (greedy) {
      scale = 1;
    }
    cut = -CUDART_INF_F;
    last = n;
    const bool filters = topK || topP;

    // The largest, and the first token that has it: one number of 64 bits.
    float bound = CUDART_NAN_F;  // nothing is at least that
    const int likeliest = first(few, bound);

    // Sums, and candidates or the first histogram where a filter follows.
    Range r = {peak, 0, -1, 0, 0, 0};
    Found f = {0, 0, false};
    double sums1 = 0;
    if (few || !filters) {
      sums1 = sumAndList(bound);
      const int all = collect(sums1, spec.topK);
      f = {all, min(all, spec.topK), few && all <= CAP};
    }
    __shared__ double sums[2 * BINS + 2];
    if (filters && !f.fromTop) {
      // Tokens of less weight than (1 - p) / n are together less than 1 - p.
      r.inverse = (BINS - 1) * scale / (topK ? 20.0f : logf(n / (1 - spec.topP)) + 0.01f);
      clearBins();
      float part = 0;
      double total = 0;
      // Of unknown origin: or each use is one more predicate, made and kept from the start on.
      const int byMass = __shfl_sync(~0u, topK ? 0 : 1, 0);
      sums1 = 0;
      each(
          [&](int id, float v) {
            part += power(v - peak);
            double w = 0;
            if (byMass) {
              w = weight(v);
              total += w;
            }
            if (v > -CUDART_INF_F) {
              put(r.coarse(v), (float)w);
            }
          },
          [&] {
            sums1 += part;
            part = 0;
          });
      sums1 = blockSum(sums1);
      total = byMass ? blockSum(total) : 0;
      if (threadIdx.x == 0) {
        mine()[2 * BINS] = sums1;
        mine()[2 * BINS + 1] = total;
      }
      sumBins(sums);
      sums1 = sums[2 * BINS];
      total = sums[2 * BINS + 1];
      const double share = byMass ? (double)spec.topP * total : spec.topK;
      f = search(r, sums, byMass, share, [](int, float v) { return v; });
    }
    if (topK && topP) {
      if (f.fromTop) {
        // All of them stand in the list.
        if (rank == 0) {
          scanList(f.kept, 0,
                   [&](int i) { return weight(ofKey(~(uint32_t)(s.sorted.list[i] >> 32))); });
          const double mass = (double)spec.topP * s.sorted.scan[f.kept - 1];
          f.kept =
              min(f.kept, firstOf(f.kept, [&](int i) { return s.sorted.scan[i] >= mass; }) + 1);
        }
      } else {
        const float c0 = cut;
        const int l0 = last;
        auto some = [c0, l0](int id, float v) {
          return v > c0 || (v == c0 && id <= l0) ? v : -CUDART_INF_F;
        };
        r = {peak, (BINS - 1) * scale / (logf(n / (1 - spec.topP)) + 0.01f), -1, 0, 0, 0};
        clearBins();
        double t = 0;
        each([&](int id, float v) {
          if (some(id, v) > -CUDART_INF_F) {
            const double w = weight(v);
            t += w;
            put(r.coarse(v), (float)w);
          }
        });
        t = sum(t);
        sumBins(sums);
        f = search(r, sums, true, (double)spec.topP * t, some);
      }
    }
    if (many && topK && f.fromTop) {
      tellCut(f);
    }

    // No block may leave while another reads from it. Where the token is in block 0's list, the last
    // read lies behind; and what is written to the host below must not be waited for.
    const bool alone = !many && (greedy || f.fromTop);
    int token = likeliest;
    if (alone) {
      arrive();
    }
    if (many) {
      const uint64_t key = counterBits(spec.seed, spec.stream, spec.position);
      const float c0 = cut;
      const int l0 = last;
      const double minP = greedy ? 0 : spec.minP;
      auto noisy = [&](int id, float v) {
        if (spec.temperature == 0 || greedy) {
          return v;
        }
        if (!(v > c0 || (v == c0 && id <= l0)) || (minP > 0 && weight(v) < minP)) {
          return -CUDART_INF_F;
        }
        return (v - peak) * scale + gumbel(key, id);
      };
      r = greedy ? Range{peak, (BINS - 1) / 20.0f, -1, 0, 0, 0}
                 : Range{logf((float)n) + 3, (BINS - 1) / 32.0f, -1, 0, 0, 0};
      clearBins();
      each([&](int id, float v) {
        const float g = noisy(id, v);
        if (g > -CUDART_INF_F) {
          put(r.coarse(g), 0);
        }
      });
      sumBins(sums);
      f = search(r, sums, false, min(spec.count, DEFT_SAMPLE_MOST), noisy);
    } else if (!greedy) {
      const double u = (counterBits(spec.seed, spec.stream, spec.position) >> 11) * 0x1p-53;
      if (!f.fromTop) {
        token = drawAll(u, likeliest);
      } else if (rank == 0 && f.kept > 0) {
        token = drawList(f.kept, u);
      }
    }
    if (!alone) {
      arrive();
    }
    const int want = many ? min(spec.count, DEFT_SAMPLE_MOST) : 1;
    if (rank == 0 && threadIdx.x < want) {
      if (many) {
        const uint64_t e = s.sorted.list[threadIdx.x];
        token = (int)threadIdx.x < f.kept && e != ~0ull ? (int)(uint32_t)e : -1;
      }
      const double d = token < 0 ? 0 : (double)(x[token] - peak) - log(sums1);
      p.out[spec.out + threadIdx.x] = {token, (float)d};
    }
    await();
  }
};

}  // namespace deft
