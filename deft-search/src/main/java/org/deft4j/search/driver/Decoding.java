package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;

/**
 * What the model does on the leaves of jobs: asks the decoder for what a job wants, and makes
 * thoughts and readings of its answers. A job whose answer was taken has settled its tokens and
 * freed its leaf, unless a thought keeps that.
 */
final class Decoding {
  private final Asks asks;
  private final Journal journal;
  private final Lanes lanes;
  private final JobBudget budget;
  private final Harvest harvest;
  private final long seed;
  private final Consumer<Job> finished;

  /**
   * The decoding of a search.
   *
   * @param seed of what is sampled
   * @param finished hears of each job whose answer was taken, once
   */
  Decoding(
      Asks asks,
      Journal journal,
      Lanes lanes,
      JobBudget budget,
      Harvest harvest,
      long seed,
      Consumer<Job> finished) {
    this.asks = asks;
    this.journal = journal;
    this.lanes = lanes;
    this.budget = budget;
    this.harvest = harvest;
    this.seed = seed;
    this.finished = finished;
  }

  /**
   * Asks for what a job wants, on a leaf of its own.
   *
   * @throws DeftException if the decoder has no room; the caller releases the leaf
   */
  void begin(Job job, NodeId leaf) {
    switch (job) {
      case Job.Write w -> {
        if (w instanceof Job.Grow g && g.beam != null) {
          g.run = beam(g, leaf, g.beam);
        } else {
          lanes.decode(leaf, spec(w), new Writing(w));
        }
        budget.prompted(lanes.decoder().pathLength(leaf));
      }
      case Job.Choose c -> {
        List<Integer> prompt = c.question.prompt();
        long length = lanes.decoder().pathLength(leaf) + prompt.size();
        if (prompt.isEmpty()) {
          choose(c, leaf);
        } else {
          lanes.extend(leaf, Lanes.ints(prompt), event -> goOn(c, leaf));
        }
        budget.prompted(length);
      }
    }
  }

  private void goOn(Job.Choose job, NodeId leaf) {
    try {
      choose(job, leaf);
    } catch (DeftException e) {
      job.broken = true;
      throw e;
    }
  }

  private TokenBeamRun beam(Job.Grow job, NodeId leaf, ThoughtGenerator.TokenBeam how) {
    return new TokenBeamRun(
        lanes,
        leaf,
        job.stage,
        how,
        Math.min(job.stage.maxTokens(), budget.contextLeft(job)),
        job.reserved,
        run -> {
          job.run = null;
          budget.settle(job, run.used());
          journal.appended(run.used());
          lanes.release(leaf);
          budget.free(job);
          harvest.found(job, run.best(job.nodes));
          finished.accept(job);
        });
  }

  private void choose(Job.Choose job, NodeId leaf) {
    lanes.choices(
        leaf,
        job.question.answers(),
        event -> {
          List<Float> logProbs = new ArrayList<>();
          for (float p : ((DecodeEvent.Chosen) event).logProbs()) {
            logProbs.add(p);
          }
          lanes.release(leaf);
          budget.free(job);
          answered(job, job.scoring, job.index, new Reading(logProbs, ""));
        });
  }

  private DecodeSpec spec(Job.Write job) {
    return DecodeSpec.of(Math.toIntExact(job.reserved))
        .temperature((float) job.sampling.temperature())
        .topK(job.sampling.topK())
        .topP((float) job.sampling.topP())
        .minP((float) job.sampling.minP())
        .stopTokens(job.stage.stopTokens())
        .stopStrings(job.stage.stopStrings())
        .seed(seed, job.stream)
        .constraint(job.stage.constraint())
        .build();
  }

  private void answered(Job job, Scoring scoring, int index, Reading reading) {
    scoring.read(index, reading);
    if (job.ask.pending == 1) {
      asks.scored(scoring);
    }
    finished.accept(job);
  }

  /** Stops a job at work: frees its leaf, and what hangs below it. */
  void stop(Job job) {
    if (job instanceof Job.Grow g && g.run != null) {
      budget.settle(g, g.run.used());
      journal.appended(g.run.used());
      g.run.forget();
      g.run = null;
    }
    if (job.leaf != null) {
      lanes.release(job.leaf);
    }
  }

  /** Stops waiting for a job at work; its leaf is about to be released with its tree. */
  void forget(Job job) {
    if (job instanceof Job.Grow g && g.run != null) {
      g.run.forget();
    }
    if (job.leaf != null) {
      lanes.forget(job.leaf);
    }
  }

  /** Hears of a branch on which the model writes. */
  private final class Writing implements Lanes.Waiter {
    private final Job.Write job;

    Writing(Job.Write job) {
      this.job = job;
    }

    @Override
    public void sampled(int token, float logProb) {
      job.tokens.add(token);
      job.logProb += logProb;
      journal.sampled(job.stream, token);
    }

    @Override
    public void answered(DecodeEvent event) {
      budget.settle(job, job.tokens.size());
      NodeId leaf = Objects.requireNonNull(job.leaf);
      String text = lanes.decoder().codec().decode(Lanes.ints(job.tokens));
      FinishReason reason = ((DecodeEvent.Finished) event).reason();
      switch (job) {
        case Job.Grow g -> {
          if (g.list) {
            lanes.release(leaf);
            budget.free(g);
            harvest.listed(g, text);
          } else {
            boolean alive = harvest.grown(g, leaf, text, reason);
            budget.free(g, alive ? g.tokens.size() : 0);
          }
          finished.accept(g);
        }
        case Job.Opine o -> {
          lanes.release(leaf);
          budget.free(o);
          Decoding.this.answered(o, o.scoring, o.index, new Reading(List.of(), text));
        }
      }
    }
  }
}
