package org.deft4j.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.deft4j.tree.constrain.TokenMasks;
import org.deft4j.tree.decode.Capabilities;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.DecoderStats;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;
import org.deft4j.tree.plan.IoLedger;
import org.jspecify.annotations.Nullable;

/**
 * A {@link TreeDecoder} over a {@link ScriptedModel}, for tests of what drives a decoder. It keeps
 * the contract strictly: what the contract forbids, or {@link Capabilities} lacks, throws.
 */
public final class ScriptedDecoder implements TreeDecoder {
  /** Key-value bytes that a token is said to take. */
  public static final int TOKEN_BYTES = 16;

  private final TokenCodec codec;
  private final ScriptedModel model;
  private final Capabilities capabilities;
  private final Map<NodeId, Node> nodes = new LinkedHashMap<>();
  private final List<Node> roots = new ArrayList<>();
  private long nextId;
  private long steps;
  private long rows;
  private long decoded;
  private long prefilled;
  private long reused;
  private IoLedger io = IoLedger.ZERO;
  private boolean stepping;
  private boolean closed;

  /** A decoder that can do everything, with 4,096 leaves and a context of 65,536 tokens. */
  public ScriptedDecoder(TokenCodec codec, ScriptedModel model) {
    this(codec, model, new Capabilities(true, true, true, true, true, 4096, 65_536));
  }

  /** A decoder with only these capabilities. */
  public ScriptedDecoder(TokenCodec codec, ScriptedModel model, Capabilities capabilities) {
    this.codec = codec;
    this.model = model;
    this.capabilities = capabilities;
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public TokenCodec codec() {
    return codec;
  }

  @Override
  public NodeId root(int[] prompt) {
    requireOpen();
    requireTokens(prompt);
    if (prompt.length > capabilities.contextLength()) {
      throw new IllegalArgumentException(
          prompt.length + " tokens exceed the context of " + capabilities.contextLength());
    }
    Node node = new Node(new NodeId(nextId++), null, 0);
    node.append(prompt);
    int shared = roots.stream().mapToInt(r -> commonPrefix(r, prompt)).max().orElse(0);
    // The last token is always computed: its logits are needed.
    node.computed = Math.min(shared, prompt.length - 1);
    reused += node.computed;
    nodes.put(node.id, node);
    roots.add(node);
    return node.id;
  }

  private static int commonPrefix(Node root, int[] prompt) {
    int most = Math.min(root.computed, prompt.length);
    int n = Arrays.mismatch(root.tokens, 0, most, prompt, 0, most);
    return n < 0 ? most : n;
  }

  @Override
  public List<NodeId> fork(NodeId id, int atToken, int n) {
    Node node = node(id);
    int least = node.parent == null ? 1 : 0;
    if (atToken < least || atToken > node.length || n < 1) {
      throw new IllegalArgumentException(
          "cannot fork "
              + id
              + " of "
              + node.length
              + " tokens at "
              + atToken
              + ", "
              + n
              + " times");
    }
    if (atToken != node.length && !capabilities.forkInside()) {
      throw new UnsupportedOperationException("this decoder forks at the end of a node only");
    }
    List<NodeId> ids = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      Node child = new Node(new NodeId(nextId++), node, atToken);
      node.children.add(child);
      nodes.put(child.id, child);
      ids.add(child.id);
    }
    return ids;
  }

  @Override
  public void extend(NodeId leaf, int[] tokens, boolean logProbs) {
    if (logProbs && !capabilities.logProbs()) {
      throw new UnsupportedOperationException("this decoder gives no log-probabilities");
    }
    Node node = idle(leaf);
    requireTokens(tokens);
    if (node.pathLength() + tokens.length > capabilities.contextLength()) {
      throw new IllegalArgumentException(
          tokens.length + " more tokens exceed the context of " + capabilities.contextLength());
    }
    node.request = new Request.Extend(node.length, logProbs);
    node.append(tokens);
  }

  @Override
  public void choices(NodeId leaf, int[] tokens) {
    if (!capabilities.choices()) {
      throw new UnsupportedOperationException("this decoder has no choices");
    }
    Node node = idle(leaf);
    requireTokens(tokens);
    node.request = new Request.Choices(tokens.clone());
  }

