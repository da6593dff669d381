package org.deft4j.kernels.cpu;

import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendContract;
import org.deft4j.kernels.BackendOptions;

/** The contract on plain loops. */
class ScalarBackendTest extends BackendContract {
  @Override
  public Backend open(int threads, boolean deterministic) {
    return new ScalarBackend(new BackendOptions(threads, 0, deterministic));
  }
}
