package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.deft4j.bench.model.StepRecorder;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.model.ModelConfig;
import org.deft4j.engine.model.Transformer;
import org.deft4j.engine.source.GgufSource;
import org.deft4j.kernels.Backend;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * Draft trees verified by a model: each step computes all tokens of the tree in one pass, finds the
 * likeliest token after each, and keeps as many as the recording accepted.
 *
 * <p>What is kept moves from the tree's slots to the text's, as in the DeFT authors' benchmark.
 * {@code sequence} is left out: it would copy the whole text for every draft token of every step.
 */
public final class DraftReplay implements AutoCloseable {
  private static final long WARM_UP_NANOS = 1_000_000_000;
  private static final int WARM_UP_STEPS = 400;

  /** Steps before a backend is asked whether it has settled. */
  private static final int FIRST_STEPS = 2;

  private final GgufFile file;
  private final StepRecorder recorder;
  private final Transformer model;
  private final ReplaySettings settings;
  private boolean warm;

  /** Takes the file and the backend over. */
  public DraftReplay(GgufFile file, Backend backend, ReplaySettings settings) {
    this.file = file;
    this.settings = settings;
    recorder = new StepRecorder(backend);
    boolean done = false;
    try {
      model = new Transformer(new GgufSource(file), recorder.watched());
      done = true;
    } finally {
      if (!done) {
        backend.close();
        file.close();
      }
    }
  }

  /** The model's shape. */
  public ModelConfig config() {
    return model.config();
  }

  /**
   * Verifies a recording's first steps below a text of this length; a run a method.
   *
   * @throws IllegalArgumentException for a tree of thoughts: see {@link EngineReplay}
   */
  public List<MethodRun> run(Recording any, int prompt, int steps) {
    if (!(any instanceof DraftRecording recording)) {
      throw new IllegalArgumentException(any.name() + " is no draft tree");
    }
    Map<AttentionMethod, MethodRun> runs = new EnumMap<>(AttentionMethod.class);
    List<AttentionMethod> methods = new ArrayList<>(settings.methods());
    if (methods.remove(AttentionMethod.SEQUENCE)) {
      runs.put(
          AttentionMethod.SEQUENCE,
          new MethodRun(
              recording,
              prompt,
              steps,
              AttentionMethod.SEQUENCE,
              List.of(),
              "copies all text for every draft token: not run"));
    }
    int accepted = 0;
    for (int s = 1; s <= steps; s++) {
      accepted += recording.accepted(s);
    }
    try (DraftVerifier verifier =
        new DraftVerifier(model, recorder.watched(), recording, prompt, accepted)) {
      warmUp(verifier);
      if (settings.samples() > 0) {
        sampled(verifier, recording, prompt, steps, methods, runs);
      } else {
        for (AttentionMethod m : methods) {
          runs.put(m, whole(verifier, recording, prompt, steps, m));
        }
      }
    } catch (DeftException e) {
      methods.forEach(
          m -> runs.putIfAbsent(m, EngineReplay.failed(recording, prompt, steps, m, e)));
    }
    return settings.methods().stream().map(runs::get).toList();
  }

  /**
   * The first measurement would pay for compiling what runs on the host, and for what the backend
   * tries out.
   */
  private void warmUp(DraftVerifier v) {
    long end = System.nanoTime() + (warm ? 0 : WARM_UP_NANOS);
    warm = true;
    int steps = 0;
    do {
      v.step();
      v.rewind();
    } while (System.nanoTime() < end
        || steps++ < FIRST_STEPS
        || !recorder.watched().settled() && steps < WARM_UP_STEPS);
  }

  private MethodRun whole(
      DraftVerifier v, DraftRecording recording, int prompt, int steps, AttentionMethod method) {
    StepClock clock = new StepClock(recorder, v::io);
    v.rewind();
    v.method(method);
    v.step(); // finds new plans; the recording starts anew after it
    v.rewind();
    for (int s = 1; s <= steps && !settings.interrupted().getAsBoolean(); s++) {
      if (ReplaySettings.recorded(s, steps)) {
        clock.attention(s, v::step);
      } else {
        clock.time(s, v::step);
      }
    }
    return new MethodRun(recording, prompt, steps, method, clock.samples(), "");
  }

  private void sampled(
      DraftVerifier v,
      DraftRecording recording,
      int prompt,
      int steps,
      List<AttentionMethod> methods,
      Map<AttentionMethod, MethodRun> runs) {
    int places = settings.places(steps);
    Map<AttentionMethod, List<StepSample>> samples = new EnumMap<>(AttentionMethod.class);
    for (int i = 0; i < places && !settings.interrupted().getAsBoolean(); i++) {
      int first = (int) ((long) steps * i / places);
      int end = (int) ((long) steps * (i + 1) / places);
      int window = ReplaySettings.WINDOW * methods.size();
      v.skipTo(first + Math.max(0, end - first - window) / 2);
      for (int k = 0; k < methods.size(); k++) {
        AttentionMethod m = methods.get((k + i) % methods.size());
        v.method(m);
        StepClock clock = new StepClock(recorder, v::io);
        v.step();
        for (int n = 0; n < ReplaySettings.WINDOW - 2; n++) {
          clock.time(v.steps() + 1, v::step);
        }
        clock.attention(v.steps() + 1, v::step);
        samples.computeIfAbsent(m, _ -> new ArrayList<>()).add(clock.merged(end - first));
      }
    }
    samples.forEach((m, list) -> runs.put(m, new MethodRun(recording, prompt, steps, m, list, "")));
  }

  @Override
  public void close() {
    for (AutoCloseable c : Arrays.<AutoCloseable>asList(model, recorder.watched(), file)) {
      try {
        c.close();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
