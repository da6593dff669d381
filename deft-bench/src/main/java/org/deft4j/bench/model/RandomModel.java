package org.deft4j.bench.model;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;

/**
 * A model of random weights for measurements: the shape of a real one, no sense in its text.
 *
 * <p>All matrices are cut from one block of normal noise as large as the largest of them, so that a
 * model of 16 GB takes a gigabyte of host memory and no file. Each begins at another place: were
 * queries and keys made alike, a token's score for itself would be past all others by more than any
 * trained model's. Its text is one token a character or less; what matters is only that there are
 * as many tokens.
 */
public final class RandomModel {
  private static final int NOISE = 1 << 22;

  /** From where a matrix begins to the next: no whole number of rows, in one layer. */
  private static final int APART = 64 * 1021;

  private static final int VERSION = 3;
  private static final int UINT32 = 4;
  private static final int FLOAT32 = 6;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final ModelShape shape;
  private final Arena arena = Arena.ofShared();
  private final List<GgufTensor> tensors = new ArrayList<>();
  private final ByteArrayOutputStream meta = new ByteArrayOutputStream();
  private int keys;

  private RandomModel(ModelShape shape) {
    this.shape = shape;
  }

  /** A model of this shape; closing the file frees its memory. */
  public static GgufFile of(ModelShape shape) {
    return new RandomModel(shape).build();
  }

  private GgufFile build() {
    int q = shape.heads() * shape.headDim();
    int kv = shape.kvHeads() * shape.headDim();
    int dim = shape.dim();
    long largest = Math.max((long) shape.vocabulary() * dim, (long) shape.ffn() * dim);
    MemorySegment noise = noise((largest + NOISE) * shape.weights().blockBytes());
    MemorySegment ones = arena.allocate(4L * dim, 64);
    for (int i = 0; i < dim; i++) {
      ones.set(ValueLayout.JAVA_FLOAT, 4L * i, 1);
    }
    matrix(noise, "token_embd.weight", shape.vocabulary(), dim);
    matrix(noise, "output.weight", shape.vocabulary(), dim);
    norm(ones, "output_norm.weight");
    for (int i = 0; i < shape.layers(); i++) {
      String p = "blk." + i + ".";
      norm(ones, p + "attn_norm.weight");
      matrix(noise, p + "attn_q.weight", q, dim);
      matrix(noise, p + "attn_k.weight", kv, dim);
      matrix(noise, p + "attn_v.weight", kv, dim);
      matrix(noise, p + "attn_output.weight", dim, q);
      norm(ones, p + "ffn_norm.weight");
      matrix(noise, p + "ffn_gate.weight", shape.ffn(), dim);
      matrix(noise, p + "ffn_up.weight", shape.ffn(), dim);
      matrix(noise, p + "ffn_down.weight", dim, shape.ffn());
    }
    MemorySegment bytes = MemorySegment.ofArray(metadata());
    return GgufFile.of(shape.name() + " (random weights)", bytes, tensors, arena);
  }

  private void matrix(MemorySegment noise, String name, int rows, int cols) {
    int width = shape.weights().blockBytes();
    long from = (long) tensors.size() * APART % NOISE * width;
    add(name, shape.weights(), rows, cols, noise.asSlice(from, (long) rows * cols * width));
  }

  private void norm(MemorySegment ones, String name) {
    add(name, TensorType.F32, 1, shape.dim(), ones);
  }

  private void add(String name, TensorType type, int rows, int cols, MemorySegment data) {
    List<Long> dimensions = rows == 1 ? List.of((long) cols) : List.of((long) cols, (long) rows);
    tensors.add(new GgufTensor(name, type, cols, rows, dimensions, data.asReadOnly()));
  }

  /** Normal values of deviation 0.02, a usual initialization, repeated. */
  private MemorySegment noise(long bytes) {
    SplittableRandom random = new SplittableRandom(1);
    MemorySegment noise = arena.allocate(bytes, 64);
    int width = shape.weights().blockBytes();
    long block = Math.min(bytes, (long) NOISE * width);
    for (long at = 0; at < block; at += width) {
      float v = (float) (0.02 * random.nextGaussian());
      switch (shape.weights()) {
        case F32 -> noise.set(ValueLayout.JAVA_FLOAT, at, v);
        case F16 -> noise.set(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16(v));
        case BF16 ->
            noise.set(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToRawIntBits(v) >>> 16));
        default -> throw new IllegalArgumentException("no noise as " + shape.weights());
      }
    }
    for (long at = block; at < bytes; at += block) {
      MemorySegment.copy(noise, 0, noise, at, Math.min(block, bytes - at));
    }
    return noise;
  }

  // --- metadata ---

  private byte[] metadata() {
    put("general.architecture", "llama");
    put("general.name", shape.name());
    put("llama.embedding_length", shape.dim());
    put("llama.feed_forward_length", shape.ffn());
    put("llama.block_count", shape.layers());
    put("llama.attention.head_count", shape.heads());
    put("llama.attention.head_count_kv", shape.kvHeads());
    put("llama.attention.key_length", shape.headDim());
    put("llama.attention.value_length", shape.headDim());
    put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    put("llama.rope.dimension_count", shape.headDim());
    put("llama.rope.freq_base", shape.ropeBase());
    put("llama.context_length", shape.context());
    put("tokenizer.ggml.model", "llama");
    put("tokenizer.ggml.unknown_token_id", 0);
    key("tokenizer.ggml.tokens", ARRAY);
    int32(STRING);
    int64(shape.vocabulary());
    for (int i = 0; i < shape.vocabulary(); i++) {
      string("t" + i);
    }
    key("tokenizer.ggml.scores", ARRAY);
    int32(FLOAT32);
    int64(shape.vocabulary());
    for (int i = 0; i < shape.vocabulary(); i++) {
      int32(Float.floatToRawIntBits(-i));
    }
    ByteBuffer head = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    head.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(VERSION).putLong(0).putLong(keys);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head.array());
    all.writeBytes(meta.toByteArray());
    return all.toByteArray();
  }

  private void put(String key, String value) {
    key(key, STRING);
    string(value);
  }

  private void put(String key, int value) {
    key(key, UINT32);
    int32(value);
  }

  private void put(String key, float value) {
    key(key, FLOAT32);
    int32(Float.floatToRawIntBits(value));
  }

  private void key(String name, int type) {
    keys++;
    string(name);
    int32(type);
  }

  private void string(String s) {
    byte[] b = s.getBytes(StandardCharsets.UTF_8);
    int64(b.length);
    meta.writeBytes(b);
  }

  private void int32(int v) {
    meta.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(v).array());
  }

  private void int64(long v) {
    meta.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
  }
}
