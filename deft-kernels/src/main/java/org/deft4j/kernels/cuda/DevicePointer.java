package org.deft4j.kernels.cuda;

import jcuda.driver.CUdeviceptr;

/** A device pointer that tells its address, which kernel parameters need. */
final class DevicePointer extends CUdeviceptr {
  DevicePointer() {}

  long address() {
    return getNativePointer() + getByteOffset();
  }
}
