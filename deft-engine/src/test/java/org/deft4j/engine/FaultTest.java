package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.kernels.Backend;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A backend that fails in the middle of a tree: as a device out of memory, or lost, does. */
class FaultTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.of(TestModels.stories260K()).withBackend("scalar").withThreads(1);

  /** Passes all on but the {@code n}-th attention and those after it, which throw. */
  private static Backend faulty(int n, DeftException fault, AtomicBoolean closed) {
    Backend real = TreeEngine.backend(OPTIONS);
    AtomicInteger calls = new AtomicInteger();
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, args) -> {
              switch (method.getName()) {
                case "forward" -> {
                  // As the interface defines it, so that its operations come by here.
                  return java.lang.reflect.InvocationHandler.invokeDefault(proxy, method, args);
                }
                case "attention" -> {
                  if (calls.incrementAndGet() >= n) {
                    throw fault;
                  }
                }
                case "close" -> closed.set(true);
                default -> {}
              }
              try {
                return method.invoke(real, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** Whatever a backend says ends the step with its exit code, and the engine can be closed. */
  @ParameterizedTest
  @ValueSource(ints = {DeftException.OUT_OF_MEMORY, DeftException.RUNTIME})
  void aFaultEndsTheStepAndNothingHangs(int code) {
    DeftException fault = new DeftException(code, "the device is full or lost");
    AtomicBoolean closed = new AtomicBoolean();
    // Five layers: the prompt's step and some of decoding pass.
    Backend backend = faulty(5 * 8 + 3, fault, closed);
    Assertions.assertTimeoutPreemptively(
        Duration.ofMinutes(1),
        () -> {
          try (TreeEngine engine =
              TreeEngine.open(GgufFile.open(OPTIONS.model()), OPTIONS, backend)) {
            NodeId root = engine.root(new int[] {1, 100, 101, 102});
            for (NodeId leaf : engine.fork(root, 3)) {
              engine.decode(leaf, DecodeSpec.of(100).build());
            }
            assertThatThrownBy(() -> Driver.drain(engine))
                .isInstanceOfSatisfying(
                    DeftException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .isSameAs(fault);
            // A lost device stays lost; a caller that goes on is told again.
            assertThatThrownBy(() -> Driver.drain(engine)).isSameAs(fault);
            engine.release(root);
          }
        });
    assertThat(closed).isTrue();
  }
}
