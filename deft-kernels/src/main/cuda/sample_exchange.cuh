// How blocks of a cluster write to each other's shared memory: by stores that a barrier there counts.
// With one block a row they are plain stores.
#pragma once

#include "ptx.cuh"

namespace deft {

template <int C>
struct SampleExchange {
  // Where the block `rank` has what this one has at `own`.
  static __device__ __forceinline__ uint32_t far(const void* own, int rank) {
    uint32_t a = sharedAddress(own);
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm("mapa.shared::cluster.u32 %0, %0, %1;" : "+r"(a) : "r"(rank));
    }
#endif
    return a;
  }

  // Stores at `offset` of a block's shared memory, and lets the barrier there know.
  static __device__ __forceinline__ void put(uint32_t far, int offset, uint32_t v, int barrier) {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];" ::"r"(
                       far + offset),
                   "r"(v), "r"(far + barrier)
                   : "memory");
      return;
    }
#endif
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(far + offset), "r"(v) : "memory");
  }

  static __device__ __forceinline__ void put(uint32_t far, int offset, uint64_t v, int barrier) {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u64 [%0], %1, [%2];" ::"r"(
                       far + offset),
                   "l"(v), "r"(far + barrier)
                   : "memory");
      return;
    }
#endif
    asm volatile("st.shared.u64 [%0], %1;" ::"r"(far + offset), "l"(v) : "memory");
  }

  // Not atomicAdd: for that the compiler adds up the warp first.
  static __device__ __forceinline__ int add(uint32_t at) {
    int old;
    asm volatile("atom.shared.add.u32 %0, [%1], 1;" : "=r"(old) : "r"(at) : "memory");
    return old;
  }

  static __device__ __forceinline__ int addFar(uint32_t at) {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      int old;
      asm volatile("atom.shared::cluster.add.u32 %0, [%1], 1;" : "=r"(old) : "r"(at) : "memory");
      return old;
    }
#endif
    return add(at);
  }

  // Arrives at a barrier that is to get so many bytes. Nothing but such stores hangs on it, so
  // it need not wait for memory.
  static __device__ __forceinline__ void expect(uint32_t barrier, int bytes) {
#if __CUDA_ARCH__ >= 900
    asm volatile("mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [%0], %1;" ::"r"(
                     barrier),
                 "r"(bytes)
                 : "memory");
#endif
  }

  static __device__ __forceinline__ void await(const uint64_t& barrier, int parity) {
#if __CUDA_ARCH__ >= 900
    mbarrierWait(sharedAddress(&barrier), parity);
#endif
  }

  // By the warp that has prepared what other blocks write to: they see that.
  static __device__ __forceinline__ void arriveReady() {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    }
#endif
  }

  static __device__ __forceinline__ void arriveAll() {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
    }
#endif
  }

  static __device__ __forceinline__ void awaitAll() {
#if __CUDA_ARCH__ >= 900
    if (C > 1) {
      asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
    }
#endif
  }
};

}  // namespace deft
