package org.deft4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.constrain.TokenMasks;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeEvent.Chosen;
import org.deft4j.tree.decode.DecodeEvent.Extended;
import org.deft4j.tree.decode.DecodeEvent.Finished;
import org.deft4j.tree.decode.DecodeEvent.Sampled;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.DecoderStats;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link TreeDecoder} keeps. Extend it and give a decoder and a prompt. */
public abstract class AbstractTreeDecoderContractTest {
  private TreeDecoder decoder;

  /** A new decoder; closed by the test. */
  protected abstract TreeDecoder open() throws Exception;

  /** A prompt of at least 8 tokens after which at least 8 tokens are decoded without a stop. */
  protected abstract int[] prompt();

  /** How far a log-probability may differ between two orders of computing it. */
  protected float tolerance() {
    return 1e-3f;
  }

  @BeforeEach
  final void openDecoder() throws Exception {
    decoder = open();
  }

  @AfterEach
  final void closeDecoder() {
    decoder.close();
  }

  private List<DecodeEvent> drain() {
    List<DecodeEvent> events = new ArrayList<>();
    for (int i = 0; decoder.busy(); i++) {
      assertThat(i).as("steps until idle").isLessThan(10_000);
      decoder.step(events::add);
    }
    return events;
  }

  private static DecodeSpec greedy(int n) {
    return DecodeSpec.of(n).build();
  }

  private static DecodeSpec sampled(int n, long stream) {
    return DecodeSpec.of(n).temperature(1).seed(7, stream).build();
  }

  private NodeId leaf() {
    return decoder.fork(decoder.root(prompt()), 1).getFirst();
  }

  private int[] decode(NodeId leaf, DecodeSpec spec) {
    decoder.decode(leaf, spec);
    drain();
    return decoder.tokens(leaf);
  }

  /** The greedy continuation of a path decoded as a tree of its own. */
  private int[] alone(int[] path, int n) {
    NodeId root = decoder.root(path);
    decoder.decode(root, greedy(n));
    drain();
    int[] all = decoder.tokens(root);
    decoder.release(root);
    return Arrays.copyOfRange(all, path.length, all.length);
  }

  private static int[] concat(int[] a, int... b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }

