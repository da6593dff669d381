package org.deft4j.kernels.cuda;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.deft4j.bench.attention.PublishedTrees;
import org.deft4j.bench.attention.Workload;
import org.deft4j.bench.attention.Workloads;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;

/**
 * Microseconds of attention under several settings of its schedule: for finding the constants of
 * {@link AttentionTuning#SM90}.
 *
 * <pre>
 * AttentionSweep TEMPLATES SETTING...
 * </pre>
 *
 * <p>A setting names constants to replace, {@code itemTiles=3,blockRows=64:128}, or is {@code
 * default}. A line a workload: error of the worst setting, then microseconds and host microseconds
 * of each.
 */
final class AttentionSweep {
  private AttentionSweep() {}

  /** See the class. */
  public static void main(String[] args) {
    Path templates = Path.of(args[0]);
    List<AttentionTuning> settings =
        Arrays.stream(args).skip(1).map(s -> with(AttentionTuning.SM90, s)).toList();
    Map<String, Supplier<Workload>> all = Workloads.all(templates);
    List<String> names = new ArrayList<>(Workloads.group("deft", templates));
    names.addAll(PublishedTrees.FAST_TREE);
    names.addAll(PublishedTrees.PAT);
    try (CudaAttentionMeter meter = CudaAttentionMeter.open()) {
      System.out.println(meter.device());
      for (String name : names) {
        Workload w = Objects.requireNonNull(all.get(name), name).get();
        AttentionPlanner planner = new AttentionPlanner(AttentionMethod.FLATTEN);
        AttentionPlan plan = planner.plan(w.layout());
        List<CudaAttentionMeter.Swept> found =
            meter.sweep(
                plan, w.tokens(), w.heads(), w.kvHeads(), w.headDim(), KvType.BF16, settings);
        double error = found.stream().mapToDouble(CudaAttentionMeter.Swept::error).max().orElse(0);
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%s %.1e", name, error));
        for (CudaAttentionMeter.Swept s : found) {
          line.append(String.format(Locale.ROOT, " %.1f/%.1f", s.micros(), s.scheduleMicros()));
        }
        System.out.println(line);
        planner.close();
      }
    }
  }

  /** {@code base} with the constants that a setting names. */
  static AttentionTuning with(AttentionTuning base, String setting) {
    RecordComponent[] parts = AttentionTuning.class.getRecordComponents();
    Object[] values = new Object[parts.length];
    Class<?>[] types = new Class<?>[parts.length];
    try {
      for (int i = 0; i < parts.length; i++) {
        values[i] = parts[i].getAccessor().invoke(base);
        types[i] = parts[i].getType();
      }
      for (String one : setting.equals("default") ? new String[0] : setting.split(",", -1)) {
        String[] pair = one.split("=", 2);
        int i = 0;
        while (i < parts.length && !parts[i].getName().equals(pair[0])) {
          i++;
        }
        if (i == parts.length || pair.length < 2) {
          throw new IllegalArgumentException("no setting: " + one);
        }
        values[i] = value(types[i], pair[1]);
      }
      return AttentionTuning.class.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object value(Class<?> type, String text) {
    if (type == int[].class) {
      return Arrays.stream(text.split(":", -1)).mapToInt(Integer::parseInt).toArray();
    }
    if (type == double[].class) {
      return Arrays.stream(text.split(":", -1)).mapToDouble(Double::parseDouble).toArray();
    }
    return type == int.class
        ? (Object) Integer.valueOf(text)
        : type == double.class ? (Object) Double.valueOf(text) : (Object) Boolean.valueOf(text);
  }
}