  @Override
  public void decode(NodeId leaf, DecodeSpec spec) {
    Node node = idle(leaf);
    long live = nodes.values().stream().filter(x -> x.request instanceof Request.Decode).count();
    if (live >= capabilities.maxLeaves()) {
      throw new IllegalStateException(
          "more than " + capabilities.maxLeaves() + " branches would decode at once");
    }
    TokenMasks.Position position =
        spec.constraint() == null
            ? null
            : new TokenMasks(spec.constraint(), new TokenMasks.Vocabulary(codec)).begin();
    node.request = new Request.Decode(spec, node.pathLength(), position);
  }

  @Override
  public void cancel(NodeId leaf) {
    Node node = node(leaf);
    node.cancelled = node.request != null;
  }

  @Override
  public void seal(NodeId leaf) {
    idle(leaf).sealed = true;
  }

  @Override
  public void release(NodeId subtree) {
    Node node = node(subtree);
    if (node.parent == null) {
      roots.remove(node);
    } else {
      node.parent.children.remove(node);
    }
    forget(node);
  }

  private void forget(Node node) {
    nodes.remove(node.id);
    node.children.forEach(this::forget);
  }

  @Override
  public void demote(NodeId id, double priority) {
    requireDemote();
    if (anyBusy(node(id))) {
      throw new IllegalStateException(id + " has busy nodes below it");
    }
  }

  private static boolean anyBusy(Node node) {
    return node.request != null || node.children.stream().anyMatch(ScriptedDecoder::anyBusy);
  }

  @Override
  public int restore(NodeId id) {
    requireDemote();
    node(id);
    return 0;
  }

  @Override
  public long kvBytesPerToken() {
    return TOKEN_BYTES;
  }

  private void requireDemote() {
    if (!capabilities.demote()) {
      throw new UnsupportedOperationException("this decoder evicts nothing");
    }
  }

  @Override
  public int[] tokens(NodeId node) {
    Node n = node(node);
    return Arrays.copyOf(n.tokens, n.length);
  }

  @Override
  public int length(NodeId node) {
    return node(node).length;
  }

  @Override
  public int pathLength(NodeId node) {
    return node(node).pathLength();
  }

  @Override
  public boolean busy() {
    requireOpen();
    return nodes.values().stream().anyMatch(n -> n.request != null);
  }

  @Override
  public int step(Consumer<? super DecodeEvent> events) {
    requireOpen();
    if (stepping) {
      throw new IllegalStateException("step called from an event");
    }
    List<Node> live = new ArrayList<>();
    roots.forEach(root -> collectBusy(root, live));
    if (live.isEmpty()) {
      return 0;
    }
    steps++;
    long before = rows;
    List<DecodeEvent> happened = new ArrayList<>();
    Map<Node, Integer> read = new LinkedHashMap<>();
    for (Node node : live) {
      answer(node, read, happened);
    }
    long tokens = read.values().stream().mapToLong(Integer::longValue).sum();
    io = io.plus(new IoLedger(tokens, tokens * TOKEN_BYTES, rows - before, 0, 0, 0));
    stepping = true;
    try {
      happened.forEach(events);
    } finally {
      stepping = false;
    }
    return (int) (rows - before);
  }

  private static void collectBusy(Node node, List<Node> live) {
    if (node.request != null) {
      live.add(node);
    }
    node.children.forEach(child -> collectBusy(child, live));
  }

