package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.ScoreRule;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * One worker's scratch and code for the partial results of a run of groups with the same rows, and
 * a KV head: all query heads of the KV head and all rows against the run's tokens, chunk by chunk,
 * four queries at a time or, with vectors of 512 bits, eight.
 */
final class GroupKernel {
  /** Maximum of a row that sees nothing; finite, so that differences are no NaN. */
  static final float NOTHING = -1e30f;

  private static final float LOG2E = 1.4426950408889634f;
  private static final int CHUNK = 128;
  // Key panels of a chunk: bounds the scratch of widened keys where pieces are short.
  private static final int CHUNK_PANELS = 12;
  // A tile may write a panel past the end.
  private static final int LD = CHUNK + PANEL;

  private static final int TILE = L >= 16 ? WideTile.ROWS : Tiles.ROWS;

  private final float[] scores = new float[TILE * LD];
  private final float[] spare = new float[TILE * LD];
  private final int[] segmentPiece = new int[CHUNK];
  private final int[] segmentFirst = new int[CHUNK];
  private final int[] segmentLength = new int[CHUNK];
  private final int[] segmentPanel = new int[CHUNK];
  private final int[] segmentValue = new int[CHUNK];
  // Of the running tile: values that follow each other in memory, and their first column.
  private final int[] stretchValue = new int[CHUNK];
  private final int[] stretchColumn = new int[CHUNK + 1];
  private float[] queries = new float[0];
  private float[] sums = new float[0];
  private float[] maxima = new float[0];
  private float[] weights = new float[0];
  private float[] wideKeys = new float[0];
  private float[] wideValues = new float[0];

  // Of the running call.
  private float[] keySource = wideKeys;
  private float[] valueSource = wideValues;
  private int segments;
  private int stretches;
  // Queries side by side in the packed ones.
  private int side;
  private int[] positions = new int[0];
  private int window;
  // In base 2, as the scores are.
  private float cap;

  /** 2^n for integer n from -126 (below: 0) to 0. */
  static float powerOfTwo(float n) {
    return n < -126 ? 0 : n > 0 ? Float.NaN : Float.intBitsToFloat((int) n + 127 << 23) + n * 0;
  }

  /** Groups {@code group..last}; their result becomes that of the first. */
  void run(
      PanamaKvCache kv,
      int layer,
      Batch batch,
      int group,
      int last,
      int kvHead,
      float[] qkv,
      int qkvCols,
      int perKv,
      ScoreRule rule,
      float[] outSums,
      float[] outMaxima,
      float[] outWeights) {
    AttentionPlan plan = batch.plan();
    positions = batch.positions();
    window = rule.window();
    cap = rule.cap() * LOG2E;
    float scale = rule.scale() * LOG2E;
    int lo = plan.groupRowLo()[group];
    int n = (plan.groupRowHi()[group] - lo) * perKv;
    int dim = kv.shape().headDim();
    int row = kv.row();
    side = n <= Tiles.ROWS ? Tiles.ROWS : TILE;
    int tiles = (n + side - 1) / side;
    reserve(kv, tiles * side);
    packQueries(qkv, lo * qkvCols + kvHead * perKv * dim, qkvCols, perKv, n, dim, scale);
    Arrays.fill(sums, 0, tiles * side * row, 0);
    Arrays.fill(maxima, 0, tiles * side, NOTHING);
    Arrays.fill(weights, 0, tiles * side, 0);

    int piece = plan.groupPiece()[group];
    int end = plan.groupPiece()[last + 1];
    int first = 0;
    while (piece < end) {
      segments = 0;
      int tokens = 0;
      int panels = 0;
      while (piece < end && tokens < CHUNK && panels < CHUNK_PANELS) {
        int slot = plan.pieceSlot()[piece] + first;
        int room = Math.min(CHUNK - tokens, (CHUNK_PANELS - panels) * PANEL - slot % PANEL);
        int length = Math.min(plan.pieceLength()[piece] - first, room);
        segmentPiece[segments] = piece;
        segmentFirst[segments] = first;
        segmentLength[segments] = length;
        segmentPanel[segments] = panels;
        segmentValue[segments++] = tokens;
        panels += (slot + length - 1) / PANEL - slot / PANEL + 1;
        tokens += length;
        first += length;
        if (first == plan.pieceLength()[piece]) {
          piece++;
          first = 0;
        }
      }
      widen(kv, layer, kvHead, plan);
      for (int t = 0; t < tiles; t++) {
        tile(kv, plan, t, n, lo, perKv);
      }
    }
    int cell = TreeAttention.cell(plan, group, lo, kvHead, perKv, 0);
    System.arraycopy(sums, 0, outSums, cell * row, n * row);
    System.arraycopy(maxima, 0, outMaxima, cell, n);
    System.arraycopy(weights, 0, outWeights, cell, n);
  }

