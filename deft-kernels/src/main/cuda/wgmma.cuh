// Warpgroup matrix instructions of sm_90a: D[64][N] += A[64][16] B[16][N], A and B in shared memory.
#pragma once
#include "ptx.cuh"

namespace deft {

// Matrix descriptor of a tile in the 128-byte swizzle; strideBytes from one group of eight rows to the
// next, leadingBytes between 128-byte columns (used by tiles that are wider than one).
__device__ __forceinline__ uint64_t matrixDescriptor(uint32_t address, uint32_t strideBytes,
                                                     uint32_t leadingBytes = 16) {
  return static_cast<uint64_t>((address & 0x3ffff) >> 4) |
         static_cast<uint64_t>(leadingBytes >> 4) << 16 | static_cast<uint64_t>(strideBytes >> 4) << 32 |
         1ull << 62;
}

__device__ __forceinline__ void wgmmaFence() { asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory"); }

__device__ __forceinline__ void wgmmaCommit() {
  asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory");
}

template <int N>
__device__ __forceinline__ void wgmmaWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;\n" ::"n"(N) : "memory");
}

// Writes by ordinary stores and asynchronous copies become visible to the matrix unit.
__device__ __forceinline__ void fenceMatrixReads() {
  asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");
}

// Keeps the compiler from moving accumulators across a wait.
template <int N>
__device__ __forceinline__ void pin(float (&d)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) asm volatile("" : "+f"(d[i])::"memory");
}

#define DEFT_D4 "%0,%1,%2,%3"
#define DEFT_D8 DEFT_D4 ",%4,%5,%6,%7"
#define DEFT_D12 DEFT_D8 ",%8,%9,%10,%11"
#define DEFT_D16 DEFT_D12 ",%12,%13,%14,%15"
#define DEFT_D24 DEFT_D16 ",%16,%17,%18,%19,%20,%21,%22,%23"
#define DEFT_D32 DEFT_D24 ",%24,%25,%26,%27,%28,%29,%30,%31"
#define DEFT_D40 DEFT_D32 ",%32,%33,%34,%35,%36,%37,%38,%39"
#define DEFT_D52 DEFT_D40 ",%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51"
#define DEFT_F4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define DEFT_F8(i) DEFT_F4(i), DEFT_F4(i + 4)
#define DEFT_F16(i) DEFT_F8(i), DEFT_F8(i + 8)
#define DEFT_F4_ DEFT_F4(0)
#define DEFT_F8_ DEFT_F8(0)
#define DEFT_F16_ DEFT_F16(0)
#define DEFT_F24_ DEFT_F16(0), DEFT_F8(16)
#define DEFT_F32_ DEFT_F16(0), DEFT_F16(16)
#define DEFT_F40_ DEFT_F32_, DEFT_F8(32)
#define DEFT_F52_ DEFT_F40_, DEFT_F8(40), DEFT_F4(48)

#define DEFT_WGMMA(N, R, A, B, C, E, NAME, TYPE)                                                      \
  template <int TRANS_A, int ADD>                                                                  \
  __device__ __forceinline__ void wgmma##N##NAME(float(&d)[R], uint64_t a, uint64_t b) {           \
    asm volatile("wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." TYPE "." TYPE " {" DEFT_D##R    \
                 "}, %" #A ", %" #B ", %" #E ", 1, 1, %" #C ", 0;\n"                               \
                 : DEFT_F##R##_                                                                    \
                 : "l"(a), "l"(b), "n"(TRANS_A), "n"(ADD));                                                  \
  }
#define DEFT_WGMMA2(N, R, A, B, C, E)             \
  DEFT_WGMMA(N, R, A, B, C, E, Bf16, "bf16")      \
  DEFT_WGMMA(N, R, A, B, C, E, F16, "f16")

DEFT_WGMMA2(8, 4, 4, 5, 6, 7)
DEFT_WGMMA2(16, 8, 8, 9, 10, 11)
DEFT_WGMMA2(32, 16, 16, 17, 18, 19)
DEFT_WGMMA2(48, 24, 24, 25, 26, 27)
DEFT_WGMMA2(64, 32, 32, 33, 34, 35)
DEFT_WGMMA2(80, 40, 40, 41, 42, 43)
DEFT_WGMMA2(104, 52, 52, 53, 54, 55)

// D = A B, or D += A B with ADD; TRANS_A: A lies with its 64 rows contiguous.
template <typename T, int N, int TRANS_A, int ADD>
__device__ __forceinline__ void wgmma(float (&d)[N / 2], uint64_t a, uint64_t b) {
#define DEFT_CASE(M)                                             \
  if constexpr (N == M) {                                        \
    if constexpr (sizeof(T) == 2 && __is_same(T, __nv_bfloat16)) \
      wgmma##M##Bf16<TRANS_A, ADD>(d, a, b);                          \
    else                                                         \
      wgmma##M##F16<TRANS_A, ADD>(d, a, b);                           \
  }
  DEFT_CASE(8)
  DEFT_CASE(16)
  DEFT_CASE(32)
  DEFT_CASE(48)
  DEFT_CASE(64)
  DEFT_CASE(80)
  DEFT_CASE(104)
#undef DEFT_CASE
}

}  // namespace deft
