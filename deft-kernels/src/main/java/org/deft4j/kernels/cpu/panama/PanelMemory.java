package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.WorkerPool;

/** Where a backend has its panels. */
@FunctionalInterface
interface PanelMemory {
  /** Memory of this process alone, packed anew each time. */
  PanelMemory ANONYMOUS =
      (parts, pool) -> {
        PanelPacker packer = new PanelPacker(parts, PanelFormat.of(parts, pool), pool);
        Arena arena = Arena.ofShared();
        try {
          MemorySegment data = NativeMemory.allocate(packer.bytes(), arena);
          packer.pack(0, packer.panels(), data);
          return new Panels(packer.format(), data.asReadOnly(), arena);
        } catch (RuntimeException | Error e) {
          arena.close();
          throw e;
        }
      };

  /**
   * The panels of parts of one type, those of each part beginning one of their own.
   *
   * @throws OutOfMemoryError if there is no room
   */
  Panels panels(Weights[] parts, WorkerPool pool);
}
