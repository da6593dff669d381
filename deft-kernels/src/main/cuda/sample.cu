// Sampling, one row a block or a cluster of 2, 4 or 8 blocks (compute capability 9 and later).
#include "deft.cuh"
#include "sample.cuh"
#include "sample_short.cuh"

DEFT_PARAMS(deft_sample_1, DeftSample);
DEFT_PARAMS(deft_sample_2, DeftSample);
DEFT_PARAMS(deft_sample_4, DeftSample);
DEFT_PARAMS(deft_sample_8, DeftSample);

#ifndef DEFT_SAMPLE_DRY
#define DEFT_SAMPLE_DRY true
#endif

// Not inlined: what is seldom needed should not lie between what is.
template <int C>
static __device__ __noinline__ void drawLong(const DeftSample& p, unsigned char* shared) {
  deft::RowSampler<C> row(p, *reinterpret_cast<typename deft::RowSampler<C>::Shared*>(shared));
  row.run();
}

template <int C>
static __device__ __forceinline__ void deftSample(const DeftSample& p) {
  extern __shared__ __align__(16) unsigned char shared[];
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  if (blockIdx.x / C >= p.count) {
    return;
  }
  using Short = deft::ShortSampler<C, DEFT_SAMPLE_DRY>;
  if (Short(p, *reinterpret_cast<typename Short::Shared*>(shared)).run()) {
    return;
  }
  __syncthreads();
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
  drawLong<C>(p, shared);
}

// Dynamic shared memory that each of them needs.
extern "C" __device__ const int deft_sample_shared = sizeof(deft::RowSampler<1>::Shared);

extern "C" __global__ void __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_1(const __grid_constant__ DeftSample p) {
  deftSample<1>(p);
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_2(const __grid_constant__ DeftSample p) {
  deftSample<2>(p);
}

extern "C" __global__ void __cluster_dims__(4, 1, 1) __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_4(const __grid_constant__ DeftSample p) {
  deftSample<4>(p);
}

extern "C" __global__ void __cluster_dims__(8, 1, 1) __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_8(const __grid_constant__ DeftSample p) {
  deftSample<8>(p);
}
#endif