  private static <E extends DecodeEvent> List<E> of(
      Class<E> type, NodeId node, List<DecodeEvent> events) {
    return events.stream()
        .filter(e -> e.node().equals(node))
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  @Test
  void rootHoldsThePromptAndIsIdle() {
    NodeId root = decoder.root(prompt());
    assertThat(decoder.tokens(root)).isEqualTo(prompt());
    assertThat(decoder.length(root)).isEqualTo(prompt().length);
    assertThat(decoder.pathLength(root)).isEqualTo(prompt().length);
    assertThat(decoder.busy()).isFalse();
    assertThatIllegalArgumentException().isThrownBy(() -> decoder.root(new int[0]));
  }

  @Test
  void decodeTellsEveryTokenThenTheEnd() {
    NodeId leaf = leaf();
    decoder.decode(leaf, greedy(5));
    assertThat(decoder.busy()).isTrue();
    List<DecodeEvent> events = drain();
    List<Sampled> sampled = of(Sampled.class, leaf, events);
    assertThat(sampled.stream().mapToInt(Sampled::token).toArray())
        .hasSize(5)
        .isEqualTo(decoder.tokens(leaf));
    assertThat(sampled.stream().mapToInt(Sampled::position).toArray())
        .isEqualTo(IntStream.range(prompt().length, prompt().length + 5).toArray());
    Finished end = of(Finished.class, leaf, events).getFirst();
    assertThat(events.getLast()).isEqualTo(end);
    assertThat(end.reason()).isEqualTo(FinishReason.MAX_TOKENS);
    assertThat(end.tokens()).isEqualTo(5);
    if (decoder.capabilities().logProbs()) {
      assertThat(end.logProb())
          .isCloseTo(sampled.stream().mapToDouble(Sampled::logProb).sum(), within(1e-4));
      assertThat(sampled).allMatch(s -> s.logProb() <= 0);
    }
  }

  @Test
  void aBranchDecodesAsItWouldAlone() {
    NodeId root = decoder.root(prompt());
    List<NodeId> leaves = decoder.fork(root, 3);
    int extra = prompt()[prompt().length - 1];
    decoder.extend(leaves.get(1), new int[] {extra, extra}, false);
    drain();
    leaves.forEach(leaf -> decoder.decode(leaf, greedy(4)));
    drain();
    int[] first = decoder.tokens(leaves.get(0));
    int[] second = decoder.tokens(leaves.get(1));
    assertThat(decoder.tokens(leaves.get(2))).isEqualTo(first);
    decoder.release(root);
    assertThat(first).isEqualTo(alone(prompt(), 4));
    assertThat(Arrays.copyOfRange(second, 2, second.length))
        .isEqualTo(alone(concat(prompt(), extra, extra), 4));
  }

  @Test
  void randomnessDependsOnSeedStreamAndPositionAlone() {
    assumeTrue(decoder.capabilities().deterministic());
    List<NodeId> many = decoder.fork(decoder.root(prompt()), 6);
    for (int i = 0; i < many.size(); i++) {
      decoder.decode(many.get(i), sampled(8, i));
    }
    drain();
    NodeId one = leaf();
    assertThat(decode(one, sampled(8, 3))).isEqualTo(decoder.tokens(many.get(3)));
    assertThat(many.stream().map(leaf -> Arrays.toString(decoder.tokens(leaf))).distinct())
        .as("streams differ")
        .hasSizeGreaterThan(1);
  }

  @Test
  void topOneIsGreedy() {
    List<NodeId> leaves = decoder.fork(decoder.root(prompt()), 2);
    decoder.decode(leaves.get(0), greedy(6));
    decoder.decode(leaves.get(1), sampled(6, 1).toBuilder().topK(1).build());
    drain();
    assertThat(decoder.tokens(leaves.get(1))).isEqualTo(decoder.tokens(leaves.get(0)));
  }

  @Test
  void extendGivesTheLogProbabilitiesThatChoicesGive() {
    assumeTrue(decoder.capabilities().logProbs() && decoder.capabilities().choices());
    int[] tokens = Arrays.copyOf(prompt(), 4);
    NodeId root = decoder.root(prompt());
    NodeId leaf = decoder.fork(root, 1).getFirst();
    decoder.extend(leaf, tokens, true);
    float[] extended = of(Extended.class, leaf, drain()).getFirst().logProbs();
    assertThat(extended).hasSize(tokens.length);
    for (int i = 0; i < tokens.length; i++) {
      NodeId asked = decoder.fork(leaf, i, 1).getFirst();
      decoder.choices(asked, new int[] {tokens[i], tokens[0]});
      Chosen chosen = of(Chosen.class, asked, drain()).getFirst();
      assertThat(chosen.tokens()).isEqualTo(new int[] {tokens[i], tokens[0]});
      assertThat(chosen.logProbs()[0]).isCloseTo(extended[i], within(tolerance()));
      assertThat(decoder.length(asked)).isZero();
    }
  }

  @Test
  void extendWithoutLogProbabilitiesGivesNone() {
    NodeId leaf = leaf();
    decoder.extend(leaf, new int[] {prompt()[0]}, false);
    assertThat(decoder.busy()).isTrue();
    assertThat(of(Extended.class, leaf, drain()).getFirst().logProbs()).isEmpty();
    assertThat(decoder.tokens(leaf)).isEqualTo(new int[] {prompt()[0]});
  }

  @Test
  void choicesOverTheVocabularySumToOne() {
    assumeTrue(decoder.capabilities().choices());
    NodeId leaf = leaf();
    decoder.choices(leaf, IntStream.range(0, decoder.codec().vocabularySize()).toArray());
    double sum = 0;
    for (float logProb : of(Chosen.class, leaf, drain()).getFirst().logProbs()) {
      sum += Math.exp(logProb);
    }
    assertThat(sum).isCloseTo(1, within(1e-3));
  }

  @Test
  void sealedNodesForkButTakeNoRequests() {
    NodeId leaf = leaf();
    int[] head = decode(leaf, greedy(3));
    decoder.seal(leaf);
    assertThatThrownBy(() -> decoder.decode(leaf, greedy(1)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> decoder.extend(leaf, prompt(), false))
        .isInstanceOf(IllegalStateException.class);
    int[] tail = decode(decoder.fork(leaf, 1).getFirst(), greedy(3));
    assertThat(concat(head, tail)).isEqualTo(alone(prompt(), 6));
  }

  @Test
  void busyNodesTakeNoRequest() {
    NodeId leaf = leaf();
    decoder.decode(leaf, greedy(2));
    assertThatThrownBy(() -> decoder.decode(leaf, greedy(2)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> decoder.seal(leaf)).isInstanceOf(IllegalStateException.class);
    drain();
    decoder.seal(leaf);
  }

  @Test
  void forksInsideANode() {
    assumeTrue(decoder.capabilities().forkInside());
    NodeId root = decoder.root(prompt());
    int keep = prompt().length - 3;
    NodeId inside = decoder.fork(root, keep, 1).getFirst();
    assertThat(decoder.pathLength(inside)).isEqualTo(keep);
    int[] got = decode(inside, greedy(4));
    assertThat(decoder.tokens(root)).as("the node keeps its tokens").isEqualTo(prompt());
    int[] below = decode(decoder.fork(inside, 2, 1).getFirst(), greedy(2));
    decoder.release(root);
    assertThat(got).isEqualTo(alone(Arrays.copyOf(prompt(), keep), 4));
    assertThat(below).isEqualTo(Arrays.copyOfRange(got, 2, 4));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> decoder.fork(decoder.root(prompt()), 0, 1));
  }

  @Test
  void forksABusyNodeWhereItStands() {
    NodeId leaf = leaf();
    decoder.decode(leaf, greedy(6));
    while (decoder.length(leaf) < 3) {
      decoder.step(e -> {});
    }
    NodeId child = decoder.fork(leaf, 1).getFirst();
    int at = decoder.pathLength(child) - prompt().length;
    decoder.decode(child, greedy(6 - at));
    drain();
    assertThat(decoder.tokens(child)).isEqualTo(Arrays.copyOfRange(decoder.tokens(leaf), at, 6));
  }

  @Test
  void cancelKeepsTheTokensAndTellsOfIt() {
    NodeId leaf = leaf();
    decoder.cancel(leaf);
    assertThat(decoder.busy()).as("nothing happens for an idle node").isFalse();
    decoder.decode(leaf, greedy(8));
    while (decoder.length(leaf) < 2) {
      decoder.step(e -> {});
    }
    int had = decoder.length(leaf);
    decoder.cancel(leaf);
    List<DecodeEvent> events = new ArrayList<>();
    decoder.step(events::add);
    assertThat(of(Sampled.class, leaf, events)).isEmpty();
    Finished end = of(Finished.class, leaf, events).getFirst();
    assertThat(end.reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(end.tokens()).isEqualTo(had).isEqualTo(decoder.length(leaf));
    assertThat(decoder.busy()).isFalse();
    assertThat(decode(leaf, greedy(1))).as("idle again").hasSize(had + 1);
  }

  @Test
  void releaseFreesTheSubtreeWithoutEvents() {
    NodeId root = decoder.root(prompt());
    NodeId a = decoder.fork(root, 1).getFirst();
    NodeId b = decoder.fork(root, 1).getFirst();
    decode(a, greedy(2));
    NodeId below = decoder.fork(a, 1).getFirst();
    decoder.decode(below, greedy(8));
    decoder.decode(b, greedy(3));
    decoder.step(e -> {});
    decoder.release(a);
    assertThat(drain()).allMatch(e -> e.node().equals(b));
    assertThatIllegalArgumentException().isThrownBy(() -> decoder.tokens(a));
    assertThatIllegalArgumentException().isThrownBy(() -> decoder.decode(below, greedy(1)));
    assertThat(decoder.tokens(b)).hasSize(3);
    decoder.release(root);
    assertThatIllegalArgumentException().isThrownBy(() -> decoder.fork(root, 1));
    assertThat(decoder.stats().kvBytesShared()).isZero();
  }

  @Test
  void stopTokenEndsTheBranchAndStaysInIt() {
    int[] free = alone(prompt(), 6);
    int stop = free[3];
    int first = IntStream.range(0, 6).filter(i -> free[i] == stop).findFirst().orElseThrow();
    NodeId leaf = leaf();
    decoder.decode(leaf, greedy(6).toBuilder().stopTokens(List.of(stop)).build());
    Finished end = of(Finished.class, leaf, drain()).getFirst();
    assertThat(end.reason()).isEqualTo(FinishReason.STOP_TOKEN);
    assertThat(decoder.tokens(leaf)).isEqualTo(Arrays.copyOf(free, first + 1));
  }

  @Test
  void stopStringEndsTheBranchAndStaysInIt() {
    int[] free = alone(prompt(), 8);
    String stop = "";
    int tokens = 0;
    for (int n = 2; n <= 7 && stop.isEmpty(); n++) {
      String text = decoder.codec().decode(Arrays.copyOf(free, n));
      boolean whole = !text.contains("\uFFFD") && !text.isBlank();
      // Where leading spaces are text of the path, not of the piece, take what all readings share.
      stop = whole ? text.strip() : "";
      tokens = n;
    }
    assumeTrue(!stop.isEmpty(), "no readable text in 8 tokens");
    NodeId leaf = leaf();
    decoder.decode(leaf, greedy(8).toBuilder().stopStrings(List.of(stop)).build());
    Finished end = of(Finished.class, leaf, drain()).getFirst();
    assertThat(end.reason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(decoder.length(leaf)).isLessThanOrEqualTo(tokens);
    assertThat(decoder.codec().decode(decoder.tokens(leaf))).contains(stop);
  }

  private static final List<Grammar> GRAMMARS =
      List.of(
          Grammar.regex("(ab|c)*d?e"),
          Grammar.regex("[a-m]{2,5}( [n-z]{1,3})?"),
          Grammar.gbnf("root ::= pair+\npair ::= \"(\" [a-f]+ pair? \")\" \"-\"?"));

  private TokenMasks.Position position(Grammar grammar, int[] tokens) {
    TokenMasks.Position at =
        new TokenMasks(grammar, new TokenMasks.Vocabulary(decoder.codec())).begin();
    for (int t : tokens) {
      at.accept(decoder.codec().bytes(t));
    }
    return at;
  }

  /** Constrained and free branches beside each other, from a fresh prompt and from kept logits. */
  @Test
  void aConstraintHoldsForItsBranchAlone() {
    NodeId root = decoder.root(prompt());
    List<NodeId> free = decoder.fork(root, 6);
    for (int i = 0; i < free.size(); i++) {
      decoder.decode(free.get(i), sampled(8, i));
    }
    drain();
    List<NodeId> leaves = decoder.fork(root, 18);
    for (int i = 0; i < leaves.size(); i++) {
      DecodeSpec spec = sampled(8, i / 3);
      if (i % 3 > 0) {
        spec =
            spec.toBuilder()
                .constraint(GRAMMARS.get(i / 2 % GRAMMARS.size()))
                .temperature(i % 4 * 0.5f)
                .topK(i % 5 == 0 ? 3 : 0)
                .topP(i % 2 == 0 ? 1 : 0.8f)
                .build();
      }
      decoder.decode(leaves.get(i), spec);
    }
    List<DecodeEvent> events = drain();
    for (int i = 0; i < leaves.size(); i++) {
      int[] tokens = decoder.tokens(leaves.get(i));
      if (i % 3 == 0) {
        assertThat(tokens).as("free branch %d", i).isEqualTo(decoder.tokens(free.get(i / 3)));
        continue;
      }
      Grammar grammar = GRAMMARS.get(i / 2 % GRAMMARS.size());
      Finished end = of(Finished.class, leaves.get(i), events).getFirst();
      String text = decoder.codec().decode(tokens);
      assertThat(tokens).as("branch %d", i).isNotEmpty();
      int[] inside = end.reason() == FinishReason.CONSTRAINT ? withoutEnd(tokens) : tokens;
      TokenMasks.Position at = position(grammar, inside);
      assertThat(at.mayEnd() || !at.stuck()).as("'%s' is allowed by %s", text, grammar).isTrue();
      if (end.reason() == FinishReason.CONSTRAINT) {
        assertThat(at.mayEnd()).as("'%s' is all of %s", text, grammar).isTrue();
      } else {
        assertThat(end.reason()).isEqualTo(FinishReason.MAX_TOKENS);
      }
    }
  }

  private int[] withoutEnd(int[] tokens) {
    int last = tokens[tokens.length - 1];
    boolean ended = decoder.codec().endOfSequence().stream().anyMatch(t -> t == last);
    return ended ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
  }

  /**
   * Forbidden tokens are out before the likeliest is taken; the others keep their probabilities.
   */
  @Test
  void aConstraintTakesTheLikeliestOfWhatItAllows() {
    assumeTrue(decoder.capabilities().choices());
    int[] vocabulary = IntStream.range(0, decoder.codec().vocabularySize()).toArray();
    for (Grammar grammar : GRAMMARS) {
      NodeId leaf = leaf();
      int[] written = {};
      for (int step = 0; step < 3 && !position(grammar, written).stuck(); step++) {
        NodeId asked = decoder.fork(leaf, 1).getFirst();
        decoder.choices(asked, vocabulary);
        float[] logProbs = of(Chosen.class, asked, drain()).getFirst().logProbs();
        TokenMasks.Position at = position(grammar, written);
        BitSet allowed = (BitSet) at.allowed().clone();
        if (at.mayEnd()) {
          decoder.codec().endOfSequence().ifPresent(allowed::set);
        }
        int best =
            allowed.stream()
                .boxed()
                .max(Comparator.comparingDouble(t -> logProbs[t]))
                .orElseThrow();
        // The constraint begins with its branch: what is written goes before as its first words.
        NodeId fork = leaf();
        decoder.decode(fork, greedy(step + 1).toBuilder().constraint(grammar).build());
        Sampled last = of(Sampled.class, fork, drain()).getLast();
        assertThat(logProbs[last.token()]).isCloseTo(logProbs[best], within(tolerance()));
        if (decoder.capabilities().logProbs()) {
          assertThat(last.logProb()).isCloseTo(logProbs[best], within(tolerance()));
        }
        if (decoder.codec().endOfSequence().stream().anyMatch(t -> t == last.token())) {
          break;
        }
        decoder.extend(leaf, new int[] {last.token()}, false);
        drain();
        written = decoder.tokens(leaf);
      }
    }
  }

  @Test
  void eventsComeInTheSameOrderEveryTime() {
    List<List<Integer>> orders = new ArrayList<>();
    for (int round = 0; round < 2; round++) {
      NodeId root = decoder.root(prompt());
      List<NodeId> leaves = decoder.fork(root, 4);
      for (int i : round == 0 ? new int[] {0, 1, 2, 3} : new int[] {2, 0, 3, 1}) {
        decoder.decode(leaves.get(i), greedy(2 + i));
      }
      orders.add(drain().stream().map(e -> leaves.indexOf(e.node())).toList());
      decoder.release(root);
    }
    assertThat(orders.get(1)).isEqualTo(orders.get(0));
  }

  @Test
  void requestsMayBeMadeFromEvents() {
    NodeId leaf = leaf();
    decoder.decode(leaf, greedy(2));
    List<NodeId> children = new ArrayList<>();
    while (decoder.busy()) {
      decoder.step(e -> {
        if (e instanceof Finished && e.node().equals(leaf)) {
          decoder.seal(leaf);
          children.addAll(decoder.fork(leaf, 2));
          children.forEach(child -> decoder.decode(child, greedy(2)));
        }
      });
    }
    assertThat(children).hasSize(2).allMatch(child -> decoder.length(child) == 2);
  }

  @Test
  void statsCountWhatWasDone() {
    assertThat(decoder.step(e -> {})).as("nothing to do").isZero();
    DecoderStats before = decoder.stats();
    NodeId root = decoder.root(prompt());
    List<NodeId> leaves = decoder.fork(root, 3);
    leaves.forEach(leaf -> decoder.decode(leaf, greedy(4)));
    int rows = 0;
    while (decoder.busy()) {
      rows += decoder.step(e -> {});
    }
    DecoderStats after = decoder.stats();
    assertThat(after.decodedTokens() - before.decodedTokens()).isEqualTo(12);
    assertThat(after.prefilledTokens() - before.prefilledTokens())
        .as("a shared prompt is computed once")
        .isEqualTo(prompt().length);
    assertThat(after.rows() - before.rows()).isEqualTo(rows);
    assertThat(after.steps() - before.steps()).isBetween(4L, 4L + prompt().length);
    assertThat(after.kvBytes()).isPositive();
    assertThat(after.kvBytesShared()).isPositive();
  }

  @Test
  void equalPromptsShareWhatIsComputed() {
    NodeId one = decoder.root(prompt());
    int[] first = decode(decoder.fork(one, 1).getFirst(), greedy(3));
    DecoderStats before = decoder.stats();
    NodeId two = decoder.root(prompt());
    int[] second = decode(decoder.fork(two, 1).getFirst(), greedy(3));
    DecoderStats after = decoder.stats();
    assertThat(second).isEqualTo(first);
    long reused = after.reusedTokens() - before.reusedTokens();
    long computed = after.prefilledTokens() - before.prefilledTokens();
    assertThat(reused + computed).isEqualTo(prompt().length);
  }

  @Test
  void demotedBranchesComeBackAsTheyWere() {
    assumeTrue(decoder.capabilities().demote());
    NodeId leaf = leaf();
    int[] head = decode(leaf, greedy(3));
    decoder.demote(leaf, 0.5);
    assertThat(decoder.tokens(leaf)).isEqualTo(head);
    assertThat(decoder.restore(leaf)).isNotNegative();
    drain();
    int[] all = decode(leaf, greedy(3));
    assertThat(all).isEqualTo(alone(prompt(), 6));
  }

  @Test
  void unknownNodesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> decoder.fork(new NodeId(Long.MAX_VALUE), 0, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> decoder.release(new NodeId(Long.MAX_VALUE)));
  }
}
