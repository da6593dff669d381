package org.deft4j.kernels.cuda;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.deft4j.bench.attention.Workload;
import org.deft4j.bench.attention.Workloads;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;

/**
 * Microseconds that the schedule of a step takes on this host, for a device of 132 multiprocessors
 * that need not be there: the least of many, after all workloads were scheduled twice as often to
 * have the code compiled.
 *
 * <pre>
 * ScheduleTiming TEMPLATES WORKLOAD...
 * </pre>
 */
final class ScheduleTiming {
  private static final int MULTIPROCESSORS = 132;
  private static final int TIMES = 20_000;
  private static final int ROUNDS = 3;

  private ScheduleTiming() {}

  /** See the class. */
  public static void main(String[] args) {
    Map<String, Supplier<Workload>> all = Workloads.all(Path.of(args[0]));
    for (int round = 1; round <= ROUNDS; round++) {
      for (int i = 1; i < args.length; i++) {
        Workload w = Objects.requireNonNull(all.get(args[i]), args[i]).get();
        double micros = micros(w);
        if (round == ROUNDS) {
          System.out.printf(Locale.ROOT, "%s %.1f%n", args[i], micros);
        }
      }
    }
  }

  private static double micros(Workload w) {
    AttentionSchedule schedule =
        new AttentionSchedule(
            w.heads() / w.kvHeads(), MULTIPROCESSORS / w.kvHeads(), AttentionTuning.SM90);
    schedule.direct(true);
    AttentionPlanner planner = new AttentionPlanner(AttentionMethod.FLATTEN);
    AttentionPlan plan = planner.plan(w.layout());
    long least = Long.MAX_VALUE;
    for (int i = 0; i < TIMES; i++) {
      long start = System.nanoTime();
      schedule.build(plan);
      least = Math.min(least, System.nanoTime() - start);
    }
    planner.close();
    return least / 1e3;
  }
}
