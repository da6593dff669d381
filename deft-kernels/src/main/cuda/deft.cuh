// What every kernel source shares. Kernels take one struct by value; see ParamBlock.java.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

// Exports the size of a kernel's struct as NAME_params, which the host checks at each launch.
#define DEFT_PARAMS(name, type) extern "C" __device__ unsigned name##_params = sizeof(type)

namespace deft {

// How values are stored; as DType.java and KvType.java number them.
enum Type : int { F32 = 0, F16 = 1, BF16 = 2, Q8_0 = 3 };

// IEEE binary16 has few large values: what is past them becomes the nearest finite one.
__device__ __forceinline__ __half to_half(float x) {
  return __float2half_rn(fabsf(x) > 65504.f && !isinf(x) && !isnan(x) ? copysignf(65504.f, x) : x);
}

template <typename T>
struct As;
template <>
struct As<float> {
  static __device__ __forceinline__ float get(float x) { return x; }
  static __device__ __forceinline__ float put(float x) { return x; }
};
template <>
struct As<__half> {
  static __device__ __forceinline__ float get(__half x) { return __half2float(x); }
  static __device__ __forceinline__ __half put(float x) { return to_half(x); }
};
template <>
struct As<__nv_bfloat16> {
  static __device__ __forceinline__ float get(__nv_bfloat16 x) { return __bfloat162float(x); }
  static __device__ __forceinline__ __nv_bfloat16 put(float x) { return __float2bfloat16_rn(x); }
};

// Four neighbouring values, aligned to four.
template <typename T>
struct alignas(4 * sizeof(T)) Four {
  T v[4];
};

template <typename T>
__device__ __forceinline__ float4 load4(const T* p) {
  const Four<T> f = *reinterpret_cast<const Four<T>*>(p);
  return make_float4(As<T>::get(f.v[0]), As<T>::get(f.v[1]), As<T>::get(f.v[2]), As<T>::get(f.v[3]));
}

template <typename T>
__device__ __forceinline__ void store4(T* p, float4 x) {
  Four<T> f;
  f.v[0] = As<T>::put(x.x);
  f.v[1] = As<T>::put(x.y);
  f.v[2] = As<T>::put(x.z);
  f.v[3] = As<T>::put(x.w);
  *reinterpret_cast<Four<T>*>(p) = f;
}

// silu(gate) * up. A correctly rounded division would take 40 instructions more, this one is good to 2 ulp; a gate
// below -87 gives zero either way.
__device__ __forceinline__ float gated(float gate, float up) {
  return __fdividef(gate, 1.f + __expf(-gate)) * up;
}

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) x += __shfl_xor_sync(0xffffffffu, x, d);
  return x;
}

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, d));
  return x;
}

// Sum over the block, in the same order whatever the grid; every thread gets it.
__device__ __forceinline__ float block_sum(float x, float* shared) {
  x = warp_sum(x);
  const int warps = blockDim.x >> 5;
  if ((threadIdx.x & 31) == 0) shared[threadIdx.x >> 5] = x;
  __syncthreads();
  x = (threadIdx.x & 31) < warps ? shared[threadIdx.x & 31] : 0.f;
  x = warp_sum(x);
  __syncthreads();
  return x;
}

__device__ __forceinline__ float block_max(float x, float* shared) {
  x = warp_max(x);
  const int warps = blockDim.x >> 5;
  if ((threadIdx.x & 31) == 0) shared[threadIdx.x >> 5] = x;
  __syncthreads();
  x = (threadIdx.x & 31) < warps ? shared[threadIdx.x & 31] : -INFINITY;
  x = warp_max(x);
  __syncthreads();
  return x;
}

// Runs the statements with T as the type that t names (Q8_0 aside).
#define DEFT_BY_TYPE(t, T, ...)              \
  switch (t) {                               \
    case deft::F16: {                        \
      using T = __half;                      \
      __VA_ARGS__;                           \
    } break;                                 \
    case deft::BF16: {                       \
      using T = __nv_bfloat16;               \
      __VA_ARGS__;                           \
    } break;                                 \
    default: {                               \
      using T = float;                       \
      __VA_ARGS__;                           \
    } break;                                 \
  }

}  // namespace deft
