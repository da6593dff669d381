package org.deft4j.kernels.cuda;

import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** One kernel of a {@link CudaModule}. */
final class CudaKernel {
  private final CudaDevice device;
  private final FunctionHandle function;
  private final String name;
  private final int paramBytes;

  CudaKernel(CudaDevice device, FunctionHandle function, String name, int paramBytes) {
    this.device = device;
    this.function = function;
    this.name = name;
    this.paramBytes = paramBytes;
  }

  /** Its name in the image. */
  String name() {
    return name;
  }

  /** The size of its struct of parameters, -1 if the image does not tell. */
  int paramBytes() {
    return paramBytes;
  }

  /** Allows up to this much dynamic shared memory a block; needed above 48 KiB. */
  CudaKernel maxDynamicShared(int bytes) {
    return set(CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes);
  }

  /** Prefers this share of the SM's fast memory as shared memory, in percent. */
  CudaKernel sharedCarveout(int percent) {
    return set(CUfunction_attribute.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, percent);
  }

  /** Registers a thread. */
  int registers() {
    return get(CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS);
  }

  /** Bytes a thread keeps in local memory: above 0 if registers spill. */
  int localBytes() {
    return get(CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
  }

  /** Blocks of this shape that an SM holds at once. */
  int blocksPerSm(int threads, int sharedBytes) {
    device.bind();
    int[] n = new int[1];
    device.check(
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(n, function, threads, sharedBytes),
        "occupancy of " + name);
    return n[0];
  }

  FunctionHandle handle() {
    return function;
  }

  private CudaKernel set(int attribute, int value) {
    device.bind();
    device.check(
        JCudaDriver.cuFuncSetAttribute(function, attribute, value), "attributes of " + name);
    return this;
  }

  private int get(int attribute) {
    device.bind();
    int[] value = new int[1];
    device.check(
        JCudaDriver.cuFuncGetAttribute(value, attribute, function), "attributes of " + name);
    return value[0];
  }
}
