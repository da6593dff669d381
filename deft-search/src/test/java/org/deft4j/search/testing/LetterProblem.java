package org.deft4j.search.testing;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.spi.Verdict;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A toy: a word is written in thoughts of a few letters each; the right one is {@code target}.
 *
 * @param steps thoughts in a word
 * @param letters letters in a thought
 * @param target the right word
 * @param improves whether a word may be followed by another try
 */
public record LetterProblem(int steps, int letters, String target, boolean improves)
    implements Problem {
  /** The vocabulary of the toy. */
  public static final ScriptedCodec CODEC =
      new ScriptedCodec(
          "<|bos|>", "<|end|>", "<|judge|>", "<|yes|>", "<|no|>", "<|more|>", "<|list|>");

  /** The letters that its models write. */
  public static final String ALPHABET = "abc";

  /** A decoder with a pseudo-random distribution over the alphabet. */
  public static ScriptedDecoder decoder(long seed) {
    return new ScriptedDecoder(CODEC, model(seed));
  }

  /** A pseudo-random distribution over the alphabet; yes and no for a judge. */
  public static ScriptedModel model(long seed) {
    ScriptedModel hashed = ScriptedModel.hashed(ALPHABET.length(), seed);
    return (path, from, stream) -> {
      double[] few = hashed.logProbs(path, from, stream);
      double[] all = new double[CODEC.vocabularySize()];
      Arrays.fill(all, -40);
      for (int i = 0; i < few.length; i++) {
        all[ALPHABET.charAt(i)] = few[i];
      }
      all[token("<|yes|>")] = few[0] - 9;
      all[token("<|no|>")] = few[1] - 9;
      return all;
    };
  }

  /** Id of a special token. */
  public static int token(String special) {
    return CODEC.id(special).orElseThrow();
  }

  @Override
  public String task() {
    return "letters";
  }

  @Override
  public String id() {
    return target;
  }

  @Override
  public String text() {
    return steps + "x" + letters;
  }

  @Override
  public Optional<Verdict> verify(String answer) {
    int wrong = Math.abs(answer.length() - target.length());
    for (int i = 0; i < Math.min(answer.length(), target.length()); i++) {
      wrong += answer.charAt(i) == target.charAt(i) ? 0 : 1;
    }
    return Optional.of(
        new Verdict(wrong, Math.max(0, 1 - wrong / (double) target.length()), wrong == 0));
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return verify(answer.orElse("")).orElseThrow();
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return new Layout();
  }

  private final class Layout implements PromptLayout {
    @Override
    public List<Integer> root() {
      return List.of(token("<|bos|>"), (int) 'q');
    }

    @Override
    public Optional<Stage> next(List<Thought> path) {
      boolean done = path.getLast().answer().isPresent();
      if (done && !improves) {
        return Optional.empty();
      }
      List<Integer> prompt = done ? List.of(token("<|more|>")) : List.of();
      int tokens = done ? steps * letters : letters;
      return Optional.of(
          new Stage(done ? "improve" : "step", prompt, tokens, List.of(), List.of()));
    }

    @Override
    public ThoughtState read(
        List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason reason) {
      if (reason != FinishReason.MAX_TOKENS) {
        return new ThoughtState.Dead("cut off");
      }
      boolean whole = stage.equals("improve") || stage.equals("merge");
      return state(path, whole ? text : said(path) + text);
    }

    private String said(List<Thought> path) {
      return path.size() == 1 ? "" : path.getLast().state().text();
    }

    private ThoughtState state(List<Thought> path, String word) {
      return word.length() >= steps * letters
          ? new ThoughtState.Answer(word)
          : word.length() % letters == 0
              ? new ThoughtState.Partial(word)
              : new ThoughtState.Dead("too short");
    }

    @Override
    public Optional<Stage> merge(List<Thought> path, List<List<Thought>> branches) {
      List<Integer> prompt = new java.util.ArrayList<>();
      for (List<Thought> branch : branches) {
        Arrays.stream(CODEC.encode(branch.getLast().state().text() + ";")).forEach(prompt::add);
      }
      return Optional.of(new Stage("merge", prompt, steps * letters, List.of(), List.of()));
    }

    @Override
    public Optional<Stage> propose(List<Thought> path) {
      return path.getLast().answer().isPresent()
          ? Optional.empty()
          : Optional.of(new Stage("propose", List.of(token("<|list|>")), 12, List.of(), List.of()));
    }

    @Override
    public List<Proposal> proposals(List<Thought> path, String text) {
      Map<String, Proposal> distinct = new HashMap<>();
      List<Proposal> all = new java.util.ArrayList<>();
      for (int at = 0; at + letters <= text.length(); at += letters) {
        String piece = text.substring(at, at + letters);
        List<Integer> tokens = Arrays.stream(CODEC.encode(piece)).boxed().toList();
        Proposal p = new Proposal(piece, tokens, state(path, said(path) + piece));
        if (distinct.putIfAbsent(piece, p) == null) {
          all.add(p);
        }
      }
      return all;
    }

    @Override
    public Optional<Rating> rate(List<Thought> path) {
      Stage stage = new Stage("rate", List.of(token("<|judge|>")), 1, List.of(), List.of());
      return Optional.of(new Rating(stage, Map.of("a", 1.0, "b", .5, "c", 0.0)));
    }

    @Override
    public Optional<Question> judge(List<Thought> path) {
      return Optional.of(
          new Question(List.of(token("<|judge|>")), List.of(token("<|yes|>"), token("<|no|>"))));
    }

    @Override
    public Optional<Question> vote(List<Thought> candidates) {
      List<Integer> prompt = new java.util.ArrayList<>();
      List<Integer> names = new java.util.ArrayList<>();
      for (Thought t : candidates) {
        Arrays.stream(CODEC.encode(t.state().text() + ";")).forEach(prompt::add);
        names.add((int) 'a' + names.size());
      }
      return candidates.size() > ALPHABET.length()
          ? Optional.empty()
          : Optional.of(new Question(prompt, names));
    }
  }
}
