package org.deft4j.kernels.cuda;

import java.util.Optional;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.BackendProvider;
import org.deft4j.tree.DeftException;

/** Offers {@link CudaBackend}; touches no class of JCuda where there is no NVIDIA driver. */
public final class CudaProvider implements BackendProvider {
  /** The backend's name. */
  public static final String NAME = "cuda";

  /** For the service loader. */
  public CudaProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int priority() {
    return 20;
  }

  @Override
  public Optional<String> unusable(BackendOptions options) {
    Optional<String> why = CudaProbe.unusable();
    return why.isPresent() || CudaModule.shipped("step")
        ? why
        : Optional.of(
            "this build has no compiled kernels; deft-kernels/src/main/cuda/build.sh makes them");
  }

  @Override
  public boolean absent() {
    return !CudaNatives.driverPresent();
  }

  @Override
  public Backend open(BackendOptions options) {
    try {
      return new CudaBackend(options);
    } catch (LinkageError e) {
      throw new DeftException(
          DeftException.BACKEND_UNAVAILABLE, "CUDA could not be loaded: " + e.getMessage(), e);
    }
  }
}
