package org.deft4j.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/** A loaded image: compiled kernels of one source file. */
final class CudaModule {
  private final CudaDevice device;
  private final CUmodule module;
  private final String image;

  private CudaModule(CudaDevice device, CUmodule module, String image) {
    this.device = device;
    this.module = module;
    this.image = image;
  }

  /**
   * Loads the image {@code image} that ships with this package.
   *
   * @throws DeftException ({@link DeftException#BACKEND_UNAVAILABLE}) if it is missing or holds no
   *     code that this device or driver takes
   */
  static CudaModule load(CudaDevice device, String image) {
    device.bind();
    byte[] bytes = read(image);
    if (bytes == null) {
      throw new DeftException(
          DeftException.BACKEND_UNAVAILABLE,
          "the compiled kernels "
              + resource(image)
              + " are not in this build; compile them with deft-kernels/src/main/cuda/build.sh");
    }
    CUmodule module = new CUmodule();
    int result = JCudaDriver.cuModuleLoadData(module, bytes);
    if (result == CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU
        || result == CUresult.CUDA_ERROR_INVALID_IMAGE
        || result == CUresult.CUDA_ERROR_INVALID_PTX
        || result == CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION
        || result == CUresult.CUDA_ERROR_JIT_COMPILER_NOT_FOUND) {
      throw new DeftException(
          DeftException.BACKEND_UNAVAILABLE,
          String.format(
              "the compiled kernels %s have no code that %s (compute capability %d.%d) takes with a"
                  + " driver for CUDA %s (%s); update the NVIDIA driver",
              image,
              device.name(),
              device.capability() / 10,
              device.capability() % 10,
              CudaProbe.version(device.driverVersion()),
              CUresult.stringFor(result)));
    }
    device.check(result, "loading kernels " + image);
    return new CudaModule(device, module, image);
  }

  /** Its name. */
  String image() {
    return image;
  }

  /** The resource that holds an image. */
  static String resource(String image) {
    return image + ".fatbin";
  }

  /** Whether an image is in this build. */
  static boolean shipped(String image) {
    return CudaModule.class.getResource(resource(image)) != null;
  }

  /** The bytes of an image, null if it does not ship. */
  static byte @Nullable [] read(String image) {
    try (InputStream in = CudaModule.class.getResourceAsStream(resource(image))) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException e) {
      throw new DeftException(
          DeftException.BACKEND_UNAVAILABLE, "image " + image + " cannot be read: " + e, e);
    }
  }

  /**
   * A kernel of this image. If the image exports {@code NAME_params}, the size of the kernel's
   * struct, every launch is checked against it.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  CudaKernel kernel(String name) {
    device.bind();
    FunctionHandle f = new FunctionHandle();
    int result = JCudaDriver.cuModuleGetFunction(f, module, name);
    if (result == CUresult.CUDA_ERROR_NOT_FOUND) {
      throw new IllegalArgumentException("image " + image + " has no kernel " + name);
    }
    device.check(result, "looking up kernel " + name);
    return new CudaKernel(device, f, name, readInt(name + "_params"));
  }

  /** The value of a global {@code int} or {@code unsigned} of the image, -1 if there is none. */
  int readInt(String name) {
    device.bind();
    CUdeviceptr at = new CUdeviceptr();
    long[] size = new long[1];
    int result = JCudaDriver.cuModuleGetGlobal(at, size, module, name);
    if (result == CUresult.CUDA_ERROR_NOT_FOUND) {
      return -1;
    }
    device.check(result, "looking up " + name);
    int[] value = new int[1];
    device.check(JCudaDriver.cuMemcpyDtoH(Pointer.to(value), at, 4), "reading " + name);
    return value[0];
  }

  /** The bytes of a global of the image. */
  byte[] readBytes(String name) {
    device.bind();
    CUdeviceptr at = new CUdeviceptr();
    long[] size = new long[1];
    device.check(JCudaDriver.cuModuleGetGlobal(at, size, module, name), "looking up " + name);
    byte[] value = new byte[Math.toIntExact(size[0])];
    device.check(JCudaDriver.cuMemcpyDtoH(Pointer.to(value), at, size[0]), "reading " + name);
    return value;
  }

  CUmodule handle() {
    return module;
  }
}
