package org.deft4j.bench.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.kernels.Backend;
import org.junit.jupiter.api.Test;

class WatchedEngineTest {
  @Test
  void settlesUntilTheBackendHas() {
    EngineOptions options =
        EngineOptions.of(Path.of("random")).withBackend("scalar").withThreads(1);
    AtomicInteger passes = new AtomicInteger();
    int needed = 25;
    Backend real = TreeEngine.backend(options);
    Backend choosy =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "settled" -> passes.get() >= needed;
                      case "forward" -> {
                        passes.incrementAndGet();
                        yield method.invoke(real, arguments);
                      }
                      default -> method.invoke(real, arguments);
                    });
    try (WatchedEngine w =
        WatchedEngine.open(RandomModel.of(ModelShape.of("tiny")), options, choosy)) {
      assertThat(w.settle(3, 20, 0.8f)).isTrue();
      assertThat(passes).hasValueBetween(needed, needed + 2);
      assertThat(w.engine().busy()).as("all branches are released").isFalse();
      int before = passes.get();
      assertThat(w.settle(3, 20, 0.8f)).isFalse();
      assertThat(passes.get() - before).as("a settled backend costs a few steps").isLessThan(8);
    }
  }
}
