package org.deft4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
  @Test
  void everyWorkerRunsEveryTaskOnce() {
    for (int n = 1; n <= 4; n++) {
      AtomicIntegerArray runs = new AtomicIntegerArray(n);
      try (WorkerPool pool = new WorkerPool(n)) {
        for (int i = 0; i < 2000; i++) {
          pool.run((w, workers) -> runs.incrementAndGet(w));
        }
      }
      for (int w = 0; w < n; w++) {
        assertThat(runs.get(w)).isEqualTo(2000);
      }
    }
  }

  @Test
  void noWorkerPassesABarrierBeforeAllHaveComeThere() {
    try (WorkerPool pool = new WorkerPool(3)) {
      AtomicInteger arrived = new AtomicInteger();
      AtomicInteger wrong = new AtomicInteger();
      for (int i = 1; i <= 500; i++) {
        int round = i;
        pool.run((w, workers) -> {
          arrived.incrementAndGet();
          pool.barrier();
          if (arrived.get() < 3 * round) {
            wrong.incrementAndGet();
          }
          pool.barrier();
        });
      }
      assertThat(wrong.get()).isZero();
    }
  }

  @Test
  void aFailureReachesTheCallerAndThePoolLivesOn() {
    try (WorkerPool pool = new WorkerPool(2)) {
      for (int failing = 0; failing < 2; failing++) {
        int f = failing;
        assertThatThrownBy(() ->
                pool.run((w, workers) -> {
                  if (w == f) {
                    throw new IllegalStateException("worker " + w);
                  }
                  pool.barrier();
                }))
            .hasMessage("worker " + f);
        AtomicInteger ran = new AtomicInteger();
        pool.run((w, workers) -> {
          pool.barrier();
          ran.incrementAndGet();
        });
        assertThat(ran.get()).isEqualTo(2);
      }
    }
  }

  @Test
  void sharesCoverEveryItemOnce() {
    for (int n : new int[] {0, 1, 5, 1000}) {
      for (int workers = 1; workers < 7; workers++) {
        assertThat(WorkerPool.share(n, 0, workers)).isZero();
        assertThat(WorkerPool.share(n, workers, workers)).isEqualTo(n);
      }
    }
  }
}
