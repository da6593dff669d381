package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.search.Thought;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.ThoughtGenerator.Sampling;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/** A branch that a search wants or has at work. */
abstract sealed class Job {
  final OpenAsk ask;
  final ThoughtTree.Entry at;

  /** The branch at work; null while it waits for its turn. */
  @Nullable NodeId leaf;

  Job(OpenAsk ask, ThoughtTree.Entry at) {
    this.ask = ask;
    this.at = at;
  }

  /** Room for keys and values that it holds while it works. */
  long held;

  /** Whether an epoch's wave has let it in; always, where there are none. */
  boolean admitted;

  /** Whether the budget does not allow it. */
  boolean refused;

  /** Whether it found no room when it went on, and waits for nothing now. */
  boolean broken;

  /** How often that has been. */
  int broke;

  /** What an earlier run made of it. */
  SearchEvent.@Nullable ThoughtAdded taken;

  /** What is appended to the thought before the model answers. */
  abstract List<Integer> prompt();

  /** A branch on which the model writes. */
  abstract static sealed class Write extends Job {
    final Stage stage;
    final Sampling sampling;
    final long stream;
    final List<Integer> tokens = new ArrayList<>();
    double logProb;

    /** Tokens that it may sample; 0 until the budget allows some. */
    long reserved;

    /** Whether that is less than its stage allows. */
    boolean cut;

    /** How many texts are written side by side. */
    int texts() {
      return 1;
    }

    Write(OpenAsk ask, ThoughtTree.Entry at, Stage stage, Sampling sampling, long stream) {
      super(ask, at);
      this.stage = stage;
      this.sampling = sampling;
      this.stream = stream;
    }

    @Override
    final List<Integer> prompt() {
      return stage.prompt();
    }
  }

  /** Writes one thought, or a list of up to {@code nodes} thoughts from this ordinal on. */
  static final class Grow extends Write {
    final long ordinal;
    final int nodes;
    final boolean list;

    /** How a list is found, where it is not written; null where it is. */
    final ThoughtGenerator.@Nullable TokenBeam beam;

    /** The search for it, while it is at work. */
    @Nullable TokenBeamRun run;

    Grow(
        OpenAsk ask,
        ThoughtTree.Entry at,
        Stage stage,
        ThoughtGenerator how,
        long ordinal,
        int nodes,
        boolean list) {
      super(ask, at, stage, how.sampling(), ordinal);
      this.beam = how instanceof ThoughtGenerator.TokenBeam b ? b : null;
      this.ordinal = ordinal;
      this.nodes = nodes;
      this.list = list;
    }

    @Override
    int texts() {
      return beam == null ? 1 : beam.width();
    }

    /** Whether a thought of another run stands where this one's will. */
    boolean makes(Thought thought) {
      return thought.ordinal() == ordinal
          && thought.parent() == at.thought.ordinal()
          && thought.stage().equals(stage.name());
    }
  }

  /** Writes an evaluator's text. */
  static final class Opine extends Write {
    final Scoring scoring;
    final int index;

    Opine(
        Scoring scoring,
        int index,
        ThoughtTree.Entry at,
        Stage stage,
        Sampling sampling,
        long stream) {
      super(scoring.ask, at, stage, sampling, stream);
      this.scoring = scoring;
      this.index = index;
    }
  }

  /** Asks for the probabilities of the next token. */
  static final class Choose extends Job {
    final Scoring scoring;
    final int index;
    final Question question;

    Choose(Scoring scoring, int index, ThoughtTree.Entry at, Question question) {
      super(scoring.ask, at);
      this.scoring = scoring;
      this.index = index;
      this.question = question;
    }

    @Override
    List<Integer> prompt() {
      return question.prompt();
    }
  }
}
