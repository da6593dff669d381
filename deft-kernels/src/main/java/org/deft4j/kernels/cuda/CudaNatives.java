package org.deft4j.kernels.cuda;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;
import jcuda.LibUtils;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Loads JCuda's native libraries, each from a fresh private folder.
 *
 * <p>JCuda by itself would take a file that lies in the shared temporary folder under the library's
 * name, whoever put it there. Here each library is unpacked into a new folder that only this user
 * may enter, and JCuda is led there. The folder goes when the process ends.
 */
final class CudaNatives {
  private static final boolean WINDOWS =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");

  private static @Nullable Path folder;
  private static boolean driver;
  private static boolean cublas;
  private static @Nullable DeftException driverFailure;
  private static @Nullable DeftException cublasFailure;
  private static String cublasPlace = "";
  private static @Nullable String light;

  private CudaNatives() {}

  /** Whether NVIDIA's driver library is on this machine; touches no class of JCuda. */
  static boolean driverPresent() {
    return present(WINDOWS ? "nvcuda.dll" : "libcuda.so.1");
  }

  /**
   * Loads the binding of the driver. Needs no cuBLAS.
   *
   * @throws DeftException ({@link DeftException#BACKEND_UNAVAILABLE}) if it cannot be
   */
  static synchronized void loadDriver() {
    if (driverFailure != null) {
      throw driverFailure;
    }
    if (!driver) {
      try {
        String name = library("JCudaDriver-");
        load(name, bytes(name), () -> JCudaDriver.setExceptionsEnabled(false));
        driver = true;
      } catch (IOException | LinkageError e) {
        driverFailure = failure("JCuda's driver binding", e);
        throw driverFailure;
      }
    }
  }

  /**
   * Loads cuBLAS and its binding.
   *
   * @return where cuBLAS was found, for reports
   * @throws DeftException ({@link DeftException#BACKEND_UNAVAILABLE}) if there is none
   */
  static synchronized String loadCublas() {
    if (cublasFailure != null) {
      throw cublasFailure;
    }
    if (!cublas) {
      try {
        String name = library("JCublas2-");
        byte[] binding = bytes(name);
        if (!WINDOWS && loadCublasLibraries() == 13) {
          binding = ElfPatch.needCublas13(binding);
        }
        load(name, binding, () -> JCublas2.setExceptionsEnabled(false));
        cublas = true;
      } catch (DeftException e) {
        cublasFailure = e;
        throw e;
      } catch (IOException | LinkageError | IllegalArgumentException e) {
        cublasFailure = failure("JCuda's cuBLAS binding", e);
        throw cublasFailure;
      }
    }
    return cublasPlace;
  }

  /** Path or name of the library that cuBLAS stands on, null before it is loaded or if unknown. */
  static synchronized @Nullable String cublasLight() {
    return light;
  }

  /** Makes cuBLAS itself resident, so that the binding finds it by its name; its major version. */
  private static int loadCublasLibraries() {
    CublasFinder.Found found = CublasFinder.find(CublasFinder.folders(System.getenv()));
    if (found != null) {
      System.load(found.light().toString());
      light = found.light().toString();
      System.load(found.cublas().toString());
      cublasPlace = found.cublas().toString();
      return found.major();
    }
    for (int major : new int[] {12, 13}) {
      String name = "libcublas.so." + major;
      if (present(name)) {
        SymbolLookup.libraryLookup(name, Arena.global());
        cublasPlace = name;
        light = "libcublasLt.so." + major;
        return major;
      }
    }
    throw cublasMissing();
  }

  /** What is said where there is no cuBLAS. */
  static DeftException cublasMissing() {
    return new DeftException(
        DeftException.BACKEND_UNAVAILABLE,
        "cuBLAS 12 or 13 was not found (libcublas.so.12, libcublas.so.13): install it (it comes"
            + " with the CUDA toolkit, with the package libcublas-13-0 and with pip's"
            + " nvidia-cublas), or name its folder with -D"
            + CublasFinder.FOLDER
            + "=FOLDER");
  }

