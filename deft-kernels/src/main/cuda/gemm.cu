// The compiled products: one kernel a line of gemm.list, for bf16 and fp16, and the table of them.
#include "gemm.cuh"

#define DEFT_NAME2(type, name) deft_gemm_##type##_##name
#define DEFT_NAME(type, name) DEFT_NAME2(type, name)

#define GEMM(NAME, MINB, NT, MT, WM, WK, S, BK, SK, SPLIT, BULK)                                  \
  DEFT_KERNEL(bf16, __nv_bfloat16, NAME, MINB, NT, MT, WM, WK, S, BK, SK, SPLIT, BULK)             \
  DEFT_KERNEL_HALF(NAME, MINB, NT, MT, WM, WK, S, BK, SK, SPLIT, BULK)

#ifdef DEFT_GEMM_ONE_TYPE
#define DEFT_KERNEL_HALF(...)
#else
#define DEFT_KERNEL_HALF(...) DEFT_KERNEL(fp16, __half, __VA_ARGS__)
#endif

// Clusters and bulk copies need compute capability 9: elsewhere those kernels are empty, as the
// table says.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define DEFT_CLUSTER(SK, SPLIT) __cluster_dims__((SPLIT) == 1 ? (SK) : 1, 1, 1)
#define DEFT_HERE(SPLIT, BULK) true
#else
#define DEFT_CLUSTER(SK, SPLIT)
#define DEFT_HERE(SPLIT, BULK) ((SPLIT) != 1 && !(BULK))
#endif

#define DEFT_KERNEL(TYPE, T, NAME, MINB, NT, MT, WM, WK, S, BK, SK, SPLIT, BULK)                  \
  extern "C" __global__ void DEFT_CLUSTER(SK, SPLIT) __launch_bounds__((WM) * (WK) * 32, MINB)    \
      DEFT_NAME(TYPE, NAME)(const __grid_constant__ DeftGemm p) {                                 \
    if constexpr (DEFT_HERE(SPLIT, BULK)) {                                                       \
      deft::Gemm<T, deft::GemmConfig<NT, MT, WM, WK, S, BK, SK, SPLIT, BULK>>(p).run();           \
    }                                                                                             \
  }
#ifdef DEFT_GEMM_LIST
#include DEFT_GEMM_LIST
#else
#include "gemm.list"
#endif

extern "C" __global__ void deft_gemm_sum_bf16(const __grid_constant__ DeftGemm p) {
  deft::gemmSum<__nv_bfloat16>(p);
}
extern "C" __global__ void deft_gemm_sum_fp16(const __grid_constant__ DeftGemm p) {
  deft::gemmSum<__half>(p);
}

#undef GEMM
#define DEFT_STRING2(s) #s
#define DEFT_STRING(s) DEFT_STRING2(s)
#define GEMM(NAME, MINB, NT, MT, WM, WK, S, BK, SK, SPLIT, BULK)                                  \
  {DEFT_STRING(NAME),                                                                             \
   (NT) * 8,                                                                                      \
   (WM) * (MT) * 16,                                                                              \
   (WM) * (WK) * 32,                                                                              \
   deft::GemmConfig<NT, MT, WM, WK, S, BK, SK, SPLIT, BULK>::SHARED,                              \
   SK,                                                                                            \
   deft::GemmConfig<NT, MT, WM, WK, S, BK, SK, SPLIT, BULK>::ORDER,                               \
   (SPLIT) != 2,                                                                                  \
   SPLIT,                                                                                         \
   (SPLIT) == 1 || (BULK) ? 90 : 80},
extern "C" __device__ const DeftGemmKernel deft_gemm_table[] = {
#ifdef DEFT_GEMM_LIST
#include DEFT_GEMM_LIST
#else
#include "gemm.list"
#endif
    {"", 0, 0, 0, 0, 0, 0, 0, 0, 0}};
