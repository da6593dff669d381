package org.deft4j.engine.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;

/**
 * SentencePiece's own file, {@code tokenizer.model}: a protocol buffer with the pieces, the kind of
 * the model and how text is normalized. Only the fields that matter are read; the rest is skipped.
 */
public final class SentencePieceModel implements TokenizerFile {
  private static final int UNIGRAM = 1;
  private static final int BPE = 2;

  private final Function<String, DeftException> bad;
  private final Vocabulary vocabulary;
  private final float[] scores;
  private final boolean addBos;
  private int modelType = UNIGRAM;
  private boolean spacePrefix = true;
  private boolean removesSpaces = true;
  private int bos = 1;
  private int eos = 2;
  private int unknown;

  /**
   * Reads a file.
   *
   * @param bad makes an exception of a message
   */
  public SentencePieceModel(byte[] file, Roles roles, Function<String, DeftException> bad) {
    this.bad = bad;
    List<String> text = new ArrayList<>();
    List<Float> score = new ArrayList<>();
    List<Integer> kind = new ArrayList<>();
    fields(
        ByteBuffer.wrap(file),
        (field, value, bytes) -> {
          switch (field) {
            case 1 -> piece(bytes, text, score, kind);
            case 2 -> fields(bytes, this::trainer);
            case 3 -> fields(bytes, this::normalizer);
            default -> {}
          }
        });
    int n = text.size();
    if (n == 0 || n > Vocabulary.MAX_TOKENS) {
      throw bad.apply("its vocabulary has " + n + " tokens");
    }
    scores = new float[n];
    int[] kinds = new int[n];
    for (int i = 0; i < n; i++) {
      scores[i] = score.get(i);
      kinds[i] = kind.get(i);
    }
    vocabulary =
        new Vocabulary(
            text.toArray(String[]::new),
            kinds,
            roles.bos() >= 0 ? Math.min(roles.bos(), n - 1) : bos < n ? bos : -1,
            roles.eos() >= 0 ? Math.min(roles.eos(), n - 1) : eos < n ? eos : -1,
            unknown < n ? unknown : -1);
    addBos = roles.addBos() == null || roles.addBos();
    if (modelType != UNIGRAM && modelType != BPE) {
      throw bad.apply("its model is neither unigram nor BPE but type " + modelType);
    }
  }

  private void piece(ByteBuffer bytes, List<String> text, List<Float> score, List<Integer> kind) {
    int at = text.size();
    text.add("");
    score.add(0f);
    kind.add(Vocabulary.NORMAL);
    fields(
        bytes,
        (field, value, part) -> {
          switch (field) {
            case 1 -> text.set(at, StandardCharsets.UTF_8.decode(part).toString());
            case 2 -> score.set(at, Float.intBitsToFloat((int) value));
            case 3 -> {
              if (value < 1 || value > 6) {
                throw bad.apply("piece " + at + " is of the unknown type " + value);
              }
              kind.set(at, (int) value);
            }
            default -> {}
          }
        });
  }

  private void trainer(int field, long value, ByteBuffer bytes) {
    switch (field) {
      case 3 -> modelType = (int) value;
      case 40 -> unknown = id(value);
      case 41 -> bos = id(value);
      case 42 -> eos = id(value);
      default -> {}
    }
  }

  private static int id(long value) {
    return value < 0 || value > Vocabulary.MAX_TOKENS ? Vocabulary.MAX_TOKENS : (int) value;
  }

  private void normalizer(int field, long value, ByteBuffer bytes) {
    switch (field) {
      case 2 -> {
        if (bytes.hasRemaining()) {
          throw bad.apply("its character map is not supported; give a tokenizer.json");
        }
      }
      case 3 -> spacePrefix = value != 0;
      case 4 -> removesSpaces = value != 0;
      default -> {}
    }
  }

  private interface Field {
    /** A varint or fixed value, or the bytes of a string or message. */
    void take(int field, long value, ByteBuffer bytes);
  }

  private void fields(ByteBuffer in, Field taker) {
    ByteBuffer b = in.slice().order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer none = ByteBuffer.allocate(0);
    while (b.hasRemaining()) {
      long tag = varint(b);
      int field = (int) (tag >>> 3);
      switch ((int) tag & 7) {
        case 0 -> taker.take(field, varint(b), none);
        case 1 -> {
          need(b, 8);
          taker.take(field, b.getLong(), none);
        }
        case 2 -> {
          long n = varint(b);
          need(b, n);
          taker.take(field, 0, b.slice(b.position(), (int) n));
          b.position(b.position() + (int) n);
        }
        case 5 -> {
          need(b, 4);
          taker.take(field, b.getInt() & 0xFFFFFFFFL, none);
        }
        default -> throw bad.apply("is no SentencePiece model (field type " + (tag & 7) + ")");
      }
    }
  }

  private void need(ByteBuffer b, long n) {
    if (n < 0 || n > b.remaining()) {
      throw bad.apply("is no SentencePiece model, or ends too early");
    }
  }

  private long varint(ByteBuffer b) {
    long v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      need(b, 1);
      byte x = b.get();
      v |= (long) (x & 127) << shift;
      if (x >= 0) {
        return v;
      }
    }
    throw bad.apply("is no SentencePiece model (a number does not end)");
  }

  @Override
  public TokenCodec codec() {
    if (modelType == BPE) {
      return new SentencePiece(vocabulary, addBos, scores, spacePrefix, removesSpaces, bad);
    }
    double[] wide = new double[scores.length];
    Arrays.setAll(wide, i -> scores[i]);
    Normalizer spaces = removesSpaces ? SentencePiece.ONE_SPACE : Normalizer.NONE;
    return new Unigram(
        vocabulary,
        addBos,
        spaces.then(Unigram.spaces(spacePrefix)),
        false,
        spacePrefix,
        wide,
        Unigram.ordinary(vocabulary),
        bad);
  }

  @Override
  public void describe(GgufBuilder file, int rows) {
    vocabulary.describe(file, modelType == BPE ? "llama" : "t5", addBos, rows);
    int n = Math.max(rows, scores.length);
    file.put("tokenizer.ggml.scores", Arrays.copyOf(scores, n))
        .put("tokenizer.ggml.add_space_prefix", spacePrefix)
        .put("tokenizer.ggml.remove_extra_whitespaces", removesSpaces);
  }
}
