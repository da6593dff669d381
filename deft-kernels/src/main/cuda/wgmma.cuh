// Warpgroup matrix instructions of sm_90a: D[64][N] += A[64][16] B[16][N], A and B in shared memory.
#pragma once
#include "ptx.cuh"

namespace deft {

// Lower word of the matrix descriptor of a tile in the 128-byte swizzle, whose groups of eight rows are 1024
// bytes apart; leadingBytes between 128-byte columns (used by tiles that are wider than one). Bytes further
// on are `+ bytes / 16`.
__device__ __forceinline__ uint32_t matrixPlace(uint32_t address, uint32_t leadingBytes = 16) {
  return (address & 0x3ffff) >> 4 | (leadingBytes >> 4) << 16;
}

__device__ __forceinline__ uint64_t matrixDescriptor(uint32_t place) {
  return static_cast<uint64_t>(1024 >> 4 | 1u << 30) << 32 | place;
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
#define DEFT_D16 DEFT_D8 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define DEFT_D32                                                              \
  DEFT_D16 ",%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define DEFT_D64                                                              \
  DEFT_D32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47" \
           ",%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define DEFT_O4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define DEFT_O8(i) DEFT_O4(i), DEFT_O4(i + 4)
#define DEFT_O16(i) DEFT_O8(i), DEFT_O8(i + 8)
#define DEFT_OUT4 DEFT_O4(0)
#define DEFT_OUT8 DEFT_O8(0)
#define DEFT_OUT16 DEFT_O16(0)
#define DEFT_OUT32 DEFT_O16(0), DEFT_O16(16)
#define DEFT_OUT64 DEFT_OUT32, DEFT_O16(32), DEFT_O16(48)

// Keeps operands in registers until here.
template <int N>
__device__ __forceinline__ void hold(const uint32_t (&a)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) asm volatile("" ::"r"(a[i]) : "memory");
}

// R registers of results for N columns; operands A.. are those after them.
#define DEFT_WGMMA(N, R, A, B, C, E, NAME, TYPE)                                                   \
  template <int TRANS_A, int ADD>                                                                  \
  __device__ __forceinline__ void wgmma##N##NAME(float(&d)[R], uint64_t a, uint64_t b) {           \
    asm volatile("wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." TYPE "." TYPE " {" DEFT_D##R    \
                 "}, %" #A ", %" #B ", %" #E ", 1, 1, %" #C ", 0;\n"                               \
                 : DEFT_OUT##R                                                                     \
                 : "l"(a), "l"(b), "n"(TRANS_A), "n"(ADD));                                        \
  }
#define DEFT_WGMMA2(N, R, A, B, C, E)        \
  DEFT_WGMMA(N, R, A, B, C, E, Bf16, "bf16") \
  DEFT_WGMMA(N, R, A, B, C, E, F16, "f16")

DEFT_WGMMA2(8, 4, 4, 5, 6, 7)
DEFT_WGMMA2(16, 8, 8, 9, 10, 11)
DEFT_WGMMA2(32, 16, 16, 17, 18, 19)
DEFT_WGMMA2(64, 32, 32, 33, 34, 35)

// D = A B, or D += A B with ADD; TRANS_A: A lies with its 64 rows contiguous.
template <typename T, int N, int TRANS_A, int ADD>
__device__ __forceinline__ void wgmma(float (&d)[N / 2], uint64_t a, uint64_t b) {
#define DEFT_CASE(M)                         \
  if constexpr (N == M) {                    \
    if constexpr (__is_same(T, __half))      \
      wgmma##M##F16<TRANS_A, ADD>(d, a, b);  \
    else                                     \
      wgmma##M##Bf16<TRANS_A, ADD>(d, a, b); \
  }
  DEFT_CASE(8)
  DEFT_CASE(16)
  DEFT_CASE(32)
  DEFT_CASE(64)
#undef DEFT_CASE
}

#define DEFT_WGMMA_ROWS(N, R, A, B, C, E, G, H, I, NAME, TYPE)                                       \
  template <int TRANS_B, int ADD>                                                                    \
  __device__ __forceinline__ void wgmmaRows##N##NAME(float(&d)[R], const uint32_t* a, uint64_t b) { \
    asm volatile("wgmma.mma_async.sync.aligned.m64n" #N "k16.f32." TYPE "." TYPE " {" DEFT_D##R      \
                 "}, {%" #A ", %" #B ", %" #C ", %" #E "}, %" #G ", %" #H ", 1, 1, %" #I ";\n"       \
                 : DEFT_OUT##R                                                                       \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(ADD), "n"(TRANS_B));      \
  }
DEFT_WGMMA_ROWS(64, 32, 32, 33, 34, 35, 36, 37, 38, Bf16, "bf16")
DEFT_WGMMA_ROWS(64, 32, 32, 33, 34, 35, 36, 37, 38, F16, "f16")
DEFT_WGMMA_ROWS(128, 64, 64, 65, 66, 67, 68, 69, 70, Bf16, "bf16")
DEFT_WGMMA_ROWS(128, 64, 64, 65, 66, 67, 68, 69, 70, F16, "f16")

// D = A B, or D += A B with ADD; A's 64 rows in registers. TRANS_B: B lies with its N columns contiguous.
template <typename T, int N, int TRANS_B, int ADD>
__device__ __forceinline__ void wgmmaRows(float (&d)[N / 2], const uint32_t* a, uint64_t b) {
  if constexpr (N == 64 && __is_same(T, __half)) wgmmaRows64F16<TRANS_B, ADD>(d, a, b);
  if constexpr (N == 64 && !__is_same(T, __half)) wgmmaRows64Bf16<TRANS_B, ADD>(d, a, b);
  if constexpr (N == 128 && __is_same(T, __half)) wgmmaRows128F16<TRANS_B, ADD>(d, a, b);
  if constexpr (N == 128 && !__is_same(T, __half)) wgmmaRows128Bf16<TRANS_B, ADD>(d, a, b);
}

}  // namespace deft
