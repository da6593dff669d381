package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.deft4j.kernels.BackendCase.fill;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention over what a cache keeps, against float64 oracles. */
public interface AttentionContract extends BackendCase {
  @ParameterizedTest
  @CsvSource({
    "8,1,1", "32,2,3", "48,6,1", "64,3,3", "80,1,8", "96,2,2", "128,1,4", "64,1,5", "32,1,7",
    "8,2,6"
  })
  default void attentionAgreesWithTheOracleForEveryMethodAndType(int dim, int kvHeads, int perKv) {
    if (tiny() && dim > 48) {
      return;
    }
    SplittableRandom random = new SplittableRandom(dim * 31 + perKv);
    for (int round = 0; round < (tiny() ? 1 : 3); round++) {
      Plans tree =
          tiny()
              ? new Plans(random, 4, 9, 2, 80)
              : new Plans(random, 2 + random.nextInt(14), 1 + random.nextInt(70), 6, 900);
      for (KvType type : KvType.values()) {
        if (!keeps(type)) {
          continue;
        }
        try (Backend b = open(1 + round % 2, round == 2)) {
          attention(b, random, tree, dim, kvHeads, perKv, type);
        }
      }
    }
  }

  private void attention(
      Backend b,
      SplittableRandom random,
      Plans tree,
      int dim,
      int kvHeads,
      int perKv,
      KvType type) {
    int heads = kvHeads * perKv;
    int cols = (heads + 2 * kvHeads) * dim;
    int slots = tree.slots();
    KvCache kv = b.kvCache(new KvShape(2, kvHeads, dim, slots, type));
    float[] keys = new float[slots * kvHeads * dim];
    float[] values = new float[slots * kvHeads * dim];
    fill(b, kv, 1, random, heads, keys, values);

    int rows = tree.rows();
    float[] qkv = Oracle.floats(random, rows * cols);
    for (int i = 0; i < qkv.length; i++) {
      qkv[i] *= 4;
    }
    Tensor q = b.tensor(rows, cols);
    q.write(0, rows, qkv, 0);
    Tensor out = b.tensor(rows, heads * dim);
    Batch batch = new Batch();
    float scale = (float) (1 / Math.sqrt(dim));
    double[] first = null;
    for (AttentionMethod method : AttentionMethod.values()) {
      AttentionPlan plan = tree.plan(method, tiny() ? 5 : 3 + random.nextInt(200));
      double[] want = Oracle.attention(plan, qkv, cols, heads, kvHeads, dim, scale, keys, values);
      if (first == null) {
        first = want;
      } else {
        for (int i = 0; i < want.length; i++) {
          assertThat(want[i]).as("oracle, %s", method).isCloseTo(first[i], within(1e-9));
        }
      }
      batch.reset(rows);
      batch.plan(plan);
      b.begin(batch);
      b.attention(kv, 1, q, scale, out);
      float[] got = new float[rows * heads * dim];
      out.read(0, rows, got, 0);
      assertProduct(got, want, 4e-6, method + " " + type + " dim " + dim + " rows " + rows);
    }
    kv.close();
  }

