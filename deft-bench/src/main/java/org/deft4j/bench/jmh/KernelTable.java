package org.deft4j.bench.jmh;

import static org.deft4j.kernels.WeightType.BF16;
import static org.deft4j.kernels.WeightType.F16;
import static org.deft4j.kernels.WeightType.F32;
import static org.deft4j.kernels.WeightType.Q4_K;
import static org.deft4j.kernels.WeightType.Q6_K;
import static org.deft4j.kernels.WeightType.Q8_0;

import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Backends;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.cpu.WeightCache;

/**
 * Prints GB/s of weights read at 1 row and GFLOP/s at 32 rows for every weight type, beside the
 * machine's read bandwidth and rate of fused multiply-adds measured in the same run.
 *
 * <p>Each round measures the ceilings before and after the kernel and takes the kernel's best pass;
 * the table gives the median over rounds of the rates and of their shares of the round's ceiling,
 * since a shared machine's speed changes while it is measured. With one thread, CPU time counts.
 *
 * <pre>
 * {@code java --add-modules jdk.incubator.vector -cp ... org.deft4j.bench.jmh.KernelTable [threads] [rounds] [TYPE,...] [int8] [FOLDER]}
 * </pre>
 */
public final class KernelTable {
  private static final int PASSES = 4;

  private KernelTable() {}

  /**
   * Runs the table; arguments: threads (2), rounds (5), types (all), {@code int8} for activations
   * of 8 bits ({@code float32} for others), a folder to map repacked weights from (none).
   */
  public static void main(String[] args) {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    Set<WeightType> types = EnumSet.of(F32, F16, BF16, Q8_0, Q4_K, Q6_K);
    if (args.length > 2) {
      types.clear();
      Arrays.stream(args[2].split(",")).map(WeightType::valueOf).forEach(types::add);
    }
    boolean int8 = args.length > 3 && args[3].equals("int8");
    PrintStream out = System.out;
    BackendOptions options =
        BackendOptions.defaults().withThreads(threads).withInt8Activations(int8);
    out.println("| weights | 1 row GB/s | of read bandwidth | 32 rows GFLOP/s | of FMA rate |");
    out.println("|---|---|---|---|---|");
    for (WeightType type : types) {
      BackendOptions kept = options;
      if (args.length > 4) {
        WeightCache cache = new WeightCache(Path.of(args[4]));
        kept = options.withWeightFiles(cache.model("table", type.name(), type.name()));
      }
      try (Backend b = Backends.select("panama", kept)) {
        out.println(row(b, type, threads, rounds));
      }
    }
  }

  private static String row(Backend b, WeightType type, int threads, int rounds) {
    double[] read = new double[rounds];
    double[] readShare = new double[rounds];
    double[] flops = new double[rounds];
    double[] flopShare = new double[rounds];
    WeightSet set = new WeightSet(b, type, 32);
    warm(set);
    for (int i = 0; i < rounds; i++) {
      double before = bandwidth(threads);
      read[i] = set.bytes() / best(set, 1, threads) / 1e9;
      readShare[i] = read[i] / Math.max(before, bandwidth(threads));
      before = MachineRates.fmaRate(threads);
      flops[i] = set.flops(32) / best(set, 32, threads) / 1e9;
      flopShare[i] = flops[i] / Math.max(before, MachineRates.fmaRate(threads));
    }
    set.close();
    return String.format(
        Locale.ROOT,
        "| %s | %.1f | %.0f %% of %.1f | %.0f | %.0f %% of %.0f |",
        type,
        median(read),
        100 * median(readShare),
        median(read) / median(readShare),
        median(flops),
        100 * median(flopShare),
        median(flops) / median(flopShare));
  }

  private static double bandwidth(int threads) {
    try (Arena arena = Arena.ofShared()) {
      return MachineRates.readBandwidth(threads, 256L << 20, arena);
    }
  }

  private static void warm(WeightSet set) {
    long end = System.nanoTime() + 4_000_000_000L;
    while (System.nanoTime() < end) {
      set.pass(1);
      set.pass(32);
    }
    set.result();
  }

  private static double best(WeightSet set, int rows, int threads) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i < PASSES; i++) {
      long t = now(threads);
      set.pass(rows);
      best = Math.min(best, (now(threads) - t) / 1e9);
    }
    return best;
  }

  private static long now(int threads) {
    return threads == 1 ? MachineRates.cpuNanos() : System.nanoTime();
  }

  private static double median(double[] x) {
    double[] sorted = x.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
