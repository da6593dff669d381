package org.deft4j.engine.source;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.tokenizer.Tokenizers;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/**
 * A model in a GGUF file.
 *
 * @param file closed with this
 */
public record GgufSource(GgufFile file) implements ModelSource {
  /** Opens the file, or the first of a split model. */
  public static GgufSource open(Path path) {
    return new GgufSource(GgufFile.open(path));
  }

  @Override
  public String name() {
    return file.name();
  }

  @Override
  public long size() {
    return file.size();
  }

  @Override
  public List<Path> files() {
    return file.paths();
  }

  @Override
  public GgufMetadata metadata() {
    return file.metadata();
  }

  @Override
  public Collection<GgufTensor> tensors() {
    return file.tensors();
  }

  @Override
  public @Nullable GgufTensor tensor(String name) {
    return file.tensor(name);
  }

  @Override
  public boolean halfSplit() {
    return false;
  }

  @Override
  public TokenCodec tokenizer() {
    return Tokenizers.from(file.metadata());
  }

  @Override
  public void close() {
    file.close();
  }
}
