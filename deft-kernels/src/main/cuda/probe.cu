// What `deft doctor` runs: a plain read of memory, the upper bound of everything else.
#include "deft.cuh"

struct ReadParams {
  const uint4* data;
  unsigned* out;
  uint64_t count;  // of 16-byte words
};
DEFT_PARAMS(probe_read, ReadParams);

// Reads all words, four loads in flight a thread, and folds them so that none can be left out. The result
// is hardly ever written: thousands of warps that add to one word take longer than some reads.
extern "C" __global__ void __launch_bounds__(512) probe_read(const __grid_constant__ ReadParams p) {
  const uint64_t stride = uint64_t(gridDim.x) * blockDim.x;
  uint64_t i = uint64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  unsigned sum = 0;
  for (; i + 3 * stride < p.count; i += 4 * stride) {
    const uint4 a = __ldcs(p.data + i);
    const uint4 b = __ldcs(p.data + i + stride);
    const uint4 c = __ldcs(p.data + i + 2 * stride);
    const uint4 d = __ldcs(p.data + i + 3 * stride);
    sum ^= a.x ^ a.y ^ a.z ^ a.w ^ b.x ^ b.y ^ b.z ^ b.w;
    sum ^= c.x ^ c.y ^ c.z ^ c.w ^ d.x ^ d.y ^ d.z ^ d.w;
  }
  for (; i < p.count; i += stride) {
    const uint4 a = __ldcs(p.data + i);
    sum ^= a.x ^ a.y ^ a.z ^ a.w;
  }
  sum = __reduce_xor_sync(0xffffffffu, sum);
  if ((threadIdx.x & 31) == 0 && sum == 0x9e3779b9u) atomicXor(p.out, sum);
}
