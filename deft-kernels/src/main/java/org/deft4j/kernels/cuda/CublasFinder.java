package org.deft4j.kernels.cuda;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Looks for NVIDIA's cuBLAS in the places where it is commonly installed. */
final class CublasFinder {
  /** System property that names the folder to look in before all others. */
  static final String FOLDER = "deft.cublas";

  /**
   * cuBLAS in a folder.
   *
   * @param major 12 or 13
   * @param cublas the library
   * @param light the library that it needs, {@code libcublasLt}
   */
  record Found(int major, Path cublas, Path light) {}

  private CublasFinder() {}

  /** The first cuBLAS 12 of the folders, else the first cuBLAS 13, else null. */
  static @Nullable Found find(Iterable<Path> folders) {
    for (int major : new int[] {12, 13}) {
      for (Path folder : folders) {
        Path cublas = folder.resolve("libcublas.so." + major);
        Path light = folder.resolve("libcublasLt.so." + major);
        if (Files.isReadable(cublas) && Files.isReadable(light)) {
          return new Found(major, cublas, light);
        }
      }
    }
    return null;
  }

  /**
   * Where to look, in order: {@value #FOLDER}, {@code CUDA_HOME}, {@code CUDA_PATH}, {@code
   * LD_LIBRARY_PATH}, {@code /usr/local/cuda*}, the system's libraries, and the packages that pip
   * installs. Only absolute folders that exist.
   */
  static List<Path> folders(Map<String, String> environment) {
    Set<Path> found = new LinkedHashSet<>();
    String own = System.getProperty(FOLDER);
    if (own != null) {
      add(found, own);
    }
    for (String name : new String[] {"CUDA_HOME", "CUDA_PATH"}) {
      toolkit(found, environment.get(name));
    }
    String path = environment.get("LD_LIBRARY_PATH");
    if (path != null) {
      for (String folder : path.split(":", -1)) {
        add(found, folder);
      }
    }
    toolkit(found, "/usr/local/cuda");
    for (Path p : children(Path.of("/usr/local"), "cuda-*")) {
      toolkit(found, p.toString());
    }
    add(found, "/usr/lib/x86_64-linux-gnu");
    add(found, "/usr/lib64");
    List<Path> pythons = new ArrayList<>();
    for (String root :
        new String[] {
          environment.get("VIRTUAL_ENV"),
          environment.get("CONDA_PREFIX"),
          environment.get("HOME") == null ? null : environment.get("HOME") + "/.local",
          "/usr",
          "/usr/local",
          "/opt/conda",
          "/opt/venv"
        }) {
      if (root != null && !root.isEmpty()) {
        pythons.addAll(children(Path.of(root, "lib"), "python3*"));
      }
    }
    for (Path python : pythons) {
      for (String packages : new String[] {"site-packages", "dist-packages"}) {
        Path nvidia = python.resolve(packages).resolve("nvidia");
        add(found, nvidia.resolve("cublas/lib").toString());
        for (Path p : children(nvidia, "cu*")) {
          add(found, p.resolve("lib").toString());
        }
      }
    }
    return List.copyOf(found);
  }

  private static void toolkit(Set<Path> found, @Nullable String home) {
    if (home != null && !home.isEmpty()) {
      add(found, home + "/lib64");
      add(found, home + "/targets/x86_64-linux/lib");
      add(found, home + "/lib");
    }
  }

  private static void add(Set<Path> found, String folder) {
    try {
      Path p = Path.of(folder);
      if (p.isAbsolute() && Files.isDirectory(p)) {
        found.add(p.normalize());
      }
    } catch (InvalidPathException e) {
      // An entry that is no path names no folder.
    }
  }

  private static List<Path> children(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, glob)) {
        all.forEach(found::add);
      } catch (IOException e) {
        return List.of(); // a folder that cannot be read holds nothing for us
      }
    }
    found.sort(java.util.Comparator.reverseOrder());
    return found;
  }
}
