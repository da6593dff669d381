package org.deft4j.tasks.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Prompts for any model of text: instruction, examples and the problem come first, shared by all
 * stages, and each stage's own words last, so that a stage costs its own words alone.
 *
 * <p>For a chat model the shared part opens a user's turn, which a stage's words close; later
 * stages close the model's turn, if it did not do so itself, and open the next. Pieces are turned
 * to tokens one by one: shared text is shared tokens.
 */
public final class TextLayout implements PromptLayout {
  private static final String SAMPLE = "Merge the 2 texts, please: \"yes\" or [no]?\n";

  /** What the vocabularies of small models trained for tasks have, as deft-mini's. */
  private static final String STAGE_TAG = "<|solve|>";

  private static final int MOST_CANDIDATES = 26;
  private static final int MOST_PROPOSALS = 64;
  private static final int RATING_TOKENS = 64;

  private final String task;
  private final Stages stages;
  private final Prompts prompts;
  private final TokenCodec codec;
  private final Optional<ChatForm> form;

  /**
   * A layout.
   *
   * @param task for messages
   * @param chat value of the option {@link ChatForm#OPTION}
   * @throws DeftException with exit code 2 if the vocabulary is not one of text
   */
  public TextLayout(String task, Stages stages, Prompts prompts, String chat, TokenCodec codec) {
    this.task = task;
    this.stages = stages;
    this.prompts = prompts;
    this.codec = codec;
    this.form = ChatForm.of(chat, codec);
    if (!writesText(codec)) {
      throw new DeftException(
          DeftException.USAGE,
          "this model was not trained on text and has no words for task "
              + task
              + ": give a model of text with --model FILE");
    }
  }

  /**
   * Whether a vocabulary spells text as it was, and its model was trained on text: one with tags
   * for stages of tasks knows these tasks alone, and was not asked about this one.
   */
  private static boolean writesText(TokenCodec codec) {
    try {
      return codec.id(STAGE_TAG).isEmpty()
          && codec.decode(codec.encode(SAMPLE)).strip().equals(SAMPLE.strip());
    } catch (IllegalArgumentException | DeftException e) {
      return false;
    }
  }

  @Override
  public List<Integer> root() {
    List<Integer> ids = new ArrayList<>();
    add(ids, codec.encodePrompt(form.map(ChatForm::userOpen).orElse(""), true));
    add(ids, codec.encode(prompts.fill(Prompts.ROOT, stages.fields())));
    return ids;
  }

  @Override
  public Optional<Stage> next(List<Thought> path) {
    return stages.next(path).map(n -> stage(path, n));
  }

  @Override
  public Optional<Stage> propose(List<Thought> path) {
    return stages.propose(path).map(n -> stage(path, n));
  }

  @Override
  public Optional<Stage> merge(List<Thought> path, List<List<Thought>> branches) {
    if (branches.size() < 2 || branches.size() > MOST_CANDIDATES) {
      return Optional.empty();
    }
    return stages
        .join(path, candidates(branches.stream().map(List::getLast).toList()))
        .map(n -> stage(path, n));
  }

  @Override
  public Optional<Rating> rate(List<Thought> path) {
    Map<String, Double> labels = stages.labels();
    return labels.isEmpty() || !prompts.has("rate")
        ? Optional.empty()
        : stages
            .judged(path)
            .map(fields -> {
              Stages.Next n = new Stages.Next("rate", fields, RATING_TOKENS, List.of("\n"));
              return new Rating(stage(path, n), labels);
            });
  }

