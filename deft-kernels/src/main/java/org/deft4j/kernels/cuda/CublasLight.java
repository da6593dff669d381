package org.deft4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * cuBLASLt, the part of cuBLAS that lets a caller choose between its algorithms; JCuda does not
 * bind it. cuBLAS itself takes the one that its heuristic puts first, which for products of few
 * rows is often not the fastest.
 */
final class CublasLight implements AutoCloseable {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final MemoryLayout ADDRESS = ValueLayout.ADDRESS;

  // Values of cublasLt.h and cublas_api.h.
  private static final int COMPUTE_32F = 68;
  private static final int DESC_TRANSA = 3;
  private static final int TRANSPOSED = 1;
  private static final int PREF_WORKSPACE = 1;
  private static final int PREF_REDUCTIONS = 3;

  /** In place and in the type of the sums, not in that of the output. */
  private static final int REDUCTIONS = 3;

  // cublasLtMatmulHeuristicResult_t: algorithm, workspace, status, waves, reserved.
  private static final long RESULT_BYTES = 96;
  private static final long ALGORITHM_BYTES = 64;

  private static final long STATUS = ALGORITHM_BYTES + 8;

  /** No algorithm splits a K of this. */
  private static final int SHORT_K = 2048;

  /** How the operands of a shape lie: weights, activations, outputs. */
  private record Layouts(long a, long b, long c) {}

  /** An algorithm for products of one shape. */
  static final class Plan {
    private final Layouts shape;
    private final MemorySegment algorithm;
    private final long workspace;

    private Plan(Layouts shape, MemorySegment algorithm, long workspace) {
      this.shape = shape;
      this.algorithm = algorithm;
      this.workspace = workspace;
    }
  }

  private final Arena arena = Arena.ofShared();
  private final SymbolLookup library;
  private final long stream;
  private final DeviceBuffer workspace;
  private final MethodHandle matmul;
  private final MethodHandle heuristic;
  private final MethodHandle check;
  private final MethodHandle layoutCreate;
  private final MethodHandle layoutDestroy;
  private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
  private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
  private final MemorySegment out = arena.allocate(16, 8);
  private final MemorySegment checked = arena.allocate(RESULT_BYTES, 8);
  private final List<Long> layouts = new ArrayList<>();
  private long handle;
  private long description;
  private long preference;

  private CublasLight(SymbolLookup library, long stream, DeviceBuffer workspace) {
    this.library = library;
    this.stream = stream;
    this.workspace = workspace;
    matmul =
        function(
            "cublasLtMatmul",
            LONG,
            LONG,
            ADDRESS,
            LONG,
            LONG,
            LONG,
            LONG,
            ADDRESS,
            LONG,
            LONG,
            LONG,
            LONG,
            ADDRESS,
            LONG,
            LONG,
            LONG);
    heuristic =
        function(
            "cublasLtMatmulAlgoGetHeuristic",
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            INT,
            ADDRESS,
            ADDRESS);
    check =
        function("cublasLtMatmulAlgoCheck", LONG, LONG, LONG, LONG, LONG, LONG, ADDRESS, ADDRESS);
    layoutCreate = function("cublasLtMatrixLayoutCreate", ADDRESS, INT, LONG, LONG, LONG);
    layoutDestroy = function("cublasLtMatrixLayoutDestroy", LONG);
  }

  /**
   * Opens it.
   *
   * @param place the library's path or name
   * @return null if it cannot be used here
   */
  @SuppressWarnings("restricted") // the library is native
  static @Nullable CublasLight open(@Nullable String place, long stream, DeviceBuffer workspace) {
    if (place == null) {
      return null;
    }
    CublasLight made = null;
    try {
      made = new CublasLight(SymbolLookup.libraryLookup(place, Arena.global()), stream, workspace);
      return made.start() ? made : null;
    } catch (IllegalArgumentException | java.util.NoSuchElementException e) {
      return null; // no such library, or one without these functions
    }
  }

  private boolean start() {
    if (call(function("cublasLtCreate", ADDRESS), out) != 0) {
      return false;
    }
    handle = out.get(LONG, 0);
    MemorySegment value = arena.allocate(8, 8);
    value.set(INT, 0, TRANSPOSED);
    int status = call(function("cublasLtMatmulDescCreate", ADDRESS, INT, INT), out, COMPUTE_32F, 0);
    description = out.get(LONG, 0);
    MethodHandle set = function("cublasLtMatmulDescSetAttribute", LONG, INT, ADDRESS, LONG);
    status |= call(set, description, DESC_TRANSA, value, 4L);
    status |= call(function("cublasLtMatmulPreferenceCreate", ADDRESS), out);
    preference = out.get(LONG, 0);
    set = function("cublasLtMatmulPreferenceSetAttribute", LONG, INT, ADDRESS, LONG);
    value.set(LONG, 0, workspace.bytes());
    status |= call(set, preference, PREF_WORKSPACE, value, 8L);
    value.set(INT, 0, REDUCTIONS);
    status |= call(set, preference, PREF_REDUCTIONS, value, 4L);
    return status == 0;
  }

