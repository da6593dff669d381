package org.deft4j.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.deft4j.engine.TestModels;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
  private static GgufFile parse(byte[] bytes) {
    return GgufFile.of("test.gguf", MemorySegment.ofArray(bytes));
  }

  private static void refused(byte[] bytes, String why) {
    assertThatThrownBy(() -> parse(bytes))
        .isInstanceOf(DeftException.class)
        .hasMessageStartingWith("test.gguf: ")
        .hasMessageContaining(why)
        .extracting(e -> ((DeftException) e).exitCode())
        .isEqualTo(DeftException.UNSUPPORTED_MODEL);
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] p : parts) {
      out.writeBytes(p);
    }
    return out.toByteArray();
  }

  @Test
  void readsARealFile() {
    try (GgufFile f = GgufFile.open(TestModels.stories260K())) {
      assertThat(f.version()).isEqualTo(3);
      assertThat(f.tensors()).hasSize(47);
      assertThat(f.metadata().string("general.architecture")).isEqualTo("llama");
      assertThat(f.metadata().integer("llama.embedding_length", 1, 1 << 20)).isEqualTo(64);
      assertThat(f.metadata().real("llama.attention.layer_norm_rms_epsilon")).isEqualTo(1e-5f);
      assertThat(f.metadata().strings("tokenizer.ggml.tokens")).hasSize(512).contains("<s>");
      assertThat(f.metadata().integerOrAbsent("tokenizer.ggml.padding_token_id")).isEqualTo(-1);
      GgufTensor t = Objects.requireNonNull(f.tensor("blk.0.ffn_down.weight"));
      assertThat(t.columns()).isEqualTo(172);
      assertThat(t.rows()).isEqualTo(64);
      assertThat(t.data().byteSize()).isEqualTo(172 * 64 * 4);
      assertThat(t.shape()).isEqualTo("[64, 172]");
    }
  }

  @Test
  void readsEveryKindOfValue() {
    byte[] b =
        new GgufWriter()
            .put("u8", (byte) 200)
            .put("u16", (short) -1)
            .put("u32", -1)
            .put("u64", 7L)
            .putRaw("i8", concat(GgufWriter.le(GgufMetadata.I8), GgufWriter.le((byte) -3)))
            .putRaw("i64", concat(GgufWriter.le(GgufMetadata.I64), GgufWriter.le(-9L)))
            .put("f32", 1.5f)
            .put("f64", 2.5)
            .put("yes", true)
            .put("text", "Grüße")
            .put("strings", List.of("a", "", "ü"))
            .put("floats", List.of(1f, 2f))
            .put("ints", List.of(1, 2, 3))
            .put("none", List.of())
            .bytes();
    for (int version : new int[] {2, 3}) {
      b[4] = (byte) version;
      GgufMetadata m = parse(b).metadata();
      assertThat(m.integer("u8", 0, 255)).isEqualTo(200);
      assertThat(m.integer("u16", 0, 65535)).isEqualTo(65535);
      assertThat(m.integer("u64", 0, 10)).isEqualTo(7);
      assertThat(m.integer("i8", -10, 10)).isEqualTo(-3);
      assertThat(m.integer("i64", -10, 10)).isEqualTo(-9);
      assertThat(m.integer("absent", 0, 1, 5)).isEqualTo(5);
      assertThat(m.real("f32")).isEqualTo(1.5f);
      assertThat(m.real("f64")).isEqualTo(2.5f);
      assertThat(m.bool("yes", false)).isTrue();
      assertThat(m.bool("absent", true)).isTrue();
      assertThat(m.string("text")).isEqualTo("Grüße");
      assertThat(m.strings("strings")).containsExactly("a", "", "ü");
      assertThat(m.floats("floats")).containsExactly(1f, 2f);
      assertThat(m.integers("ints")).containsExactly(1, 2, 3);
      assertThat(m.integers("none")).isEmpty();
      assertThat(m.isArray("ints")).isTrue();
      assertThatThrownBy(() -> m.integer("u32", 0, 100))
          .hasMessageContaining("'u32' must be in [0, 100], was 4294967295");
      assertThatThrownBy(() -> m.integer("text", 0, 1)).hasMessageContaining("is string");
      assertThatThrownBy(() -> m.string("ints")).hasMessageContaining("is array of u32");
      assertThatThrownBy(() -> m.string("absent")).hasMessageContaining("'absent' is missing");
    }
  }

  @Test
  void refusesWhatIsBroken() {
    GgufWriter sound = new GgufWriter().put("k", 1).floats("t", new float[8], 4, 2);
    assertThat(parse(sound.bytes()).tensors()).hasSize(1);
    refused(new byte[0], "too short");
    refused(new byte[100], "no GGUF file");
    refused(sound.bytes(1, 1, 1), "version 1");
    refused(sound.bytes(3 << 24, 1, 1), "big-endian");
    refused(sound.bytes(3, -1, 1), "claims 18446744073709551615 tensors");
    refused(sound.bytes(3, 1, 1L << 40), "claims 1099511627776 metadata entries");
    refused(sound.bytes(3, 1, 60_000), "do not fit");
    refused(sound.bytes(3, 100_000, 1), "do not fit");
    byte[] b = sound.bytes();
    refused(java.util.Arrays.copyOf(b, b.length - 1), "outside the file");
    refused(new GgufWriter().put("k", 1).put("k", 2).bytes(), "'k' occurs twice");
    refused(
        new GgufWriter().floats("t", new float[8], 8).floats("t", new float[8], 8).bytes(),
        "'t' occurs twice");
    refused(
        new GgufWriter()
            .floats("a", new float[16], 16)
            .info("b", TensorType.F32.id(), 32, 8)
            .bytes(),
        "'a' and 'b' overlap");
    refused(new GgufWriter().floats("t", new float[8], 8).info("u", 0, 7, 1).bytes(), "alignment");
    refused(new GgufWriter().info("t", 0, -32, 1).bytes(), "offset");
    refused(new GgufWriter().info("t", 0, Long.MAX_VALUE & ~31, 1).bytes(), "outside the file");
    refused(new GgufWriter().info("t", 99, 0, 1).bytes(), "unknown type 99");
    refused(new GgufWriter().info("t", 4, 0, 32).bytes(), "unknown type 4");
    refused(new GgufWriter().info("t", 8, 0, 33).bytes(), "no multiple of 32");
    refused(new GgufWriter().info("t", 0, 0, 0).bytes(), "impossible dimension 0");
    refused(new GgufWriter().info("t", 0, 0, -1).bytes(), "impossible dimension");
    refused(
        new GgufWriter().info("t", 0, 0, 1 << 30, 1 << 30, 1 << 30).bytes(),
        "impossible dimension");
    refused(new GgufWriter().info("t", 0, 0).bytes(), "0 dimensions");
    refused(new GgufWriter().info("t", 0, 0, 1, 1, 1, 1, 1).bytes(), "5 dimensions");
    refused(new GgufWriter().put("general.alignment", 12).bytes(), "power of two");
    refused(new GgufWriter().put("general.alignment", "x").bytes(), "must be an integer");
    refused(new GgufWriter().putRaw("k", GgufWriter.le(13)).put("j", 1).bytes(), "unknown type 13");
    refused(
        new GgufWriter()
            .putRaw("k", concat(GgufWriter.le(GgufMetadata.BOOL), new byte[] {2}))
            .bytes(),
        "neither 0 nor 1");
    refused(
        new GgufWriter()
            .putRaw("k", concat(GgufWriter.le(GgufMetadata.STRING), GgufWriter.le(1L << 62)))
            .bytes(),
        "more than the file holds");
    for (int element : new int[] {GgufMetadata.U8, GgufMetadata.STRING, GgufMetadata.F64}) {
      for (long n : new long[] {1000, 1L << 31, 1L << 61, -1}) {
        byte[] array = concat(GgufWriter.le(9), GgufWriter.le(element), GgufWriter.le(n));
        refused(new GgufWriter().putRaw("k", array).bytes(), "more than the file holds");
      }
    }
    refused(
        new GgufWriter()
            .putRaw("k", concat(GgufWriter.le(9), GgufWriter.le(9), GgufWriter.le(1L)))
            .bytes(),
        "array of arrays");
  }

  @Test
  void honoursAlignment() {
    byte[] b =
        new GgufWriter()
            .put("general.alignment", 128)
            .alignment(128)
            .floats("a", new float[] {1}, 1)
            .floats("b", new float[] {2}, 1)
            .bytes();
    GgufTensor t = Objects.requireNonNull(parse(b).tensor("b"));
    assertThat(t.data().get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(2f);
  }

  @Test
  void namesAMissingFile(@TempDir Path dir) throws IOException {
    assertThatThrownBy(() -> GgufFile.open(dir.resolve("none.gguf")))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("none.gguf: no such model file")
        .extracting(e -> ((DeftException) e).exitCode())
        .isEqualTo(DeftException.MODEL_NOT_FOUND);
    assertThatThrownBy(() -> GgufFile.open(dir)).hasMessageContaining("not a file");
    Path empty = Files.createFile(dir.resolve("empty.gguf"));
    assertThatThrownBy(() -> GgufFile.open(empty)).hasMessageContaining("too short");
  }
}
