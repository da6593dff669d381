package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CudaNativesTest {
  @TempDir Path temporary;

  @Test
  void theFolderIsNewAndPrivate() throws IOException {
    Assumptions.assumeTrue(
        temporary.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "no POSIX permissions here");
    Path a = CudaNatives.privateFolder(temporary);
    Path b = CudaNatives.privateFolder(temporary);
    assertThat(a).isNotEqualTo(b).isEmptyDirectory();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(a)))
        .isEqualTo("rwx------");
  }

  @Test
  void withoutADriverTheReasonSaysSo() {
    Assumptions.assumeFalse(CudaNatives.driverPresent(), "there is a driver");
    Optional<String> why = CudaProbe.unusable();
    assertThat(why).hasValueSatisfying(s -> assertThat(s).contains("no NVIDIA driver"));
  }

  @Test
  void cublas12ComesBefore13() throws IOException {
    Path twelve = folder("twelve", 12);
    Path thirteen = folder("thirteen", 13);
    assertThat(CublasFinder.find(List.of(thirteen, twelve)))
        .isEqualTo(
            new CublasFinder.Found(
                12, twelve.resolve("libcublas.so.12"), twelve.resolve("libcublasLt.so.12")));
    assertThat(CublasFinder.find(List.of(temporary, thirteen)))
        .extracting(CublasFinder.Found::major)
        .isEqualTo(13);
    assertThat(CublasFinder.find(List.of(temporary))).isNull();
  }

  @Test
  void theUsualFoldersAreSearched() throws IOException {
    Path lib = Files.createDirectories(temporary.resolve("toolkit/lib64"));
    Path pip =
        Files.createDirectories(
            temporary.resolve("venv/lib/python3.12/site-packages/nvidia/cublas/lib"));
    Path pip13 =
        Files.createDirectories(
            temporary.resolve("venv/lib/python3.12/site-packages/nvidia/cu13/lib"));
    Path other = Files.createDirectories(temporary.resolve("other"));
    List<Path> found =
        CublasFinder.folders(
            Map.of(
                "CUDA_HOME",
                temporary.resolve("toolkit").toString(),
                "VIRTUAL_ENV",
                temporary.resolve("venv").toString(),
                "LD_LIBRARY_PATH",
                ":relative:" + other + ":"));
    assertThat(found).contains(lib, other, pip, pip13).allMatch(Path::isAbsolute);
    assertThat(found.indexOf(lib)).isLessThan(found.indexOf(other));
    assertThat(found.indexOf(other)).isLessThan(found.indexOf(pip));
  }

  private Path folder(String name, int major) throws IOException {
    Path dir = Files.createDirectory(temporary.resolve(name));
    Files.createFile(dir.resolve("libcublas.so." + major));
    Files.createFile(dir.resolve("libcublasLt.so." + major));
    return dir;
  }
}
