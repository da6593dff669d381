// Checks every kernel of gemm.list against float64 and times it beside cuBLAS, inside CUDA graphs
// over weights that do not fit the L2 cache. Usage: gemm_bench check|time|all [pdl]
#include <dlfcn.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#ifndef DEFT_GEMM_LIST
#define DEFT_GEMM_LIST "../../main/cuda/gemm.list"
#endif
#include "../../main/cuda/gemm.cu"

#define CK(e)                                                                              \
  do {                                                                                     \
    cudaError_t r_ = (e);                                                                  \
    if (r_ != cudaSuccess) {                                                               \
      printf("%s:%d %s\n", __FILE__, __LINE__, cudaGetErrorString(r_));                    \
      exit(1);                                                                             \
    }                                                                                      \
  } while (0)

struct Kernel {
  DeftGemmKernel d;
  const void* f[2];
  int perSm = 0;
};
#undef GEMM
#ifdef DEFT_GEMM_ONE_TYPE
#define FP16(NAME) nullptr
#else
#define FP16(NAME) (const void*)DEFT_NAME(fp16, NAME)
#endif
#define GEMM(NAME, MINB, NT, MT, WM, WK, S, BK, SK, SPLIT, BULK)                              \
  {{DEFT_STRING(NAME), (NT) * 8, (WM) * (MT) * 16, (WM) * (WK) * 32,                          \
    deft::GemmConfig<NT, MT, WM, WK, S, BK, SK, SPLIT, BULK>::SHARED, SK,                     \
    deft::GemmConfig<NT, MT, WM, WK, S, BK, SK, SPLIT, BULK>::ORDER,                          \
    (SPLIT) != 2, SPLIT, (SPLIT) == 1 || (BULK) ? 90 : 80},                                                    \
   {(const void*)DEFT_NAME(bf16, NAME), FP16(NAME)}},
static std::vector<Kernel> kernels = {
#include DEFT_GEMM_LIST
};

static int sms;
static cudaStream_t st;
static float* partials;
static bool pdl = false;

__device__ uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}
// Nearly normal numbers of the given deviation.
template <typename T>
__global__ void fill(T* q, int64_t n, float dev, uint64_t seed) {
  for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; i < n;
       i += (int64_t)gridDim.x * blockDim.x) {
    uint64_t h = mix(i * 0x9E3779B97F4A7C15ull + seed);
    float v = 0;
    for (int j = 0; j < 4; j++) v += ((h >> (16 * j)) & 0xFFFF) * (1.0f / 65536) - 0.5f;
    q[i] = (T)(v * 1.7320508f * dev);
  }
}
template <typename T>
__global__ void reference(const T* w, const T* x, double* y, int n, int k, int64_t ldx, int rows) {
  const int64_t i = (blockIdx.x * (int64_t)blockDim.x + threadIdx.x) / 32;
  if (i >= (int64_t)n * rows) return;
  const T *a = w + (i % n) * (int64_t)k, *b = x + (i / n) * ldx;
  double s = 0;
  for (int j = threadIdx.x % 32; j < k; j += 32) s += (double)(float)a[j] * (double)(float)b[j];
  for (int o = 16; o; o /= 2) s += __shfl_xor_sync(~0u, s, o);
  if (threadIdx.x % 32 == 0) y[i] = s;
}
// Plain read of everything: the ceiling.
__global__ void __launch_bounds__(512) readAll(const uint4* q, int64_t n, uint32_t* out) {
  uint32_t s = 0;
  int64_t i = blockIdx.x * 512ll + threadIdx.x, step = gridDim.x * 512ll;
  for (; i + 7 * step < n; i += 8 * step) {
    uint4 v[8];
#pragma unroll
    for (int j = 0; j < 8; j++) v[j] = __ldcs(q + i + j * step);
#pragma unroll
    for (int j = 0; j < 8; j++) s ^= v[j].x ^ v[j].y ^ v[j].z ^ v[j].w;
  }
  for (; i < n; i += step) s ^= __ldcs(q + i).x;
  if (s == 0x12345678) *out = s;
}

