// Sampling, one row a block or a cluster of blocks (compute capability 9 and later): deft_sample_C
// takes any draws, deft_sample_short_C those of sample_short.cuh alone.
#include "deft.cuh"
#include "sample.cuh"
#include "sample_short.cuh"

DEFT_PARAMS(deft_sample_1, DeftSample);
DEFT_PARAMS(deft_sample_2, DeftSample);
DEFT_PARAMS(deft_sample_4, DeftSample);
DEFT_PARAMS(deft_sample_8, DeftSample);
DEFT_PARAMS(deft_sample_short_1, DeftSample);
DEFT_PARAMS(deft_sample_short_2, DeftSample);
DEFT_PARAMS(deft_sample_short_4, DeftSample);

template <int C>
static __device__ __forceinline__ void deftSample(const DeftSample& p) {
  extern __shared__ __align__(16) unsigned char shared[];
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  if (blockIdx.x / C >= p.count) {
    return;
  }
  deft::RowSampler<C> row(p, *reinterpret_cast<typename deft::RowSampler<C>::Shared*>(shared));
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
  row.run();
}

template <int C>
static __device__ __forceinline__ void deftSampleShort(const DeftSample& p) {
  extern __shared__ __align__(16) unsigned char shared[];
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  if (blockIdx.x / C >= p.count) {
    return;
  }
  using Short = deft::ShortSampler<C>;
  Short(p, *reinterpret_cast<typename Short::Shared*>(shared)).run();
}

// Dynamic shared memory that each of them needs.
extern "C" __device__ const int deft_sample_shared = sizeof(deft::RowSampler<1>::Shared);
extern "C" __device__ const int deft_sample_short_shared = sizeof(deft::ShortSampler<4>::Shared);
// Largest top-k of the short ones.
extern "C" __device__ const int deft_sample_short_k = deft::ShortSampler<4>::MOST_K;

extern "C" __global__ void __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_1(const __grid_constant__ DeftSample p) {
  deftSample<1>(p);
}

extern "C" __global__ void __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_short_1(const __grid_constant__ DeftSample p) {
  deftSampleShort<1>(p);
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

extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_short_2(const __grid_constant__ DeftSample p) {
  deftSampleShort<2>(p);
}

extern "C" __global__ void __cluster_dims__(4, 1, 1) __launch_bounds__(DEFT_SAMPLE_THREADS, 2)
    deft_sample_short_4(const __grid_constant__ DeftSample p) {
  deftSampleShort<4>(p);
}
#endif
