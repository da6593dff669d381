package org.deft4j.tree.replay;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;
import org.deft4j.tree.plan.PlanOptions;

/**
 * Grows a forest as a {@link TreeTemplate} says and sums the ledger of each step's plan.
 *
 * <p><b>What counts.</b> The decode steps 1 to {@link TreeTemplate#steps}; the prompt's own
 * computation does not. In each step every live node has one query row for its newest token, whose
 * keys and values are stored before attention and so are read too: in step t a live node holds t -
 * start + 1 tokens. A node that has ended is read as long as something below it is live; what is
 * pruned is not. Steps in which nothing is live read nothing.
 *
 * <p>Each step makes a real plan: a recording of 4,000 steps and 10 branches takes some tens of
 * milliseconds.
 */
public final class Replay {
  /**
   * The sums over all steps, for one layer.
   *
   * @param steps steps with at least one row
   * @param rows query rows: tokens decoded
   * @param io what the plans moved
   * @param copiedTokens tokens that {@code sequence} copied at forks; 0 for all other methods
   */
  public record Result(long steps, long rows, IoLedger io, long copiedTokens) {}

  /** Sees each step. */
  @FunctionalInterface
  public interface Listener {
    /**
     * A step was planned.
     *
     * @param step its number, from 1
     * @param plan valid during the call
     * @param io what the plan moves in one layer
     */
    void step(int step, AttentionPlan plan, IoLedger io);
  }

  private static final int PAGE_SIZE = 16;

  private final TreeTemplate template;
  private final Forest forest;
  private final int[] segment;
  private final List<Integer> live = new ArrayList<>();

  private Replay(TreeTemplate template, AttentionMethod method) {
    this.template = template;
    long slots = template.tokens() + 64L * template.nodes().size();
    if (method == AttentionMethod.SEQUENCE) {
      // A step may hold the copies of the branches that have just ended beside the new ones.
      slots += 2L * template.maxWidth() * (template.longestPath() + 64L);
    }
    forest = new Forest(new PagePool(PAGE_SIZE, Math.toIntExact(Math.ceilDiv(slots, PAGE_SIZE))));
    segment = new int[template.nodes().size()];
  }

  /** Replays a tree by one method. */
  public static Result run(
      TreeTemplate template, AttentionMethod method, PlanOptions options, KvGeometry geometry) {
    return run(template, method, options, geometry, (step, plan, io) -> {});
  }

  /** Replays a tree by one method and shows each step to a listener. */
  public static Result run(
      TreeTemplate template,
      AttentionMethod method,
      PlanOptions options,
      KvGeometry geometry,
      Listener listener) {
    return new Replay(template, method)
        .run(new AttentionPlanner(method, options), geometry, listener);
  }

  private Result run(AttentionPlanner planner, KvGeometry geometry, Listener listener) {
    int prompt = forest.root(new int[template.promptTokens()]);
    forest.setFilled(prompt, template.promptTokens());
    segment[0] = prompt;
    end(0);
    RowBatch batch = new RowBatch(forest);
    Sums sums = new Sums();
    long rows = 0;
    long steps = 0;
    long copied = 0;
    for (int step = 1; step <= template.steps(); step++) {
      if (live.isEmpty()) {
        continue;
      }
      batch.clear();
      for (int i : live) {
        forest.append(segment[i], 0);
        batch.add(segment[i], 1);
      }
      AttentionPlan plan = planner.plan(batch.layout());
      IoLedger io = plan.ledger(geometry);
      listener.step(step, plan, io);
      sums.add(io);
      steps++;
      rows += plan.rows();
      copied += planner.copies().tokens();
      batch.commit();
      endAll(step);
    }
    planner.close();
    return new Result(steps, rows, sums.ledger(), copied);
  }

  private void endAll(int step) {
    int kept = 0;
    List<Integer> ended = new ArrayList<>();
    for (int i : live) {
      if (template.nodes().get(i).end() == step) {
        ended.add(i);
      } else {
        live.set(kept++, i);
      }
    }
    if (!ended.isEmpty()) {
      live.subList(kept, live.size()).clear();
      ended.forEach(this::end);
    }
  }

  /** A node stops: its children begin, or it is pruned with what it alone holds. */
  private void end(int i) {
    for (int c : template.nodes().get(i).children()) {
      segment[c] = forest.child(segment[i]);
      if (template.nodes().get(c).value() == 0) {
        end(c);
      } else {
        live.add(c);
      }
    }
    forest.release(segment[i]);
  }

  private static final class Sums {
    private long kvTokens;
    private long kv;
    private long query;
    private long partial;
    private long mask;
    private long scores;

    void add(IoLedger io) {
      kvTokens += io.kvTokens();
      kv += io.kv();
      query += io.query();
      partial += io.partial();
      mask += io.mask();
      scores += io.scores();
    }

    IoLedger ledger() {
      return new IoLedger(kvTokens, kv, query, partial, mask, scores);
    }
  }
}
