package org.deft4j.engine;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.model.ModelConfig;
import org.deft4j.engine.model.Transformer;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.cpu.WeightFiles;
import org.jspecify.annotations.Nullable;

/**
 * What a model will need in memory, from its description and the shapes of its tensors alone.
 *
 * @param config its shape
 * @param parameters number of weights
 * @param types bytes in the file by the type of the tensors
 * @param fileBytes bytes on disk, which are mapped and not copied
 * @param panelBytes bytes that hold the matrices on the Vector API, outside the Java heap: of
 *     mapped files, or of memory
 * @param heapBytes bytes of the Java heap without keys and values: activations of a full step,
 *     logits of {@link Transformer#SLICE} rows, and about 200 bytes a token of the vocabulary
 * @param deviceBytes bytes that hold them in 16 bits on a device
 * @param kvBytesPerToken bytes of keys and values a token in float32
 */
public record ModelNeeds(
    ModelConfig config,
    long parameters,
    Map<TensorType, Long> types,
    long fileBytes,
    long panelBytes,
    long heapBytes,
    long deviceBytes,
    long kvBytesPerToken) {

  private static final int PANEL = 32;

  /**
   * Reads the shapes.
   *
   * @throws org.deft4j.tree.DeftException {@code UNSUPPORTED_MODEL} for a model that cannot run
   */
  public static ModelNeeds of(ModelSource source) {
    ModelConfig c = Transformer.config(source);
    Map<TensorType, Long> types = new EnumMap<>(TensorType.class);
    long parameters = 0;
    long device = 0;
    for (GgufTensor t : source.tensors()) {
      types.merge(t.type(), t.data().byteSize(), Long::sum);
      parameters += t.elements();
      if (t.rows() > 1) {
        device += 2 * t.elements();
      }
    }
    long kv = 2L * c.layers() * c.kvHeads() * c.headDim() * Float.BYTES;
    return new ModelNeeds(
        c, parameters, types, source.size(), panelBytes(source), heap(c), device, kv);
  }

  /** Bytes that hold a model's matrices in panels. */
  static long panelBytes(ModelSource source) {
    double panels = 0;
    for (GgufTensor t : source.tensors()) {
      if (t.rows() > 1) {
        long padded = (t.rows() + PANEL - 1L) / PANEL * PANEL * t.columns();
        panels += padded * bytesAValue(t.type());
      }
    }
    return (long) panels;
  }

  private static long heap(ModelConfig c) {
    long widest = Math.max(c.ffn(), Math.max(c.dim(), c.heads() * c.headDim()));
    long row = 2L * c.dim() + c.qkvColumns() + (long) c.heads() * c.headDim() + c.ffn() + widest;
    long logits = (long) Transformer.SLICE * c.vocabulary();
    return Float.BYTES * (EngineOptions.DEFAULT_CHUNK * row + logits) + 200L * c.vocabulary();
  }

  /** Bytes a value in a panel of the Vector API: scales and offsets included. */
  private static double bytesAValue(TensorType type) {
    return switch (type) {
      case F16, BF16 -> 2;
      case Q8_0 -> 36 / 32.0;
      case Q4_K -> 4 * 37 / 256.0;
      case Q6_K -> 2 * 105 / 256.0;
      case Q4_0, Q4_1 -> 24 / 32.0;
      case Q5_0, Q5_1, Q5_K -> 24 / 16.0;
      default -> 4;
    };
  }

  /** Bytes of keys and values of one path of the whole context. */
  public long contextBytes() {
    return kvBytesPerToken * config.context();
  }

  /** Bytes of the Java heap, keys and values of one path of the whole context included. */
  private long heapWithContext() {
    return heapBytes + contextBytes();
  }

  /** Whether one path of the whole context fits this process's heap, with a tenth to spare. */
  public boolean fitsHeap() {
    return heapWithContext() < Runtime.getRuntime().maxMemory() / 10 * 9;
  }

  /**
   * For reports.
   *
   * @param mapped the folder of mapped panels, if they will be mapped
   */
  public Map<String, Object> toMap(@Nullable WeightFiles mapped) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", config.name());
    map.put("architecture", config.architecture());
    map.put("parameters", parameters);
    map.put("layers", config.layers());
    map.put("context", config.context());
    map.put("vocabulary", config.vocabulary());
    Map<String, Object> byType = new TreeMap<>();
    types.forEach((t, n) -> byType.put(t.name(), n));
    map.put("bytesByType", byType);
    map.put("fileBytes", fileBytes);
    map.put("panelFileBytes", mapped == null ? 0L : panelBytes);
    map.put("panelMemoryBytes", mapped == null ? panelBytes : 0L);
    if (mapped != null) {
      map.put("panelFolder", mapped.folder().toString());
      map.put("panelFolderExists", mapped.present());
    }
    map.put("heapBytes", heapBytes);
    map.put("deviceBytes", deviceBytes);
    map.put("kvBytesPerToken", kvBytesPerToken);
    map.put("kvContextBytes", contextBytes());
    map.put("fitsHeap", fitsHeap());
    if (!fitsHeap()) {
      map.put(
          "hint",
          "set DEFT_JAVA_OPTS=-Xmx"
              + ((heapWithContext() / 9 * 10 >> 30) + 1)
              + "g for the processor, or use less of the context");
    }
    return map;
  }
}
