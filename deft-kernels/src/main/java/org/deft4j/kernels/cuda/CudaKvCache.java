package org.deft4j.kernels.cuda;

import java.util.Objects;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.DeftException;

/**
 * Keys and values on the device, for each layer {@code [slot >> s][kvHead][slot & (2^s -
 * 1)][padded]}: pages of 2^s tokens, each head's tokens of a page side by side. Heads are
 * zero-padded to 64 or 128 values, which is what the attention kernels are compiled for.
 */
final class CudaKvCache implements KvCache {
  private final KvShape shape;
  private final int shift;
  private final int padded;
  private final long layerBytes;
  private final DeviceBuffer keys;
  private final DeviceBuffer values;

  /**
   * Takes the memory and clears it.
   *
   * @param shift of a slot to its page: 0, 4, 5 or 6
   */
  CudaKvCache(CudaDevice device, KvShape shape, int shift) {
    if (shape.type() == KvType.F32) {
      throw new DeftException(
          DeftException.USAGE,
          "backend cuda keeps keys and values in f16 or bf16, not f32: give --kv-type f16 or bf16,"
              + " or leave it out");
    }
    if (shape.headDim() % 8 != 0 || shape.headDim() > 128) {
      throw new DeftException(
          DeftException.UNSUPPORTED_MODEL,
          "backend cuda attends with heads of at most 128 values, a multiple of 8, not "
              + shape.headDim());
    }
    this.shape = shape;
    this.shift = shift;
    padded = shape.headDim() <= 64 ? 64 : 128;
    long slots = (shape.slots() + 63L) & -64;
    layerBytes = slots * shape.kvHeads() * padded * shape.type().bytes();
    keys =
        device
            .memory()
            .cleared(Math.multiplyExact(layerBytes, (long) shape.layers()), "the KV cache");
    try {
      values = device.memory().cleared(keys.bytes(), "the KV cache");
    } catch (DeftException e) {
      keys.close();
      throw e;
    }
  }

  /** Keys of all layers. */
  DeviceBuffer keyBuffer() {
    return keys;
  }

  /** Values of all layers. */
  DeviceBuffer valueBuffer() {
    return values;
  }

  /** Address of a layer's keys. */
  long keys(int layer) {
    return keys.address(Objects.checkIndex(layer, shape.layers()) * layerBytes);
  }

  /** Address of a layer's values. */
  long values(int layer) {
    return values.address(Objects.checkIndex(layer, shape.layers()) * layerBytes);
  }

  /** Bytes from a layer to the next, of keys as of values. */
  long layerBytes() {
    return layerBytes;
  }

  /** Values a head takes, 64 or 128. */
  int padded() {
    return padded;
  }

  /** {@code slot >> shift} is a slot's page. */
  int shift() {
    return shift;
  }

  /** F16 or BF16. */
  DType type() {
    return DType.of(shape.type());
  }

  @Override
  public KvShape shape() {
    return shape;
  }

  @Override
  public long bytes() {
    return keys.bytes() + values.bytes();
  }

  @Override
  public void close() {
    keys.close();
    values.close();
  }
}
