package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.sample.Draws;
import org.jspecify.annotations.Nullable;

/**
 * A CPU backend that keeps what it draws to itself until it is asked, as a device does: its engine
 * begins steps with tokens that it does not know.
 */
final class LateBackend implements InvocationHandler {
  private static final int UNKNOWN = Integer.MIN_VALUE;

  private record Pending(Draws given, Draws known) {}

  private final Backend real;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private @Nullable Draws last;

  /** Steps that were begun with tokens that nobody had read. */
  int ahead;

  LateBackend(Backend real) {
    this.real = real;
  }

  /** An engine with such a backend. */
  static TreeEngine open(EngineOptions options) {
    LateBackend late = new LateBackend(TreeEngine.backend(options));
    return TreeEngine.open(ModelSource.open(options.model()), options, late.backend());
  }

  Backend backend() {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
    switch (method.getName()) {
      case "samplesLater" -> {
        return true;
      }
      case "sampleLater" -> {
        later((Tensor) args[0], (int) args[1], (Draws) args[2]);
        return null;
      }
      case "await" -> {
        await((Draws) args[0]);
        return null;
      }
      case "forward" -> {
        return InvocationHandler.invokeDefault(proxy, method, args);
      }
      case "begin" -> {
        real.begin(known((Batch) args[0]));
        return null;
      }
      default -> {
        try {
          return method.invoke(real, args);
        } catch (InvocationTargetException e) {
          throw e.getCause();
        }
      }
    }
  }

  private void later(Tensor x, int cols, Draws given) {
    Draws known = new Draws();
    for (int i = 0; i < given.size(); i++) {
      known.add(given.row(i), given.spec(i), given.position(i), given.count(i));
    }
    real.sample(x, cols, known);
    for (int i = 0; i < given.tokens(); i++) {
      given.set(i, UNKNOWN, Float.NaN);
    }
    pending.add(new Pending(given, known));
    last = known;
    // As the contract says: a third waits for the first.
    while (pending.size() > 2) {
      await(pending.getFirst().given);
    }
  }

  private void await(Draws draws) {
    pending.removeIf(p -> {
      if (p.given != draws) {
        return false;
      }
      assertThat(draws.tokens()).isEqualTo(p.known.tokens());
      for (int i = 0; i < p.known.size(); i++) {
        draws.set(draws.first(i), p.known.token(i), p.known.logProb(i));
      }
      return true;
    });
  }

  /** The batch with the tokens that were drawn. */
  private Batch known(Batch batch) {
    Batch b = new Batch();
    int n = batch.rows();
    b.reset(n);
    boolean any = false;
    for (int r = 0; r < n; r++) {
      int place = Batch.placeOf(batch.tokens()[r]);
      any |= place >= 0;
      b.tokens()[r] = place < 0 ? batch.tokens()[r] : Objects.requireNonNull(last).token(place);
    }
    ahead += any ? 1 : 0;
    System.arraycopy(batch.positions(), 0, b.positions(), 0, n);
    System.arraycopy(batch.slots(), 0, b.slots(), 0, n);
    b.plan(batch.plan());
    return b;
  }
}