  private static boolean present(String library) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The file name of a library of JCuda. */
  private static String library(String stem) {
    return LibUtils.createLibraryFileName(
        LibUtils.createPlatformLibraryName(stem + jcuda.JCudaVersion.get()));
  }

  /** A native library of the class path. */
  static byte[] bytes(String file) throws IOException {
    try (InputStream in = LibUtils.class.getResourceAsStream("/lib/" + file)) {
      if (in == null) {
        throw new IOException(file + " is not on the class path");
      }
      return in.readAllBytes();
    }
  }

  /** Runs a class initializer of JCuda that loads {@code file}, with these bytes. */
  private static void load(String file, byte[] bytes, Runnable initializer) throws IOException {
    refuseForeign(file);
    Path dir = folder();
    Path unpacked = dir.resolve(file);
    Files.write(unpacked, bytes);
    // JCuda looks for the unpacked library in java.io.tmpdir, and takes the file that is there.
    String temporary = System.getProperty("java.io.tmpdir", "");
    System.setProperty("java.io.tmpdir", dir.toString());
    try {
      initializer.run();
    } finally {
      System.setProperty("java.io.tmpdir", temporary);
      if (!WINDOWS) {
        Files.deleteIfExists(unpacked); // it is mapped
      }
    }
  }

  /** Before the unpacked one, JCuda would take a library of java.library.path. */
  private static void refuseForeign(String file) throws IOException {
    String path =
        System.getProperty("java.library.path", "")
            + File.pathSeparator
            + System.getProperty("sun.boot.library.path", "");
    for (String entry : path.split(File.pathSeparator, -1)) {
      Path other = Path.of(entry.isEmpty() ? "." : entry).resolve(file);
      if (Files.exists(other)) {
        throw new IOException(
            other.toAbsolutePath() + " would be loaded in place of DeFT's own copy; remove it");
      }
    }
  }

  private static Path folder() throws IOException {
    Path dir = folder;
    if (dir == null) {
      dir = privateFolder(Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
      Path made = dir;
      Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(made), "deft-cuda-cleanup"));
      folder = dir;
    }
    return dir;
  }

  /** A new folder that is this user's and that nobody else may enter. */
  static Path privateFolder(Path parent) throws IOException {
    if (WINDOWS) {
      return Files.createTempDirectory(parent, "deft-cuda-"); // the user's own temporary folder
    }
    Set<PosixFilePermission> ours = PosixFilePermissions.fromString("rwx------");
    FileAttribute<Set<PosixFilePermission>> mode = PosixFilePermissions.asFileAttribute(ours);
    Path dir = Files.createTempDirectory(parent, "deft-cuda-", mode);
    Path probe = Files.createFile(dir.resolve("owner"));
    boolean owned =
        Files.getOwner(dir, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(probe))
            && Files.getPosixFilePermissions(dir, LinkOption.NOFOLLOW_LINKS).equals(ours)
            && Files.isDirectory(dir, LinkOption.NOFOLLOW_LINKS);
    Files.delete(probe);
    if (!owned) {
      throw new IOException(dir + " is not this user's alone");
    }
    return dir;
  }

  private static void remove(Path dir) {
    File[] files = dir.toFile().listFiles();
    for (File f : files == null ? new File[0] : files) {
      boolean unused = f.delete();
    }
    boolean unused = dir.toFile().delete();
  }

  private static DeftException failure(String what, Throwable e) {
    String message = String.valueOf(e.getMessage());
    int end = message.indexOf('\n');
    return new DeftException(
        DeftException.BACKEND_UNAVAILABLE,
        what
            + " could not be loaded: "
            + (end < 0 ? message : message.substring(0, end))
            + " (it is unpacked into the temporary folder, which must allow programs to run;"
            + " -Djava.io.tmpdir=FOLDER names another)",
        e);
  }
}
