package org.deft4j.kernels.cuda;

import jcuda.driver.CUfunction;

/** A kernel that tells its handle, which calls past JCuda need. */
final class FunctionHandle extends CUfunction {
  FunctionHandle() {}

  long address() {
    return getNativePointer();
  }
}
