package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.cpu.CpuTensor;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A backend that fails in the middle of a tree: as a device out of memory, or lost, does. */
class FaultTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.of(TestModels.stories260K())
          .withBackend("scalar")
          .withThreads(1)
          .withDeterministic(true)
          .withChunk(8);

  /** Passes all on to a real backend, but throws instead at the calls chosen. */
  private static final class Faulty implements InvocationHandler {
    private static final Set<String> SAFE =
        Set.of(
            "info",
            "parts",
            "diagnostics",
            "freeMemory",
            "kvType",
            "forward",
            "samplesLater",
            "await",
            "close");

    final List<String> calls = new ArrayList<>();
    final List<CpuTensor> tensors = new ArrayList<>();
    final Backend backend =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
    private final Backend real;
    private final DeftException fault;
    private IntPredicate fails = _ -> false;
    boolean closed;

    Faulty(DeftException fault) {
      this(fault, false);
    }

    /**
     * @param late whether tokens are drawn while the host goes on
     */
    Faulty(DeftException fault, boolean late) {
      this.fault = fault;
      Backend cpu = TreeEngine.backend(OPTIONS);
      real = late ? new LateBackend(cpu).backend() : cpu;
    }

    /** From now on calls are counted, beginning with 0, and those chosen fail. */
    void fail(IntPredicate which) {
      calls.clear();
      fails = which;
    }

    long open() {
      return tensors.stream().filter(t -> t.data().length > 0).count();
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
      String name = method.getName();
      closed |= name.equals("close");
      if (name.equals("forward")) {
        // As the interface defines it, so that its operations come by here.
        return InvocationHandler.invokeDefault(proxy, method, args);
      }
      if (!SAFE.contains(name)) {
        calls.add(name);
        if (fails.test(calls.size() - 1)) {
          throw fault;
        }
      }
      try {
        Object made = method.invoke(real, args);
        if (made instanceof CpuTensor t) {
          tensors.add(t);
        }
        return made;
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  /** Whatever a backend says ends the step with its exit code, and the engine can be closed. */
  @ParameterizedTest
  @ValueSource(ints = {DeftException.OUT_OF_MEMORY, DeftException.RUNTIME})
  void aFaultEndsTheStepAndNothingHangs(int code) {
    DeftException fault = new DeftException(code, "the device is full or lost");
    Faulty faulty = new Faulty(fault);
    Assertions.assertTimeoutPreemptively(
        Duration.ofMinutes(1),
        () -> {
          try (TreeEngine engine =
              TreeEngine.open(GgufFile.open(OPTIONS.model()), OPTIONS, faulty.backend)) {
            // The prompt's step and some of decoding pass.
            faulty.fail(call -> call > 300);
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
    assertThat(faulty.closed).isTrue();
  }

  /** What a run gave: each node's events, and how many tensors were open at its end. */
  private record Run(Map<NodeId, List<String>> events, long open, List<String> calls) {}

  /**
   * Prompts, extensions, choices and steps that outgrow all buffers; goes on after each failure.
   */
  private static Run run(AttentionMethod method, boolean late, IntPredicate fails, int failures) {
    DeftException fault = new DeftException(DeftException.OUT_OF_MEMORY, "the device is full");
    Faulty faulty = new Faulty(fault, late);
    EngineOptions options = OPTIONS.withAttention(method);
    Map<NodeId, List<String>> events = new TreeMap<>();
    int caught = 0;
    try (TreeEngine engine =
        TreeEngine.open(GgufFile.open(options.model()), options, faulty.backend)) {
      faulty.fail(fails);
      NodeId root = engine.root(new int[] {1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109});
      List<NodeId> few = engine.fork(root, 3);
      few.forEach(l -> engine.decode(l, DecodeSpec.of(3).temperature(1).seed(3, 0).build()));
      caught += drain(engine, fault, events);
      engine.extend(few.get(0), new int[] {7, 8, 9, 10}, true);
      engine.choices(few.get(1), new int[] {5, 6});
      List<NodeId> many = engine.fork(few.get(2), 2, 18);
      for (int i = 0; i < many.size(); i++) {
        engine.decode(many.get(i), DecodeSpec.of(3).temperature(1).seed(4, i).build());
      }
      caught += drain(engine, fault, events);
      assertThat(caught).isEqualTo(failures);
      return new Run(events, faulty.open(), List.copyOf(faulty.calls));
    }
  }

  private static int drain(
      TreeEngine engine, DeftException fault, Map<NodeId, List<String>> events) {
    int caught = 0;
    while (engine.busy()) {
      try {
        engine.step(e -> events.computeIfAbsent(e.node(), _ -> new ArrayList<>()).add(text(e)));
      } catch (DeftException e) {
        assertThat(e).isSameAs(fault);
        caught++;
      }
    }
    return caught;
  }

  private static String text(DecodeEvent e) {
    return switch (e) {
      case DecodeEvent.Extended x -> "extended " + List.of(box(x.logProbs()));
      case DecodeEvent.Chosen c -> "chosen " + List.of(box(c.logProbs()));
      default -> e.toString();
    };
  }

  private static Float[] box(float[] values) {
    Float[] boxed = new Float[values.length];
    for (int i = 0; i < values.length; i++) {
      boxed[i] = values[i];
    }
    return boxed;
  }

  /**
   * Memory that runs out once, at any call, costs the step and no more: whoever goes on gets what
   * an undisturbed tree gives, is told each event once, and nothing that was made is left over.
   */
  @ParameterizedTest
  @CsvSource({"FLATTEN, false", "SEQUENCE, false", "FLATTEN, true", "SEQUENCE, true"})
  void aStepThatFoundNoMemoryIsMadeAgain(AttentionMethod method, boolean late) {
    Run whole = run(method, late, _ -> false, 0);
    String sample = late ? "sampleLater" : "sample";
    assertThat(whole.calls()).contains("tensor", "activations", sample, "summarize", "matmul");
    for (int i = 0; i < whole.calls().size(); i++) {
      boolean rare =
          Set.of("tensor", "activations", sample, "summarize", "copyKv", "gatherRows")
              .contains(whole.calls().get(i));
      if (rare || i % 37 == 0) {
        int at = i;
        Run again = run(method, late, call -> call == at, 1);
        String what = method + ", call " + i + ", " + whole.calls().get(i);
        assertThat(again.events()).as(what).isEqualTo(whole.events());
        assertThat(again.open()).as(what).isEqualTo(whole.open());
      }
    }
  }

  /** A device that stays full for many rows still serves few. */
  @ParameterizedTest
  @EnumSource(
      value = AttentionMethod.class,
      names = {"FLATTEN", "SEQUENCE"})
  void fewerBranchesGoOn(AttentionMethod method) {
    DeftException fault = new DeftException(DeftException.OUT_OF_MEMORY, "the device is full");
    Faulty faulty = new Faulty(fault);
    try (TreeEngine engine =
        TreeEngine.open(
            GgufFile.open(OPTIONS.model()), OPTIONS.withAttention(method), faulty.backend)) {
      NodeId root = engine.root(new int[] {1, 100, 101, 102});
      List<NodeId> leaves = engine.fork(root, 30);
      leaves.forEach(l -> engine.decode(l, DecodeSpec.of(8).build()));
      faulty.fail(call -> leaves.size() == 30 && faulty.calls.get(call).equals("activations"));
      assertThatThrownBy(() -> Driver.drain(engine)).isSameAs(fault);
      leaves.subList(2, 30).forEach(engine::release);
      leaves.subList(2, 30).clear();
      Driver.drain(engine);
      int[] got = engine.tokens(leaves.getLast());
      assertThat(got).hasSize(8);
      assertThat(got).isEqualTo(Driver.greedy(engine, engine.fork(root, 1).getFirst(), 8));
    }
  }
}
