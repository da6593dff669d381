package org.deft4j.engine.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.SplittableRandom;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

class SafetensorsTest {
  private static Map<String, GgufTensor> parse(byte[] file) {
    return Safetensors.parse("m.safetensors", MemorySegment.ofArray(file));
  }

  private static void refused(byte[] file, String why) {
    assertThatThrownBy(() -> parse(file))
        .isInstanceOf(DeftException.class)
        .hasMessageStartingWith("m.safetensors: ")
        .hasMessageContaining(why);
  }

  private static void header(String json, int dataBytes, String why) {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    data.writeBytes(new byte[dataBytes]);
    refused(SafetensorsWriter.file(json, data), why);
  }

  private static String entry(String type, String shape, String offsets) {
    return "{\"a\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}"
        .formatted(type, shape, offsets);
  }

  @Test
  void shapesAndBytesAreFound() {
    byte[] file =
        new SafetensorsWriter()
            .tensor("w", "BF16", new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 2)
            .tensor("v", "F32", new byte[] {0, 0, 0, 1}, 1)
            .bytes();
    Map<String, GgufTensor> t = parse(file);
    assertThat(t).containsOnlyKeys("w", "v");
    GgufTensor w = java.util.Objects.requireNonNull(t.get("w"));
    assertThat(w.type()).isEqualTo(TensorType.BF16);
    assertThat(w.rows()).isEqualTo(3);
    assertThat(w.columns()).isEqualTo(2);
    assertThat(w.dimensions()).containsExactly(2L, 3L);
    assertThat(w.data().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 4)).isEqualTo((byte) 5);
  }

  @Test
  void brokenFilesAreRefusedWithTheReason() {
    refused(new byte[3], "too short");
    refused(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'}, "claims a header of");
    refused(new byte[] {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, "claims a header of 9 bytes");
    header("[]", 0, "no JSON object");
    header("{\"a\":1}", 0, "has no description");
    header("{\"a\":", 0, "bad JSON at line 1");
    header(entry("F8", "[1]", "[0,1]"), 1, "is of type F8; supported: F32, F16, BF16");
    header(entry("F32", "[2]", "[0,4]"), 8, "has 4 bytes, where its shape needs 8");
    header(entry("F32", "[2]", "[0,8]"), 4, "outside the file");
    header(entry("F32", "[2]", "[8,0]"), 8, "outside the file");
    header(entry("F32", "[-2]", "[0,8]"), 8, "shape holds -2");
    header(entry("F32", "[461168601842738790, 2]", "[0,8]"), 8, "impossible dimension");
    header(entry("F32", "7", "[0,8]"), 8, "shape must be a list");
    header(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
        6,
        "overlap");
  }

  @Test
  void damagedBytesGiveErrorsOrSoundTensors() {
    byte[] file =
        new SafetensorsWriter()
            .tensor("w", "F32", new byte[24], 3, 2)
            .tensor("v", "F16", new byte[8], 4)
            .bytes();
    for (int seed = 0; seed < 20_000; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      byte[] copy =
          java.util.Arrays.copyOf(file, r.nextInt(3) == 0 ? r.nextInt(file.length) : file.length);
      for (int i = r.nextInt(4); i >= 0 && copy.length > 0; i--) {
        copy[r.nextInt(copy.length)] = (byte) r.nextInt();
      }
      try {
        for (GgufTensor t : parse(copy).values()) {
          assertThat(t.data().byteSize()).isEqualTo(t.elements() * t.type().blockBytes());
        }
      } catch (DeftException e) {
        assertThat(e.exitCode()).isEqualTo(DeftException.UNSUPPORTED_MODEL);
      }
    }
  }
}
