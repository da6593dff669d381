package org.deft4j.bench.jmh;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Backends;
import org.deft4j.kernels.WeightType;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time of one pass over at least 256 MB of weights; {@link KernelTable} sets it beside ceilings.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class KernelBenchmark {
  /** The weights. */
  @Param({"F32", "F16", "BF16", "Q8_0"})
  private WeightType type = WeightType.F32;

  /** Rows of activations. */
  @Param({"1", "32"})
  private int rows = 1;

  /** Threads. */
  @Param("2")
  private int threads = 2;

  private @Nullable Backend backend;
  private @Nullable WeightSet weights;

  /** Packs the weights. */
  @Setup
  public void setUp() {
    Backend b = Backends.select("panama", BackendOptions.defaults().withThreads(threads));
    backend = b;
    weights = new WeightSet(b, type, rows);
  }

  /** One pass. */
  @Benchmark
  public float pass() {
    WeightSet w = Objects.requireNonNull(weights);
    w.pass(rows);
    return w.result();
  }

  /** Frees the weights. */
  @TearDown
  public void tearDown() {
    Objects.requireNonNull(backend).close();
  }
}
