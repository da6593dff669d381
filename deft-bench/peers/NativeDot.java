import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * What llama.cpp's own products of Q4_K give when Java calls them: a matrix of rows of 2,048
 * weights, eight interleaved, times 1, 32 or 512 rows of activations of 8 bits.
 *
 * <pre>
 * java --enable-native-access=ALL-UNNAMED NativeDot.java libggml-cpu.so [threads] [rounds]
 * </pre>
 *
 * <p>Speed only: the bits are arbitrary. 512 rows stay in cache, 200 MB do not. A thread makes one
 * call for its share. Best and middle of the rounds.
 */
public final class NativeDot {
  private static final int COLS = 2048;
  private static final int ROW = COLS / 256 * 144;
  private static final int INPUT = COLS / 256 * 292;

  /** Runs it. */
  public static void main(String[] args) throws Throwable {
    int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
    int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 9;
    SymbolLookup lib = SymbolLookup.libraryLookup(Path.of(args[0]), Arena.global());
    FunctionDescriptor shape =
        FunctionDescriptor.ofVoid(
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT);
    Linker linker = Linker.nativeLinker();
    MethodHandle one =
        linker.downcallHandle(lib.findOrThrow("ggml_gemv_q4_K_8x8_q8_K"), shape);
    MethodHandle many =
        linker.downcallHandle(lib.findOrThrow("ggml_gemm_q4_K_8x8_q8_K"), shape);
    int all = 200_000_000 / ROW / 16 * 16;
    MemorySegment w = Arena.global().allocate((long) all * ROW, 64);
    w.fill((byte) 0x31);
    MemorySegment x = Arena.global().allocate(512L * INPUT, 64);
    x.fill((byte) 0x11);
    MemorySegment y = Arena.global().allocate(512L * 8192 * 4, 64);
    for (int inputs : new int[] {1, 32, 512}) {
      for (int rows : inputs == 512 ? new int[] {512} : new int[] {512, inputs == 1 ? all : 8192}) {
        int repeat = (int) Math.max(1, 400_000_000L / rows / COLS / inputs * 4);
        double[] rate = new double[rounds];
        for (int r = 0; r < rounds; r++) {
          long start = System.nanoTime();
          Thread[] pool = new Thread[threads];
          for (int t = 0; t < threads; t++) {
            int lo = rows / 8 * t / threads * 8;
            int hi = rows / 8 * (t + 1) / threads * 8;
            MemorySegment out = y.asSlice(inputs == 1 ? 0 : lo * 4L);
            MemorySegment part = w.asSlice((long) lo * ROW, (long) (hi - lo) * ROW);
            MethodHandle f = inputs == 1 ? one : many;
            // One row of results is at most `all` long: a single input's need no more than y has.
            long ld = inputs == 1 ? 0 : rows;
            pool[t] =
                new Thread(
                    () -> {
                      try {
                        for (int i = 0; i < repeat; i++) {
                          f.invokeExact(COLS, out, ld, part, x, inputs, hi - lo);
                        }
                      } catch (Throwable e) {
                        throw new IllegalStateException(e);
                      }
                    });
            pool[t].start();
          }
          for (Thread t : pool) {
            t.join();
          }
          rate[r] = (double) rows * repeat * COLS * inputs / (System.nanoTime() - start);
        }
        Arrays.sort(rate);
        System.out.printf(
            Locale.ROOT,
            "%3d inputs, %6d rows, %d threads: %.1f, median %.1f G multiply-adds/s%n",
            inputs,
            rows,
            threads,
            rate[rounds - 1],
            rate[rounds / 2]);
      }
    }
  }
}
