package org.deft4j.kernels.cuda;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.deft4j.kernels.KvShape;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionPlan;
import org.jspecify.annotations.Nullable;

/**
 * Tree attention by the kernels of {@code attention.cu}: the plan becomes an {@link
 * AttentionSchedule} once a step, which all layers read.
 *
 * <p>On sm_90a both stages are one kernel, launched cooperatively with a thread block an SM;
 * elsewhere stage 2 is a kernel of its own. The system property {@value #PORTABLE} makes an H100 or
 * H200 take the kernels of the others, for tests and comparisons.
 */
final class TiledAttention implements CudaAttention {
  /** Set to {@code true} to run the kernels for all architectures where others would do. */
  static final String PORTABLE = "deft.cuda.portable";

  private static final int COMBINE_THREADS = 128;
  private static final int SM90_THREADS = 384;
  private static final int PORTABLE_THREADS = 128;

  /** Thread blocks of the portable kernel that an SM should hold. */
  private static final int PORTABLE_BLOCKS = 2;

  private record Key(boolean fused, boolean masked, DType type, int dim) {}

  /** Kernels for one type and head dim. */
  private record Launch(CudaKernel stage1, int sharedBytes, CudaKernel stage2) {}

  private final CudaDevice device;
  private final Launcher launcher;
  private final CudaModule module;
  private final boolean sm90;
  private final boolean aside;
  private final AttentionTuning tuning;
  private final boolean deterministic;
  private final int multiprocessors;
  private final int cacheBytes;
  private final Map<Key, Launch> launches = new HashMap<>();
  private final StepUpload upload;
  private final ParamBlock params = new ParamBlock(512);
  private @Nullable AttentionPlan plan;
  private @Nullable AttentionSchedule schedule;
  private int kvHeads;
  private int group;
  private int dim;
  private boolean fused;
  private boolean sent;
  private boolean direct;
  private int rows;
  private long version;

  // Room of each array in the upload and for partial results: grown, never less, so that addresses
  // stay the same from step to step.
  private final int[] room = new int[8];
  private final long[] arrays = new long[7];
  private final GrowingBuffer partial;
  private final GrowingBuffer weights;
  private @Nullable DeviceBuffer arrived;
  private boolean prepared;
  private @Nullable AttentionWarmUp warmUp;

  /**
   * @param deterministic a row's bits must not depend on its siblings: the groups of plans stay
   *     whole, and nothing is decided by the number of rows
   */
  TiledAttention(CudaDevice device, boolean deterministic) {
    this(device, deterministic, AttentionTuning.SM90);
  }

  /** With other constants of the kernels for sm_90a. */
  TiledAttention(CudaDevice device, boolean deterministic, AttentionTuning tuning) {
    this(device, deterministic, tuning, false);
  }

  /** On one multiprocessor a KV head, beside what the device has to do next. */
  TiledAttention(CudaDevice device, AttentionTuning tuning) {
    this(device, false, tuning, true);
  }

  private TiledAttention(
      CudaDevice device, boolean deterministic, AttentionTuning tuning, boolean aside) {
    this.aside = aside;
    this.tuning = tuning;
    this.device = device;
    launcher = device.launcher();
    this.deterministic = deterministic;
    module = device.load("attention");
    sm90 = device.capability() == 90 && !Boolean.getBoolean(PORTABLE);
    multiprocessors = device.multiprocessors();
    cacheBytes = device.l2Bytes();
    upload = new StepUpload(device);
    partial = new GrowingBuffer(device, "partial results of attention");
    weights = new GrowingBuffer(device, "partial results of attention");
    expect("attention_item_bytes", 4 * AttentionSchedule.ITEM_WORDS);
    expect("attention_tile_bytes", 4 * AttentionSchedule.TILE_WORDS);
    expect("attention_run_bytes", 4 * AttentionSchedule.RUN_WORDS);
    expect("attention_range_bytes", 4 * AttentionSchedule.RANGE_WORDS);
  }

  private void expect(String symbol, int bytes) {
    if (module.readInt(symbol) != bytes) {
      throw new IllegalStateException(
          "the image says " + symbol + " = " + module.readInt(symbol) + ", the host " + bytes);
    }
  }

  @Override
  public void begin(AttentionPlan newPlan, int newRows) {
    plan = newPlan;
    rows = newRows;
    sent = false;
    // The shape of the heads is that of the step before, but for the first step.
    if (schedule != null) {
      send();
    }
  }

