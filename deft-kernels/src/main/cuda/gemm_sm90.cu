// The compiled products by wgmma, for bf16 and fp16, and the table of them. Other architectures than sm_90a get
// kernels that do nothing.
#include "gemm_sm90.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define DEFT_RUN(T, N, MT) deft::WgmmaGemm<T, deft::WgmmaGemmConfig<N, MT>>(p).run()
#else
#define DEFT_RUN(T, N, MT)
#endif

#define DEFT_KERNEL(TYPE, T, N, MT)                                                               \
  extern "C" __global__ void __launch_bounds__((deft::WgmmaGemmConfig<N, MT>::THREADS), 1)        \
      deft_wgmma_##TYPE##_##N##x##MT(const __grid_constant__ DeftWgmma p) {                        \
    DEFT_RUN(T, N, MT);                                                                           \
  }
#define DEFT_KERNELS(N, MT)               \
  DEFT_KERNEL(bf16, __nv_bfloat16, N, MT) \
  DEFT_KERNEL(fp16, __half, N, MT)
DEFT_KERNELS(16, 2)
DEFT_KERNELS(16, 4)
DEFT_KERNELS(32, 2)
DEFT_KERNELS(32, 4)
DEFT_KERNELS(64, 2)
DEFT_KERNELS(64, 4)

#define DEFT_LINE(N, MT)                                                                          \
  {#N "x" #MT, N, (MT) * 64, deft::WgmmaGemmConfig<N, MT>::THREADS,                               \
   deft::WgmmaGemmConfig<N, MT>::SHARED, 0, 0, (MT) > 2, 3, 90},
extern "C" __device__ const DeftGemmKernel deft_wgmma_table[] = {
    DEFT_LINE(16, 2) DEFT_LINE(16, 4) DEFT_LINE(32, 2) DEFT_LINE(32, 4) DEFT_LINE(64, 2)
    DEFT_LINE(64, 4)
    {"", 0, 0, 0, 0, 0, 0, 0, 0, 0}};

// Counters at the start of DeftGemm::part.
extern "C" __device__ const int deft_wgmma_counters = 4 * deft::WgmmaGemmConfig<16, 2>::MOST_TILES;
