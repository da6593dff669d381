package org.deft4j.bench.replay;

import java.util.List;
import org.deft4j.bench.attention.Workload;
import org.deft4j.bench.io.DraftFile;

/**
 * A draft tree that is verified each step; what was accepted of it becomes part of the text before
 * the next.
 *
 * @param flat whether every token is a child of the text, not of its predecessor
 */
record DraftRecording(DraftFile file, int record, boolean flat) implements Recording {
  @Override
  public String name() {
    return flat ? file.name() + "-flat" : file.name();
  }

  @Override
  public int steps() {
    return file.accepted().get(record).size();
  }

  @Override
  public int promptTokens() {
    return 0;
  }

  @Override
  public boolean draft() {
    return true;
  }

  @Override
  public List<Integer> thoughtLengths() {
    return List.of();
  }

  /** Tokens accepted in a step, 1 the first. */
  int accepted(int step) {
    return file.accepted().get(record).get(step - 1);
  }

  @Override
  public Workload at(int step, int prompt) {
    int text = prompt;
    for (int s = 1; s < step; s++) {
      text += accepted(s);
    }
    return flat
        ? Workload.flatDraft(text, file.tokens())
        : Workload.draft(name(), text, file.paths());
  }
}
