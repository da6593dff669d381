package org.deft4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deft4j.tree.decode.Capabilities;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.Test;

class ScriptedDecoderTest extends AbstractTreeDecoderContractTest {
  private static final ScriptedCodec CODEC = new ScriptedCodec("<|bos|>", "<|q|>", "<|end|>");

  @Override
  protected TreeDecoder open() {
    // Letters alone, so that what is decoded is readable text.
    ScriptedModel hashed = ScriptedModel.hashed(26, 5);
    return new ScriptedDecoder(
        CODEC,
        (path, from, stream) -> {
          double[] letters = hashed.logProbs(path, from, stream);
          double[] all = new double[CODEC.vocabularySize()];
          java.util.Arrays.fill(all, -30);
          System.arraycopy(letters, 0, all, 'a', letters.length);
          return all;
        });
  }

  @Override
  protected int[] prompt() {
    return CODEC.encodePrompt("<|bos|>once upon a time", false);
  }

  @Test
  void cannedTextDependsOnPromptAndStream() {
    ScriptedModel model =
        ScriptedModel.canned(CODEC, (prompt, stream) -> prompt + "/" + stream + "<|end|>");
    try (ScriptedDecoder decoder = new ScriptedDecoder(CODEC, model)) {
      NodeId root = decoder.root(CODEC.encodePrompt("<|bos|>x<|q|>", false));
      List<NodeId> leaves = decoder.fork(root, 2);
      int end = CODEC.id("<|end|>").orElseThrow();
      for (int i = 0; i < 2; i++) {
        decoder.decode(
            leaves.get(i),
            DecodeSpec.of(99).temperature(1).stopTokens(List.of(end)).seed(0, 40 + i).build());
      }
      List<DecodeEvent> events = new ArrayList<>();
      while (decoder.busy()) {
        decoder.step(events::add);
      }
      assertThat(CODEC.spell(decoder.tokens(leaves.get(1)))).isEqualTo("<|bos|>x<|q|>/41<|end|>");
      assertThat(CODEC.decode(decoder.tokens(leaves.get(0)))).isEqualTo("x/40");
      assertThat(events)
          .filteredOn(DecodeEvent.Finished.class::isInstance)
          .allMatch(e -> ((DecodeEvent.Finished) e).reason() == FinishReason.STOP_TOKEN)
          .allMatch(e -> ((DecodeEvent.Finished) e).logProb() == 0);
    }
  }

  @Test
  void choicesReadTheScript() {
    int yes = 'y';
    int no = 'n';
    ScriptedModel model =
        (path, from, stream) ->
            ScriptedModel.weighted(CODEC.vocabularySize(), Map.of(yes, 3.0, no, 1.0));
    try (ScriptedDecoder decoder = new ScriptedDecoder(CODEC, model)) {
      NodeId root = decoder.root(prompt());
      decoder.choices(root, new int[] {yes, no});
      decoder.step(e ->
          assertThat(((DecodeEvent.Chosen) e).logProbs())
              .containsExactly((float) Math.log(.75), (float) Math.log(.25)));
      assertThat(decoder.busy()).isFalse();
    }
  }

  @Test
  void samplesFollowTheDistribution() {
    ScriptedModel model =
        (path, from, stream) ->
            ScriptedModel.weighted(CODEC.vocabularySize(), Map.of(65, 3.0, 66, 1.0));
    try (ScriptedDecoder decoder = new ScriptedDecoder(CODEC, model)) {
      NodeId leaf = decoder.root(prompt());
      decoder.decode(leaf, DecodeSpec.of(4000).temperature(1).seed(1, 2).build());
      while (decoder.busy()) {
        decoder.step(e -> {});
      }
      String text = CODEC.decode(decoder.tokens(leaf)).substring("once upon a time".length());
      assertThat(text.chars().filter(c -> c == 'A').count() / 4000.0).isCloseTo(.75, within(.03));
    }
  }

  @Test
  void enforcesItsLimits() {
    Capabilities two = new Capabilities(false, false, false, false, true, 2, 20);
    try (ScriptedDecoder decoder =
        new ScriptedDecoder(CODEC, ScriptedModel.hashed(CODEC.vocabularySize(), 1), two)) {
      List<NodeId> leaves = decoder.fork(decoder.root(prompt()), 3);
      decoder.decode(leaves.get(0), DecodeSpec.of(99).build());
      decoder.decode(leaves.get(1), DecodeSpec.of(2).build());
      assertThatIllegalStateException()
          .isThrownBy(() -> decoder.decode(leaves.get(2), DecodeSpec.of(1).build()));
      List<FinishReason> reasons = new ArrayList<>();
      while (decoder.busy()) {
        decoder.step(e -> {
          if (e instanceof DecodeEvent.Finished f) {
            reasons.add(f.reason());
          }
        });
      }
      assertThat(reasons).containsExactly(FinishReason.MAX_TOKENS, FinishReason.CONTEXT_FULL);
      assertThat(decoder.pathLength(leaves.getFirst())).isEqualTo(20);
    }
  }

  @Test
  void streamsWholeCodePoints() {
    TokenCodec.TextStream stream = CODEC.stream();
    StringBuilder text = new StringBuilder();
    for (int token : CODEC.encode("a€𝄞ü!")) {
      String piece = stream.accept(token);
      assertThat(piece).doesNotContain("\uFFFD");
      text.append(piece);
    }
    assertThat(text + stream.finish()).isEqualTo("a€𝄞ü!");
    assertThat(CODEC.encode("<|end|>")).as("plain text stays plain").hasSize(7);
    assertThat(CODEC.encodePrompt("<|end|>", true)).hasSize(2);
  }
}