static void launch(const Kernel& k, int type, const DeftGemm& p0, int whole) {
  DeftGemm p = p0;
  const int outputs = p.mode & DEFT_GEMM_SWIGLU ? k.d.tile / 2 : k.d.tile;
  const int tiles = (p.n + outputs - 1) / outputs;
  const int a = whole == 1 ? tiles : std::max(1, (whole ? 1 : k.perSm) * sms / k.d.cluster);
  const int units = std::min(tiles, a);
  p.part = partials;
  p.parts = k.d.cluster;
  p.early = pdl;
  cudaLaunchConfig_t c = {};
  c.gridDim = units * k.d.cluster;
  c.blockDim = k.d.threads;
  c.dynamicSmemBytes = k.d.shared;
  c.stream = st;
  cudaLaunchAttribute at[1];
  at[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  at[0].val.programmaticStreamSerializationAllowed = 1;
  c.attrs = at;
  c.numAttrs = pdl ? 1 : 0;
  void* args[] = {&p};
  CK(cudaLaunchKernelExC(&c, k.f[type], args));
  if (k.d.split == 2) {
    c.gridDim = (unsigned)(((int64_t)p.rows * p.n + 255) / 256);
    c.blockDim = 256;
    c.dynamicSmemBytes = 0;
    CK(cudaLaunchKernelExC(
        &c, type ? (const void*)deft_gemm_sum_fp16 : (const void*)deft_gemm_sum_bf16, args));
  }
}

// cuBLAS by name, so that nothing need be linked.
static struct {
  void* h = nullptr;
  int (*gemm)(void*, int, int, int, int, int, const void*, const void*, int, int, const void*, int,
              int, const void*, void*, int, int, int, int);
} blas;
static void openBlas() {
  const char* names[] = {getenv("CUBLAS"), "libcublas.so.13", "libcublas.so.12", "libcublas.so"};
  void* lib = nullptr;
  for (const char* n : names)
    if (n && !lib) lib = dlopen(n, RTLD_NOW | RTLD_GLOBAL);
  if (!lib) {
    printf("no cuBLAS: %s\n", dlerror());
    return;
  }
  auto create = (int (*)(void**))dlsym(lib, "cublasCreate_v2");
  auto setStream = (int (*)(void*, cudaStream_t))dlsym(lib, "cublasSetStream_v2");
  auto setSpace = (int (*)(void*, void*, size_t))dlsym(lib, "cublasSetWorkspace_v2");
  blas.gemm = (decltype(blas.gemm))dlsym(lib, "cublasGemmEx");
  void* ws;
  CK(cudaMalloc(&ws, 64 << 20));
  if (create(&blas.h) || setStream(blas.h, st) || setSpace(blas.h, ws, 64 << 20)) blas.h = nullptr;
}
static void cublas(int type, const DeftGemm& p) {
  const float one = 1, beta = p.mode & DEFT_GEMM_ADD ? 1 : 0;
  const int t = type ? 2 : 14, n = p.mode & DEFT_GEMM_SWIGLU ? 2 * p.n : p.n;
  const int r = blas.gemm(blas.h, 1, 0, n, p.rows, p.k, &one, p.w, t, (int)p.ldw, p.x, t,
                          (int)p.ldx, &beta, p.y, p.mode & DEFT_GEMM_FLOAT ? 0 : t, n, 68, -1);
  if (r) printf("cublas status %d\n", r);
}

static float timeGraph(const std::function<void()>& enqueue, int replays = 7) {
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
  for (int i = 0; i < replays + 2; i++) {
    CK(cudaEventRecord(a, st));
    CK(cudaGraphLaunch(e, st));
    CK(cudaEventRecord(b, st));
    CK(cudaStreamSynchronize(st));
    float t;
    CK(cudaEventElapsedTime(&t, a, b));
    if (i >= 2) ms.push_back(t);
  }
  cudaEventDestroy(a);
  cudaEventDestroy(b);
  cudaGraphExecDestroy(e);
  cudaGraphDestroy(g);
  std::sort(ms.begin(), ms.end());
  return ms[ms.size() / 2];
}

// ---- checks ----

template <typename T>
static int check(int type, bool all) {
  struct Shape {
    int n, k;
  };
  std::vector<Shape> shapes = {{17, 8},      {4096, 4096}, {1000, 264}, {130, 2056}, {65, 200},
                               {333, 14344}, {32, 64},     {4099, 1032}};
  if (all) shapes.insert(shapes.end(), {{6144, 4096}, {4096, 14336}, {28672, 4096}, {32003, 4096}});
  int bad = 0, runs = 0;
  double worst = 0;
  for (Shape s : shapes) {
    const int64_t ldx = s.k + 8, ldy = s.n + 3;
    T *w, *x;
    float *y, *z;
    double* ref;
    const int maxRows = 64;
    CK(cudaMalloc(&w, (int64_t)s.n * 2 * s.k * 2));
    CK(cudaMalloc(&x, maxRows * ldx * 2));
    CK(cudaMalloc(&y, maxRows * ldy * 4));
    CK(cudaMalloc(&z, maxRows * ldy * 4));
    CK(cudaMalloc(&ref, (int64_t)maxRows * s.n * 2 * 8));
    fill<T><<<1024, 256, 0, st>>>(w, (int64_t)s.n * 2 * s.k, 1 / sqrtf(s.k), 11 + s.n);
    fill<T><<<256, 256, 0, st>>>(x, maxRows * ldx, 1.0f, 77 + s.k);
    fill<float><<<256, 256, 0, st>>>(z, maxRows * ldy, 1.0f, 5);
    reference<T><<<(unsigned)(((int64_t)s.n * 2 * maxRows + 7) / 8), 256, 0, st>>>(
        w, x, ref, s.n * 2, s.k, ldx, maxRows);
    std::vector<double> r((size_t)maxRows * s.n * 2);
    CK(cudaMemcpyAsync(r.data(), ref, r.size() * 8, cudaMemcpyDeviceToHost, st));
    CK(cudaStreamSynchronize(st));
    std::vector<float> h(maxRows * ldy), z0(maxRows * ldy);
    CK(cudaMemcpy(z0.data(), z, h.size() * 4, cudaMemcpyDeviceToHost));
    std::map<std::pair<int, int>, std::vector<float>> bits;  // (order, row) -> outputs
    for (Kernel& k : kernels) {
      if (!k.f[type] || !k.perSm) continue;
      std::set<int> counts = {1, k.d.rows, k.d.rows == 8 ? 3 : k.d.rows - 7 + k.d.rows / 16};
      for (int rows : counts) {
        for (int mode : {+DEFT_GEMM_FLOAT, +DEFT_GEMM_HALF, DEFT_GEMM_FLOAT | DEFT_GEMM_ADD,
                         +DEFT_GEMM_SWIGLU, DEFT_GEMM_SWIGLU | DEFT_GEMM_FLOAT}) {
          if ((mode & DEFT_GEMM_SWIGLU) && !k.d.swiglu) continue;
          if (s.n > 5000 && (mode == DEFT_GEMM_HALF || rows == 1)) continue;
          CK(cudaMemsetAsync(y, 0xFF, h.size() * 4, st));
          if (mode & DEFT_GEMM_ADD)
            CK(cudaMemcpyAsync(y, z, h.size() * 4, cudaMemcpyDeviceToDevice, st));
          DeftGemm p = {w, x, y, nullptr, s.k, ldx, ldy, s.n, s.k, rows, mode, 0, 0};
          launch(k, type, p, runs % 2);
          CK(cudaMemcpyAsync(h.data(), y, h.size() * 4, cudaMemcpyDeviceToHost, st));
          cudaError_t err = cudaStreamSynchronize(st);
          if (err != cudaSuccess) {
            printf("%s %s n=%d k=%d rows=%d mode=%d\n", cudaGetErrorString(err), k.d.name, s.n, s.k,
                   rows, mode);
            exit(1);
          }
          double e2 = 0, n2 = 0;
          bool nan = false;
          for (int i = 0; i < rows; i++) {
            for (int j = 0; j < s.n; j++) {
              double want = r[(size_t)i * s.n * 2 + j];
              if (mode & DEFT_GEMM_SWIGLU)
                want = want / (1 + exp(-want)) * r[(size_t)i * s.n * 2 + s.n + j];
              if (mode & DEFT_GEMM_ADD) want += z0[i * ldy + j];
              double got;
              if (mode & DEFT_GEMM_FLOAT) {
                got = h[i * ldy + j];
              } else {
                got = (double)(float)reinterpret_cast<T*>(h.data())[i * ldy + j];
              }
              nan |= std::isnan(got);
              e2 += (got - want) * (got - want);
              n2 += want * want;
            }
          }
          // Nothing may be written past the last row or column.
          bool stray = false;
          if (mode == DEFT_GEMM_FLOAT) {
            for (int i = 0; i < maxRows; i++)
              for (int j = i < rows ? s.n : 0; j < ldy; j++) {
                uint32_t u;
                memcpy(&u, &h[i * ldy + j], 4);
                stray |= u != 0xFFFFFFFF;
              }
            for (int i : {0, 2, rows - 1}) {
              if (i >= rows) continue;
              std::vector<float> row(h.begin() + i * ldy, h.begin() + i * ldy + s.n);
              auto& b = bits[{k.d.order, i}];
              if (b.empty()) b = row;
              if (memcmp(b.data(), row.data(), row.size() * 4)) {
                printf("BITS differ: %s n=%d k=%d rows=%d row %d\n", k.d.name, s.n, s.k, rows, i);
                bad++;
              }
            }
          }
          const double err2 = std::sqrt(e2 / n2);
          const double limit = mode & DEFT_GEMM_FLOAT ? 5e-5 : type ? 4e-4 : 3e-3;
          runs++;
          if (mode & DEFT_GEMM_FLOAT) worst = std::max(worst, err2);
          if (nan || stray || !(err2 < limit)) {
            if (bad++ < 40)
              printf("BAD %s %s n=%d k=%d rows=%d mode=%d error %.2e%s%s\n", type ? "fp16" : "bf16",
                     k.d.name, s.n, s.k, rows, mode, err2, nan ? " NaN" : "",
                     stray ? " stray" : "");
          }
        }
      }
    }
    cudaFree(w);
    cudaFree(x);
    cudaFree(y);
    cudaFree(z);
    cudaFree(ref);
  }
  printf("check %s: %d runs, %d bad, worst float32 error %.2e\n", type ? "fp16" : "bf16", runs, bad,
         worst);
  return bad;
}

// ---- timings ----

struct Shape {
  const char* name;
  int n, k, mode, perStep;
};
static const Shape llama[] = {{"qkv", 6144, 4096, DEFT_GEMM_HALF, 32},
                              {"o", 4096, 4096, DEFT_GEMM_FLOAT | DEFT_GEMM_ADD, 32},
                              {"gate_up", 14336, 4096, DEFT_GEMM_SWIGLU, 32},
                              {"down", 4096, 14336, DEFT_GEMM_FLOAT | DEFT_GEMM_ADD, 32},
                              {"lm_head", 128256, 4096, DEFT_GEMM_FLOAT, 1}};

static void timings(FILE* csv) {
  const int64_t pool = 8192ll << 20;  // elements of 2 bytes: 16 GB
  __nv_bfloat16 *w, *x;
  float* y;
  CK(cudaMalloc(&w, pool * 2));
  CK(cudaMalloc(&x, 64 * 14336 * 2));
  CK(cudaMalloc(&y, 64ll * 128256 * 4));
  fill<<<4096, 256, 0, st>>>(w, pool, 0.02f, 1);
  fill<<<256, 256, 0, st>>>(x, 64 * 14336, 1.0f, 2);
  uint32_t* sink = (uint32_t*)y;
  float ms = timeGraph([&] { readAll<<<sms * 4, 512, 0, st>>>((uint4*)w, pool / 8, sink); });
  const double peak = pool * 2 / ms / 1e9;
  printf("plain read of 16 GB: %.3f TB/s\n", peak);
  const char* only = getenv("ROWS");
  std::vector<int> rowCounts = {1, 8, 16, 32, 50, 64};
  if (only) {
    rowCounts.clear();
    for (const char* q = only; *q;) {
      rowCounts.push_back(strtol(q, const_cast<char**>(&q), 10));
      if (*q == ',') q++;
    }
  }
  for (int rows : rowCounts) {
    std::vector<std::function<void(const DeftGemm&)>> best(5), bestPdl(5);
    for (int si = 0; si < 5; si++) {
      const Shape& s = llama[si];
      const int64_t elems = (int64_t)s.n * s.k * (s.mode & DEFT_GEMM_SWIGLU ? 2 : 1);
      const double mb = elems * 2 / 1e6;
      const int nodes = (int)std::min<int64_t>(pool / elems, std::max(6.0, std::min(24.0, 900 / mb)));
      auto all = [&](const std::function<void(const DeftGemm&)>& f) {
        for (int i = 0; i < nodes; i++) {
          DeftGemm p = {w + i * elems, x, y, nullptr, s.k, s.k, s.n, s.n, s.k, rows, s.mode, 0, 0};
          f(p);
        }
      };
      const float floor = mb * 1e6 / (peak * 1e12) * 1e6;
      float blasUs = 0;
      if (blas.h) blasUs = timeGraph([&] { all([&](const DeftGemm& p) { cublas(0, p); }); }) * 1e3 / nodes;
      struct Res {
        float us;
        const char* name;
        int whole, pdl;
      };
      std::vector<Res> res;
      for (Kernel& k : kernels) {
        if (!k.perSm || k.d.rows < rows || k.d.rows > std::max(8, rows * 2 - 2) ||
            ((s.mode & DEFT_GEMM_SWIGLU) && !k.d.swiglu))
          continue;
        const int outputs = s.mode & DEFT_GEMM_SWIGLU ? k.d.tile / 2 : k.d.tile;
        const bool fits = (s.n + outputs - 1) / outputs * k.d.cluster <= k.perSm * sms;
        for (int whole = fits; whole < (k.perSm > 1 ? 3 : 2); whole++)
          for (int q = 0; q < 2; q++) {
            pdl = q;
            Res r = {0, k.d.name, whole, q};
            r.us = timeGraph([&] { all([&](const DeftGemm& p) { launch(k, 0, p, whole); }); }) * 1e3 /
                   nodes;
            pdl = false;
            res.push_back(r);
            fprintf(csv, "%d,%s,%s,%d,%d,%.3f,%.3f,%.3f\n", rows, s.name, k.d.name, whole, q, r.us,
                    blasUs, floor);
            auto f = [&k, whole](const DeftGemm& p) { launch(k, 0, p, whole); };
            bool top = true;
            for (Res& o : res) top &= o.pdl != q || o.us >= r.us;
            if (top) (q ? bestPdl : best)[si] = f;
          }
      }
      std::sort(res.begin(), res.end(), [](const Res& a, const Res& b) { return a.us < b.us; });
      printf("%2d rows %-8s floor %6.2f  cublas %6.2f (%2.0f%%)", rows, s.name, floor, blasUs,
             100 * floor / blasUs);
      for (int q = 0; q < 2; q++) {
        int shown = 0;
        printf("\n     %s:", q ? "PDL  " : "plain");
        for (Res& r : res)
          if (r.pdl == q && shown++ < 4)
            printf("  %s%s %.2f (%.0f%%)", r.name, r.whole == 1 ? "" : r.whole ? "'" : "*", r.us, 100 * floor / r.us);
      }
      printf("\n");
    }
    // All products of a step, each with its own weights.
    auto step = [&](const std::vector<std::function<void(const DeftGemm&)>>& f) {
      int64_t at = 0;
      for (int layer = 0; layer < 33; layer++)
        for (int si = 0; si < 5; si++) {
          if (layer == 32 ? si != 4 : si == 4) continue;
          const Shape& s = llama[si];
          DeftGemm p = {w + at, x, y, nullptr, s.k, s.k, s.n, s.n, s.k, rows, s.mode, 0, 0};
          at += (int64_t)s.n * s.k * (s.mode & DEFT_GEMM_SWIGLU ? 2 : 1);
          f[si](p);
        }
    };
    float b = 0;
    if (blas.h) {
      std::vector<std::function<void(const DeftGemm&)>> f(5, [](const DeftGemm& p) { cublas(0, p); });
      b = timeGraph([&] { step(f); });
    }
    bool have = true;
    for (auto& f : best) have &= (bool)f;
    if (!have) continue;
    const float own = timeGraph([&] { step(best); });
    pdl = true;
    const float ownPdl = timeGraph([&] { step(bestPdl); });
    pdl = false;
    printf("== %2d rows, all products of a step: cublas %.3f ms, own %.3f, own with PDL %.3f, floor %.3f\n",
           rows, b, own, ownPdl, 7504658432.0 * 2 / (peak * 1e12) * 1e3);
    fprintf(csv, "%d,step,,0,0,%.3f,%.3f,%.3f\n", rows, own, b, ownPdl);
    fflush(stdout);
  }
  cudaFree(w);
}


int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "all";
  setvbuf(stdout, nullptr, _IOLBF, 0);
  cudaDeviceProp prop;
  CK(cudaGetDeviceProperties(&prop, 0));
  sms = prop.multiProcessorCount;
  printf("%s, %d SMs, L2 %d MB\n", prop.name, sms, prop.l2CacheSize >> 20);
  CK(cudaStreamCreate(&st));
  CK(cudaMalloc(&partials, 8ll * 64 * 131072 * 4));
  for (Kernel& k : kernels) {
    for (int t = 0; t < 2; t++) {
      if (!k.f[t] || k.d.shared > (int)prop.sharedMemPerBlockOptin) continue;
      CK(cudaFuncSetAttribute(k.f[t], cudaFuncAttributeMaxDynamicSharedMemorySize, k.d.shared));
      CK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&k.perSm, k.f[t], k.d.threads, k.d.shared));
    }
    if (getenv("VERBOSE")) printf("%-28s shared %6d, %d a SM\n", k.d.name, k.d.shared, k.perSm);
  }
  openBlas();
  int bad = 0;
  if (what != "time") {
    bad += check<__nv_bfloat16>(0, what != "small");
#ifndef DEFT_GEMM_ONE_TYPE
    bad += check<__half>(1, what != "small");
#endif
  }
  if (what == "time" || what == "all") {
    FILE* csv = fopen(getenv("CSV") ? getenv("CSV") : "gemm.csv", "w");
    timings(csv);
    fclose(csv);
  }
  return bad != 0;
}
