package org.deft4j.tasks.merging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.tasks.tagged.Vocabularies;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentMergingTaskTest extends AbstractTaskContractTest {
  @Override
  protected Task task() {
    return new DocumentMergingTask.Factory().create(Options.none());
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(Vocabularies.TEXT, new ScriptedCodec("<|bos|>", "<|end|>"), new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return TownNews.of(Long.parseLong(problem.id().substring(5)), 3, 10).merged();
  }

  @Override
  protected List<String> junk() {
    String line = "\n" + MergeProblem.SEPARATOR + "\n";
    return List.of(
        "", "one document", line, "one" + line + " ", "one" + line + "?!" + line + "two");
  }

  private static List<String> documents(Problem p) {
    return ((MergeProblem) p).documents();
  }

  @Test
  void theExtremesScoreAsTheyShould() {
    for (int seed = 0; seed < 30; seed++) {
      MergeProblem p = (MergeProblem) task().generate(seed);
      MergeScore perfect = p.score(solve(p));
      assertThat(perfect.coverage()).as("seed %d %s", seed, perfect.missing()).isEqualTo(1);
      assertThat(perfect.repetition()).isZero();

      MergeScore all = p.score(String.join("\n", documents(p)));
      assertThat(all.coverage()).isEqualTo(1);
      MergeScore twice = p.score(String.join("\n", documents(p)).repeat(2));
      assertThat(twice.coverage()).isEqualTo(1);
      assertThat(twice.repetition()).isGreaterThan(.9);
      assertThat(twice.f1()).isLessThan(.2);

      MergeScore one = p.score(documents(p).getFirst());
      assertThat(one.coverage()).isLessThan(1).isGreaterThan(.2);
      assertThat(one.repetition()).isZero();

      assertThat(p.score("").f1()).isZero();
      assertThat(p.grade(Optional.of(documents(p).getFirst())).solved())
          .isEqualTo(one.coverage() >= .9);
      assertThat(p.grade(Optional.of(String.join("\n", documents(p)).repeat(2))).solved())
          .isFalse();
    }
  }

  @Test
  void mergesWithoutAModelAreWhatTheySay() {
    List<String> documents =
        List.of(
            "The bridge was closed. Birds sing loudly!", "The bridges were closed.\nOwls listen.");
    assertThat(PlainMerge.CONCATENATION.of(documents)).contains("loudly!\nThe bridges");
    assertThat(PlainMerge.DISTINCT.of(documents))
        .as("content words are equal, inflection apart")
        .isEqualTo("The bridge was closed.\nBirds sing loudly!\nOwls listen.");
    List<String> more = List.of("One red old heavy door fell.", "A red old heavy iron door fell.");
    assertThat(PlainMerge.DISTINCT.of(more).lines()).hasSize(2);
    assertThat(PlainMerge.UNCOVERED.of(more)).isEqualTo("One red old heavy door fell.");
    for (int seed = 0; seed < 30; seed++) {
      MergeProblem p = (MergeProblem) task().generate(seed);
      assertThat(p.score(PlainMerge.UNCOVERED.of(documents(p))).coverage()).isEqualTo(1);
      assertThat(p.score(PlainMerge.DISTINCT.of(documents(p))).coverage()).isEqualTo(1);
    }
  }

  @Test
  void scoresByHand() {
    List<String> sources =
        List.of("The cat sat on a red mat. Birds sing.", "On the red mat the cats were sitting.");
    // Content words: cat sat red mat / bird sing / red mat cat sit. "sat" is no form of "sit" here.
    MergeScore score = MergeScore.of(sources, "A cat sat on the red mat.");
    assertThat(score.coverage())
        .as("3 of 4 content words are enough")
        .isEqualTo(2 / 3.0, within(1e-12));
    assertThat(score.missing()).containsExactly("Birds sing.");
    assertThat(score.repetition()).isZero();
    assertThat(score.f1()).isEqualTo(0.8, within(1e-12));
    // Six words make three runs, of which the first and the last are equal.
    assertThat(MergeScore.repetition("a b c d a b c d")).isEqualTo(2 / 5.0);
    assertThat(MergeScore.repetition("a b c")).isZero();
    assertThat(MergeScore.of(sources, "birds BIRDS sings singing").coverage())
        .isEqualTo(1 / 3.0, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({
    "caresses, caress", "ponies, poni", "ties, ti", "caress, caress", "cats, cat",
    "feed, feed", "agreed, agree", "plastered, plaster", "bled, bled", "motoring, motor",
    "sing, sing", "conflated, conflate", "troubled, trouble", "sized, size", "hopping, hop",
    "tanned, tan", "falling, fall", "hissing, hiss", "fizzed, fizz", "failing, fail",
    "filing, file", "happy, happi", "sky, sky", "2024, 2024"
  })
  void endingsGoAsInPortersPaper(String word, String stem) {
    // The paper's own examples of its step 1.
    assertThat(English.uninflected(word)).isEqualTo(stem);
  }

  @Test
  void sentencesEndWherePeopleEndThem() {
    assertThat(
            English.sentences(
                "1. Mr. Smith paid $2,000.50 to Acme Inc. on Monday. He left!\n\n"
                    + "- \"Why?\" she asked, e.g. in jest.\nGENERAL TERMS:\n---\n"))
        .containsExactly(
            "Mr. Smith paid $2,000.50 to Acme Inc. on Monday.",
            "He left!",
            "\"Why?\" she asked, e.g. in jest.",
            "GENERAL TERMS:");
  }

  @Test
  void theTextsOfACallAreOneProblem() {
    List<Problem> problems = task().parse(List.of("One fact.\n", " Another fact. "));
    assertThat(problems).hasSize(1);
    assertThat(documents(problems.getFirst())).containsExactly("One fact.", "Another fact.");
    assertThatThrownBy(() -> task().parse(List.of("One fact.", " ")))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("document 2 has no words");
  }

  @Test
  void thePublicDocumentsAreCoveredByThemselvesAlone() {
    Path file = SharedData.require("data/graph-of-thoughts/documents.csv");
    List<Problem> problems = task().read(file, Integer.MAX_VALUE);
    assertThat(problems).hasSize(100);
    double one = 0;
    double repeats = 0;
    for (Problem p : problems) {
      assertThat(documents(p)).hasSize(4);
      MergeScore all = ((MergeProblem) p).score(String.join("\n\n", documents(p)));
      assertThat(all.coverage()).isEqualTo(1);
      repeats += all.repetition() / problems.size();
      one += ((MergeProblem) p).score(documents(p).getFirst()).coverage() / problems.size();
    }
    // Four contracts of the same kind repeat phrases; one of them says little of the others.
    assertThat(repeats).isBetween(.05, .6);
    assertThat(one).isBetween(.2, .6);
  }
}
