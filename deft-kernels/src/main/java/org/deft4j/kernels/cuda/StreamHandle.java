package org.deft4j.kernels.cuda;

import jcuda.driver.CUstream;

/** A stream that tells its handle, which calls past JCuda need. */
final class StreamHandle extends CUstream {
  StreamHandle() {}

  long address() {
    return getNativePointer();
  }
}