  /** Gemma's rules: a window along the path, and a cap. */
  @ParameterizedTest
  @CsvSource({"0,2.5", "1,0", "5,0", "40,0", "7,3"})
  default void windowsAndCapsOfScoresAgreeWithTheOracle(int window, float cap) {
    SplittableRandom random = new SplittableRandom(window * 10 + (int) cap);
    int kvHeads = 2;
    int heads = 6;
    int dim = tiny() ? 32 : 48;
    int cols = (heads + 2 * kvHeads) * dim;
    Plans tree = tiny() ? new Plans(random, 4, 9, 2, 80) : new Plans(random, 9, 40, 6, 600);
    try (Backend b = open(2, false)) {
      if (window > 0 && !b.parts().contains(ModelPart.SLIDING_WINDOW)
          || cap > 0 && !b.parts().contains(ModelPart.SOFT_CAP)) {
        return;
      }
      KvCache kv = b.kvCache(new KvShape(1, kvHeads, dim, tree.slots(), KvType.F32));
      float[] keys = new float[tree.slots() * kvHeads * dim];
      float[] values = new float[tree.slots() * kvHeads * dim];
      int[] places = tree.slotPositions();
      fill(b, kv, 0, random, heads, places, keys, values);
      int rows = tree.rows();
      float[] qkv = Oracle.floats(random, rows * cols);
      for (int i = 0; i < qkv.length; i++) {
        qkv[i] *= 4;
      }
      Tensor q = b.tensor(rows, cols);
      q.write(0, rows, qkv, 0);
      Tensor out = b.tensor(rows, heads * dim);
      ScoreRule rule = new ScoreRule(0.3f, window, cap);
      int[] at = Arrays.stream(tree.rowSlots()).map(slot -> places[slot]).toArray();
      for (AttentionMethod method : AttentionMethod.values()) {
        AttentionPlan plan = tree.plan(method, tiny() ? 5 : 3 + random.nextInt(100));
        Batch batch = new Batch();
        batch.reset(rows);
        System.arraycopy(at, 0, batch.positions(), 0, rows);
        batch.plan(plan);
        b.begin(batch);
        b.attention(kv, 0, q, rule, out);
        float[] got = new float[rows * heads * dim];
        out.read(0, rows, got, 0);
        double[] want =
            Oracle.attention(
                plan, qkv, cols, heads, kvHeads, dim, 0.3f, rule, at, places, keys, values);
        assertProduct(got, want, 4e-6, method + " window " + window + " cap " + cap);
      }
      kv.close();
    }
  }

  @ParameterizedTest
  @EnumSource(KvType.class)
  default void copiedSlotsGiveTheSameAttention(KvType type) {
    Assumptions.assumeTrue(keeps(type), "this backend does not keep " + type);
    SplittableRandom random = new SplittableRandom(12);
    int dim = 24;
    try (Backend b = open(2, false)) {
      KvCache kv = b.kvCache(new KvShape(1, 2, dim, 70, type));
      fill(b, kv, 0, random, 2, new float[70 * 2 * dim], new float[70 * 2 * dim]);
      int[] from = {3, 40, 17, 31};
      int[] to = {60, 61, 62, 63};
      b.copyKv(kv, from, to, 4);
      Batch batch = new Batch();
      batch.reset(1);
      Tensor q = b.tensor(1, 6 * dim);
      q.write(0, 1, Oracle.floats(random, 6 * dim), 0);
      float[][] got = new float[2][2 * dim];
      for (int i = 0; i < 2; i++) {
        AttentionPlan plan = new AttentionPlan();
        plan.reset(AttentionMethod.SEQUENCE, 1);
        for (int s : i == 0 ? from : to) {
          plan.addPiece(s, 1, 0, 1, AttentionPlan.ALL, 0);
        }
        plan.endGroup(0, 1);
        plan.addRange(0, 1);
        plan.endRow(0);
        batch.plan(plan);
        b.begin(batch);
        Tensor out = b.tensor(1, 2 * dim);
        b.attention(kv, 0, q, 1, out);
        out.read(0, 1, got[i], 0);
      }
      assertThat(got[1]).isEqualTo(got[0]);
    }
  }

