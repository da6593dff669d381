package org.deft4j.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.LongStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** What a machine can do at most: bytes read from memory and fused multiply-adds. */
final class MachineRates {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final int L = F.length();
  private static final int CHAINS = 10;
  private static final int FMA_STEPS = 2_000_000;

  /** Keeps results alive. */
  static volatile float sink;

  private MachineRates() {}

  /** One thread's share of a measurement. */
  private interface Share {
    float run(int thread);
  }

  /**
   * GB/s that {@code threads} threads read from {@code bytes} bytes in all, each its own part in
   * order.
   */
  static double readBandwidth(int threads, long bytes, Arena arena) {
    long part = bytes / threads / 4096 * 4096;
    MemorySegment all = arena.allocate(part * threads, 4096);
    all.fill((byte) 1);
    double seconds = seconds(threads, t -> sum(all.asSlice(t * part, part)));
    return part * threads / seconds / 1e9;
  }

  /** GFLOP/s of fused multiply-adds in registers, two FLOPs a lane. */
  static double fmaRate(int threads) {
    double seconds = seconds(threads, t -> multiplyAdd(FMA_STEPS));
    return 2.0 * threads * FMA_STEPS * CHAINS * L / seconds / 1e9;
  }

  // Best of several rounds in which all threads start together, from the first start to the last
  // end; one thread is this one, by its CPU time.
  private static double seconds(int threads, Share share) {
    int rounds = 8;
    double best = Double.MAX_VALUE;
    for (int round = 0; round < rounds; round++) {
      best = Math.min(best, threads == 1 ? alone(share) : together(threads, share));
    }
    return best / 1e9;
  }

  private static double alone(Share share) {
    long from = cpuNanos();
    sink = share.run(0);
    return cpuNanos() - from;
  }

  /** CPU time of the calling thread: what else runs on the machine counts less. */
  static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static double together(int threads, Share share) {
    CyclicBarrier start = new CyclicBarrier(threads);
    long[] from = new long[threads];
    long[] to = new long[threads];
    List<Thread> workers = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int thread = t;
      workers.add(
          Thread.ofPlatform()
              .start(() -> {
                await(start);
                from[thread] = System.nanoTime();
                sink = share.run(thread);
                to[thread] = System.nanoTime();
              }));
    }
    for (Thread w : workers) {
      try {
        w.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
    return LongStream.of(to).max().orElseThrow() - LongStream.of(from).min().orElseThrow();
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static float sum(MemorySegment s) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    int step = 4 * L * 4;
    int n = Math.toIntExact(s.byteSize() / step);
    for (int i = 0; i < n; i++) {
      long o = (long) i * step;
      a = a.add(FloatVector.fromMemorySegment(F, s, o, ByteOrder.nativeOrder()));
      b = b.add(FloatVector.fromMemorySegment(F, s, o + L * 4, ByteOrder.nativeOrder()));
      c = c.add(FloatVector.fromMemorySegment(F, s, o + L * 8, ByteOrder.nativeOrder()));
      d = d.add(FloatVector.fromMemorySegment(F, s, o + L * 12, ByteOrder.nativeOrder()));
    }
    return a.add(b).add(c.add(d)).lane(0);
  }

  private static float multiplyAdd(int steps) {
    FloatVector m = FloatVector.broadcast(F, 0.999f);
    FloatVector z = FloatVector.broadcast(F, 0.001f);
    FloatVector a = m;
    FloatVector b = m;
    FloatVector c = m;
    FloatVector d = m;
    FloatVector e = m;
    FloatVector f = m;
    FloatVector g = m;
    FloatVector h = m;
    FloatVector i = m;
    FloatVector j = m;
    for (int k = 0; k < steps; k++) {
      a = a.fma(m, z);
      b = b.fma(m, z);
      c = c.fma(m, z);
      d = d.fma(m, z);
      e = e.fma(m, z);
      f = f.fma(m, z);
      g = g.fma(m, z);
      h = h.fma(m, z);
      i = i.fma(m, z);
      j = j.fma(m, z);
    }
    return a.add(b).add(c.add(d)).add(e.add(f)).add(g.add(h)).add(i.add(j)).lane(0);
  }
}
