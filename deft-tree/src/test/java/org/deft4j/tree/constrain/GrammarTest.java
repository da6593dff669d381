package org.deft4j.tree.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrammarTest {
  /** Tokens that are byte strings. */
  private record Bytes(List<byte[]> tokens) implements TokenCodec {
    @Override
    public int vocabularySize() {
      return tokens.size();
    }

    @Override
    public byte[] bytes(int token) {
      return tokens.get(token);
    }

    @Override
    public int[] encode(String text) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int[] encodePrompt(String text, boolean addSpecial) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String decode(int... tokens) {
      throw new UnsupportedOperationException();
    }

    @Override
    public OptionalInt id(String token) {
      return OptionalInt.empty();
    }

    @Override
    public OptionalInt beginOfSequence() {
      return OptionalInt.empty();
    }

    @Override
    public OptionalInt endOfSequence() {
      return OptionalInt.empty();
    }

    @Override
    public TextStream stream() {
      throw new UnsupportedOperationException();
    }
  }

  private static Bytes singleBytes() {
    return new Bytes(IntStream.range(0, 256).mapToObj(b -> new byte[] {(byte) b}).toList());
  }

  private static boolean matches(Grammar g, String text) {
    TokenMasks.Position p = new TokenMasks(g, new TokenMasks.Vocabulary(singleBytes())).begin();
    return p.accept(text.getBytes(StandardCharsets.UTF_8)) && p.mayEnd();
  }

  static List<Integer> seeds() {
    return IntStream.range(0, 200).boxed().toList();
  }

  private static final String[] ATOMS = {
    "a",
    "b",
    "c",
    "é",
    "€",
    "😀",
    ".",
    "\\d",
    "\\w",
    "\\s",
    "\\D",
    "[ab]",
    "[^a]",
    "[a-c€-₿]",
    "[^b😀]",
    "\\.",
    "\\u00e9",
    "(?:ab|c)",
    "[\\d_]",
    "\\x41"
  };

  private static String regex(Random r, int depth) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < 1 + r.nextInt(3); i++) {
      String atom =
          depth > 0 && r.nextInt(3) == 0
              ? "(" + regex(r, depth - 1) + "|" + regex(r, depth - 1) + ")"
              : ATOMS[r.nextInt(ATOMS.length)];
      String[] often = {"", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"};
      s.append(atom).append(often[r.nextInt(often.length)]);
    }
    return s.toString();
  }

  private static String text(Random r) {
    String[] parts = {"a", "b", "c", "é", "€", "😀", "1", "_", " ", "\n", ".", "A", "ab", "₿"};
    StringBuilder s = new StringBuilder();
    for (int i = r.nextInt(6); i > 0; i--) {
      s.append(parts[r.nextInt(parts.length)]);
    }
    return s.toString();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void matchesWhatJavaMatches(int seed) {
    Random r = new Random(seed);
    String regex = regex(r, 2);
    Grammar g = Grammar.regex(regex);
    Pattern p = Pattern.compile(regex);
    for (int i = 0; i < 60; i++) {
      String text = text(r);
      assertThat(matches(g, text))
          .as("%s on '%s'", regex, text)
          .isEqualTo(p.matcher(text).matches());
    }
  }

  /** Tokens of many bytes, among them such as begin or end within a code point. */
  private static Bytes odd(Random r) {
    List<byte[]> tokens = new ArrayList<>(singleBytes().tokens());
    tokens.add(new byte[0]);
    byte[] all = "ab é€😀1 abc.é€_A\n😀b".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 120; i++) {
      int from = r.nextInt(all.length);
      int to = Math.min(all.length, from + 1 + r.nextInt(7));
      tokens.add(java.util.Arrays.copyOfRange(all, from, to));
    }
    return new Bytes(tokens);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void masksAllowExactlyWhatCanBeCompleted(int seed) {
    Random r = new Random(seed);
    Grammar g = Grammar.regex(regex(r, 2));
    Bytes codec = odd(r);
    TokenMasks masks = new TokenMasks(g, new TokenMasks.Vocabulary(codec));
    TokenMasks.Position p = masks.begin();
    List<Byte> written = new ArrayList<>();
    for (int step = 0; step < 12 && !p.stuck(); step++) {
      BitSet allowed = p.allowed();
      for (int t = 0; t < codec.vocabularySize(); t++) {
        // Oracle: token by token, byte by byte, from the start.
        TokenMasks.Position q = masks.begin();
        for (byte b : written) {
          q.accept(b);
        }
        boolean ok = codec.bytes(t).length > 0 && q.accept(codec.bytes(t));
        assertThat(allowed.get(t)).as("token %d", t).isEqualTo(ok);
      }
      int[] choices = allowed.stream().toArray();
      byte[] token = codec.bytes(choices[r.nextInt(choices.length)]);
      assertThat(p.accept(token)).isTrue();
      for (byte b : token) {
        written.add(b);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatIsWrittenToTheEndMatches(int seed) {
    Random r = new Random(seed);
    String regex = regex(r, 2);
    Bytes codec = odd(r);
    TokenMasks.Position p =
        new TokenMasks(Grammar.regex(regex), new TokenMasks.Vocabulary(codec)).begin();
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    // Unbounded repetitions end by choice, at the first place after some tokens.
    for (int step = 0; step < 400 && !p.stuck() && !(step > 5 && p.mayEnd()); step++) {
      int[] choices = p.allowed().stream().toArray();
      byte[] token = codec.bytes(choices[r.nextInt(choices.length)]);
      p.accept(token);
      out.writeBytes(token);
    }
    // Chance may keep a repetition going for ever where the end needs one token of hundreds.
    assumeTrue(p.mayEnd());
    assertThat(out.toString(StandardCharsets.UTF_8)).matches(Pattern.compile(regex));
  }

  private static final String ARITHMETIC =
      """
      # sums and products
      root  ::= expr
      expr  ::= term (("+" | "-") term)*
      term  ::= factor ( "*" factor )*
      factor ::= [0-9]+ | "(" expr ")"
      """;

  @Test
  void grammarsNest() {
    Grammar g = Grammar.gbnf(ARITHMETIC);
    for (String yes : List.of("1", "1+2*3", "(1)", "((1+2)*(3-44))*5", "(((((((7)))))))")) {
      assertThat(matches(g, yes)).as(yes).isTrue();
    }
    for (String no : List.of("", "1+", "(1", "1)", "()", "1++2", "(1+2))")) {
      assertThat(matches(g, no)).as(no).isFalse();
    }
  }

  @Test
  void grammarsOfTheNotationsOwnKind() {
    Grammar list =
        Grammar.gbnf(
            """
            root ::= ("- " item){1,3} end? # one to three
            item ::= [^\\n]+ "\\n"
            end ::=
              "." |
              "\\u20ac"
            """);
    assertThat(matches(list, "- a\n- é\n")).isTrue();
    assertThat(matches(list, "- a\n€")).isTrue();
    assertThat(matches(list, "- a\n- b\n- c\n- d\n")).isFalse();
    assertThat(matches(list, "")).isFalse();
    assertThat(matches(Grammar.gbnf("root ::= \"\\\"\" [a-z\\]]* \"\\\"\""), "\"a]\"")).isTrue();
  }

  @Test
  void rightRecursionNeedsNoMoreStates() {
    TokenMasks masks =
        new TokenMasks(
            Grammar.gbnf("root ::= \"x\" root | \"y\""), new TokenMasks.Vocabulary(singleBytes()));
    TokenMasks.Position p = masks.begin();
    for (int i = 0; i < 300_000; i++) {
      assertThat(p.accept((byte) 'x')).isTrue();
    }
    assertThat(p.accept((byte) 'y')).isTrue();
    assertThat(p.stuck()).isTrue();
    assertThat(p.mayEnd()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(",
        ")",
        "a{2",
        "a{3,1}",
        "[",
        "[z-a]",
        "\\1",
        "(?=a)",
        "a**+",
        "*a",
        "\\p{L}",
        "a^b",
        "[a&&b]",
        "\\ud83d",
        "(?<n>a)",
        "a{9999999}",
        "[^\\x{0}-\\x{10ffff}]",
        "((a{999}){999}){9}"
      })
  void badExpressionsAreRefusedWithTheirPlace(String regex) {
    assertThatThrownBy(() -> Grammar.regex(regex))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("(?s)regular expression, at character \\d+: .*|the pattern .*");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "root",
        "root ::= \"a",
        "root ::= missing",
        "a ::= \"b\"",
        "root ::= root \"a\" | \"b\"",
        "root ::= a \"x\"\na ::= \"\"? root",
        "root ::= \"x\" root",
        "root ::= [a",
        "root ::= (\"a\"",
        "root ::= \"\\q\"",
        "root ::= \"a\"\nroot ::= \"b\"",
        "root ::= \"a\"{2,1}"
      })
  void badGrammarsAreRefused(String grammar) {
    assertThatThrownBy(() -> Grammar.gbnf(grammar))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("(?s)grammar.*|the pattern matches no text at all");
  }
}
