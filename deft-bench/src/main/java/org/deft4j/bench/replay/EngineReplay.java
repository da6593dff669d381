package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.IoLedger;

/**
 * Recorded trees of thoughts decoded by an engine, step by step, everything that a search pays for
 * included but its own thinking: forking, planning, sampling, pruning.
 *
 * <p>With {@link ReplaySettings#samples} the methods share one decoding: at each place they decode
 * neighbouring steps in turn, which is fair, as all give the same numbers and a few steps hardly
 * change a tree.
 */
public final class EngineReplay {
  /** Numbers of branches that recordings have most of the time. */
  private static final int[] ROWS = {8, 1, 2, 3, 4, 5, 6, 7, 16, 24};

  /** Tokens above them while a backend finds out how to run so many rows. */
  private static final int CONTEXT = 64;

  private final WatchedEngine watched;
  private final ReplaySettings settings;
  private final int layers;

  /**
   * For an engine that is otherwise idle; warms it up. From then on its steps are begun and ended
   * in a call, since each is measured by itself.
   */
  public EngineReplay(WatchedEngine watched, ReplaySettings settings) {
    this.watched = watched;
    this.settings = settings;
    watched.warmUp(10, settings.temperature());
    for (int rows : ROWS) {
      if (!watched.settle(rows, CONTEXT, settings.temperature())) {
        break; // a backend that finds out nothing
      }
    }
    watched.engine().ahead(false);
    layers = watched.engine().info().model().layers();
  }

  /**
   * Decodes a recording's first steps with a prompt of this length; a run a method.
   *
   * @throws IllegalArgumentException for a draft tree: see {@link DraftReplay}
   */
  public List<MethodRun> run(Recording recording, int prompt, int steps) {
    if (!(recording instanceof TreeRecording tree)) {
      throw new IllegalArgumentException(recording.name() + " is no tree of thoughts");
    }
    if (settings.samples() > 0) {
      return sampled(tree, prompt, steps);
    }
    List<MethodRun> runs = new ArrayList<>();
    for (AttentionMethod m : settings.methods()) {
      runs.add(whole(tree, prompt, steps, m));
    }
    return runs;
  }

  private StepClock clock() {
    return new StepClock(watched.recorder(), this::io);
  }

  /** What one layer's attention moved since the engine was opened. */
  private IoLedger io() {
    IoLedger all = watched.engine().stats().io();
    return new IoLedger(
        all.kvTokens() / layers,
        all.kv() / layers,
        all.query() / layers,
        all.partial() / layers,
        all.mask() / layers,
        all.scores() / layers);
  }

  private MethodRun whole(TreeRecording recording, int prompt, int steps, AttentionMethod method) {
    StepClock clock = clock();
    watched.engine().attention(AttentionMethod.FLATTEN); // whatever computes the prompt
    TreeDriver driver =
        new TreeDriver(watched, recording.template(), prompt, settings.temperature());
    try {
      watched.engine().attention(method);
      while (driver.step() < steps
          && !driver.finished()
          && !settings.interrupted().getAsBoolean()) {
        int number = driver.step() + 1;
        if (ReplaySettings.recorded(number, steps)) {
          clock.attention(number, driver::decode);
        } else {
          clock.time(number, driver::decode);
        }
      }
      return new MethodRun(recording, prompt, steps, method, clock.samples(), "");
    } catch (DeftException e) {
      return failed(recording, prompt, steps, method, e);
    } finally {
      driver.close();
    }
  }

  private List<MethodRun> sampled(TreeRecording recording, int prompt, int steps) {
    int places = settings.places(steps);
    List<AttentionMethod> methods = settings.methods();
    Map<AttentionMethod, List<StepSample>> samples = new EnumMap<>(AttentionMethod.class);
    Map<AttentionMethod, MethodRun> failures = new EnumMap<>(AttentionMethod.class);
    watched.engine().attention(AttentionMethod.FLATTEN);
    TreeDriver driver =
        new TreeDriver(watched, recording.template(), prompt, settings.temperature());
    try {
      for (int i = 0; i < places && !settings.interrupted().getAsBoolean(); i++) {
        int first = (int) ((long) steps * i / places);
        int end = (int) ((long) steps * (i + 1) / places);
        int window = ReplaySettings.WINDOW * methods.size();
        watched.engine().attention(AttentionMethod.FLATTEN);
        driver.skipTo(first + Math.max(0, end - first - window) / 2);
        for (int k = 0; k < methods.size() && !driver.finished(); k++) {
          // Another method begins at each place, so that none always has the smaller tree.
          AttentionMethod m = methods.get((k + i) % methods.size());
          if (failures.containsKey(m)) {
            continue;
          }
          try {
            watched.engine().attention(m);
            samples
                .computeIfAbsent(m, _ -> new ArrayList<>())
                .add(place(driver, end - first, (end - first) / methods.size()));
          } catch (DeftException e) {
            failures.put(m, failed(recording, prompt, steps, m, e));
          }
        }
      }
    } finally {
      watched.engine().attention(AttentionMethod.FLATTEN);
      driver.close();
    }
    List<MethodRun> runs = new ArrayList<>();
    for (AttentionMethod m : methods) {
      MethodRun failure = failures.get(m);
      runs.add(
          failure != null
              ? failure
              : new MethodRun(recording, prompt, steps, m, samples.getOrDefault(m, List.of()), ""));
    }
    return runs;
  }

  /**
   * Decodes some steps.
   *
   * @param weight steps that they stand for
   * @param most steps that leave as many to the other methods
   */
  private StepSample place(TreeDriver driver, int weight, int most) {
    StepClock clock = clock();
    int before = driver.decode();
    int left = Math.clamp(most, ReplaySettings.WINDOW, 3 * ReplaySettings.WINDOW) - 2;
    while (clock.count() < ReplaySettings.WINDOW - 2 && left-- > 0 && !driver.finished()) {
      int rows = clock.time(driver.step() + 1, driver::decode);
      // A backend may try out what is fastest when it meets a number of rows for the first time.
      if (rows != before && left > 0) {
        clock.forget();
      }
      before = rows;
    }
    clock.attention(driver.step() + 1, driver::decode);
    return clock.merged(weight);
  }

  static MethodRun failed(
      Recording recording, int prompt, int steps, AttentionMethod method, DeftException e) {
    if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
      throw e;
    }
    return new MethodRun(recording, prompt, steps, method, List.of(), "does not fit");
  }
}
