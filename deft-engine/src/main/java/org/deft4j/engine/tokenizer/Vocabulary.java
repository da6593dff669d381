package org.deft4j.engine.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.engine.gguf.GgufMetadata;

/**
 * The tokens of a model: spelling, kind and the ids with a role. Immutable.
 *
 * <p>Kinds are the format's: {@link #NORMAL} text, {@link #UNKNOWN}, {@link #CONTROL} (steers the
 * model, stands for no text), {@link #USER_DEFINED} (matched in any text before all else), {@link
 * #UNUSED} and {@link #BYTE} (one byte, spelled {@code <0xAB>}).
 */
final class Vocabulary {
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int UNUSED = 5;
  static final int BYTE = 6;

  /** More tokens than any model has; keeps a hostile file's tables small. */
  static final int MAX_TOKENS = 1 << 22;

  final String[] text;
  final int[] kind;
  final Map<String, Integer> ids;
  final int bos;
  final int eos;
  final int unknown;

  /** Whole tokens that take white space before or after them along. */
  final BitSet swallowsBefore = new BitSet();

  final BitSet swallowsAfter = new BitSet();

  /**
   * A vocabulary.
   *
   * @param bos begin of sequence, eos its end, unknown what stands for the unknown: ids, or -1
   */
  Vocabulary(String[] text, int[] kind, int bos, int eos, int unknown) {
    this.text = text;
    this.kind = kind;
    this.bos = bos;
    this.eos = eos;
    this.unknown = unknown;
    ids = HashMap.newHashMap(text.length);
    for (int i = 0; i < text.length; i++) {
      ids.putIfAbsent(text[i], i);
    }
  }

  /** The vocabulary of a GGUF file. */
  static Vocabulary from(GgufMetadata meta) {
    String[] text = meta.strings("tokenizer.ggml.tokens");
    if (text.length == 0 || text.length > MAX_TOKENS) {
      throw meta.unsupported("its vocabulary has " + text.length + " tokens");
    }
    int[] kind = new int[text.length];
    Arrays.fill(kind, NORMAL);
    if (meta.has("tokenizer.ggml.token_type")) {
      kind = meta.integers("tokenizer.ggml.token_type");
      if (kind.length != text.length) {
        throw meta.unsupported(
            "tokenizer.ggml.token_type has "
                + kind.length
                + " entries for "
                + text.length
                + " tokens");
      }
      for (int k : kind) {
        if (k < 0 || k > BYTE) {
          throw meta.unsupported("tokenizer.ggml.token_type holds the unknown type " + k);
        }
      }
    }
    return new Vocabulary(
        text,
        kind,
        role(meta, "bos", text.length),
        role(meta, "eos", text.length),
        role(meta, "unknown", text.length));
  }

  /** The id of a role, or -1; files write an absent one as 2^32 - 1 or leave it out. */
  private static int role(GgufMetadata meta, String name, int tokens) {
    String key = "tokenizer.ggml." + name + "_token_id";
    if (!meta.has(key)) {
      return -1;
    }
    int id = meta.integerOrAbsent(key);
    if (id >= tokens) {
      throw meta.unsupported(key + " is " + id + ", but the vocabulary has " + tokens);
    }
    return id;
  }

  /**
   * Writes it as GGUF keeps it.
   *
   * @param rows at least as many tokens are listed, unused ones behind the others
   */
  void describe(GgufBuilder file, String model, boolean addBos, int rows) {
    int n = Math.max(rows, text.length);
    List<String> names = new ArrayList<>(List.of(text));
    int[] kinds = Arrays.copyOf(kind, n);
    for (int i = text.length; i < n; i++) {
      names.add("[PAD" + i + "]");
      kinds[i] = UNUSED;
    }
    file.put("tokenizer.ggml.model", model)
        .put("tokenizer.ggml.tokens", names)
        .put("tokenizer.ggml.token_type", kinds)
        .put("tokenizer.ggml.add_bos_token", addBos && bos >= 0);
    int[] ids = {bos, eos, unknown};
    String[] roles = {"bos", "eos", "unknown"};
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] >= 0) {
        file.put("tokenizer.ggml." + roles[i] + "_token_id", ids[i]);
      }
    }
  }

  int size() {
    return text.length;
  }

  /** Whether the token steers the model: it is never matched in plain text and gives no text. */
  boolean isControl(int id) {
    return kind[id] == CONTROL
        || ((id == bos || id == eos) && kind[id] != NORMAL && kind[id] != BYTE);
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