  @SuppressWarnings("restricted")
  private MethodHandle function(String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(INT, arguments));
  }

  private static int call(MethodHandle function, Object... arguments) {
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(e); // the call itself throws nothing
    }
  }

  private long layout(DType type, long rows, long cols, long stride) {
    int status = call(layoutCreate, out, type.cublas(), rows, cols, stride);
    if (status != 0) {
      return 0;
    }
    layouts.add(out.get(LONG, 0));
    return out.get(LONG, 0);
  }

  /**
   * Algorithms for {@code y[rows][n] = x[rows][k] w[n][k]^T}, none if the library knows none. For a
   * long K it proposes to split it, and leaves out algorithms that do without and are faster: so it
   * is asked for a short one, too, and what it proposes is checked against the shape. About a
   * millisecond.
   *
   * @param most proposals a question
   */
  List<Plan> plans(DType type, int n, int k, DType yType, int yStride, int rows, int most) {
    List<Plan> plans = new ArrayList<>();
    Layouts shape = layouts(type, n, k, yType, yStride, rows);
    List<MemorySegment> proposed = proposals(shape, most);
    if (k > SHORT_K) {
      proposed.addAll(proposals(layouts(type, n, SHORT_K, yType, yStride, rows), most));
    }
    for (MemorySegment algorithm : proposed) {
      boolean met = plans.stream().anyMatch(p -> p.algorithm.mismatch(algorithm) < 0);
      long bytes = met ? -1 : workspace(shape, algorithm);
      if (bytes >= 0 && bytes <= workspace.bytes()) {
        plans.add(new Plan(shape, algorithm, bytes));
      }
    }
    return plans;
  }

  private Layouts layouts(DType type, int n, int k, DType yType, int yStride, int rows) {
    return new Layouts(
        layout(type, k, n, k), layout(type, k, rows, k), layout(yType, n, rows, yStride));
  }

  private List<MemorySegment> proposals(Layouts l, int most) {
    MemorySegment results = arena.allocate(RESULT_BYTES * most, 8);
    int status =
        call(heuristic, handle, description, l.a, l.b, l.c, l.c, preference, most, results, out);
    List<MemorySegment> algorithms = new ArrayList<>();
    int found = status == 0 ? out.get(INT, 0) : 0;
    for (int i = 0; i < found; i++) {
      MemorySegment result = results.asSlice(i * RESULT_BYTES, RESULT_BYTES);
      if (result.get(INT, STATUS) == 0) {
        algorithms.add(result.asSlice(0, ALGORITHM_BYTES));
      }
    }
    return algorithms;
  }

  /** What an algorithm needs for a shape, -1 if it cannot do it. */
  private long workspace(Layouts l, MemorySegment algorithm) {
    int status = call(check, handle, description, l.a, l.b, l.c, l.c, algorithm, checked);
    return status == 0 && checked.get(INT, STATUS) == 0 ? checked.get(LONG, ALGORITHM_BYTES) : -1;
  }

  /** Queues a product of a plan's shape, added to {@code y} if {@code add}; a cuBLAS status. */
  int multiply(Plan p, CudaMatrix w, DeviceBuffer x, DeviceBuffer y, boolean add) {
    MemorySegment beta = add ? one : zero;
    try {
      return (int)
          matmul.invokeExact(
              handle,
              description,
              one,
              w.buffer().address(),
              p.shape.a,
              x.address(),
              p.shape.b,
              beta,
              y.address(),
              p.shape.c,
              y.address(),
              p.shape.c,
              p.algorithm,
              workspace.address(),
              p.workspace,
              stream);
    } catch (Throwable e) {
      throw new IllegalStateException(e); // the call itself throws nothing
    }
  }

  @Override
  public void close() {
    for (long l : layouts) {
      int unused = call(layoutDestroy, l);
    }
    layouts.clear();
    int unused = call(function("cublasLtMatmulPreferenceDestroy", LONG), preference);
    unused = call(function("cublasLtMatmulDescDestroy", LONG), description);
    unused = call(function("cublasLtDestroy", LONG), handle);
    arena.close();
  }
}
