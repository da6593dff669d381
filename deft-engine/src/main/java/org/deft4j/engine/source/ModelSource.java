package org.deft4j.engine.source;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/**
 * A model's weights and description, mapped and checked, under GGUF's names. Usable from any thread
 * until it is closed.
 */
public interface ModelSource extends AutoCloseable {
  /**
   * Opens a GGUF file, or a folder with {@code config.json} and safetensors.
   *
   * @throws org.deft4j.tree.DeftException {@code MODEL_NOT_FOUND} or {@code UNSUPPORTED_MODEL}
   */
  static ModelSource open(Path path) {
    return Files.isDirectory(path) ? HfFolder.open(path) : GgufSource.open(path);
  }

  /** What messages call it. */
  String name();

  /** Bytes on disk. */
  long size();

  /** The files on disk that it is read from, in a fixed order; empty if it has none. */
  List<Path> files();

  /** Its description. */
  GgufMetadata metadata();

  /** Its tensors. */
  Collection<GgufTensor> tensors();

  /** The tensor of this name, or null. */
  @Nullable GgufTensor tensor(String name);

  /**
   * Whether the rows of Llama's query and key projections are ordered for the half-split rotary
   * embedding, as in Hugging Face's files, instead of the interleaved one of GGUF's.
   */
  boolean halfSplit();

  /**
   * Its tokenizer, independent of the source.
   *
   * @throws org.deft4j.tree.DeftException {@code UNSUPPORTED_MODEL} for one that is not supported
   */
  TokenCodec tokenizer();

  /** Unmaps it; idempotent. */
  @Override
  void close();
}
