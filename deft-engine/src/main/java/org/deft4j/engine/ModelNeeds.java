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

/**
 * What a model will need in memory, from its description and the shapes of its tensors alone.
 *
 * @param config its shape
 * @param parameters number of weights
 * @param types bytes in the file by the type of the tensors
 * @param fileBytes bytes on disk, which are mapped and not copied
 * @param panelBytes bytes of the Java heap that hold the matrices on the Vector API
 * @param deviceBytes bytes that hold them in 16 bits on a device
 * @param kvBytesPerToken bytes of keys and values a token in float32
 */
public record ModelNeeds(
    ModelConfig config,
    long parameters,
    Map<TensorType, Long> types,
    long fileBytes,
    long panelBytes,
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
    double panels = 0;
    long device = 0;
    for (GgufTensor t : source.tensors()) {
      types.merge(t.type(), t.data().byteSize(), Long::sum);
      parameters += t.elements();
      if (t.rows() > 1) {
        long padded = (t.rows() + PANEL - 1L) / PANEL * PANEL * t.columns();
        panels += padded * bytesAValue(t.type());
        device += 2 * t.elements();
      }
    }
    long kv = 2L * c.layers() * c.kvHeads() * c.headDim() * Float.BYTES;
    return new ModelNeeds(c, parameters, types, source.size(), (long) panels, device, kv);
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

  /** Whether the matrices fit this process's heap, with a tenth for everything else. */
  public boolean fitsHeap() {
    return panelBytes < Runtime.getRuntime().maxMemory() / 10 * 9;
  }

  /** For reports. */
  public Map<String, Object> toMap() {
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
    map.put("heapBytes", panelBytes);
    map.put("deviceBytes", deviceBytes);
    map.put("kvBytesPerToken", kvBytesPerToken);
    map.put("kvContextBytes", contextBytes());
    map.put("fitsHeap", fitsHeap());
    if (!fitsHeap()) {
      map.put(
          "hint",
          "set DEFT_JAVA_OPTS=-Xmx" + ((panelBytes / 9 * 10 >> 30) + 1) + "g for the processor");
    }
    return map;
  }
}
