package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ElfPatchTest {
  private static byte[] binding() throws IOException {
    try (InputStream in =
        ElfPatchTest.class.getResourceAsStream("/lib/libJCublas2-12.6.0-linux-x86_64.so")) {
      assertThat(in).as("JCublas 12.6.0 for Linux on the class path").isNotNull();
      return in.readAllBytes();
    }
  }

  @Test
  void twoBytesOfTheShippedBindingChange() throws IOException {
    byte[] old = binding();
    byte[] patched = ElfPatch.needCublas13(old);
    List<Integer> differ = new ArrayList<>();
    for (int i = 0; i < old.length; i++) {
      if (old[i] != patched[i]) {
        differ.add(i);
      }
    }
    assertThat(patched).hasSameSizeAs(old);
    assertThat(differ).containsExactly(75912, 85088);
    assertThat(patched[75912]).isEqualTo((byte) '3');
    assertThat(patched[85088]).isEqualTo((byte) 0x33);
  }

  @Test
  void theHashIsThatOfTheSystemVAbi() {
    assertThat(ElfPatch.hash("libcublas.so.12")).isEqualTo(0x0ef62132);
    assertThat(ElfPatch.hash("libcublas.so.13")).isEqualTo(0x0ef62133);
    assertThat(ElfPatch.hash("GLIBC_2.2.5")).isEqualTo(0x09691a75);
  }

  @Test
  void whatIsAmbiguousIsRefused() throws IOException {
    byte[] twice = binding();
    byte[] name = "\0libcublas.so.12\0".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(name, 0, twice, twice.length - 64, name.length);
    assertThatThrownBy(() -> ElfPatch.needCublas13(twice)).hasMessageContaining("more than once");

    byte[] hash = binding();
    byte[] word = {0x32, 0x21, (byte) 0xf6, 0x0e};
    System.arraycopy(word, 0, hash, hash.length - 64, 4);
    assertThatThrownBy(() -> ElfPatch.needCublas13(hash)).hasMessageContaining("more than once");
  }

  @Test
  void whatIsNotThereIsRefused() throws IOException {
    byte[] patched = ElfPatch.needCublas13(binding());
    assertThatThrownBy(() -> ElfPatch.needCublas13(patched)).hasMessageContaining("not there");
    assertThatThrownBy(() -> ElfPatch.needCublas13(new byte[100])).hasMessageContaining("ELF");
    assertThatThrownBy(() -> ElfPatch.needCublas13(Arrays.copyOf(patched, 10)))
        .hasMessageContaining("ELF");
  }
}
