package org.deft4j.kernels.cuda;

import java.util.Optional;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.deft4j.tree.DeftException;

/** Says whether this machine can run the backend, and if not, why and what to do. */
final class CudaProbe {
  /** System property with the number of the device to use, 0 by default. */
  static final String DEVICE = "deft.cuda.device";

  /** The oldest driver whose loader reads our compressed images: that of CUDA 12.4. */
  static final int OLDEST_DRIVER = 12040;

  private static final int OLDEST_CAPABILITY = 80;

  private CudaProbe() {}

  /** The number of the device that was asked for. */
  static int device() {
    return Integer.getInteger(DEVICE, 0);
  }

  /** Why a device cannot be used here, in one line; empty if it can. */
  static Optional<String> unusable() {
    if (!CudaNatives.driverPresent()) {
      return Optional.of(
          "no NVIDIA driver is installed (libcuda.so.1 was not found); use another backend");
    }
    try {
      CudaNatives.loadDriver();
      Optional<String> why = driver();
      if (why.isEmpty()) {
        CudaNatives.loadCublas();
      }
      return why;
    } catch (DeftException e) {
      return Optional.ofNullable(e.getMessage());
    }
  }

  /**
   * What the driver says.
   *
   * @param version CUDA version that it serves, 1000 x major + 10 x minor
   * @param started result of its start
   * @param devices how many it sees
   * @param device the number of the one that was asked for
   * @param name of that device, if it is there
   * @param capability of it, 10 x major + minor
   */
  record Facts(int version, int started, int devices, int device, String name, int capability) {}

  private static Optional<String> driver() {
    int[] version = new int[1];
    JCudaDriver.cuDriverGetVersion(version);
    int started = JCudaDriver.cuInit(0);
    int[] count = new int[1];
    if (started == CUresult.CUDA_SUCCESS) {
      started = JCudaDriver.cuDeviceGetCount(count);
    }
    String name = "";
    int capability = 0;
    if (device() >= 0 && device() < count[0]) {
      CUdevice device = new CUdevice();
      JCudaDriver.cuDeviceGet(device, device());
      name = name(device);
      capability =
          10 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
              + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }
    return unusable(new Facts(version[0], started, count[0], device(), name, capability));
  }

  /** Why such a driver and device cannot be used; empty if they can. */
  static Optional<String> unusable(Facts f) {
    if (f.started() == CUresult.CUDA_ERROR_NO_DEVICE || (f.started() == 0 && f.devices() == 0)) {
      return Optional.of(
          "the driver sees no device (is CUDA_VISIBLE_DEVICES empty, is the container without a"
              + " GPU?)");
    }
    if (f.started() != CUresult.CUDA_SUCCESS) {
      return Optional.of("the driver does not start: " + CUresult.stringFor(f.started()));
    }
    if (f.version() < OLDEST_DRIVER) {
      return Optional.of(
          "the driver is too old: it serves CUDA "
              + version(f.version())
              + ", at least "
              + version(OLDEST_DRIVER)
              + " is needed; update the NVIDIA driver");
    }
    if (f.device() < 0 || f.device() >= f.devices()) {
      return Optional.of(
          "there is no device "
              + f.device()
              + " (-D"
              + DEVICE
              + "), only "
              + f.devices()
              + " in all");
    }
    if (f.capability() < OLDEST_CAPABILITY) {
      return Optional.of(
          f.name()
              + " has compute capability "
              + f.capability() / 10
              + "."
              + f.capability() % 10
              + "; at least 8.0 (Ampere) is needed");
    }
    return Optional.empty();
  }

  /** A version as the driver states it (1000 x major + 10 x minor), as people write it. */
  static String version(int v) {
    return v / 1000 + "." + v % 1000 / 10;
  }

  static int attribute(CUdevice device, int which) {
    int[] value = new int[1];
    JCudaDriver.cuDeviceGetAttribute(value, which, device);
    return value[0];
  }

  static String name(CUdevice device) {
    byte[] name = new byte[256];
    JCudaDriver.cuDeviceGetName(name, name.length, device);
    int n = 0;
    while (n < name.length && name[n] != 0) {
      n++;
    }
    return new String(name, 0, n, java.nio.charset.StandardCharsets.US_ASCII);
  }
}
