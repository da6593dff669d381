// Programmatic dependent launch: a kernel that is launched so starts before the one before it has
// ended, and waits itself for what that one wrote. Without compute capability 9 or without such a
// launch these do nothing.
#pragma once

namespace deft {

// Waits until the kernels before this one have ended and what they wrote can be read. Every thread
// that reads or writes device memory calls it first; weights, which no kernel writes, what was written
// before the step's upload, and what is not used may be read before.
__device__ __forceinline__ void waitForPredecessor() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the next kernel start as soon as all thread blocks got here. It still waits for our end.
__device__ __forceinline__ void allowSuccessor() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace deft
