package org.deft4j.runtime.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReasoningTest {
  private static String split(boolean open, String text, SplittableRandom r) {
    StringBuilder told = new StringBuilder();
    Reasoning reasoning =
        new Reasoning(
            open,
            new Reasoning.Listener() {
              @Override
              public void thought(String part) {
                told.append(part.replaceAll("(?s)(.)", "t$1"));
              }

              @Override
              public void answer(String part) {
                told.append(part.replaceAll("(?s)(.)", "a$1"));
              }
            });
    for (int at = 0; at < text.length(); ) {
      int n = Math.min(text.length() - at, 1 + r.nextInt(9));
      reasoning.accept(text.substring(at, at + n));
      at += n;
    }
    reasoning.finish();
    String thoughts = told.toString().replaceAll("(?s)a.", "").replaceAll("(?s)t(.)", "$1");
    assertThat(thoughts.strip()).isEqualTo(reasoning.thoughts());
    return reasoning.thoughts() + "|" + reasoning.answer();
  }

  @Test
  void thoughtsAndAnswersAreApartHoweverTheTextIsCut() {
    for (int seed = 0; seed < 300; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      assertThat(split(false, "<think>\none < two\n</think>\n\nTwo.", r))
          .isEqualTo("one < two|Two.");
      assertThat(split(true, "so </thin is no end</think>yes", r))
          .isEqualTo("so </thin is no end|yes");
      assertThat(split(false, "no <thought> here <", r)).isEqualTo("|no <thought> here <");
      assertThat(split(true, "never ends", r)).isEqualTo("never ends|");
    }
    assertThat(Reasoning.isOpen("<|im_start|>assistant\n<think>\n")).isTrue();
    assertThat(Reasoning.isOpen("<think>\n\n</think>\n\n")).isFalse();
    assertThat(Reasoning.isOpen("x")).isFalse();
  }
}
