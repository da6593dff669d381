package org.deft4j.kernels.cpu.panama;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.CpuMatrix;
import org.deft4j.kernels.cpu.WorkerPool;

/**
 * Weights as panels: one piece, or where parts differ in type, as those of mixed quantization do, a
 * piece for each run of equal ones, so that each keeps the layout that suits it.
 */
final class PanamaMatrix extends CpuMatrix {
  private final PanamaBackend backend;
  private final List<PanelMatrix> pieces;

  PanamaMatrix(Weights[] parts, PanamaBackend backend, PanelMemory memory, WorkerPool pool) {
    super(parts);
    this.backend = backend;
    List<PanelMatrix> list = new ArrayList<>();
    int row = 0;
    for (int i = 0; i < parts.length; ) {
      int end = i;
      while (end < parts.length && parts[end].type() == parts[i].type()) {
        end++;
      }
      Weights[] equal = Arrays.copyOfRange(parts, i, end);
      PanelMatrix piece = new PanelMatrix(equal, row, rows(), memory, pool);
      list.add(piece);
      row += piece.rows();
      i = end;
    }
    pieces = list;
  }

  /** In the order of their rows. */
  List<PanelMatrix> pieces() {
    return pieces;
  }

  /** Whether panel p of the first half of the rows matches panel p + half the panels. */
  boolean paired() {
    return pieces.size() == 1 && pieces.getFirst().paired();
  }

  @Override
  public void decodeRow(int row, float[] dst, int offset) {
    int i = pieces.size() - 1;
    while (pieces.get(i).firstRow() > row) {
      i--;
    }
    pieces.get(i).decodeRow(row, dst, offset);
  }

  @Override
  public long bytes() {
    return pieces.stream().mapToLong(PanelMatrix::bytes).sum();
  }

  @Override
  public void close() {
    pieces.forEach(PanelMatrix::close);
    backend.forget(this);
  }
}
