package org.deft4j.bench.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deft4j.bench.attention.Workload;
import org.deft4j.bench.io.DraftFile;
import org.deft4j.bench.io.TemplateFile;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/** One recorded decoding: a tree of thoughts, or a draft tree with what was accepted of it. */
public sealed interface Recording permits TreeRecording, DraftRecording {
  /** Tokens of a prompt that a draft tree has unless another length is asked for. */
  int DRAFT_PROMPT = 1000;

  /** The file that it is from, without its ending. */
  String name();

  /** Its index among the file's complete records. */
  int record();

  /** Decode steps; the first is 1. */
  int steps();

  /** Tokens of the recorded prompt; 0 if the record has none of its own. */
  int promptTokens();

  /** Whether it is a draft tree. */
  boolean draft();

  /** Tokens of each thought; empty for draft trees. */
  List<Integer> thoughtLengths();

  /**
   * The forest and the rows of a step.
   *
   * @param prompt tokens of the prompt in place of the recorded number
   * @return null if nothing decodes in that step
   */
  @Nullable Workload at(int step, int prompt);

  /**
   * The recordings of a file.
   *
   * @param records which of its complete records
   * @param flat for draft trees: every token a child of the prompt, as in the DeFT authors' own
   *     benchmark
   * @throws DeftException with exit code 2, naming the file and what is wrong
   */
  static List<Recording> read(Path file, List<Integer> records, boolean flat) {
    List<Recording> found = new ArrayList<>();
    if (isDraft(file)) {
      DraftFile draft = DraftFile.read(file);
      for (int r : records) {
        require(file, r, draft.accepted().size());
        found.add(new DraftRecording(draft, r, flat));
      }
    } else {
      TemplateFile trees = TemplateFile.read(file);
      for (int r : records) {
        require(file, r, trees.trees().size());
        found.add(new TreeRecording(trees.name(), r, trees.trees().get(r)));
      }
    }
    return found;
  }

  private static boolean isDraft(Path file) {
    try {
      return DraftFile.matches(JsonReader.read(Files.readString(file)));
    } catch (IOException | IllegalArgumentException e) {
      return false; // what is wrong is told when it is read as trees
    }
  }

  private static void require(Path file, int record, int size) {
    if (record < 0 || record >= size) {
      throw new DeftException(
          DeftException.USAGE,
          file + " has the complete records 0 to " + (size - 1) + ", not " + record);
    }
  }
}
