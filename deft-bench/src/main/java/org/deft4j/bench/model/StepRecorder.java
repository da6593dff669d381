package org.deft4j.bench.model;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Watches a backend: keeps the operations of one step, so that those of a kind can be run again and
 * timed together, one after the other without what stands between them.
 *
 * <p>A dynamic proxy, not a class of delegating methods, so that an operation that is new to {@link
 * Backend} is passed on and counted, too. While it records, an operation made of others runs as the
 * interface defines it, which shows its parts.
 */
public final class StepRecorder {
  /** What an operation counts as. */
  public enum Part {
    /** Products with matrices, the gated activation that is part of one included. */
    PRODUCTS,
    /** Both stages of attention. */
    ATTENTION,
    /** Norms, rotary embedding, storing keys and values, gathering rows, sampling's kernels. */
    OTHER
  }

  /** Operations made of others, by which one cannot tell products from what is not. */
  private static final Set<String> WHOLE = Set.of("forward", "matmulAddNorm");

  private record Operation(Part part, Runnable run) {}

  private final Backend backend;
  private final Backend watched;
  private final List<Operation> operations = new ArrayList<>();
  private @Nullable Tensor last;
  private boolean recording;

  /** Watches a backend; {@link #watched} is what an engine must use. */
  public StepRecorder(Backend backend) {
    this.backend = backend;
    InvocationHandler handler = this::invoke;
    watched =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
  }

  /** The backend that passes all on. */
  public Backend watched() {
    return watched;
  }

  /** Runs a step and keeps its operations in place of those kept before. */
  public void record(Runnable step) {
    operations.clear();
    recording = true;
    try {
      step.run();
    } finally {
      recording = false;
    }
  }

  /** Operations that were kept of a part. */
  public int count(Part part) {
    return (int) operations.stream().filter(o -> o.part() == part).count();
  }

  /**
   * Microseconds that a part of the recorded step takes when its operations follow each other, the
   * median of some rounds. Runs them again: keys and values of the step's rows are written anew,
   * the rows' states are not what they were.
   */
  public double micros(Part part, int rounds) {
    List<Runnable> run =
        operations.stream().filter(o -> o.part() == part).map(Operation::run).toList();
    Tensor wait = last;
    if (run.isEmpty() || wait == null) {
      return 0;
    }
    float[] row = new float[wait.cols()];
    double[] micros = new double[rounds];
    for (int i = -1; i < rounds; i++) {
      wait.read(0, 1, row, 0);
      long start = System.nanoTime();
      run.forEach(Runnable::run);
      wait.read(0, 1, row, 0);
      if (i >= 0) {
        micros[i] = (System.nanoTime() - start) / 1e3;
      }
    }
    Arrays.sort(micros);
    return micros[rounds / 2];
  }

  private @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
      throws Throwable {
    if (recording && method.isDefault() && WHOLE.contains(method.getName())) {
      return InvocationHandler.invokeDefault(proxy, method, args);
    }
    Part part = recording ? part(method) : null;
    if (part != null && args != null) {
      @Nullable Object[] kept = args.clone();
      for (int i = 0; i < kept.length; i++) {
        kept[i] = kept[i] instanceof int[] a ? a.clone() : kept[i];
        last = kept[i] instanceof Tensor t && t.cols() <= 1 << 16 ? t : last;
      }
      operations.add(new Operation(part, () -> call(method, kept)));
    }
    try {
      return method.invoke(backend, args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private void call(Method method, @Nullable Object[] args) {
    try {
      method.invoke(backend, args);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot run " + method.getName() + " again", e);
    }
  }

  /** What of a step a method is; null if it is none of its operations. */
  private static @Nullable Part part(Method method) {
    if (method.getReturnType() != void.class) {
      return null;
    }
    return switch (method.getName()) {
      case "begin", "close", "summarize", "forward", "copyKv", "await" -> null;
      case "attention" -> Part.ATTENTION;
      default -> method.getName().startsWith("matmul") ? Part.PRODUCTS : Part.OTHER;
    };
  }
}
