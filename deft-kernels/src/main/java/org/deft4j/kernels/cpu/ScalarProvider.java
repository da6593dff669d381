package org.deft4j.kernels.cpu;

import java.util.Optional;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.BackendProvider;

/** Offers {@link ScalarBackend}. */
public final class ScalarProvider implements BackendProvider {
  /** For the service loader. */
  public ScalarProvider() {}

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Optional<String> unusable(BackendOptions options) {
    return Optional.empty();
  }

  @Override
  public Backend open(BackendOptions options) {
    return new ScalarBackend(options);
  }
}
