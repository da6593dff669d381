package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Hypotheses.Hypothesis;
import org.deft4j.search.spi.ConstrainedProblem;
import org.deft4j.search.strategy.TokenBeam;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.decode.FinishReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Token-level beam search against the enumeration of all sequences. */
class TokenBeamTest {
  private static final int VOCABULARY = 4;
  private static final int END = 3;
  private static final int LONGEST = 5;

  /** Log-probabilities after a prefix, normalised. */
  private static float[] next(int[] prefix, long seed) {
    Random random = new Random(Arrays.hashCode(prefix) * 31L + seed);
    double[] weights = random.doubles(VOCABULARY).map(x -> Math.exp(4 * x)).toArray();
    double sum = Arrays.stream(weights).sum();
    float[] logs = new float[VOCABULARY];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(weights[i] / sum);
    }
    return logs;
  }

  private static void enumerate(int[] prefix, double log, long seed, List<Hypothesis> all) {
    if (prefix.length == LONGEST || prefix.length > 0 && prefix[prefix.length - 1] == END) {
      all.add(new Hypothesis(prefix, log, FinishReason.STOP_TOKEN, -1));
      return;
    }
    float[] logs = next(prefix, seed);
    for (int t = 0; t < VOCABULARY; t++) {
      int[] longer = Arrays.copyOf(prefix, prefix.length + 1);
      longer[prefix.length] = t;
      enumerate(longer, log + logs[t], seed, all);
    }
  }

  private static List<Hypothesis> search(int width, double penalty, long seed, int[] forbidden) {
    Hypotheses beam =
        new Hypotheses(
            width,
            penalty,
            LONGEST,
            (from, tokens) -> tokens[tokens.length - 1] == END ? FinishReason.STOP_TOKEN : null);
    int[] candidates = {0, 1, 2, 3};
    while (!beam.over()) {
      List<float[]> rows = new ArrayList<>();
      for (Hypothesis h : beam.live()) {
        float[] row = next(h.tokens(), seed);
        for (int f : forbidden) {
          row[f] = Float.NEGATIVE_INFINITY;
        }
        rows.add(row);
      }
      beam.advance(candidates, rows);
    }
    return beam.best(5);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, .6, 1, 2})
  void aWideBeamFindsTheBestOfAllSequences(double penalty) {
    for (int seed = 0; seed < 10; seed++) {
      List<Hypothesis> all = new ArrayList<>();
      enumerate(new int[0], 0, seed, all);
      all.sort(Comparator.comparingDouble(h -> -h.rank(penalty)));
      List<Hypothesis> found = search(100, penalty, seed, new int[0]);
      for (int i = 0; i < 5; i++) {
        assertThat(found.get(i).tokens()).isEqualTo(all.get(i).tokens());
        assertThat(found.get(i).logProb()).isCloseTo(all.get(i).logProb(), within(1e-4));
      }
    }
  }

  @Test
  void forbiddenTokensAreNotTaken() {
    for (Hypothesis h : search(8, 1, 1, new int[] {0, 2})) {
      assertThat(h.tokens()).containsAnyOf(1, END).doesNotContain(0, 2);
    }
  }

  @Test
  void aNarrowBeamIsNoBetterThanAWideOne() {
    for (int seed = 0; seed < 20; seed++) {
      double narrow = search(2, 1, seed, new int[0]).getFirst().rank(1);
      double wide = search(100, 1, seed, new int[0]).getFirst().rank(1);
      assertThat(narrow).isLessThanOrEqualTo(wide + 1e-9);
    }
  }

  /** The likeliest words of some letters that match, best first, by asking for every one. */
  private static List<String> likeliest(ScriptedDecoder decoder, int letters, String regex) {
    Map<String, Double> words = new HashMap<>();
    for (int w = 0; w < (int) Math.pow(3, letters); w++) {
      StringBuilder spelled = new StringBuilder();
      for (int i = 0, rest = w; i < letters; i++, rest /= 3) {
        spelled.append((char) ('a' + rest % 3));
      }
      String word = spelled.toString();
      if (!word.matches(regex)) {
        continue;
      }
      var root = decoder.root(new int[] {LetterProblem.token("<|bos|>"), 'q'});
      var leaf = decoder.fork(root, 1).getFirst();
      decoder.extend(leaf, LetterProblem.CODEC.encode(word), true);
      while (decoder.busy()) {
        decoder.step(e -> {
          if (e instanceof org.deft4j.tree.decode.DecodeEvent.Extended x) {
            for (float p : x.logProbs()) {
              words.merge(word, (double) p, Double::sum);
            }
          }
        });
      }
      decoder.release(root);
    }
    return words.entrySet().stream()
        .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
        .map(Map.Entry::getKey)
        .toList();
  }

  @Test
  void onADecoderItFindsTheLikeliestWord() {
    for (int seed = 0; seed < 5; seed++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
        String word = likeliest(decoder, 4, ".*").getFirst();
        SearchResult result =
            new SearchDriver(decoder)
                .run(
                    SearchRequest.of(
                        new LetterProblem(1, 4, word, false),
                        new TokenBeam(new TokenBeam.Config(27, 3, 9, 1))));
        assertThat(result.answer()).contains(word);
        assertThat(result.tree().nodes()).isEqualTo(3);
        assertThat(decoder.nodeCount()).as("all is freed").isZero();
      }
    }
  }

  /** Words that the grammar ends and words that the length ends, against all that match. */
  @ParameterizedTest
  @ValueSource(strings = {"(ab|c)*b?.b", "[ab][bc]{3}", "a?(bca|cab|c+)+", "b{4}"})
  void underAGrammarItFindsTheLikeliestWordsThatMatch(String regex) {
    for (int seed = 0; seed < 5; seed++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
        List<String> words = likeliest(decoder, 4, regex);
        SearchResult result =
            new SearchDriver(decoder)
                .run(
                    SearchRequest.of(
                        new ConstrainedProblem(
                            new LetterProblem(1, 4, "abca", false), Grammar.regex(regex)),
                        new TokenBeam(new TokenBeam.Config(100, 100, 9, 0))));
        List<Thought> found = result.thoughts().stream().skip(1).toList();
        assertThat(found)
            .allMatch(t -> t.text().length() > 4 || decoded(regex, t.text()), "matches " + regex);
        assertThat(found.stream().map(Thought::text).filter(words::contains).toList())
            .as("of length 4, likeliest first")
            .isEqualTo(words);
      }
    }
  }

  /** Whether a text matches, or is the beginning of one that does, cut by its length. */
  private static boolean decoded(String regex, String text) {
    Matcher m = Pattern.compile(regex).matcher(text);
    return m.matches() || text.length() == 4 && m.hitEnd();
  }

  @Test
  void aChainOfThoughtsGoesOnFromTheBest() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(2)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(
                      new LetterProblem(3, 2, "abcabc", false),
                      new TokenBeam(new TokenBeam.Config(4, 2, 9, 1))));
      assertThat(result.best()).hasSize(4);
      assertThat(result.tokens().decoded()).isBetween(6L, 3 * 2 * 4L);
      assertThat(result.answer().orElse("")).hasSize(6);
      Optional<Thought> last = result.best().stream().reduce((a, b) -> b);
      assertThat(last.orElseThrow().logProb()).isNegative();
    }
  }

  @Test
  void theBudgetHolds() {
    for (int tokens = 1; tokens < 40; tokens += 3) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(2)) {
        SearchResult result =
            new SearchDriver(decoder)
                .run(
                    SearchRequest.of(
                            new LetterProblem(2, 3, "abcabc", false),
                            new TokenBeam(new TokenBeam.Config(4, 2, 9, 1)))
                        .withBudget(SearchBudget.UNLIMITED.withDecodeTokens(tokens)));
        assertThat(result.tokens().decoded()).isLessThanOrEqualTo(tokens);
      }
    }
  }
}
