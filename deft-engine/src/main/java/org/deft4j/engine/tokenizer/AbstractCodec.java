package org.deft4j.engine.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.deft4j.tree.decode.TokenCodec;

/** What both kinds of tokenizer share: whole tokens, roles, and the way back to text. */
abstract class AbstractCodec implements TokenCodec {
  private static final byte[] NOTHING = {};

  final Vocabulary vocabulary;
  private final boolean addBos;
  private final SpecialMatcher userDefined;
  private final SpecialMatcher special;
  private final byte[][] bytes;

  /**
   * Prepares whole-token matching.
   *
   * @param addBos whether a prompt begins with the begin-of-sequence token
   */
  AbstractCodec(Vocabulary vocabulary, boolean addBos) {
    this.vocabulary = vocabulary;
    this.addBos = addBos;
    userDefined =
        new SpecialMatcher(
            vocabulary,
            i -> vocabulary.kind[i] == Vocabulary.USER_DEFINED && !vocabulary.isControl(i));
    special =
        new SpecialMatcher(
            vocabulary,
            i ->
                vocabulary.isControl(i)
                    || vocabulary.kind[i] == Vocabulary.USER_DEFINED
                    || vocabulary.kind[i] == Vocabulary.UNKNOWN);
    bytes = new byte[vocabulary.size()][];
  }

  /** Encodes text without whole tokens; {@code first}: nothing at all is before it. */
  abstract void encodePlain(String text, boolean first, IntList out);

  /** The bytes of a token that is not a control token. */
  abstract byte[] spell(int token);

  /** Drops what encoding puts before the first word, where a whole sequence is decoded. */
  abstract String withoutPrefix(String text);

  @Override
  public final int vocabularySize() {
    return vocabulary.size();
  }

  @Override
  public final int[] encode(String text) {
    IntList out = new IntList();
    encode(text, userDefined, out);
    return out.toArray();
  }

  @Override
  public final int[] encodePrompt(String text, boolean addSpecial) {
    IntList out = new IntList();
    if (addSpecial && addBos && vocabulary.bos >= 0) {
      out.add(vocabulary.bos);
    }
    encode(text, special, out);
    return out.toArray();
  }

  private void encode(String text, SpecialMatcher matcher, IntList out) {
    matcher.split(
        text,
        new SpecialMatcher.Parts() {
          @Override
          public void text(String part, boolean first) {
            encodePlain(part, first, out);
          }

          @Override
          public void token(int id) {
            out.add(id);
          }
        });
  }

  @Override
  public final String decode(int... tokens) {
    ByteArrayOutputStream all = new ByteArrayOutputStream(tokens.length * 4);
    for (int t : tokens) {
      byte[] b = spelled(t);
      all.write(b, 0, b.length);
    }
    String text = all.toString(StandardCharsets.UTF_8);
    boolean whole = tokens.length > 0 && tokens[0] == vocabulary.bos;
    return whole ? withoutPrefix(text) : text;
  }

  @Override
  public final byte[] bytes(int token) {
    return spelled(token).clone();
  }

  private byte[] spelled(int token) {
    if (token < 0 || token >= bytes.length) {
      throw new IllegalArgumentException(
          "token " + token + " is outside the vocabulary of " + bytes.length);
    }
    byte[] b = bytes[token];
    if (b == null) {
      // Racing threads compute the same bytes.
      b = vocabulary.isControl(token) ? NOTHING : spell(token);
      bytes[token] = b;
    }
    return b;
  }

  @Override
  public final OptionalInt id(String token) {
    return vocabulary.id(token);
  }

  @Override
  public final OptionalInt beginOfSequence() {
    return vocabulary.bos < 0 ? OptionalInt.empty() : OptionalInt.of(vocabulary.bos);
  }

  @Override
  public final OptionalInt endOfSequence() {
    return vocabulary.eos < 0 ? OptionalInt.empty() : OptionalInt.of(vocabulary.eos);
  }

  @Override
  public final TextStream stream() {
    return new Utf8Stream(this::spelled);
  }

  /** UTF-8 bytes of text whose lone surrogates become U+FFFD. */
  static byte[] utf8(String text) {
    byte[] b = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          return repair(text).getBytes(StandardCharsets.UTF_8);
        }
      }
    }
    return b;
  }

  /** The text with lone surrogates, which no UTF-8 has, replaced by U+FFFD. */
  static String repair(String text) {
    StringBuilder s = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c ->
            s.appendCodePoint(
                c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c));
    return s.toString();
  }
}