  private void reserve(PanamaKvCache kv, int rows) {
    int dim = kv.shape().headDim();
    if (maxima.length < rows) {
      maxima = new float[rows];
      weights = new float[rows];
    }
    if (queries.length < rows * dim) {
      queries = new float[rows * dim];
    }
    if (sums.length < rows * kv.row()) {
      sums = new float[rows * kv.row()];
    }
    if (kv.wide()) {
      return;
    }
    int keys = CHUNK_PANELS * dim * PANEL;
    if (wideKeys.length < keys) {
      wideKeys = new float[keys];
    }
    int values = CHUNK * kv.row();
    if (wideValues.length < values) {
      wideValues = new float[values];
    }
  }

  // [tile][d][side], times the scale; the tile's rows past the end are zero.
  private void packQueries(float[] q, int at, int ld, int perKv, int n, int dim, float scale) {
    float[] to = queries;
    int step = side;
    for (int tile = 0; tile < n; tile += step) {
      if (tile + step > n) {
        Arrays.fill(to, tile * dim, (tile + step) * dim, 0);
      }
      for (int i = tile; i < Math.min(n, tile + step); i++) {
        int from = at + i / perKv * ld + i % perKv * dim;
        int first = tile * dim + i - tile;
        for (int d = 0; d < dim; d++) {
          to[first + d * step] = q[from + d] * scale;
        }
      }
    }
  }

  // 16-bit keys and values of the chunk become float32 once for all its queries.
  private void widen(PanamaKvCache kv, int layer, int kvHead, AttentionPlan plan) {
    if (kv.wide()) {
      keySource = kv.keys(layer, kvHead);
      valueSource = kv.values(layer, kvHead);
      return;
    }
    boolean bf16 = kv.shape().type() == KvType.BF16;
    keySource = wideKeys;
    valueSource = wideValues;
    int dim = kv.shape().headDim();
    int half = kv.row() / 2;
    for (int s = 0; s < segments; s++) {
      int slot = plan.pieceSlot()[segmentPiece[s]] + segmentFirst[s];
      int last = slot + segmentLength[s] - 1;
      int to = segmentPanel[s] * dim * PANEL;
      int[] keys = kv.halfKeys(layer, kvHead);
      int from = kv.keyPanel(slot) / 2;
      for (int n = (last / PANEL - slot / PANEL + 1) * dim; n > 0; n--) {
        Expansions.halves(keys, from, PANEL / 2, bf16, wideKeys, to);
        from += PANEL / 2;
        to += PANEL;
      }
      int[] values = kv.halfValues(layer, kvHead);
      for (int i = 0; i < segmentLength[s]; i++) {
        int out = (segmentValue[s] + i) * kv.row();
        Expansions.halves(values, (slot + i) * half, half, bf16, wideValues, out);
      }
    }
  }