  /** Thoughts with a letter before each, a line each where they are short. */
  private String candidates(List<Thought> thoughts) {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < thoughts.size(); i++) {
      list.append(i == 0 ? "" : "\n").append((char) ('A' + i)).append(": ");
      list.append(stages.candidate(thoughts.get(i)));
    }
    return list.toString();
  }

  private Stage stage(List<Thought> path, Stages.Next n) {
    List<Integer> prompt = new ArrayList<>();
    String words = prompts.fill(n.stage(), n.fields());
    // A stage without words goes on in the same turn: the model just writes further.
    boolean sameTurn = words.isBlank() && !path.getLast().isRoot() && open(path);
    if (sameTurn) {
      add(prompt, codec.encode(words));
    } else {
      ask(path, words, prompt);
    }
    Set<Integer> ends = new LinkedHashSet<>();
    codec.endOfSequence().ifPresent(ends::add);
    form.ifPresent(f -> codec.id(f.end()).ifPresent(ends::add));
    return new Stage(n.stage(), prompt, n.maxTokens(), List.copyOf(ends), n.stops());
  }

  /** Appends a user's words after a path, and what has the model answer them. */
  private void ask(List<Thought> path, String words, List<Integer> prompt) {
    if (form.isEmpty()) {
      add(prompt, codec.encode(words));
      return;
    }
    ChatForm f = form.get();
    if (!path.getLast().isRoot()) {
      String between = (open(path) ? f.assistantClose() : "") + f.userOpen();
      add(prompt, codec.encodePrompt(between, false));
    }
    add(prompt, codec.encode(words));
    add(prompt, codec.encodePrompt(f.userClose() + f.assistantOpen(), false));
  }

  /**
   * Whether the model left its turn open: a stop string ended it. Where none is in the text, its
   * own end-of-turn token stands there.
   */
  private boolean open(List<Thought> path) {
    Thought last = path.getLast();
    List<Thought> before = path.subList(0, path.size() - 1);
    return !before.isEmpty()
        && stages
            .next(before)
            .map(n -> n.stops().stream().anyMatch(last.text()::contains))
            .orElse(true);
  }

  @Override
  public ThoughtState read(
      List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason reason) {
    boolean cut =
        reason != FinishReason.STOP_TOKEN
            && reason != FinishReason.STOP_STRING
            && stages
                .next(path)
                .map(n -> n.stops().stream().noneMatch(text::contains))
                .orElse(false);
    return cut
        ? new ThoughtState.Dead("cut off after " + tokens.size() + " tokens")
        : stages.read(path, stage, text, reason);
  }

  @Override
  public List<Proposal> proposals(List<Thought> path, String text) {
    String stage = stages.next(path).map(Stages.Next::stage).orElse("");
    List<Proposal> proposals = new ArrayList<>();
    Set<ThoughtState> seen = new HashSet<>();
    for (String line : text.lines().map(String::strip).toList()) {
      ThoughtState state = stages.read(path, stage, line, FinishReason.STOP_STRING);
      if (state instanceof ThoughtState.Dead || !seen.add(state)) {
        continue;
      }
      List<Integer> ids = new ArrayList<>(next(path).map(Stage::prompt).orElse(List.of()));
      add(ids, codec.encode(line + "\n"));
      proposals.add(new Proposal(line + "\n", ids, state));
      if (proposals.size() == MOST_PROPOSALS) {
        break;
      }
    }
    return proposals;
  }

  @Override
  public Optional<Question> judge(List<Thought> path) {
    return !prompts.has("judge")
        ? Optional.empty()
        : stages
            .judged(path)
            .flatMap(fields ->
                answers(List.of("Yes", "No"))
                    .map(a -> {
                      List<Integer> prompt = new ArrayList<>();
                      ask(path, prompts.fill("judge", fields), prompt);
                      return new Question(prompt, a);
                    }));
  }

  @Override
  public Optional<Question> vote(List<Thought> candidates) {
    if (!prompts.has("vote") || candidates.size() < 2 || candidates.size() > MOST_CANDIDATES) {
      return Optional.empty();
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < candidates.size(); i++) {
      names.add("" + (char) ('A' + i));
    }
    return answers(names)
        .map(a -> {
          List<Integer> prompt = new ArrayList<>();
          Map<String, String> fields = Map.of("candidates", candidates(candidates));
          String words = prompts.fill("vote", fields);
          add(prompt, codec.encode(words));
          form.ifPresent(
              f -> add(prompt, codec.encodePrompt(f.userClose() + f.assistantOpen(), false)));
          return new Question(prompt, a);
        });
  }

  /** The tokens that begin these words, after a space or at the start of a turn, if they differ. */
  private Optional<List<Integer>> answers(List<String> words) {
    for (String space : form.isPresent() ? List.of("", " ") : List.of(" ", "")) {
      List<Integer> first = words.stream().map(w -> codec.encode(space + w)[0]).toList();
      if (new HashSet<>(first).size() == words.size()) {
        return Optional.of(first);
      }
    }
    return Optional.empty();
  }

  /** How many tokens a text takes. */
  public static int tokens(TokenCodec codec, String text) {
    return codec.encode(text).length;
  }

  @Override
  public String toString() {
    return "layout of " + task + form.map(f -> ", turns of " + f.name()).orElse("");
  }

  private static void add(List<Integer> ids, int[] more) {
    for (int id : more) {
      ids.add(id);
    }
  }
}
