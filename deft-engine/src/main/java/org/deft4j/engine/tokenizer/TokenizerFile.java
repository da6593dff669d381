package org.deft4j.engine.tokenizer;

import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.tree.decode.TokenCodec;

/** A tokenizer as a file of its own describes it. */
public sealed interface TokenizerFile permits TokenizerJson, SentencePieceModel {
  /**
   * The tokens with a role, where a model's other files name them.
   *
   * @param bos id of the begin-of-sequence token, -1 if they do not say
   * @param eos id of the end-of-sequence token, -1 if they do not say
   * @param addBos whether prompts begin with the former, null if they do not say
   */
  record Roles(int bos, int eos, @org.jspecify.annotations.Nullable Boolean addBos) {
    /** Nothing is said. */
    public static final Roles UNKNOWN = new Roles(-1, -1, null);
  }

  /** The tokenizer. */
  TokenCodec codec();

  /**
   * Writes its description as GGUF keeps it.
   *
   * @param rows rows of the embedding: as many tokens are listed, the last of them unused ones
   * @throws org.deft4j.tree.DeftException {@code UNSUPPORTED_MODEL} where GGUF cannot say it
   */
  void describe(GgufBuilder file, int rows);
}
