package org.deft4j.engine.tokenizer;

import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.decode.TokenCodec;

/** Builds the tokenizer that a model file describes. */
public final class Tokenizers {
  private Tokenizers() {}

  /**
   * The tokenizer of a file.
   *
   * <p>Decoding gives the bytes of the tokens and nothing else, so that the texts of parts of a
   * branch can be joined. A SentencePiece model puts a space before the first word when it encodes:
   * it is dropped again only where the tokens begin with the begin-of-sequence token.
   *
   * @param meta metadata of a model file
   * @return a tokenizer that is independent of the file
   * @throws org.deft4j.tree.DeftException with code {@code UNSUPPORTED_MODEL} for a kind, a
   *     pre-tokenizer or a vocabulary that is not supported
   */
  public static TokenCodec from(GgufMetadata meta) {
    String model = meta.string("tokenizer.ggml.model");
    return switch (model) {
      case "gpt2" -> ByteLevelBpe.from(meta);
      case "llama" -> SentencePiece.from(meta);
      case "t5" -> Unigram.from(meta);
      default ->
          throw meta.unsupported(
              "tokenizer '"
                  + model
                  + "' is not supported; known: gpt2 (byte-level BPE), llama"
                  + " (SentencePiece BPE), t5 (SentencePiece unigram)");
    };
  }
}
