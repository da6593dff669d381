package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.deft4j.kernels.BackendCase.assertClose;
import static org.deft4j.kernels.BackendCase.random;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What makes a step of these: rotated heads that are kept and seen, and whole programs. */
public interface StepContract extends BackendCase {
  @ParameterizedTest
  @EnumSource(RopeSpec.Style.class)
  default void ropeRotatesAndAttentionSeesWhatWasAppended(RopeSpec.Style style) {
    SplittableRandom random = new SplittableRandom(6);
    int dim = 8;
    RopeSpec spec =
        RopeSpec.of(style, dim, 6, 10000).withLlama3Scaling(8, 1, 4, 128).withLinearScaling(1.5);
    double[] f = spec.frequencies();
    try (Backend b = open(1, false)) {
      KvCache kv = b.kvCache(new KvShape(2, 1, dim, 40, exact()));
      float[] qkv = Oracle.floats(random, 2 * 4 * dim);
      float[] want = qkv.clone();
      int[] positions = {3, 70};
      for (int r = 0; r < 2; r++) {
        for (int h = 0; h < 3; h++) {
          int at = (r * 4 + h) * dim;
          for (int i = 0; i < 3; i++) {
            int a = style == RopeSpec.Style.INTERLEAVED ? at + 2 * i : at + i;
            int c = style == RopeSpec.Style.INTERLEAVED ? a + 1 : a + 3;
            double t = positions[r] * f[i];
            want[a] = (float) (qkv[a] * Math.cos(t) - qkv[c] * Math.sin(t));
            want[c] = (float) (qkv[a] * Math.sin(t) + qkv[c] * Math.cos(t));
          }
        }
      }
      Batch batch = new Batch();
      batch.reset(2);
      batch.positions()[0] = positions[0];
      batch.positions()[1] = positions[1];
      batch.slots()[0] = 37;
      batch.slots()[1] = 5;
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, 2);
      plan.addPiece(37, 1, 0, 2, AttentionPlan.ALL, 0);
      plan.addPiece(5, 1, 0, 2, AttentionPlan.ALL, 1);
      plan.endGroup(0, 2);
      for (int r = 0; r < 2; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      batch.plan(plan);
      b.begin(batch);
      Tensor t = b.tensor(2, 4 * dim);
      t.write(0, 2, qkv, 0);
      b.ropeAppend(b.rope(spec), kv, 1, t);
      float[] got = new float[qkv.length];
      t.read(0, 2, got, 0);
      double[] wanted = new double[want.length];
      for (int i = 0; i < want.length; i++) {
        wanted[i] = want[i];
      }
      assertClose(got, wanted, 1e-6, "rope");

      float[] keys = new float[40 * dim];
      float[] values = new float[40 * dim];
      for (int r = 0; r < 2; r++) {
        System.arraycopy(got, (r * 4 + 2) * dim, keys, batch.slots()[r] * dim, dim);
        System.arraycopy(got, (r * 4 + 3) * dim, values, batch.slots()[r] * dim, dim);
      }
      Tensor out = b.tensor(2, 2 * dim);
      b.attention(kv, 1, t, 0.5f, out);
      float[] o = new float[4 * dim];
      out.read(0, 2, o, 0);
      assertProduct(
          o,
          Oracle.attention(plan, got, 4 * dim, 2, 1, dim, 0.5, keys, values),
          4e-6,
          "attention after rope");
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 6, 2", "64, 3, 1", "128, 8, 4", "24, 3, 3"})
  default void normalizesHeads(int dim, int heads, int kvHeads) {
    SplittableRandom random = new SplittableRandom(dim);
    int rows = 3;
    int cols = (heads + 2 * kvHeads) * dim;
    float[] qkv = Oracle.floats(random, rows * cols);
    float[][] weight = {Oracle.floats(random, dim), Oracle.floats(random, dim)};
    float eps = 1e-3f;
    double[] want = new double[qkv.length];
    for (int i = 0; i < want.length; i += dim) {
      int head = i % cols / dim;
      double sum = 0;
      for (int d = 0; d < dim; d++) {
        sum += (double) qkv[i + d] * qkv[i + d];
      }
      double scale = 1 / Math.sqrt(sum / dim + eps);
      for (int d = 0; d < dim; d++) {
        want[i + d] =
            head < heads
                ? qkv[i + d] * scale * weight[0][d]
                : head < heads + kvHeads ? qkv[i + d] * scale * weight[1][d] : qkv[i + d];
      }
    }
    try (Backend b = open(1, false)) {
      Tensor t = b.tensor(rows, cols);
      t.write(0, rows, qkv, 0);
      Tensor q = b.vector(weight[0]);
      Tensor k = b.vector(weight[1]);
      b.normHeads(t, 0, heads, q, eps, rows);
      b.normHeads(t, heads, kvHeads, k, eps, rows);
      float[] got = new float[qkv.length];
      t.read(0, rows, got, 0);
      assertClose(got, want, 2e-6, "heads' norms");
      assertThatThrownBy(() -> b.normHeads(t, heads + kvHeads, kvHeads + 1, k, eps, rows))
          .isInstanceOf(IllegalArgumentException.class);

      // Together with what follows them.
      Batch batch = new Batch();
      batch.reset(rows);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, rows);
      for (int r = 0; r < rows; r++) {
        batch.positions()[r] = 7 * r;
        batch.slots()[r] = r;
        plan.addPiece(r, 1, 0, rows, AttentionPlan.ALL, r);
      }
      plan.endGroup(0, rows);
      for (int r = 0; r < rows; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      batch.plan(plan);
      b.begin(batch);
      KvCache kv = b.kvCache(new KvShape(1, kvHeads, dim, rows, exact()));
      Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.HALF_SPLIT, dim, dim, 1e4));
      b.ropeAppend(rope, kv, 0, t);
      t.read(0, rows, got, 0);
      Tensor at = b.tensor(rows, cols);
      at.write(0, rows, qkv, 0);
      b.ropeAppend(rope, kv, 0, at, q, k, eps, rows);
      float[] fused = new float[qkv.length];
      at.read(0, rows, fused, 0);
      for (int i = 0; i < got.length; i++) {
        want[i] = got[i];
      }
      assertClose(fused, want, 4e-6, "norms, rotated");
    }
  }

