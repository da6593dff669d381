package org.deft4j.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufWriter;
import org.deft4j.engine.gguf.TensorType;

/**
 * A model of the shape of Llama 3 8B with random bfloat16 weights, for timing: a GGUF file of 16 GB
 * in address space that takes 256 MB of memory, because its data are one block of noise mapped many
 * times over. Linux alone.
 */
final class RandomLlama {
  private static final long BLOCK = 256L << 20;
  private static final int DIM = 4096;
  private static final int FFN = 14336;
  private static final int VOCABULARY = 128256;

  private RandomLlama() {}

  /** The file, with this many layers (32 in the real one). */
  static GgufFile open(int layers) {
    GgufWriter w = new GgufWriter();
    w.put("general.architecture", "llama")
        .put("llama.embedding_length", DIM)
        .put("llama.feed_forward_length", FFN)
        .put("llama.block_count", layers)
        .put("llama.attention.head_count", 32)
        .put("llama.attention.head_count_kv", 8)
        .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .put("llama.rope.dimension_count", 128)
        .put("llama.rope.freq_base", 500_000f)
        .put("llama.context_length", 65536)
        .put("tokenizer.ggml.model", "llama")
        .put(
            "tokenizer.ggml.tokens", IntStream.range(0, VOCABULARY).mapToObj(i -> "t" + i).toList())
        .put("tokenizer.ggml.scores", Collections.nCopies(VOCABULARY, -1f))
        .put("tokenizer.ggml.unknown_token_id", 0);
    float[] ones = new float[DIM];
    java.util.Arrays.fill(ones, 1);
    w.floats("output_norm.weight", ones, DIM);
    for (int l = 0; l < layers; l++) {
      w.floats("blk." + l + ".attn_norm.weight", ones, DIM);
      w.floats("blk." + l + ".ffn_norm.weight", ones, DIM);
    }
    // Matrices lie from here on, in memory that is not written but mapped.
    long at = (long) DIM * 4 * (2L * layers + 1) + (16 << 20) & -4096;
    record Shape(String name, long rows, long cols) {}
    java.util.ArrayList<Shape> shapes = new java.util.ArrayList<>();
    shapes.add(new Shape("token_embd", VOCABULARY, DIM));
    shapes.add(new Shape("output", VOCABULARY, DIM));
    for (int l = 0; l < layers; l++) {
      String p = "blk." + l + ".";
      shapes.addAll(
          List.of(
              new Shape(p + "attn_q", DIM, DIM),
              new Shape(p + "attn_k", 1024, DIM),
              new Shape(p + "attn_v", 1024, DIM),
              new Shape(p + "attn_output", DIM, DIM),
              new Shape(p + "ffn_gate", FFN, DIM),
              new Shape(p + "ffn_up", FFN, DIM),
              new Shape(p + "ffn_down", DIM, FFN)));
    }
    for (Shape s : shapes) {
      w.info(s.name + ".weight", TensorType.BF16.id(), at, s.cols, s.rows);
      at += s.rows * s.cols * 2;
    }
    byte[] head = w.bytes();
    MemorySegment all = map(head.length + (32L << 20) + at);
    MemorySegment.copy(MemorySegment.ofArray(head), 0, all, 0, head.length);
    return GgufFile.of("random-llama-3-8b", all);
  }

  private static MemorySegment map(long bytes) {
    try {
      Path file = Files.createTempFile(Path.of("/dev/shm"), "noise", ".bin");
      try (FileChannel c =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        ByteBuffer b = ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        SplittableRandom random = new SplittableRandom(1);
        float[] gauss = new float[1 << 16];
        for (int i = 0; i < gauss.length; i++) {
          gauss[i] = (float) (random.nextGaussian() * 0.02);
        }
        for (long at = 0; at < BLOCK; at += b.capacity()) {
          b.clear();
          while (b.hasRemaining()) {
            b.putShort((short) (Float.floatToRawIntBits(gauss[random.nextInt(1 << 16)]) >>> 16));
          }
          c.write(b.flip(), at);
        }
      }
      Linker linker = Linker.nativeLinker();
      MethodHandle mmap =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("mmap"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG));
      MethodHandle open =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("open"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
      int fd;
      try (Arena arena = Arena.ofConfined()) {
        fd = (int) open.invokeExact(arena.allocateFrom(file.toString()), 0);
      }
      Files.delete(file);
      // Read and write, private, without reserve; the first part stays anonymous for the head.
      long size = (bytes + BLOCK - 1) / BLOCK * BLOCK + BLOCK;
      long base = (long) mmap.invokeExact(0L, size, 3, 0x4022, -1, 0L);
      for (long at = 32L << 20; at + BLOCK <= size; at += BLOCK) {
        long got = (long) mmap.invokeExact(base + at, BLOCK, 1, 0x11, fd, 0L);
        if (got != base + at) {
          throw new IllegalStateException("mmap gave " + got);
        }
      }
      return MemorySegment.ofAddress(base).reinterpret(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
