package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.WorkerPool;

/**
 * Packs parts of one type into panels; each part begins a panel, rows that fill one up are zero.
 */
final class PanelPacker {
  private final Weights[] parts;
  private final PanelFormat format;
  private final WorkerPool pool;
  private final int[] begin;
  private final int panelInts;

  PanelPacker(Weights[] parts, PanelFormat format, WorkerPool pool) {
    this.parts = parts;
    this.format = format;
    this.pool = pool;
    begin = new int[parts.length + 1];
    for (int i = 0; i < parts.length; i++) {
      begin[i + 1] = begin[i] + panels(parts[i]);
    }
    panelInts = format.panelInts(parts[0].cols());
  }

  /** Panels of one part. */
  static int panels(Weights w) {
    return (w.rows() + Lanes.PANEL - 1) / Lanes.PANEL;
  }

  PanelFormat format() {
    return format;
  }

  /** Panels of all parts. */
  int panels() {
    return begin[parts.length];
  }

  long panelBytes() {
    return panelInts * 4L;
  }

  /** Bytes of all panels. */
  long bytes() {
    return panels() * panelBytes();
  }

  /** Packs panels {@code first..first+n-1}, on all workers, to where {@code to} begins. */
  void pack(int first, int n, MemorySegment to) {
    pool.run((worker, workers) -> {
      int[] panel = new int[panelInts];
      int end = WorkerPool.share(n, worker + 1, workers);
      for (int i = WorkerPool.share(n, worker, workers); i < end; i++) {
        Arrays.fill(panel, 0);
        pack(first + i, panel);
        MemorySegment.copy(
            panel, 0, to, ValueLayout.JAVA_INT_UNALIGNED, i * panelBytes(), panelInts);
      }
    });
  }

  private void pack(int p, int[] panel) {
    int part = 0;
    while (begin[part + 1] <= p) {
      part++;
    }
    Weights w = parts[part];
    int row = (p - begin[part]) * Lanes.PANEL;
    format.pack(w, row, Math.min(Lanes.PANEL, w.rows() - row), panel, 0);
  }
}
