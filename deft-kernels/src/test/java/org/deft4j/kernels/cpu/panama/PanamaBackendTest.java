package org.deft4j.kernels.cpu.panama;

import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendContract;
import org.deft4j.kernels.BackendOptions;

/** The contract on the Vector API; run once for every width. */
class PanamaBackendTest extends BackendContract {
  @Override
  public Backend open(int threads, boolean deterministic) {
    return new PanamaBackend(new BackendOptions(threads, 0, deterministic));
  }

  @Override
  public boolean tiny() {
    return Lanes.BITS != Lanes.preferredBits();
  }
}