  private void answer(Node node, Map<Node, Integer> read, List<DecodeEvent> happened) {
    Request request = node.request;
    if (node.cancelled) {
      node.request = null;
      node.cancelled = false;
      Request.Decode d = request instanceof Request.Decode x ? x : null;
      happened.add(
          new DecodeEvent.Finished(
              node.id,
              FinishReason.CANCELLED,
              d == null ? 0 : d.sampled,
              d == null ? 0 : d.logProb));
      return;
    }
    compute(node, node.length);
    markRead(node, node.length, read);
    switch (request) {
      case Request.Extend e -> {
        node.request = null;
        happened.add(new DecodeEvent.Extended(node.id, extended(node, e)));
      }
      case Request.Choices c -> {
        rows++;
        node.request = null;
        double[] all = next(node.path(), node.pathLength(), -1);
        float[] chosen = new float[c.tokens.length];
        for (int i = 0; i < chosen.length; i++) {
          chosen[i] = (float) all[c.tokens[i]];
        }
        happened.add(new DecodeEvent.Chosen(node.id, c.tokens.clone(), chosen));
      }
      case Request.Decode d -> decodeOne(node, d, happened);
      case null -> throw new IllegalStateException(node.id + " is not busy");
    }
  }

  private float[] extended(Node node, Request.Extend e) {
    if (!e.logProbs) {
      return new float[0];
    }
    int[] path = node.path();
    int first = path.length - (node.length - e.from);
    float[] logProbs = new float[path.length - first];
    for (int i = 0; i < logProbs.length; i++) {
      int at = first + i;
      logProbs[i] = at == 0 ? 0 : (float) next(Arrays.copyOf(path, at), at, -1)[path[at]];
    }
    return logProbs;
  }

  private void decodeOne(Node node, Request.Decode d, List<DecodeEvent> happened) {
    FinishReason reason = null;
    if (node.pathLength() >= capabilities.contextLength()) {
      reason = FinishReason.CONTEXT_FULL;
    } else {
      int[] path = node.path();
      double[] logProbs = next(path, d.from, d.spec.stream());
      TokenMasks.Position at = d.position;
      if (at != null && at.stuck()) {
        node.request = null;
        happened.add(
            new DecodeEvent.Finished(node.id, FinishReason.CONSTRAINT, d.sampled, d.logProb));
        return;
      }
      double[] allowed = at == null ? logProbs : allowed(logProbs, at, d.spec);
      int token = ScriptedSampler.sample(allowed, path, d.spec);
      node.append(token);
      node.computed = node.length - 1;
      rows++;
      decoded++;
      d.sampled++;
      d.logProb += (float) logProbs[token];
      happened.add(new DecodeEvent.Sampled(node.id, token, (float) logProbs[token], path.length));
      int[] mine = Arrays.copyOfRange(node.path(), d.from, path.length + 1);
      String text = codec.decode(mine);
      if (d.spec.stopTokens().contains(token)) {
        reason = FinishReason.STOP_TOKEN;
      } else if (d.spec.stopStrings().stream().anyMatch(text::contains)) {
        reason = FinishReason.STOP_STRING;
      } else if (at != null && (!at.accept(codec.bytes(token)) || at.stuck())) {
        reason = FinishReason.CONSTRAINT;
      } else if (d.sampled >= d.spec.maxTokens()) {
        reason = FinishReason.MAX_TOKENS;
      } else if (node.pathLength() >= capabilities.contextLength()) {
        reason = FinishReason.CONTEXT_FULL;
      }
    }
    if (reason != null) {
      node.request = null;
      happened.add(new DecodeEvent.Finished(node.id, reason, d.sampled, d.logProb));
    }
  }

  private double[] allowed(double[] logProbs, TokenMasks.Position at, DecodeSpec spec) {
    double[] some = new double[logProbs.length];
    Arrays.fill(some, Double.NEGATIVE_INFINITY);
    at.allowed().stream().forEach(t -> some[t] = logProbs[t]);
    if (at.mayEnd()) {
      spec.stopTokens().forEach(t -> some[t] = logProbs[t]);
      codec.endOfSequence().ifPresent(t -> some[t] = logProbs[t]);
    }
    // A real model gives every token some weight; one that gives none to all allowed has no choice.
    if (Arrays.stream(some).allMatch(p -> p == Double.NEGATIVE_INFINITY)) {
      at.allowed().stream().forEach(t -> some[t] = 0);
    }
    return some;
  }

  private double[] next(int[] path, int from, long stream) {
    return ScriptedSampler.normalise(model.logProbs(path, from, stream));
  }

