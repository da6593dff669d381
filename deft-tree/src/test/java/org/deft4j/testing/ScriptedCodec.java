package org.deft4j.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A byte-level vocabulary: tokens 0 to 255 are bytes, those after them the special tokens given.
 * {@code <|bos|>} and {@code <|end|>}, where given, begin and end a sequence.
 */
public final class ScriptedCodec implements TokenCodec {
  private static final int BYTES = 256;

  private final List<String> specials;

  /** A vocabulary with these special tokens. */
  public ScriptedCodec(String... specials) {
    this.specials = List.of(specials);
  }

  @Override
  public int vocabularySize() {
    return BYTES + specials.size();
  }

  @Override
  public int[] encode(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = bytes[i] & 0xff;
    }
    return ids;
  }

  @Override
  public int[] encodePrompt(String text, boolean addSpecial) {
    List<Integer> ids = new ArrayList<>();
    if (addSpecial) {
      beginOfSequence().ifPresent(ids::add);
    }
    int plain = 0;
    for (int i = 0; i < text.length(); ) {
      int special = specialAt(text, i);
      if (special < 0) {
        i++;
        continue;
      }
      addBytes(ids, text.substring(plain, i));
      ids.add(BYTES + special);
      i += specials.get(special).length();
      plain = i;
    }
    addBytes(ids, text.substring(plain));
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private int specialAt(String text, int at) {
    for (int s = 0; s < specials.size(); s++) {
      if (text.startsWith(specials.get(s), at)) {
        return s;
      }
    }
    return -1;
  }

  private void addBytes(List<Integer> ids, String text) {
    for (int id : encode(text)) {
      ids.add(id);
    }
  }

  /** The text of tokens with special tokens spelled out, as a prompt would write them. */
  public String spell(int... tokens) {
    return text(true, tokens);
  }

  @Override
  public String decode(int... tokens) {
    return text(false, tokens);
  }

  private String text(boolean spell, int... tokens) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int token : tokens) {
      byte[] bytes =
          spell && token >= BYTES
              ? specials.get(token - BYTES).getBytes(StandardCharsets.UTF_8)
              : bytes(token);
      out.write(bytes, 0, bytes.length);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] bytes(int token) {
    if (token < 0 || token >= vocabularySize()) {
      throw new IllegalArgumentException("no token " + token);
    }
    return token < BYTES ? new byte[] {(byte) token} : new byte[0];
  }

  @Override
  public OptionalInt id(String token) {
    int special = specials.indexOf(token);
    if (special >= 0) {
      return OptionalInt.of(BYTES + special);
    }
    byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
    return bytes.length == 1 ? OptionalInt.of(bytes[0] & 0xff) : OptionalInt.empty();
  }

  @Override
  public OptionalInt beginOfSequence() {
    return specials.contains("<|bos|>") ? id("<|bos|>") : OptionalInt.empty();
  }

  @Override
  public OptionalInt endOfSequence() {
    return specials.contains("<|end|>") ? id("<|end|>") : OptionalInt.empty();
  }

  @Override
  public TextStream stream() {
    return new ByteStream();
  }

  /** Holds back the bytes of an unfinished code point. */
  private final class ByteStream implements TextStream {
    private byte[] held = new byte[0];

    @Override
    public String accept(int token) {
      byte[] more = bytes(token);
      byte[] all = new byte[held.length + more.length];
      System.arraycopy(held, 0, all, 0, held.length);
      System.arraycopy(more, 0, all, held.length, more.length);
      int whole = all.length - unfinished(all);
      held = java.util.Arrays.copyOfRange(all, whole, all.length);
      return new String(all, 0, whole, StandardCharsets.UTF_8);
    }

    @Override
    public String finish() {
      String rest = new String(held, StandardCharsets.UTF_8);
      held = new byte[0];
      return rest;
    }

    /** How many bytes at the end begin a code point that is not whole. */
    private static int unfinished(byte[] all) {
      for (int back = 1; back <= Math.min(3, all.length); back++) {
        int b = all[all.length - back] & 0xff;
        if (b >= 0xc0) {
          int need = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
          return need > back ? back : 0;
        }
        if (b < 0x80) {
          return 0;
        }
      }
      return 0;
    }
  }
}
