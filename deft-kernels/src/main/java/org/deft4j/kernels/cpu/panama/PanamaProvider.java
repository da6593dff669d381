package org.deft4j.kernels.cpu.panama;

import java.util.Optional;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.BackendProvider;

/** Offers the Vector API where its module, C2 and wide enough vectors are there. */
public final class PanamaProvider implements BackendProvider {
  /** For the service loader. */
  public PanamaProvider() {}

  @Override
  public String name() {
    return "panama";
  }

  @Override
  public int priority() {
    return 10;
  }

  @Override
  public Optional<String> unusable(BackendOptions options) {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      return Optional.of(
          "the module jdk.incubator.vector is not loaded; start Java with --add-modules"
              + " jdk.incubator.vector");
    }
    String vm = System.getProperty("java.vm.info", "");
    if (vm.contains("emulated-client") || vm.contains("interpreted")) {
      return Optional.of(
          "vectors need the C2 compiler, but this Java runs in '"
              + vm
              + "'; drop -Xint and -XX:TieredStopAtLevel");
    }
    return Widths.unusable(options);
  }

  @Override
  public Backend open(BackendOptions options) {
    return new PanamaBackend(options);
  }

  // Apart, so that the provider itself loads without the module.
  private static final class Widths {
    static Optional<String> unusable(BackendOptions options) {
      boolean forced =
          options.vectorBits() != 0 || Integer.getInteger(BackendOptions.VECTOR_BITS, 0) != 0;
      if (!forced && Lanes.preferredBits() < 128) {
        return Optional.of(
            "vectors of " + Lanes.preferredBits() + " bits are too narrow here; use scalar");
      }
      if (!forced && Lanes.preferredBits() == 128 && isX86()) {
        return Optional.of(
            "this processor has no AVX, hence no fused multiply-add on vectors; use scalar");
      }
      if (options.vectorBits() != 0 && options.vectorBits() != Lanes.BITS) {
        return Optional.of(
            "this process computes with "
                + Lanes.BITS
                + "-bit vectors; start Java with -D"
                + BackendOptions.VECTOR_BITS
                + "="
                + options.vectorBits());
      }
      return Optional.empty();
    }

    private static boolean isX86() {
      String arch = System.getProperty("os.arch", "");
      return arch.equals("amd64") || arch.equals("x86_64");
    }
  }
}