  @Test
  default void aRowThatSeesNothingBecomesZeroAndSpoilsNothing() {
    try (Backend b = open(1, false)) {
      int dim = 8;
      KvCache kv = b.kvCache(new KvShape(1, 1, dim, 64, exact()));
      fill(b, kv, 0, new SplittableRandom(2), 1, new float[64 * dim], new float[64 * dim]);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, 3);
      plan.addPiece(0, 40, 0, 1, AttentionPlan.ALL, 0);
      plan.addPiece(40, 3, 2, 3, AttentionPlan.ALL, 0);
      plan.endGroup(0, 3);
      plan.addPiece(50, 2, 0, 1, AttentionPlan.ALL, 0);
      plan.endGroup(0, 3);
      for (int r = 0; r < 3; r++) {
        plan.addRange(0, 2);
        plan.endRow(r);
      }
      Batch batch = new Batch();
      batch.reset(3);
      batch.plan(plan);
      b.begin(batch);
      Tensor q = b.tensor(3, 3 * dim);
      float[] x = new float[9 * dim];
      Arrays.fill(x, 30);
      q.write(0, 3, x, 0);
      Tensor out = b.tensor(3, dim);
      b.attention(kv, 0, q, 1, out);
      float[] got = new float[3 * dim];
      out.read(0, 3, got, 0);
      for (float v : got) {
        assertThat(Float.isFinite(v)).isTrue();
      }
      assertThat(Arrays.copyOfRange(got, dim, 2 * dim)).containsOnly(0f);
      assertThat(Arrays.copyOf(got, dim)).doesNotContain(0f);
    }
  }

  @Test
  default void attentionBitsDoNotDependOnSiblingsOrPieces() {
    SplittableRandom random = new SplittableRandom(21);
    int dim = 48;
    int heads = 4;
    int cols = (heads + 4) * dim;
    float[] want = new float[heads * dim];
    int slots = tiny() ? 100 : 700;
    int shared = tiny() ? 40 : 300;
    int own = tiny() ? 11 : 37;
    for (int variant = 0; variant < 5; variant++) {
      try (Backend b = open(1 + variant % 2, true)) {
        KvCache kv = b.kvCache(new KvShape(1, 2, dim, slots, exact()));
        random = new SplittableRandom(21);
        fill(b, kv, 0, random, heads, new float[slots * 2 * dim], new float[slots * 2 * dim]);
        int rows = variant == 0 ? 1 : 2 * variant + 1;
        float[] x = Oracle.floats(random, 16 * cols);
        float[] q = new float[rows * cols];
        // The row under test comes last; others see other private tokens.
        for (int r = 0; r < rows; r++) {
          System.arraycopy(x, (r == rows - 1 ? 0 : 1 + r) * cols, q, r * cols, cols);
        }
        AttentionPlan plan = new AttentionPlan();
        plan.reset(AttentionMethod.FLATTEN, rows);
        int cut = 1 + variant * shared / 7;
        plan.addPiece(0, cut, 0, rows, AttentionPlan.ALL, 0);
        if (othersMayLieBetween()) {
          others(plan, rows, shared + own);
        }
        plan.addPiece(cut, shared - cut, 0, rows, AttentionPlan.ALL, 0);
        plan.addPiece(shared, own, rows - 1, rows, AttentionPlan.ALL, 0);
        plan.endGroup(0, rows);
        if (!othersMayLieBetween() && rows > 1) {
          others(plan, rows, shared + own);
          plan.endGroup(0, rows - 1);
        }
        for (int r = 0; r < rows; r++) {
          plan.addRange(0, r + 1 < rows ? plan.groups() : 1);
          plan.endRow(r);
        }
        float[] all = attend(b, kv, plan, q, 0.9f, b.tensor(rows, heads * dim));
        float[] got = Arrays.copyOfRange(all, (rows - 1) * heads * dim, rows * heads * dim);
        if (variant == 0) {
          want = got;
        }
        assertThat(got).as("variant %d", variant).isEqualTo(want);
      }
    }
  }

  /** What all rows of a plan get for these queries, of layer 0, by way of {@code out}. */
  private static float[] attend(
      Backend b, KvCache kv, AttentionPlan plan, float[] q, float scale, Tensor out) {
    int rows = plan.rows();
    Batch batch = new Batch();
    batch.reset(rows);
    batch.plan(plan);
    b.begin(batch);
    Tensor in = b.tensor(rows, q.length / rows);
    in.write(0, rows, q, 0);
    b.attention(kv, 0, in, scale, out);
    float[] got = new float[rows * out.cols()];
    out.read(0, rows, got, 0);
    return got;
  }

  /** Private tokens of all rows but the last. */
  private static void others(AttentionPlan plan, int rows, int slot) {
    for (int r = 0; r + 1 < rows; r++) {
      plan.addPiece(slot + r * 3, 3, r, r + 1, AttentionPlan.ALL, 0);
    }
  }

  @ParameterizedTest
  @EnumSource(KvType.class)
  default void extremeScoresAndValuesStayRight(KvType type) {
    Assumptions.assumeTrue(keeps(type), "this backend does not keep " + type);
    int dim = 16;
    try (Backend b = open(1, false)) {
      KvCache kv = b.kvCache(new KvShape(1, 1, dim, 40, type));
      float[] x = new float[2 * 3 * dim];
      // Token 0: score -4000 and value 1e30 (past the range of F16); token 1: score 4000, value 7.
      for (int d = 0; d < dim; d++) {
        x[d] = 10;
        x[dim + d] = -25;
        x[2 * dim + d] = 1e30f;
        x[3 * dim + d] = 10;
        x[4 * dim + d] = 25;
        x[5 * dim + d] = 7;
      }
      Tensor t = b.tensor(2, 3 * dim);
      t.write(0, 2, x, 0);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, 2);
      plan.addPiece(0, 2, 0, 2, 0, 0);
      plan.endGroup(0, 2);
      for (int r = 0; r < 2; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      Batch batch = new Batch();
      batch.reset(2);
      batch.slots()[1] = 1;
      batch.plan(plan);
      b.begin(batch);
      b.ropeAppend(b.rope(RopeSpec.of(RopeSpec.Style.INTERLEAVED, dim, 2, 1e4)), kv, 0, t);
      Tensor out = b.tensor(2, dim);
      b.attention(kv, 0, t, 1, out);
      float[] got = new float[2 * dim];
      out.read(0, 2, got, 0);
      float big = type == KvType.F16 ? 65504f : 1e30f;
      for (int d = 0; d < dim; d++) {
        assertThat(got[d]).isCloseTo(big, org.assertj.core.data.Percentage.withPercentage(1));
        assertThat(got[dim + d]).isEqualTo(7f);
      }
    }
  }

  /**
   * Late tokens score 40 to 200 above those before, another number for each row and head, others a
   * quarter and a half of that: in one piece of work, in several that are merged, with and without
   * results in 16 bits.
   */
  @ParameterizedTest
  @CsvSource({
    "BF16,128,1,4,60,900,true,false", "BF16,128,1,4,60,900,true,true",
    "BF16,128,1,4,30,900,true,true", "BF16,128,1,4,10,900,true,false",
    "BF16,128,8,4,10,3000,false,false", "BF16,128,8,4,40,3000,false,true",
    "BF16,64,1,3,20,900,true,false", "BF16,48,1,5,20,900,true,true",
    "BF16,128,1,4,60,900,false,false", "F16,128,1,4,60,900,true,false",
    "F32,64,1,4,9,200,false,false"
  })
  default void scoresThatRiseFarStayRight(
      KvType type,
      int dim,
      int kvHeads,
      int perKv,
      int rows,
      int shared,
      boolean deterministic,
      boolean rounded) {
    Assumptions.assumeTrue(keeps(type), "this backend does not keep " + type);
    if (tiny() && rows > 9) {
      return;
    }
    int heads = kvHeads * perKv;
    int own = 3;
    int slots = shared + rows * own;
    int cols = (heads + 2 * kvHeads) * dim;
    SplittableRandom random = new SplittableRandom(rows);
    float[] keys = new float[slots * kvHeads * dim];
    for (int t = 0; t < slots; t++) {
      // A key's first number times a query's is the score: all others are 0.
      float rise = t >= shared ? 0.5f : t % 192 == 100 ? 1 : t % 13 == 5 ? 0.25f : 0;
      for (int h = 0; h < kvHeads; h++) {
        keys[(t * kvHeads + h) * dim] = rise;
      }
    }
    float[] q = new float[rows * cols];
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < heads; h++) {
        q[r * cols + h * dim] = 40 + (r * heads + h) * 7 % 161;
      }
    }
    try (Backend b = open(1, deterministic)) {
      KvCache kv = b.kvCache(new KvShape(1, kvHeads, dim, slots, type));
      float[] values = values(random, slots * kvHeads * dim);
      store(b, kv, keys, values, cols);
      // In one group, a row has one result, which items may write themselves.
      AttentionPlan plan = sharedThenOwn(shared, own, rows, !rounded);
      Tensor out = rounded ? roundedRows(b, rows, heads * dim) : b.tensor(rows, heads * dim);
      float[] got = attend(b, kv, plan, q, 1, out);
      double[] want = Oracle.attention(plan, q, cols, heads, kvHeads, dim, 1, keys, values);
      assertProduct(got, want, 4e-6, type + " dim " + dim + " rows " + rows);
    }
  }

  /** A row among siblings whose scores rise as far has the bits that it has alone. */
  @ParameterizedTest
  @CsvSource({"128", "64"})
  default void bitsDoNotDependOnSiblingsWhoseScoresRiseFar(int dim) {
    Assumptions.assumeTrue(keeps(KvType.BF16) && !tiny());
    int heads = 4;
    int shared = 900;
    int cols = (heads + 2) * dim;
    float[] want = null;
    for (int rows : new int[] {1, 4, 15, 50}) {
      SplittableRandom random = new SplittableRandom(7);
      int own = 5;
      int slots = shared + 50 * own;
      float[] keys = values(random, slots * dim);
      for (int t = 0; t < slots; t++) {
        keys[t * dim] = t % 192 == 100 ? 1 : t % 13 == 5 ? 0.25f : 0;
      }
      float[] values = values(random, slots * dim);
      float[] alone = values(random, heads * dim);
      float[] q = new float[rows * cols];
      for (int r = 0; r < rows; r++) {
        for (int h = 0; h < heads; h++) {
          // The first row is the one under test: late tokens are nothing to it.
          System.arraycopy(alone, h * dim, q, r * cols + h * dim, r == 0 ? dim : 0);
          q[r * cols + h * dim] = r == 0 ? 0 : 40 + (r * heads + h) * 7 % 161;
        }
      }
      try (Backend b = open(1, true)) {
        KvCache kv = b.kvCache(new KvShape(1, 1, dim, slots, KvType.BF16));
        store(b, kv, keys, values, cols);
        AttentionPlan plan = sharedThenOwn(shared, own, rows, true);
        float[] all = attend(b, kv, plan, q, 1, b.tensor(rows, heads * dim));
        float[] got = Arrays.copyOf(all, heads * dim);
        want = want == null ? got : want;
        assertThat(got).as("%d rows", rows).isEqualTo(want);
      }
    }
  }

  /** Multiples of 1/64 between -1 and 1, which every type keeps. */
  private static float[] values(SplittableRandom random, int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = random.nextInt(-64, 64) / 64f;
    }
    return x;
  }

  /** Keys and values {@code [slot][kvHeads][dim]} to layer 0. */
  private static void store(Backend b, KvCache kv, float[] keys, float[] values, int cols) {
    int slots = kv.shape().slots();
    int each = keys.length / slots;
    float[] x = new float[slots * cols];
    for (int t = 0; t < slots; t++) {
      System.arraycopy(keys, t * each, x, (t + 1) * cols - 2 * each, each);
      System.arraycopy(values, t * each, x, (t + 1) * cols - each, each);
    }
    BackendCase.store(b, kv, 0, x, new int[slots]);
  }

  /** Tokens that all rows see, and some of each row: in groups of their own if {@code apart}. */
  private static AttentionPlan sharedThenOwn(int shared, int own, int rows, boolean apart) {
    AttentionPlan plan = new AttentionPlan();
    plan.reset(AttentionMethod.FLATTEN, rows);
    plan.addPiece(0, shared, 0, rows, AttentionPlan.ALL, 0);
    if (apart) {
      plan.endGroup(0, rows);
    }
    for (int r = 0; r < rows; r++) {
      plan.addPiece(shared + r * own, own, r, r + 1, AttentionPlan.ALL, 0);
      if (apart) {
        plan.endGroup(r, r + 1);
      }
    }
    if (!apart) {
      plan.endGroup(0, rows);
    }
    for (int r = 0; r < rows; r++) {
      plan.addRange(0, 1);
      if (apart) {
        plan.addRange(1 + r, 2 + r);
      }
      plan.endRow(r);
    }
    return plan;
  }

  /** Activations as a matrix of bfloat16 takes them. */
  private static Tensor roundedRows(Backend b, int rows, int cols) {
    byte[] zeros = new byte[2 * cols];
    return b.activations(
        rows, cols, b.matrix(new Weights(WeightType.BF16, 1, cols, MemorySegment.ofArray(zeros))));
  }
}