  private void tile(PanamaKvCache kv, AttentionPlan plan, int tile, int n, int lo, int perKv) {
    int firstQuery = tile * side;
    int real = Math.min(side, n - firstQuery);
    int rowLo = lo + firstQuery / perKv;
    int rowHi = lo + (firstQuery + real - 1) / perKv;
    boolean direct = kv.wide();
    int dim = kv.shape().headDim();
    int row = kv.row();
    int columns = 0;
    stretches = 0;
    for (int s = 0; s < segments; s++) {
      int piece = segmentPiece[s];
      int length = visible(plan, s, rowLo, rowHi);
      if (length == 0) {
        continue;
      }
      int slot = plan.pieceSlot()[piece] + segmentFirst[s];
      if (window > 0 && behindWindow(kv.position(slot) + length - 1, rowLo, rowHi)) {
        continue;
      }
      int panel = direct ? kv.keyPanel(slot) : segmentPanel[s] * dim * PANEL;
      scores(panel, slot, length, dim, firstQuery, real, columns);
      int value = (direct ? slot : segmentValue[s]) * row;
      stretch(value, columns, row);
      for (int i = 0; i < real; i++) {
        int r = lo + (firstQuery + i) / perKv;
        if (cap > 0) {
          cap(i * LD + columns, length);
        }
        hide(plan, s, r, length, i * LD + columns);
        if (window > 0) {
          // A piece's tokens follow each other on the path.
          int hidden = Math.min(length, positions[r] - window + 1 - kv.position(slot));
          Arrays.fill(scores, i * LD + columns, i * LD + columns + Math.max(0, hidden), NOTHING);
        }
      }
      columns += length;
    }
    if (columns == 0) {
      return;
    }
    for (int i = 0; i < real; i++) {
      softmax(i * LD, columns, firstQuery + i, row);
    }
    for (int i = 0; i < real; i += Tiles.ROWS) {
      addWeights(i * LD, columns, firstQuery + i, real - i);
    }
    stretchColumn[stretches] = columns;
    for (int i = 0; i < stretches; i++) {
      int column = stretchColumn[i];
      addValues(stretchValue[i], column, stretchColumn[i + 1] - column, firstQuery, real, row);
    }
  }

  private void stretch(int value, int column, int row) {
    int last = stretches - 1;
    if (last < 0 || stretchValue[last] + (column - stretchColumn[last]) * row != value) {
      stretchValue[stretches] = value;
      stretchColumn[stretches++] = column;
    }
  }

  private void addValues(int value, int column, int length, int firstQuery, int real, int row) {
    float[] v = valueSource;
    int to = firstQuery * row;
    if (real == 1) {
      AttentionTiles.values1(v, value, row, length, scores, column, sums, to, row);
      return;
    }
    for (int d = 0; d < row; d += Tiles.COLS) {
      if (real > Tiles.ROWS) {
        WideTile.values8(v, value + d, row, length, scores, column, LD, sums, to + d, row);
      } else {
        AttentionTiles.values4(v, value + d, row, length, scores, column, LD, sums, to + d, row);
      }
    }
  }

  // Whether no row of rowLo..rowHi sees a token at this place of its path.
  private boolean behindWindow(int position, int rowLo, int rowHi) {
    for (int r = rowLo; r <= rowHi; r++) {
      if (position > positions[r] - window) {
        return false;
      }
    }
    return true;
  }

