package org.deft4j.tree.plan;

import org.deft4j.tree.CopyList;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PrivatePaths;
import org.deft4j.tree.RowLayout;
import org.jspecify.annotations.Nullable;

/**
 * Makes the {@link AttentionPlan} of a step by one of the methods.
 *
 * <p>Groups never span two trees (segments below different top segments), and only what is on the
 * path of a row is read. A planner keeps one plan and its buffers: it allocates only when a step is
 * larger than all before. Cost: {@code flatten}, {@code node} and {@code node-chunk} are linear in
 * nodes, runs, groups and rows; {@code sequence} and {@code radix} in the sum of all paths' runs;
 * all five in rows alone where only leaves grew by a token each; {@code tree-mask} in rows times
 * path tokens (the mask), {@code tree-mask-bits} in tokens times rows / 64.
 *
 * <p>With {@link PlanOptions#deterministic} the KV-guided methods and the masks cut each path at
 * absolute positions, and {@code sequence} and {@code radix} do as well: a row then sees the same
 * groups of the same tokens as when it is decoded alone.
 */
public final class AttentionPlanner {
  private final AttentionMethod method;
  private final PlanOptions options;
  private final AttentionPlan plan = new AttentionPlan();
  private final PieceWriter writer = new PieceWriter();
  private final LineCutter line = new LineCutter();
  private final PathCutter paths = new PathCutter();
  private final TreeMasker masks = new TreeMasker();
  private final PositionCutter positions = new PositionCutter();
  private final LeafGrowth growth = new LeafGrowth();
  private final CopyList copies = new CopyList();
  private @Nullable PrivatePaths privatePaths;

  /** A planner for one forest at a time. */
  public AttentionPlanner(AttentionMethod method, PlanOptions options) {
    this.method = method;
    this.options = options;
  }

  /** A planner with {@link PlanOptions#DEFAULT}. */
  public AttentionPlanner(AttentionMethod method) {
    this(method, PlanOptions.DEFAULT);
  }

  /** The method. */
  public AttentionMethod method() {
    return method;
  }

  /** How blocks are cut. */
  public PlanOptions options() {
    return options;
  }

  /**
   * The plan of a step. With {@link AttentionMethod#SEQUENCE} it may take slots for private copies,
   * which {@link #copies} then lists: they must be made, in every layer, before the step's rows are
   * computed.
   *
   * @param layout the step's rows
   * @return this planner's only plan, valid until the next call
   * @throws org.deft4j.tree.DeftException with exit code 5 when private copies find no slots
   */
  public AttentionPlan plan(RowLayout layout) {
    copies.clear();
    if (!growth.advance(layout, plan)) {
      return planAnew(layout);
    }
    plan.rowSlot(layout.rowSlot());
    return plan;
  }

  /** As {@link #plan}, without using the last step's. */
  public AttentionPlan planAnew(RowLayout layout) {
    growth.forget();
    copies.clear();
    plan.reset(method, layout.rows());
    plan.rowSlot(layout.rowSlot());
    writer.begin(plan);
    switch (method) {
      case FLATTEN, NODE, NODE_CHUNK -> {
        if (options.deterministic()) {
          positions.plan(layout, options, plan, writer);
        } else {
          line.plan(layout, options, plan, writer, growth);
        }
      }
      case SEQUENCE -> {
        PrivatePaths own = privatePaths(layout.forest());
        boolean complete = own.prepare(layout, copies);
        paths.plan(layout, options, own, plan, writer, growth);
        if (!complete || options.deterministic()) {
          growth.forget();
        }
      }
      case RADIX -> {
        paths.plan(layout, options, null, plan, writer, growth);
        if (options.deterministic()) {
          growth.forget();
        }
      }
      case TREE_MASK, TREE_MASK_BITS -> {
        if (options.deterministic()) {
          positions.plan(layout, options, plan, writer);
          plan.maskFromIntervals(method == AttentionMethod.TREE_MASK, writer.columns());
        } else {
          masks.plan(layout, options, plan, writer);
        }
      }
    }
    return plan;
  }

  /** Copies of keys and values to make before the step; empty but for {@code sequence}. */
  public CopyList copies() {
    return copies;
  }

  /** Frees the private copies of {@code sequence}; the next plan is made anew. */
  public void close() {
    growth.forget();
    if (privatePaths != null) {
      privatePaths.close();
      privatePaths = null;
    }
  }

  private PrivatePaths privatePaths(Forest forest) {
    PrivatePaths own = privatePaths;
    if (own == null || own.forest() != forest) {
      close();
      own = new PrivatePaths(forest);
      privatePaths = own;
    }
    return own;
  }
}