  private void send() {
    AttentionPlan p = plan;
    AttentionSchedule s = schedule;
    if (p == null || s == null) {
      throw new IllegalStateException("begin was not called");
    }
    s.direct(direct);
    s.build(p);
    int dense = p.maskKind() == AttentionPlan.MaskKind.DENSE ? p.rows() * p.maskTokens() : 0;
    int bits = p.maskKind() == AttentionPlan.MaskKind.BITS ? p.maskTokens() * p.maskWords() : 0;
    int ranges = s.ranges() * AttentionSchedule.RANGE_WORDS;
    int items = s.items() * AttentionSchedule.ITEM_WORDS;
    int tiles = s.tiles() * AttentionSchedule.TILE_WORDS;
    int runs = s.runs() * AttentionSchedule.RUN_WORDS;
    grow(0, ranges);
    grow(1, items);
    grow(2, tiles);
    grow(3, runs);
    grow(4, bits > 0 ? Math.multiplyExact(8, bits) : dense);
    grow(5, rows + 1);
    grow(6, s.entries());
    grow(7, s.partials());
    int bytes = StepUpload.room(room[4], 1);
    for (int i = 0; i < arrays.length; i++) {
      bytes = Math.addExact(bytes, i == 4 ? 0 : StepUpload.room(room[i], 4));
    }
    try {
      upload.begin(bytes);
    } catch (DeftException e) {
      shrink();
      throw e;
    }
    arrays[0] = upload.put(s.range(rows, drops(s)), ranges, room[0]);
    arrays[1] = upload.put(s.item(), items, room[1]);
    arrays[2] = upload.put(s.tile(), tiles, room[2]);
    arrays[3] = upload.put(s.run(), runs, room[3]);
    arrays[4] =
        bits > 0
            ? upload.put(p.bitMask(), bits, room[4])
            : upload.put(p.denseMask(), dense, room[4]);
    // Rows past the plan's merge nothing.
    arrays[5] = upload.put(s.rowPartial(), p.rows() + 1, room[5], s.entries());
    arrays[6] = upload.put(s.partialOf(), s.entries(), room[6]);
    upload.send();
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = upload.address((int) arrays[i]);
    }
    sent = true;
  }

  /** By the keys and values that a layer reads. */
  private boolean drops(AttentionSchedule s) {
    double bytes = (double) s.tiles() * AttentionSchedule.TILE * kvHeads * dim * 2 * Short.BYTES;
    return bytes > (fused ? tuning : AttentionTuning.PORTABLE).dropPast() * cacheBytes;
  }

  private void grow(int which, int n) {
    if (room[which] < n) {
      room[which] = roomFor(n);
      version++;
    }
  }

  private static int roomFor(int n) {
    return Math.max(64, n + n / 2);
  }

  /** There was no memory for the rooms: a smaller step may ask for smaller ones. */
  private void shrink() {
    java.util.Arrays.fill(room, 0);
    version++;
    sent = false;
  }

  @Override
  public long version() {
    AttentionPlan p = plan;
    // A dense mask has another stride each step.
    if (!sent || p == null || p.maskKind() == AttentionPlan.MaskKind.DENSE) {
      return -1;
    }
    int words = p.maskKind() == AttentionPlan.MaskKind.BITS ? p.maskWords() : 0;
    return version << 16 | words & 0xffff;
  }

  private void shape(int newKvHeads, int newGroup, int newDim, boolean sameType) {
    if (direct != sameType || dim != newDim) {
      direct = sameType;
      dim = newDim;
      sent = false;
    }
    if (schedule == null || kvHeads != newKvHeads || group != newGroup) {
      if (newGroup > AttentionSchedule.MAX_GROUP) {
        throw new DeftException(
            DeftException.UNSUPPORTED_MODEL,
            "backend cuda attends with at most "
                + AttentionSchedule.MAX_GROUP
                + " query heads a KV head, not "
                + newGroup
                + "; use --backend panama");
      }
      kvHeads = newKvHeads;
      group = newGroup;
      version++;
      // Blocks that wait for each other must all run at once, one an SM.
      fused = sm90 && kvHeads <= multiprocessors;
      int blocks = multiprocessors * (fused ? 1 : PORTABLE_BLOCKS);
      schedule =
          new AttentionSchedule(
              group,
              aside ? 1 : Math.max(1, blocks / kvHeads),
              (fused ? tuning : AttentionTuning.PORTABLE).fixed(deterministic));
      sent = false;
      if (arrived != null) {
        arrived.close();
        arrived = null;
      }
      try {
        arrived = device.memory().cleared(8L * kvHeads, "counters of attention");
      } catch (DeftException e) {
        schedule = null;
        throw e;
      }
    }
    if (!sent) {
      send();
    }
  }

  /**
   * Makes the buffers of partial results large enough. A step that was never made may have asked
   * for more room than there is: then what this one needs is enough.
   */
  private void makeRoom(AttentionSchedule s, int heads, int padded) {
    while (true) {
      long rowsOfPartials = Math.max(1, (long) room[7] * heads);
      try {
        partial.atLeast(rowsOfPartials * padded * 4);
        weights.atLeast(rowsOfPartials * 8);
        return;
      } catch (DeftException e) {
        int least = roomFor(s.partials());
        if (least >= room[7]) {
          shrink();
          throw e;
        }
        room[7] = least;
        version++;
      }
    }
  }

  /** Host time of a schedule in microseconds, the best of many. */
  double scheduleMicros(AttentionPlan measured) {
    AttentionSchedule s = schedule;
    if (s == null) {
      throw new IllegalStateException("nothing ran yet");
    }
    long best = Long.MAX_VALUE;
    long end = System.nanoTime() + 100_000_000;
    for (int i = 0; i < 3000 && (i < 20 || System.nanoTime() < end); i++) {
      long start = System.nanoTime();
      s.build(measured);
      best = Math.min(best, System.nanoTime() - start);
    }
    return best / 1e3;
  }

  @Override
  public void run(CudaKvCache kv, int layer, long queries, int heads, float scale, CudaTensor out) {
    int headsKv = kv.shape().kvHeads();
    shape(headsKv, heads / headsKv, kv.padded(), out.type() == kv.type());
    AttentionPlan p = plan;
    AttentionSchedule s = schedule;
    DeviceBuffer counts = arrived;
    if (p == null || s == null || counts == null) {
      throw new IllegalStateException("begin was not called");
    }
    makeRoom(s, heads, kv.padded());
    long rowsOfPartials = Math.max(1, (long) room[7] * heads);
    DeviceBuffer values = partial.atLeast(rowsOfPartials * kv.padded() * 4);
    DeviceBuffer sums = weights.atLeast(rowsOfPartials * 8);
    params.clear().i64(queries).i64(kv.keys(layer)).i64(kv.values(layer));
    for (int i = 0; i < 5; i++) {
      params.i64(arrays[i]);
    }
    params.pointer(values).pointer(sums).i64(arrays[5]).i64(arrays[6]);
    params.pointer(out.buffer()).pointer(counts);
    params
        .f32((float) (scale / Math.log(2)))
        .i32(group)
        .i32((65536 + group - 1) / group)
        .i32(kvHeads)
        .i32(room[7])
        .i32(kv.shift())
        .i32(p.maskKind() == AttentionPlan.MaskKind.BITS ? p.maskWords() : p.maskTokens())
        .i32(rows)
        .i32(kv.shape().headDim())
        .i32(out.type().code())
        .i32(out.stride())
        .i32(deterministic ? 1 : 0);
    int grid = s.ranges() * kvHeads;
    boolean masked = fused && p.maskKind() != AttentionPlan.MaskKind.NONE;
    Launch launch =
        launches.computeIfAbsent(new Key(fused, masked, kv.type(), kv.padded()), this::load);
    if (aside) {
      launcher.launchAside(launch.stage1, grid, SM90_THREADS, launch.sharedBytes, params);
    } else if (fused) {
      if (!launcher.capturing() && !prepared && !masked) {
        prepared = true;
        prepareWarmUp(kv, group, out.type());
      }
      if (launcher.launchesEarly()) {
        // All run at the same time here too: there are no more than multiprocessors, what runs
        // before does not wait for them, and what comes after starts when all of them have.
        launcher.launchEarly(launch.stage1, grid, 1, SM90_THREADS, launch.sharedBytes, params);
      } else {
        launcher.launchCooperative(launch.stage1, grid, SM90_THREADS, launch.sharedBytes, params);
      }
    } else {
      launcher.launch(launch.stage1, grid, 1, PORTABLE_THREADS, launch.sharedBytes, params);
      int warps = rows * heads;
      launcher.launch(
          launch.stage2, Math.ceilDiv(warps, COMBINE_THREADS / 32), 1, COMBINE_THREADS, 0, params);
    }
  }

  /** For the kernel that this step runs; does without where there is no memory. */
  private void prepareWarmUp(CudaKvCache kv, int heads, DType made) {
    KvShape s = kv.shape();
    try {
      warmUp = AttentionWarmUp.of(device, tuning, s.type(), s.headDim(), heads, made);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
    }
  }

  @Override
  public void warmUp() {
    AttentionWarmUp w = warmUp;
    if (w != null) {
      w.run();
    }
  }

  @Override
  public boolean warmsUp() {
    return warmUp != null;
  }

  private Launch load(Key key) {
    String kind = key.fused ? "sm90" : "mma";
    String variant =
        (key.masked ? "_mask_" : "_") + key.type.name().toLowerCase(Locale.ROOT) + "_" + key.dim;
    int bytes = module.readInt("attention_" + kind + "_shared_" + key.dim);
    return new Launch(
        module.kernel("attention_" + kind + variant).maxDynamicShared(bytes),
        bytes,
        module.kernel("attention_combine_" + key.dim));
  }

  @Override
  public void close() {
    if (warmUp != null) {
      warmUp.close();
    }
    upload.close();
    partial.close();
    weights.close();
    if (arrived != null) {
      arrived.close();
    }
  }
}