  // cap * tanh(score / cap); the last vector may run past the end.
  private void cap(int at, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = load(scores, at + i);
      FloatVector e = Lanes.exp(v.mul(2 / cap)).add(1f);
      all(cap).sub(all(2 * cap).div(e)).intoArray(scores, at + i);
    }
  }

  // Leading tokens of a segment that some row of rowLo..rowHi may see.
  private int visible(AttentionPlan plan, int s, int rowLo, int rowHi) {
    int length = segmentLength[s];
    if (plan.maskKind() != AttentionPlan.MaskKind.NONE) {
      return length;
    }
    int p = segmentPiece[s];
    int last = Math.min(rowHi, plan.pieceRowHi()[p] - 1);
    if (last < Math.max(rowLo, plan.pieceRowLo()[p])) {
      return 0;
    }
    int end = last - plan.pieceRowLo()[p] + plan.pieceCausal()[p] + 1 - segmentFirst[s];
    return Math.max(0, Math.min(length, end));
  }

  private void scores(
      int panel, int slot, int length, int dim, int firstQuery, int real, int column) {
    int q = firstQuery * dim;
    int cols = real == 1 ? Tiles.COLS1 : Tiles.COLS;
    int j = slot % PANEL;
    int done = 0;
    int at = panel;
    while (done < length) {
      int end = Math.min(PANEL, j + length - done);
      for (int c = j / cols * cols; c < end; c += cols) {
        boolean lead = c < j;
        float[] to = lead ? spare : scores;
        int index = lead ? 0 : column + done + c - j;
        if (real == 1) {
          AttentionTiles.scores1(keySource, at + c, dim, queries, q, side, to, index);
        } else if (real > Tiles.ROWS) {
          WideTile.scores8(keySource, at + c, dim, queries, q, to, index, LD);
        } else {
          AttentionTiles.scores4(keySource, at + c, dim, queries, q, side, to, index, LD);
        }
        if (lead) {
          int width = Math.min(end, c + cols) - j;
          for (int i = 0; i < real; i++) {
            System.arraycopy(spare, i * LD + j - c, scores, i * LD + column + done, width);
          }
        }
      }
      done += end - j;
      j = 0;
      at += dim * PANEL;
    }
  }

  // Scores of what a row does not see become NOTHING.
  private void hide(AttentionPlan plan, int s, int r, int length, int at) {
    int p = segmentPiece[s];
    switch (plan.maskKind()) {
      case NONE -> {
        int end = 0;
        if (plan.pieceRowLo()[p] <= r && r < plan.pieceRowHi()[p]) {
          end = r - plan.pieceRowLo()[p] + plan.pieceCausal()[p] + 1 - segmentFirst[s];
        }
        if (end < length) {
          Arrays.fill(scores, at + Math.max(0, end), at + length, NOTHING);
        }
      }
      case DENSE -> {
        byte[] mask = plan.denseMask();
        int m = r * plan.maskTokens() + plan.pieceToken()[p] + segmentFirst[s];
        for (int i = 0; i < length; i++) {
          if (mask[m + i] == 0) {
            scores[at + i] = NOTHING;
          }
        }
      }
      case BITS -> {
        long[] mask = plan.bitMask();
        int words = plan.maskWords();
        int m = (plan.pieceToken()[p] + segmentFirst[s]) * words + (r >> 6);
        for (int i = 0; i < length; i++) {
          if ((mask[m + i * words] >>> (r & 63) & 1) == 0) {
            scores[at + i] = NOTHING;
          }
        }
      }
    }
  }

  // Scores at scores[at...] become weights relative to the query's new maximum.
  private void softmax(int at, int columns, int query, int row) {
    float max = max(at, columns);
    if (max <= NOTHING) {
      Arrays.fill(scores, at, at + columns, 0);
      return;
    }
    float old = maxima[query];
    float whole = (float) Math.rint(max);
    if (!(whole <= old)) {
      maxima[query] = whole;
      if (old != NOTHING) {
        float f = powerOfTwo(old - whole);
        weights[query] *= f;
        for (int d = query * row; d < (query + 1) * row; d += L) {
          load(sums, d).mul(f).intoArray(sums, d);
        }
      }
      old = whole;
    }
    FloatVector shift = all(-old);
    // The last vector may run past the end; nothing reads what it leaves there.
    for (int i = 0; i < columns; i += L) {
      Lanes.exp2(load(scores, at + i), shift).intoArray(scores, at + i);
    }
  }

  private float max(int at, int n) {
    float m = NOTHING;
    int i = 0;
    if (n >= L) {
      FloatVector v = all(NOTHING);
      for (; i + L <= n; i += L) {
        v = v.max(load(scores, at + i));
      }
      m = v.reduceLanes(VectorOperators.MAX);
    }
    for (; i < n; i++) {
      m = Math.max(m, scores[at + i]);
    }
    return m;
  }

  // One chain a row in the order of tokens: hidden ones add an exact zero.
  private void addWeights(int at, int columns, int query, int real) {
    float a = weights[query];
    if (real == 1) {
      for (int i = 0; i < columns; i++) {
        a += scores[at + i];
      }
      weights[query] = a;
      return;
    }
    float b = weights[query + 1];
    float c = weights[query + 2];
    float d = weights[query + 3];
    for (int i = 0; i < columns; i++) {
      a += scores[at + i];
      b += scores[at + LD + i];
      c += scores[at + 2 * LD + i];
      d += scores[at + 3 * LD + i];
    }
    weights[query] = a;
    weights[query + 1] = b;
    weights[query + 2] = c;
    weights[query + 3] = d;
  }
}