  /**
   * Computes what is not yet computed of a path; sampled tokens are counted where they are made.
   */
  private void compute(Node node, int upTo) {
    if (node.parent != null) {
      compute(node.parent, node.atToken);
    }
    int fresh = Math.max(0, upTo - node.computed);
    node.computed = Math.max(node.computed, upTo);
    if (!(node.request instanceof Request.Decode d && d.sampled > 0)) {
      prefilled += fresh;
      rows += fresh;
    }
  }

  private static void markRead(Node node, int upTo, Map<Node, Integer> read) {
    read.merge(node, upTo, Math::max);
    if (node.parent != null) {
      markRead(node.parent, node.atToken, read);
    }
  }

  @Override
  public DecoderStats stats() {
    long held = nodes.values().stream().mapToLong(n -> n.length).sum();
    long alone =
        nodes.values().stream().filter(n -> n.children.isEmpty()).mapToLong(Node::pathLength).sum();
    return new DecoderStats(
        steps,
        rows,
        decoded,
        prefilled,
        reused,
        0,
        held * TOKEN_BYTES,
        Math.max(0, alone - held) * TOKEN_BYTES,
        io);
  }

  @Override
  public void close() {
    closed = true;
    nodes.clear();
    roots.clear();
  }

  /** How many nodes exist: a test of leaks. */
  public int nodeCount() {
    return nodes.size();
  }

  /** How many branches the next step advances: for tests of steps that are too wide. */
  public long busyCount() {
    return nodes.values().stream().filter(n -> n.request != null).count();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the decoder is closed");
    }
  }

  private void requireTokens(int[] tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("at least one token is needed");
    }
    for (int token : tokens) {
      if (token < 0 || token >= codec.vocabularySize()) {
        throw new IllegalArgumentException("no token " + token);
      }
    }
  }

  private Node node(NodeId id) {
    requireOpen();
    Node node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("no " + id);
    }
    return node;
  }

  private Node idle(NodeId id) {
    Node node = node(id);
    if (node.request != null) {
      throw new IllegalStateException(id + " is busy");
    }
    if (node.sealed) {
      throw new IllegalStateException(id + " is sealed");
    }
    return node;
  }

  /** What a busy node waits for. */
  private abstract static sealed class Request {
    static final class Extend extends Request {
      final int from;
      final boolean logProbs;

      Extend(int from, boolean logProbs) {
        this.from = from;
        this.logProbs = logProbs;
      }
    }

    static final class Choices extends Request {
      final int[] tokens;

      Choices(int[] tokens) {
        this.tokens = tokens;
      }
    }

    static final class Decode extends Request {
      final DecodeSpec spec;
      final int from;
      int sampled;
      double logProb;
      final TokenMasks.@Nullable Position position;

      Decode(DecodeSpec spec, int from, TokenMasks.@Nullable Position position) {
        this.spec = spec;
        this.from = from;
        this.position = position;
      }
    }
  }

  /** A run of tokens below a point of its parent. */
  private static final class Node {
    final NodeId id;
    final @Nullable Node parent;
    final int atToken;
    final List<Node> children = new ArrayList<>();
    int[] tokens = new int[8];
    int length;
    int computed;
    boolean sealed;
    boolean cancelled;
    @Nullable Request request;

    Node(NodeId id, @Nullable Node parent, int atToken) {
      this.id = id;
      this.parent = parent;
      this.atToken = atToken;
    }

    void append(int... more) {
      if (length + more.length > tokens.length) {
        tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, length + more.length));
      }
      System.arraycopy(more, 0, tokens, length, more.length);
      length += more.length;
    }

    int pathLength() {
      return above() + length;
    }

    private int above() {
      return parent == null ? 0 : parent.above() + atToken;
    }

    int[] path() {
      int above = above();
      int[] path = new int[above + length];
      System.arraycopy(tokens, 0, path, above, length);
      int end = above;
      int keep = atToken;
      for (Node n = parent; n != null; n = n.parent) {
        System.arraycopy(n.tokens, 0, path, end - keep, keep);
        end -= keep;
        keep = n.atToken;
      }
      return path;
    }
  }
}
