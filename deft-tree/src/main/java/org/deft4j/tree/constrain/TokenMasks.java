package org.deft4j.tree.constrain;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A grammar over a vocabulary: which tokens may come next.
 *
 * <p>The tokens of a state are found by walking the vocabulary in the order of bytes, where tokens
 * of one prefix stand together: a prefix that the grammar does not allow is skipped with all its
 * tokens. What was found is kept for the states used last. For one thread at a time; one serves all
 * branches of a decoder.
 */
public final class TokenMasks {
  /** Bytes for masks that are kept. */
  private static final long KEEP = 32L << 20;

  private static final int MOST_STATES = 1 << 16;

  private final Automaton automaton;
  private final Vocabulary vocabulary;
  private final Map<Automaton.State, BitSet> masks = new LinkedHashMap<>(64, .75f, true);
  private final int most;

  /**
   * A vocabulary in the order of its tokens' bytes; one serves all grammars of a codec.
   *
   * <p>Tokens without bytes (control tokens) are not in it: no grammar allows them.
   */
  public static final class Vocabulary {
    final int size;
    final int[] ids;
    final byte[][] bytes;

    /** Bytes that a token has in common with the one before it. */
    final int[] shared;

    /** Reads a codec's vocabulary. */
    public Vocabulary(TokenCodec codec) {
      size = codec.vocabularySize();
      byte[][] all = new byte[size][];
      for (int t = 0; t < size; t++) {
        all[t] = codec.bytes(t);
      }
      Integer[] order = new Integer[size];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (a, b) -> Arrays.compareUnsigned(all[a], all[b]));
      int first = 0;
      while (first < size && all[order[first]].length == 0) {
        first++;
      }
      ids = new int[size - first];
      bytes = new byte[ids.length][];
      shared = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = order[first + i];
        bytes[i] = all[ids[i]];
        if (i > 0) {
          int n = Arrays.mismatch(bytes[i - 1], bytes[i]);
          shared[i] = n < 0 ? bytes[i].length : n;
        }
      }
    }
  }

  /** A grammar's masks over a vocabulary. */
  public TokenMasks(Grammar grammar, Vocabulary vocabulary) {
    this.automaton = new Automaton(grammar.network());
    this.vocabulary = vocabulary;
    this.most = (int) Math.max(16, KEEP / (vocabulary.size / 8 + 1));
  }

  /** A branch's way through the grammar, from its beginning. */
  public Position begin() {
    return new Position(automaton.start());
  }

  /** Where a branch stands. */
  public final class Position {
    private Automaton.State state;

    Position(Automaton.State state) {
      this.state = state;
    }

    /** The tokens that may come next, those that only end a text not among them; read only. */
    public BitSet allowed() {
      BitSet mask = masks.get(state);
      if (mask == null) {
        mask = find(state);
        masks.put(state, mask);
        if (masks.size() > most) {
          masks.remove(masks.keySet().iterator().next());
        }
      }
      return mask;
    }

    /** The same place, from which another branch goes on. */
    public Position copy() {
      return new Position(state);
    }

    /** Whether the text may end here. */
    public boolean mayEnd() {
      return state.accepting();
    }

    /** Whether no token can follow: the text is complete, or cannot be spelled any further. */
    public boolean stuck() {
      return !state.goesOn() || allowed().isEmpty();
    }

    /**
     * A token was written.
     *
     * @param bytes its bytes
     * @return whether the grammar allowed it; if not, nothing is allowed from now on
     */
    public boolean accept(byte... bytes) {
      for (byte b : bytes) {
        state = automaton.next(state, b & 0xFF);
      }
      if (automaton.size() > MOST_STATES) {
        automaton.clear();
        masks.clear();
      }
      return state != Automaton.DEAD;
    }
  }

  private BitSet find(Automaton.State from) {
    BitSet found = new BitSet(vocabulary.size);
    // States after the first bytes of the token before; those up to `known` are right.
    Automaton.State[] states = new Automaton.State[64];
    states[0] = from;
    int known = 0;
    int i = 0;
    while (i < vocabulary.ids.length) {
      byte[] bytes = vocabulary.bytes[i];
      if (bytes.length >= states.length) {
        states = Arrays.copyOf(states, bytes.length * 2);
      }
      int at = Math.min(known, i == 0 ? 0 : vocabulary.shared[i]);
      while (at < bytes.length) {
        Automaton.State next = automaton.next(states[at], bytes[at] & 0xFF);
        if (next == Automaton.DEAD) {
          break;
        }
        states[++at] = next;
      }
      known = at;
      if (at == bytes.length) {
        found.set(vocabulary.ids[i++]);
      } else {
        // This byte is not allowed after this prefix: nor in all tokens that have both.
        int dead = at + 1;
        do {
          i++;
        } while (i < vocabulary.ids.length && vocabulary.shared[i] >= dead);
      }
    }
    return found;
  }
}
