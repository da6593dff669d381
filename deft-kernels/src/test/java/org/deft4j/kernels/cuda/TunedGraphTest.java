package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

/** On a device that is made up: a graph takes as long as a function of its options says. */
final class TunedGraphTest {
  private final boolean[] taken = new boolean[3];
  private final List<FakeGraph> captured = new ArrayList<>();
  private ToDoubleFunction<boolean[]> cost = options -> 100;
  private double clock;
  private int launches;
  private int stopwatches;
  private int memory = Integer.MAX_VALUE;

  private final class FakeGraph implements GraphTrial.Graph {
    final boolean[] options = taken.clone();
    boolean closed;

    @Override
    public void launch() {
      assertThat(closed).isFalse();
      launches++;
      clock += cost.applyAsDouble(options);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private final class FakeStopwatch implements GraphTrial.Stopwatch {
    private double from;
    private double to;

    FakeStopwatch() {
      stopwatches++;
    }

    @Override
    public void start() {
      from = clock;
    }

    @Override
    public void stop() {
      to = clock;
    }

    @Override
    public double micros() {
      return to - from;
    }

    @Override
    public void close() {
      stopwatches--;
    }
  }

  private FakeGraph capture() {
    if (open() >= memory) {
      throw new DeftException(DeftException.OUT_OF_MEMORY, "no memory for a graph");
    }
    FakeGraph made = new FakeGraph();
    captured.add(made);
    return made;
  }

  private long open() {
    return captured.stream().filter(g -> !g.closed).count();
  }

  private TunedGraph graph() {
    List<StepOption> options = new ArrayList<>();
    for (int i = 0; i < taken.length; i++) {
      int option = i;
      options.add(on -> taken[option] = on);
    }
    return new TunedGraph(FakeStopwatch::new, options);
  }

  /** Launches, and asserts that each launch ran one graph. */
  private void launch(TunedGraph graph, int times) {
    for (int i = 0; i < times; i++) {
      int before = launches;
      graph.launch(this::capture);
      assertThat(launches).isEqualTo(before + 1);
    }
  }

  private boolean[] last() {
    return captured.stream().filter(g -> !g.closed).findFirst().orElseThrow().options;
  }

  private static final int TRIAL = 2 * GraphTrial.ROUNDS;

  @Test
  void optionsThatHelpAreKeptAndOthersAreNot() {
    cost = o -> 100 + (o[0] ? 5 : 0) - (o[1] ? 5 : 0) - (o[2] && o[1] ? 3 : 0);
    TunedGraph graph = graph();
    launch(graph, 3 * TRIAL);
    assertThat(graph.settled()).isFalse();
    launch(graph, 1);
    assertThat(graph.settled()).isTrue();
    assertThat(last()).containsExactly(false, true, true);
    assertThat(open()).isEqualTo(1);
    assertThat(stopwatches).isZero();
    assertThat(taken).as("what is launched without a graph").containsExactly(false, true, true);
    int graphs = captured.size();
    launch(graph, 100);
    assertThat(captured).hasSize(graphs);
  }

  @Test
  void whatWasCloseIsTriedAgainAfterOthersWereTaken() {
    cost = o -> 100 + (o[1] ? -5 : 0) + (o[0] ? (o[1] ? -2 : 1) : 0);
    TunedGraph graph = graph();
    launch(graph, 5 * TRIAL);
    assertThat(graph.settled()).isFalse();
    launch(graph, 1);
    assertThat(graph.settled()).isTrue();
    assertThat(last()).containsExactly(true, true, false);
    assertThat(open()).isEqualTo(1);
    assertThat(stopwatches).isZero();
  }

  @Test
  void whatWasTakenIsGivenUpWhereItHindersWhatCameLater() {
    cost = o -> 100 + (o[1] ? -5 : 0) + (o[0] ? (o[1] ? 2 : -1) : 0);
    TunedGraph graph = graph();
    launch(graph, 5 * TRIAL + 1);
    assertThat(graph.settled()).isTrue();
    assertThat(last()).containsExactly(false, true, false);
    assertThat(taken).containsExactly(false, true, false);
  }

  @Test
  void whatIsNotFasterByMoreThanNoiseIsNotTaken() {
    cost = o -> 100 - (o[1] ? 0.1 : 0);
    TunedGraph graph = graph();
    launch(graph, 3 * TRIAL + 1);
    assertThat(last()).containsExactly(false, false, false);
  }

  @Test
  void decisionsOutliveTheGraph() {
    cost = o -> 100 - (o[0] ? 5 : 0) + (o[1] ? 5 : 0) - (o[2] ? 5 : 0);
    TunedGraph graph = graph();
    launch(graph, TRIAL + TRIAL / 2);
    graph.close();
    assertThat(graph.captured()).isFalse();
    assertThat(open()).isZero();
    launch(graph, 2 * TRIAL + 1);
    assertThat(last()).containsExactly(true, false, true);
  }

  @Test
  void withMemoryForOneGraphNothingIsTried() {
    memory = 1;
    cost = o -> 100 - (o[0] ? 5 : 0);
    TunedGraph graph = graph();
    launch(graph, 50);
    assertThat(captured).hasSize(1);
    assertThat(last()).containsExactly(false, false, false);
    assertThat(taken).containsExactly(false, false, false);
  }

  @Test
  void withMemoryForNoneTheCallerIsTold() {
    memory = 0;
    TunedGraph graph = graph();
    assertThatThrownBy(() -> graph.launch(this::capture))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("no memory for a graph");
    assertThat(taken).containsExactly(false, false, false);
  }

  @Test
  void stepsThatDifferInTurnsDoNotMislead() {
    // Every second step is of a smaller tree: it takes half as long, whatever the options.
    cost = o -> (launches % 2 == 0 ? 100 : 50) + (o[0] ? 1 : 0) + launches * 0.1;
    TunedGraph graph = graph();
    launch(graph, 3 * TRIAL + 1);
    assertThat(last()).containsExactly(false, false, false);
  }

  @Test
  void anOptionThatCannotBeCapturedIsPassedOver() {
    cost = o -> 100 - (o[2] ? 5 : 0);
    TunedGraph graph = graph();
    int calls = 0;
    for (; calls < 5 * TRIAL && !graph.settled(); calls++) {
      graph.launch(() -> {
        if (taken[1]) {
          throw new DeftException(DeftException.RUNTIME, "not while capturing");
        }
        return capture();
      });
    }
    assertThat(last()).containsExactly(false, false, true);
    assertThat(graph.settled()).isTrue();
    assertThat(launches).isEqualTo(calls);
    assertThat(stopwatches).isZero();
  }

  @Test
  void aLaunchThatFailsEndsItsTrialAlone() {
    cost =
        o -> {
          if (launches == 5) {
            launches++;
            throw new DeftException(DeftException.RUNTIME, "a launch failed");
          }
          return 100 - (o[0] ? 5 : 0);
        };
    TunedGraph graph = graph();
    for (int i = 0; i < 3; i++) {
      graph.launch(this::capture);
    }
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 5; i++) {
                graph.launch(this::capture);
              }
            })
        .hasMessageContaining("a launch failed");
    assertThat(open()).isZero();
    assertThat(stopwatches).isZero();
    cost = o -> 100 - (o[0] ? 5 : 0);
    launch(graph, 3 * TRIAL + 1);
    assertThat(last()).containsExactly(true, false, false);
  }

  @Test
  void withoutMemoryToLaunchTwoGraphsNothingIsTried() {
    cost =
        o -> {
          if (open() > 1) {
            throw new DeftException(DeftException.OUT_OF_MEMORY, "no memory to launch");
          }
          return 100;
        };
    TunedGraph graph = graph();
    assertThatThrownBy(() -> graph.launch(this::capture)).hasMessageContaining("no memory");
    assertThat(open()).isZero();
    assertThat(stopwatches).isZero();
    launch(graph, 50);
    assertThat(graph.settled()).isTrue();
    assertThat(captured).hasSize(3);
    assertThat(last()).containsExactly(false, false, false);
  }

  @Test
  void withoutOptionsOneGraphIsCaptured() {
    TunedGraph graph = new TunedGraph(FakeStopwatch::new, List.of());
    launch(graph, 20);
    assertThat(captured).hasSize(1);
    assertThat(stopwatches).isZero();
  }
}
