// Tree attention: entry points. Only the image for sm_90a has bodies of the sm90 kernels.
#include "attention_combine.cuh"
#include "attention_mma.cuh"
#include "attention_sm90.cuh"
#include "deft.cuh"

using deft::AttentionParams;

// What the host lays out; it checks the sizes.
extern "C" __device__ int attention_item_bytes = sizeof(deft::AttentionItem);
extern "C" __device__ int attention_tile_bytes = sizeof(deft::AttentionTile);
extern "C" __device__ int attention_run_bytes = sizeof(deft::AttentionRun);
extern "C" __device__ int attention_range_bytes = sizeof(deft::AttentionRange);
// Dynamic shared memory of the kernels, by head dim.
extern "C" __device__ int attention_sm90_shared_64 = deft::sm90::sharedBytes<64>();
extern "C" __device__ int attention_sm90_shared_128 = deft::sm90::sharedBytes<128>();
extern "C" __device__ int attention_mma_shared_64 = deft::portable::sharedBytes<64>();
extern "C" __device__ int attention_mma_shared_128 = deft::portable::sharedBytes<128>();

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define DEFT_SM90(T, D, MASKED) deft::sm90::attention<T, D, MASKED>(p)
#else
#define DEFT_SM90(T, D, MASKED)
#endif

#define DEFT_SM90_KERNEL(NAME, T, D, MASKED)                               \
  DEFT_PARAMS(NAME, AttentionParams);                                      \
  extern "C" __global__ void __launch_bounds__(deft::sm90::THREADS, 1)     \
      NAME(const __grid_constant__ AttentionParams p) {                    \
    DEFT_SM90(T, D, MASKED);                                               \
  }

#define DEFT_ATTENTION(NAME, T, D)                                            \
  DEFT_SM90_KERNEL(attention_sm90_##NAME##_##D, T, D, false)                  \
  DEFT_SM90_KERNEL(attention_sm90_mask_##NAME##_##D, T, D, true)              \
  DEFT_PARAMS(attention_mma_##NAME##_##D, AttentionParams);                   \
  extern "C" __global__ void __launch_bounds__(128)                           \
      attention_mma_##NAME##_##D(const __grid_constant__ AttentionParams p) { \
    deft::portable::attention<T, D>(p);                                       \
  }

DEFT_ATTENTION(bf16, __nv_bfloat16, 128)
DEFT_ATTENTION(f16, __half, 128)
DEFT_ATTENTION(bf16, __nv_bfloat16, 64)
DEFT_ATTENTION(f16, __half, 64)

// Stage 2 on its own, for the portable kernels.
DEFT_PARAMS(attention_combine_64, AttentionParams);
DEFT_PARAMS(attention_combine_128, AttentionParams);

extern "C" __global__ void __launch_bounds__(128)
    attention_combine_64(const __grid_constant__ AttentionParams p) {
  deft::combine<64>(p);
}

extern "C" __global__ void __launch_bounds__(128)
    attention_combine_128(const __grid_constant__ AttentionParams p) {
  deft::combine<128>(p);
}