  @Test
  default void aProgramGivesWhatItsOperationsGive() {
    SplittableRandom random = new SplittableRandom(77);
    int dim = 16;
    int most = 64;
    int slots = tiny() ? 80 : 400;
    try (Backend b = open(2, false)) {
      Matrix table = b.matrix(random(random, 50, 2 * dim, 1));
      Matrix qkvWeights = b.matrix(random(random, 4 * dim, 2 * dim, 0.3f));
      Matrix outWeights = b.matrix(random(random, 2 * dim, 2 * dim, 0.3f));
      Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.HALF_SPLIT, dim, dim, 10000));
      KvShape shape = new KvShape(1, 1, dim, slots, exact());
      Tensor[] x = new Tensor[2];
      StepProgram[] programs = new StepProgram[2];
      for (int i = 0; i < 2; i++) {
        KvCache kv = b.kvCache(shape);
        Tensor sum = b.tensor(most, 2 * dim);
        Tensor qkv = b.tensor(most, 4 * dim);
        Tensor attended = b.tensor(most, 2 * dim);
        x[i] = sum;
        programs[i] =
            rows -> {
              b.embed(table, sum);
              b.matmul(qkvWeights, sum, qkv, rows);
              b.ropeAppend(rope, kv, 0, qkv);
              b.attention(kv, 0, qkv, 0.3f, attended);
              b.matmulAdd(outWeights, attended, sum, rows);
            };
      }
      Batch batch = new Batch();
      for (int round = 0; round < (tiny() ? 3 : 12); round++) {
        // Every second tree is met again and again, as a search meets it, at other places.
        Plans tree = new Plans(new SplittableRandom(round % 2 == 0 ? 5 : round), 6, 12, 3, slots);
        int rows = tree.rows();
        AttentionMethod[] methods = AttentionMethod.values();
        batch.reset(rows);
        batch.plan(tree.plan(methods[round < 6 ? 0 : round % methods.length], 5));
        for (int r = 0; r < rows; r++) {
          batch.tokens()[r] = random.nextInt(50);
          batch.positions()[r] = random.nextInt(100);
          batch.slots()[r] = tree.rowSlots()[r];
        }
        b.forward(batch, programs[0]);
        b.begin(batch);
        programs[1].run(rows);
        float[] got = new float[rows * 2 * dim];
        float[] plain = new float[rows * 2 * dim];
        x[0].read(0, rows, got, 0);
        x[1].read(0, rows, plain, 0);
        double[] want = new double[plain.length];
        Arrays.setAll(want, i -> plain[i]);
        assertProduct(got, want, 4e-6, "round " + round + " of " + rows + " rows");
      }
      batch.slots()[0] = slots;
      assertThatThrownBy(() -> b.forward(batch, programs[0]))
          .isInstanceOf(IndexOutOfBoundsException.class);
      batch.slots()[0] = 0;
      batch.tokens()[0] = 50;
      assertThatThrownBy(() -> b.forward(batch, programs[0]))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  /**
   * Steps with the tokens that the one before drew, read when the next one was begun, give what
   * steps give whose tokens the host reads and tells.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 70})
  default void stepsGoOnWithTokensThatWereDrawn(int rows) {
    int dim = 16;
    int steps = tiny() ? 3 : 9;
    SplittableRandom random = new SplittableRandom(rows);
    try (Backend b = open(1, false)) {
      Matrix table = b.matrix(random(random, 50, dim, 3));
      Matrix head = b.matrix(random(random, 50, dim, 1));
      KvCache kv = b.kvCache(new KvShape(1, 1, dim, rows, exact()));
      Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.HALF_SPLIT, dim, dim, 10000));
      Tensor x = b.tensor(128, dim);
      Tensor qkv = b.tensor(128, 3 * dim);
      Tensor logits = b.tensor(128, 50);
      Matrix triple = b.matrix(random(random, 3 * dim, dim, 1));
      StepProgram program =
          n -> {
            b.embed(table, x);
            b.matmul(triple, x, qkv, n);
            b.ropeAppend(rope, kv, 0, qkv);
            b.attention(kv, 0, qkv, 0.3f, x);
            b.matmul(head, x, logits, n);
          };
      Batch batch = new Batch();
      batch.reset(rows);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.FLATTEN, rows);
      for (int r = 0; r < rows; r++) {
        plan.addPiece(r, 1, r, r + 1, AttentionPlan.ALL, r);
        batch.slots()[r] = r;
      }
      plan.endGroup(0, rows);
      for (int r = 0; r < rows; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      batch.plan(plan);
      int[][] told = new int[steps][rows];
      int[][] drawn = new int[steps][rows];
      Draws[] turns = {new Draws(), new Draws()};
      for (int step = 0; step < steps; step++) {
        for (int r = 0; r < rows; r++) {
          batch.tokens()[r] = step == 0 ? r % 50 : told[step - 1][r];
        }
        b.forward(batch, program);
        ask(turns[0], rows, step);
        b.sample(logits, 50, turns[0]);
        for (int r = 0; r < rows; r++) {
          told[step][r] = turns[0].token(r);
        }
      }
      for (int step = 0; step <= steps; step++) {
        Draws before = turns[(step + 1) % 2];
        if (step < steps) {
          for (int r = 0; r < rows; r++) {
            batch.tokens()[r] =
                step == 0
                    ? r % 50
                    : b.samplesLater() ? Batch.drawn(before.first(r)) : before.token(r);
          }
          b.forward(batch, program);
          ask(turns[step % 2], rows, step);
          b.sampleLater(logits, 50, turns[step % 2]);
        }
        if (step > 0) {
          b.await(before);
          for (int r = 0; r < rows; r++) {
            drawn[step - 1][r] = before.token(r);
          }
        }
      }
      assertThat(drawn).isDeepEqualTo(told);
      assertThat(Arrays.stream(told).flatMapToInt(Arrays::stream).distinct().count())
          .isGreaterThan(1);
      batch.tokens()[0] = Batch.drawn(1 << 20);
      assertThatThrownBy(() -> b.forward(batch, program))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  private static void ask(Draws draws, int rows, int step) {
    draws.clear();
    for (int r = 0; r < rows; r++) {
      draws.add(r, DecodeSpec.of(1).temperature(1).seed(5, r).build(), step);
    }
  }
}
