package org.deft4j.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.chat.ChatMessage;
import org.deft4j.engine.chat.ChatTemplate;
import org.deft4j.engine.chat.TemplateException;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.junit.jupiter.api.Test;

class TextGeneratorTest {
  private static final ScriptedCodec CODEC = new ScriptedCodec("<|bos|>", "<|end|>");

  private static ScriptedDecoder decoder(ScriptedModel.Canned text) {
    return new ScriptedDecoder(CODEC, ScriptedModel.canned(CODEC, text));
  }

  private static DecodeSpec.Builder spec() {
    return DecodeSpec.of(100).stopTokens(List.of(CODEC.endOfSequence().orElseThrow()));
  }

  private record Run(List<TextGenerator.Continuation> all, List<String> parts) {}

  private static Run run(String text, DecodeSpec spec, int samples) {
    List<String> parts = new ArrayList<>();
    try (ScriptedDecoder d = decoder((prompt, stream) -> samples == 1 ? text : text + stream)) {
      var all =
          new TextGenerator(d)
              .run(CODEC.encode("Say:"), spec, samples, (i, part) -> parts.add(i + part));
      return new Run(all, parts);
    }
  }

  @Test
  void textComesWholeAndEndsAtItsEnd() {
    Run r = run("Grüße 🙂!", spec().build(), 1);
    assertThat(r.all.getFirst().text()).isEqualTo("Grüße 🙂!");
    assertThat(r.all.getFirst().finish()).isEqualTo(FinishReason.STOP_TOKEN);
    assertThat(String.join("", r.parts.stream().map(p -> p.substring(1)).toList()))
        .isEqualTo("Grüße 🙂!");
    assertThat(r.parts).noneMatch(p -> Character.isHighSurrogate(p.charAt(p.length() - 1)));
  }

  @Test
  void nothingOfAStopStringIsTold() {
    Run r = run("one END two", spec().stopStrings(List.of("END", "wo")).build(), 1);
    assertThat(r.all.getFirst().text()).isEqualTo("one ");
    assertThat(r.all.getFirst().finish()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(String.join("", r.parts.stream().map(p -> p.substring(1)).toList()))
        .isEqualTo("one ");
    // What only looked like one is told.
    Run other = run("EN EN", spec().stopStrings(List.of("END")).build(), 1);
    assertThat(String.join("", other.parts.stream().map(p -> p.substring(1)).toList()))
        .isEqualTo("EN EN");
  }

  @Test
  void samplesRunSideBySide() {
    Run r = run("x", spec().build(), 3);
    assertThat(r.all)
        .extracting(TextGenerator.Continuation::text)
        .containsExactly("x0", "x1", "x2");
    assertThat(run("abcdef", spec().maxTokens(3).build(), 1).all.getFirst().finish())
        .isEqualTo(FinishReason.MAX_TOKENS);
  }

  @Test
  void aConversationKeepsAnswersWithoutThoughts() {
    List<String> prompts = new ArrayList<>();
    ChatTemplate template =
        new ChatTemplate(
            "{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}"
                + "{% if enable_thinking %}T{% endif %}",
            "", "");
    try (ScriptedDecoder d =
        decoder((prompt, _) -> {
          prompts.add(prompt);
          return "<think>\nhm\n</think>\n\nFine.";
        })) {
      ChatSession session = new ChatSession(d, template, true);
      session.system("Be kind");
      StringBuilder thoughts = new StringBuilder();
      Reasoning.Listener listener =
          new Reasoning.Listener() {
            @Override
            public void thought(String text) {
              thoughts.append(text);
            }

            @Override
            public void answer(String text) {}
          };
      ChatSession.Answer a = session.ask("How?", spec().build(), new TextGenerator(d), listener);
      assertThat(a.text()).isEqualTo("Fine.");
      assertThat(a.thoughts()).isEqualTo("hm");
      assertThat(thoughts.toString().strip()).isEqualTo("hm");
      session.ask("And?", spec().build(), new TextGenerator(d), listener);
      assertThat(prompts.getLast())
          .isEqualTo("[system: Be kind][user: How?][assistant: Fine.][user: And?]T");
      assertThatThrownBy(
              () -> session.ask("<|end|>", spec().build(), new TextGenerator(d), listener))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("special tokens");
      assertThat(session.messages()).hasSize(5);
      session.reset();
      assertThat(session.messages()).containsExactly(ChatMessage.system("Be kind"));
    }
    assertThatThrownBy(
            () -> new ChatTemplate("{{ x.y }}", "", "").render(List.of(), true, Map.of()))
        .isInstanceOf(TemplateException.class);
  }

  /**
   * A model that gives each token the same probability has the vocabulary's size for perplexity.
   */
  @Test
  void perplexityOfAFlatModel() {
    int n = CODEC.vocabularySize();
    ScriptedModel flat =
        (path, from, stream) -> {
          double[] p = new double[n];
          java.util.Arrays.fill(p, -Math.log(n));
          return p;
        };
    try (ScriptedDecoder d = new ScriptedDecoder(CODEC, flat)) {
      int[] tokens = CODEC.encode("abcdefghijklmnopqrstuvwxyz");
      Perplexity.Result r = Perplexity.of(d, tokens, 8, (done, of, soFar) -> {});
      assertThat(r.perplexity()).isCloseTo(n, within(1e-3 * n));
      assertThat(r.windows()).isEqualTo(3);
      assertThat(r.tokens()).isEqualTo(12);
      assertThat(r.error()).isLessThan(1e-2);
      assertThatThrownBy(() -> Perplexity.of(d, tokens, 64, (done, of, soFar) -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("less than one window");
    }
  }
}
