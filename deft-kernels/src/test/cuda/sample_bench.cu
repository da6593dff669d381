// Checks deft_sample_* against a port of the CPU sampler and times it.
//
//   sample_bench [IMAGE]        all of it; kernels of another sample.fatbin instead of the built in
//   sample_bench quick [IMAGE]  small vocabularies, no times
//   sample_bench cold [IMAGE...]  times as in a step, beside those of other images
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "../../main/cuda/deft.cuh"
#undef DEFT_PARAMS
#define DEFT_PARAMS(name, type)  // the host's linker would look for it
#include "../../main/cuda/sample.cu"

#define CK(e)                                                              \
  do {                                                                     \
    cudaError_t r_ = (e);                                                  \
    if (r_ != cudaSuccess) {                                               \
      printf("%s:%d %s\n", __FILE__, __LINE__, cudaGetErrorString(r_));    \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

// --- the CPU sampler, ported: float64 sums (RowMath) ---

static uint64_t cmix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}
static uint64_t cbits(int64_t seed, int64_t stream, int64_t position) {
  const uint64_t G = 0x9E3779B97F4A7C15ull;
  uint64_t h = cmix(seed * G + 0x632BE59BD9B4E019ull);
  h = cmix(h + (stream + 1) * G);
  return cmix(h + (position + 2) * G);
}
struct Cpu {
  int n;
  std::vector<int> id;
  std::vector<float> value;
  double margin;  // how near u came to the edge of the token, as a share of the total
  static double weight(float x, float max, float scale) { return exp((double)(x - max) * scale); }
  static int first(const float* x, int n, float max) {
    for (int i = 0; i < n; i++)
      if (x[i] == max) return i;
    return 0;
  }
  // Filters as Sampler does; a full sort stands for its heaps: the order is total.
  void filter(const float* x, const DeftSampleSpec& q, float max, float scale) {
    const bool topK = q.topK > 0 && q.topK < n;
    std::vector<int> order(n);
    for (int i = 0; i < n; i++) order[i] = i;
    auto less = [&](int a, int b) { return x[a] != x[b] ? x[a] > x[b] : a < b; };
    double total = 0;
    if (topK) {
      std::partial_sort(order.begin(), order.begin() + q.topK, order.end(), less);
      order.resize(q.topK);
      for (int i : order) total += weight(x[i], max, scale);
    } else if (q.topP < 1) {
      std::sort(order.begin(), order.end(), less);
      for (int i = 0; i < n; i++) total += weight(x[i], max, scale);
    }
    if (q.topP < 1) {
      const double mass = q.topP * total;
      double sum = 0;
      size_t end = 0;
      while (end < order.size() && sum < mass) sum += weight(x[order[end++]], max, scale);
      order.resize(end);
    }
    std::sort(order.begin(), order.end());
    id = order;
  }
  int sample(const float* x, const DeftSampleSpec& q) {
    margin = 1;
    float max = -INFINITY;
    for (int i = 0; i < n; i++) max = std::max(max, x[i]);
    if (q.temperature == 0 || q.topK == 1) return first(x, n, max);
    const double u = (cbits(q.seed, q.stream, q.position) >> 11) * 0x1p-53;
    const float scale = 1 / q.temperature;
    if (!std::isfinite(scale)) return first(x, n, max);
    filter(x, q, max, scale);
    double total = 0;
    for (int i : id) {
      const double w = weight(x[i], max, scale);
      total += w >= q.minP ? w : 0;
    }
    double left = u * total;
    int last = id[0];
    for (int i : id) {
      const double w = weight(x[i], max, scale);
      if (w >= q.minP && w > 0) {
        last = i;
        margin = std::min(left, w - left) / total;
        left -= w;
        if (left < 0) break;
      }
    }
    return last;
  }
  // Gumbel-top-k of the definition in sample.cuh, in float64.
  std::vector<int> many(const float* x, const DeftSampleSpec& q) {
    float max = -INFINITY;
    for (int i = 0; i < n; i++) max = std::max(max, x[i]);
    const float scale = 1 / q.temperature;
    const bool greedy = q.temperature == 0 || q.topK == 1 || !std::isfinite(scale);
    std::vector<std::pair<double, int>> g;
    if (greedy) {
      for (int i = 0; i < n; i++) g.push_back({-(double)x[i], i});
    } else {
      filter(x, q, max, scale);
      const uint64_t key = cbits(q.seed, q.stream, q.position);
      for (int i : id) {
        if (q.minP > 0 && weight(x[i], max, scale) < q.minP) continue;
        const uint64_t h = cmix(key + (uint64_t)(uint32_t)(i + 3) * 0x9E3779B97F4A7C15ull);
        const double u = ((uint32_t)(h >> 40) + 0.5) * 0x1p-24;
        g.push_back({-((double)(x[i] - max) * scale - log(-log(u))), i});
      }
    }
    const size_t k = std::min<size_t>(g.size(), q.count);
    std::partial_sort(g.begin(), g.begin() + k, g.end());
    std::vector<int> out;
    margin = 1;
    for (size_t i = 0; i < k; i++) {
      out.push_back(g[i].second);
      if (i) margin = std::min(margin, g[i].first - g[i - 1].first);
    }
    return out;
  }
};

static cudaStream_t st;
// Where kernels come from: built in, or an image.
struct Image {
  std::string name = "built in";
  cudaLibrary_t library = nullptr;
  int shared = sizeof(deft::RowSampler<1>::Shared);
  int sharedShort = sizeof(deft::ShortSampler<4>::Shared);
  bool hasShort = true;

  Image() {}
  explicit Image(const char* file) : name(file) {
    name = name.substr(name.rfind('/') + 1);
    CK(cudaLibraryLoadFromFile(&library, file, nullptr, nullptr, 0, nullptr, nullptr, 0));
    void* at;
    size_t bytes;
    CK(cudaLibraryGetGlobal(&at, &bytes, library, "deft_sample_shared"));
    CK(cudaMemcpy(&shared, at, sizeof(int), cudaMemcpyDeviceToHost));
    hasShort =
        cudaLibraryGetGlobal(&at, &bytes, library, "deft_sample_short_shared") == cudaSuccess;
    if (hasShort) {
      CK(cudaMemcpy(&sharedShort, at, sizeof(int), cudaMemcpyDeviceToHost));
    }
    cudaGetLastError();
  }
  const void* kernel(int c, bool brief) const {
    if (library) {
      cudaKernel_t k;
      const std::string of = brief ? "deft_sample_short_" : "deft_sample_";
      CK(cudaLibraryGetKernel(&k, library, (of + std::to_string(c)).c_str()));
      return (const void*)k;
    }
    if (brief) {
      return c == 1   ? (const void*)deft_sample_short_1
             : c == 2 ? (const void*)deft_sample_short_2
                      : (const void*)deft_sample_short_4;
    }
    return c == 1   ? (const void*)deft_sample_1
           : c == 2 ? (const void*)deft_sample_2
           : c == 4 ? (const void*)deft_sample_4
                    : (const void*)deft_sample_8;
  }
  void prepare() const {
    for (int c : {1, 2, 4, 8})
      CK(cudaFuncSetAttribute(kernel(c, false), cudaFuncAttributeMaxDynamicSharedMemorySize,
                              shared));
    for (int c : {1, 2, 4})
      if (hasShort)
        CK(cudaFuncSetAttribute(kernel(c, true), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                sharedShort));
  }
};
static Image image;
// What CudaSampler gives to the short kernels.
static bool isShort(const DeftSampleSpec& q, int n) {
  const bool greedy = q.topK == 1 || !std::isfinite(1 / q.temperature);
  const bool topK = q.topK > 0 && q.topK < n;
  return q.count == 1 && (greedy || (topK ? q.topK <= deft::ShortSampler<4>::MOST_K
                                          : q.minP > 0 && q.topP >= 1));
}
static void launch(int c, const DeftSample& p, bool brief, const Image& from = image,
                   bool early = false) {
  cudaLaunchConfig_t cfg = {};
  cudaLaunchAttribute a;
  a.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  a.val.programmaticStreamSerializationAllowed = 1;
  cfg.attrs = &a;
  cfg.numAttrs = early;
  cfg.gridDim = p.count * c;
  cfg.blockDim = DEFT_SAMPLE_THREADS;
  cfg.dynamicSmemBytes = brief ? from.sharedShort : from.shared;
  cfg.stream = st;
  void* args[] = {const_cast<DeftSample*>(&p)};
  CK(cudaLaunchKernelExC(&cfg, from.kernel(c, brief), args));
}

static std::string classOf(const DeftSampleSpec& q, int n) {
  return q.count > 1 ? "distinct"
         : q.topK == 1 || !std::isfinite(1 / q.temperature) ? "greedy"
         : q.topK > 0 && q.topK < n                         ? "top-k"
         : q.topP < 1                                       ? "top-p"
         : q.minP > 0                                       ? "min-p"
                                                            : "temperature";
}

static void makeRow(float* x, int n, int kind, std::mt19937& g) {
  std::normal_distribution<float> nd;
  for (int i = 0; i < n; i++) {
    float v;
    switch (kind) {
      case 0: v = nd(g); break;
      case 1: v = 3 * nd(g); break;
      case 2: v = -4 + 2 * nd(g); break;  // like a model: few stand out
      case 3: v = nd(g) * 2; break;       // of few distinct values
      case 4: v = 1.5f; break;            // all equal
      case 5: v = i % 7 ? -INFINITY : 2 * nd(g); break;
      // For top-k: what its bound is taken from.
      case 6: v = i % (n / 11) ? -INFINITY : nd(g); break;  // fewer than k are possible
      case 7: v = i * -1e-3f; break;                        // all in the first block
      case 8: v = i * 1e-3f; break;                         // all in the last one
      case 9: v = i % 8192 < 4 ? 30 + nd(g) : std::round(nd(g)); break;  // with one thread
      case 10: v = 1000 + 2 * nd(g); break;                 // coarse keys
      case 11: v = i < 1000 ? nd(g) : -INFINITY; break;     // more possible than are listed
      default: v = (i * 37ll) % n < 600 ? 6 : nd(g);        // 600 are the largest
    }
    if (kind == 3) v = std::round(v * 8) / 8;
    x[i] = v;
  }
  if (kind == 2)
    for (int i = 0; i < 200; i++) x[g() % n] = 4 + 12 * std::exp(-i / 8.0f) + nd(g);
}

static float timeGraph(const std::function<void()>& enqueue) {
  cudaGraph_t g;
  cudaGraphExec_t e;
  CK(cudaStreamBeginCapture(st, cudaStreamCaptureModeThreadLocal));
  enqueue();
  CK(cudaStreamEndCapture(st, &g));
  CK(cudaGraphInstantiate(&e, g, 0));
  std::vector<float> ms;
  cudaEvent_t a, b;
  cudaEventCreate(&a);
  cudaEventCreate(&b);
  for (int i = 0; i < 13; i++) {
    cudaEventRecord(a, st);
    CK(cudaGraphLaunch(e, st));
    cudaEventRecord(b, st);
    CK(cudaStreamSynchronize(st));
    float t;
    cudaEventElapsedTime(&t, a, b);
    if (i > 2) ms.push_back(t);
  }
  cudaGraphExecDestroy(e);
  cudaGraphDestroy(g);
  std::sort(ms.begin(), ms.end());
  return ms[ms.size() / 2];
}

#define X8(x) x x x x x x x x

// What a step does before the draw, as far as caches see it: reads 512 MB, writes the logits along
// the way, and one warp a multiprocessor runs 128 KB of code.
__global__ void __launch_bounds__(1024)
    headLike(const float4* weights, size_t n, const float4* from, float4* logits, int m, bool early,
             float* sink) {
#if __CUDA_ARCH__ >= 900
  if (early) asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  float s = 0;
  const size_t threads = gridDim.x * blockDim.x, at = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
  if (threadIdx.x < 32) {
    float a = m;
    X8(X8(X8(X8(asm volatile("fma.rn.f32 %0, %0, %1, %1;" : "+f"(a) : "f"(s));))))
    X8(X8(X8(X8(asm volatile("fma.rn.f32 %0, %0, %0, %1;" : "+f"(a) : "f"(s));))))
    s += a;
  }
  size_t done = at;
  for (size_t i = at; i < n; i += threads * 8) {
    float4 v[8];
#pragma unroll
    for (int j = 0; j < 8; j++)
      v[j] = i + j * threads < n ? __ldcs(weights + i + j * threads) : float4{};
#pragma unroll
    for (int j = 0; j < 8; j++) s += v[j].x + v[j].y + v[j].z + v[j].w;
    for (; done < m && done * (n / m) <= i; done += threads) logits[done] = from[done];
  }
  for (; done < m; done += threads) logits[done] = from[done];
  if (s == 12345) *sink = s;
}

// Microseconds a draw as a step sees it: by how much a graph of such kernels is longer with draws
// behind them. "late": these start when the kernel has ended, "early": when it lets them.
static void cold(const std::vector<const Image*>& images, DeftSampleSpec* specs, DeftDraw* out) {
  const int n = 128256, most = 50, nodes = 20;
  const size_t bytes = 512u << 20;
  float4 *weights, *from, *logits;
  float* sink;
  CK(cudaMalloc(&weights, bytes));
  CK(cudaMemset(weights, 0, bytes));
  CK(cudaMalloc(&from, (size_t)most * n * 4));
  CK(cudaMalloc(&logits, (size_t)most * n * 4));
  CK(cudaMalloc(&sink, 4));
  CK(cudaFuncSetAttribute(headLike, cudaFuncAttributeMaxDynamicSharedMemorySize, 160 << 10));
  int sms;
  CK(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
  std::mt19937 gen(7);
  std::vector<float> h((size_t)most * n);
  for (int r = 0; r < most; r++) makeRow(&h[(size_t)r * n], n, 2, gen);
  CK(cudaMemcpy(from, h.data(), h.size() * 4, cudaMemcpyHostToDevice));
  struct Case {
    const char* name;
    float t, p, m;
    int k;
  };
  for (Case q : {Case{"top-k 50, t .8", 0.8f, 1, 0, 50}, {"greedy", 0, 1, 0, 0},
                 {"top-k 50, top-p .9", 0.8f, 0.9f, 0, 50}, {"min-p .05", 1, 1, 0.05f, 0},
                 {"temperature", 0.8f, 1, 0, 0}}) {
    std::vector<int> want;
    for (int r = 0; r < most; r++) {
      specs[r] = {7, r, 100 + r, r, q.t, q.p, q.m, q.k, 1, r};
      want.push_back(Cpu{n}.sample(&h[(size_t)r * n], specs[r]));
    }
    for (int rows : {1, 4, 16, 50}) {
      float alone[2];
      auto graph = [&](const Image* im, int c, bool brief, bool early) {
        return 1000 / nodes * timeGraph([&] {
                 for (int i = 0; i < nodes; i++) {
                   headLike<<<sms, 1024, 160 << 10, st>>>(weights, bytes / 16, from, logits,
                                                          rows * n / 4, early, sink);
                   if (im) launch(c, {(float*)logits, specs, out, n, n, rows, rows}, brief, *im, true);
                 }
               });
      };
      for (int early = 0; early < 2; early++) alone[early] = graph(nullptr, 0, false, early);
      for (const Image* im : images)
      for (bool brief : {false, true}) {
        if (brief && !(im->hasShort && isShort(specs[0], n))) continue;
        printf("%-20s %2d rows (%.1f us before) %-16s %s", q.name, rows, alone[0],
               im->name.c_str(), brief ? "short" : "any  ");
        for (int c : {2, 4, 8}) {
          if (brief && c > 4) continue;
          printf("  x%d:", c);
          for (int early = 0; early < 2; early++) {
            memset(out, 0xEE, most * sizeof(DeftDraw));
            printf(" %s %5.1f", early ? "early" : "late", graph(im, c, brief, early) - alone[early]);
            for (int r = 0; r < rows; r++)
              if (out[r].token != want[r])
                printf(" BAD row %d: %d, CPU %d", r, out[r].token, want[r]);
          }
        }
        printf("\n");
      }
    }
  }
}

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const bool quick = mode == "quick";
  setvbuf(stdout, nullptr, _IOLBF, 0);
  CK(cudaStreamCreate(&st));
  image.prepare();
  if (mode == "cold") {
    std::vector<Image> others(argv + 2, argv + argc);
    std::vector<const Image*> all = {&image};
    for (const Image& o : others) {
      o.prepare();
      all.push_back(&o);
    }
    DeftSampleSpec* specs;
    DeftDraw* out;
    CK(cudaHostAlloc(&specs, 64 * sizeof(DeftSampleSpec), cudaHostAllocMapped));
    CK(cudaHostAlloc(&out, 64 * sizeof(DeftDraw), cudaHostAllocMapped));
    cold(all, specs, out);
    return 0;
  }
  if (argc > 1 + quick) {
    image = Image(argv[1 + quick]);
    image.prepare();
  }
  printf("%s, shared memory %d bytes\n", image.name.c_str(), image.shared);
  std::mt19937 gen(42);
  int bad = 0;
  std::map<std::string, std::pair<int, int>> classes;  // draws, bad ones
  float *dx;
  DeftSampleSpec* ds;
  DeftDraw* out;
  const int MAXN = 128256;
  CK(cudaMalloc(&dx, 64ll * MAXN * 4 * 2));
  CK(cudaMalloc(&ds, 1024 * sizeof(DeftSampleSpec)));
  CK(cudaHostAlloc(&out, 65536 * sizeof(DeftDraw), cudaHostAllocMapped));
  struct Setting {
    float t, p, m;
    int k;
  };
  const std::vector<Setting> settings = {
      {0, 1, 0, 0},      {1, 1, 0, 0},        {0.7f, 1, 0, 0},     {1, 1, 0, 40},
      {0.8f, 0.9f, 0, 0}, {1, 0.95f, 0, 50},  {1, 1, 0.05f, 0},    {1.3f, 0.9f, 0.02f, 200},
      {1, 0.5f, 0, 0},   {1, 0.999f, 0, 0},   {2, 0.9f, 0, 30000}, {0.3f, 1, 0, 1},
      {1, 1, 0, 5000},   {0.6f, 0.95f, 0.1f, 20}, {1, 1, 0, 2},   {1, 1, 0, 7},
      {0.8f, 0.95f, 0, 64}, {1, 1, 0.1f, 100}, {1, 1, 0, 128},     {1, 1, 0, 129},
      {1.5f, 0.9f, 0.02f, 256}, {1, 1, 0, 257},
      {1, 1, 0.0001f, 0}, {2, 1, 0.01f, 0}, {1, 1, 0, 192}, {1, 0.9f, 0, 193}};
  int draws = 0, differ = 0, near = 0, sets = 0, setsDiffer = 0;
  double worstLog = 0;
  for (int n : quick ? std::vector<int>{130, 1003, 4099, 32000}
                     : std::vector<int>{130, 1003, 4099, 32000, 128256}) {
    for (int kind = 0; kind < 13; kind++) {
      const int rows = n > 100000 ? 6 : 10, ld = (n + 3) / 4 * 4 + 8;
      std::vector<float> h((size_t)rows * ld, 1e30f);
      for (int r = 0; r < rows; r++) makeRow(&h[(size_t)r * ld], n, kind, gen);
      CK(cudaMemcpy(dx, h.data(), h.size() * 4, cudaMemcpyHostToDevice));
      std::vector<DeftSampleSpec> specs;
      int at = 0;
      for (const Setting& q : settings) {
        if (kind > 5 && kind < 11 && q.k < 2) continue;
        for (int r = 0; r < rows; r++)
          for (int count : {1, r % 3 == 0 ? 8 : 0}) {
            if (!count) continue;
            DeftSampleSpec d = {(int64_t)((uint64_t)gen() << 32 | gen()), r - 1, (int)(gen() % 5000), r, q.t,
                                q.p,  q.m, q.k, count, at};
            at += count;
            specs.push_back(d);
          }
      }
      // By every kernel; those of the short ones that they take, which keep their place in `out`.
      struct Run {
        std::string name;
        bool brief;
        std::vector<DeftDraw> got;
      };
      std::vector<Run> runs;
      std::vector<DeftSampleSpec> brief;
      for (const DeftSampleSpec& d : specs)
        if (isShort(d, n)) brief.push_back(d);
      for (int b = 0; b < 1 + image.hasShort; b++)
        for (int c : {1, 2, 4, 8}) {
          if (b && c > 4) continue;
          const std::vector<DeftSampleSpec>& asked = b ? brief : specs;
          memset(out, 0xEE, at * sizeof(DeftDraw));
          CK(cudaMemcpy(ds, asked.data(), asked.size() * sizeof(asked[0]), cudaMemcpyHostToDevice));
          launch(c, {dx, ds, out, ld, n, (int)asked.size(), rows}, b);
          CK(cudaStreamSynchronize(st));
          runs.push_back({(b ? "short x" : "any x") + std::to_string(c), b != 0,
                          std::vector<DeftDraw>(out, out + at)});
        }
      Cpu cpu = {n};
      for (const DeftSampleSpec& d : specs) {
        const float* x = &h[(size_t)d.row * ld];
        double max = -INFINITY, z = 0;
        for (int i = 0; i < n; i++) max = std::max(max, (double)x[i]);
        for (int i = 0; i < n; i++) z += exp(x[i] - max);
        std::vector<int> want = d.count > 1 ? cpu.many(x, d) : std::vector<int>{cpu.sample(x, d)};
        want.resize(d.count, -1);
        for (const Run& run : runs) {
          if (run.brief && !isShort(d, n)) continue;
          bool same = true;
          for (int j = 0; j < d.count; j++) {
            const DeftDraw& g = run.got[d.out + j];
            same &= g.token == want[j];
            if (g.token >= 0 && g.token < n) {
              const double lp = x[g.token] - max - log(z);
              if (std::isfinite(lp)) worstLog = std::max(worstLog, std::abs(lp - g.logProb));
            } else if (g.token != -1 || want[j] != -1) {
              same = false;
            }
          }
          (d.count > 1 ? sets : draws)++;
          auto& ofClass = classes[run.name + ", " + classOf(d, n)];
          ofClass.first++;
          if (!same) {
            (d.count > 1 ? setsDiffer : differ)++;
            if (cpu.margin < (d.count > 1 ? 1e-5 : 1e-12)) {
              near++;
            } else {
              bad++;
              if (ofClass.second++ < 5)
                printf("BAD %s: n=%d kind=%d t=%g k=%d p=%g m=%g count=%d: %d, CPU %d, margin %.1e\n",
                       run.name.c_str(), n, kind, d.temperature, d.topK, d.topP, d.minP, d.count,
                       run.got[d.out].token, want[0], cpu.margin);
            }
          }
        }
      }
    }
  }
  for (const auto& c : classes)
    printf("%-24s %6d draws, %d bad\n", c.first.c_str(), c.second.first, c.second.second);
  printf("%d draws, %d differ; %d sets, %d differ; %d of these within rounding of an edge; log-prob error %.1e; %d bad\n",
         draws, differ, sets, setsDiffer, near, worstLog, bad);
  if (!quick) {
    const int n = MAXN;
    std::vector<float> h(64ull * n);
    printf("us a launch at V=%d:\n", n);
    struct Case {
      const char* name;
      int kind;
      float t, p, m;
      int k, count;
    };
    for (Case q : {Case{"greedy", 2, 0, 1, 0, 0, 1}, {"temperature", 2, 0.8f, 1, 0, 0, 1},
                   {"top-k 40", 2, 1, 1, 0, 40, 1}, {"top-p .95, model-like", 2, 1, 0.95f, 0, 0, 1},
                   {"k 50, p .9, m .05", 2, 1, 0.9f, 0.05f, 50, 1}, {"min-p .05", 2, 1, 1, 0.05f, 0, 1},
                   {"top-p .95, normal", 0, 1, 0.95f, 0, 0, 1}, {"top-k 40, normal", 0, 1, 1, 0, 40, 1},
                   {"top-k 100", 2, 1, 1, 0, 100, 1}, {"top-k 256", 2, 1, 1, 0, 256, 1},
                   {"8 distinct", 2, 1, 1, 0, 0, 8}, {"8 distinct, top-p .95", 2, 1, 0.95f, 0, 0, 8},
                   {"8 distinct, top-k 40", 2, 1, 1, 0, 40, 8}}) {
      for (int r = 0; r < 64; r++) makeRow(&h[(size_t)r * n], n, q.kind, gen);
      CK(cudaMemcpy(dx, h.data(), h.size() * 4, cudaMemcpyHostToDevice));
      std::vector<DeftSampleSpec> specs;
      for (int r = 0; r < 64; r++)
        specs.push_back({7, r, 100 + r, r, q.t, q.p, q.m, q.k, q.count, r * q.count});
      CK(cudaMemcpy(ds, specs.data(), specs.size() * sizeof(specs[0]), cudaMemcpyHostToDevice));
      printf("%-24s", q.name);
      for (int rows : {1, 8, 16, 32, 50, 64}) {
        printf(" %2d:", rows);
        const bool brief = image.hasShort && isShort(specs[0], n);
        for (int c : {1, 2, 4, 8}) {
          if (brief && c > 4) continue;
          float us = timeGraph([&] {
                       for (int i = 0; i < 10; i++) {
                         DeftSample p = {dx, ds, getenv("DEVICE_OUT") ? (DeftDraw*)(dx + 64ll * MAXN) : out, n, n, rows, rows};
                         launch(c, p, brief);
                       }
                     }) *
                     100;
          printf(" %.1f", us);
        }
      }
      printf("\n");
    }
  }
  return bad != 0;
}
