package org.deft4j.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.model.ModelConfig;
import org.deft4j.engine.model.Transformer;
import org.deft4j.engine.sample.LogitsConstraint;
import org.deft4j.engine.sample.StopStrings;
import org.deft4j.engine.source.GgufSource;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Backends;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.ModelPart;
import org.deft4j.kernels.cpu.WeightFiles;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.decode.Capabilities;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.DecoderStats;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;

/**
 * A language model that decodes a forest on this machine.
 *
 * <p>Tokens are computed when a request needs them: a prompt with the first request below it, the
 * last token of a branch with the next request there. Requests at one place of a path share what is
 * computed, and logits at a place where a branch forked are kept, so that later forks there choose
 * their first token without a forward pass. A step computes a row for each decoding branch and
 * fills up with prompts and extensions to {@link EngineOptions#chunk()} rows.
 *
 * <p>When keys and values find no room, demoted nodes and then cached prompts lose theirs; when
 * that is not enough, the call throws {@link DeftException} with the code {@code OUT_OF_MEMORY}; so
 * does a step for which the backend's device has no memory. A {@link #step} that throws it has told
 * all events of what did happen, and may be called again once something was released or less is
 * asked for: what it did not answer is computed again.
 */
public final class TreeEngine implements TreeDecoder {
  private static final int MAX_LEAVES = 4096;

  private final ModelSource file;
  private final TokenCodec codec;
  private final Forest forest;
  private final Stepper stepper;
  private final Constraints constraints;
  private final Capabilities capabilities;
  private final Map<NodeId, Node> nodes = new HashMap<>();
  private List<Node> live = new ArrayList<>();
  private List<Node> spare = new ArrayList<>();
  private long nextId;
  private long reused;
  private boolean stepping;
  private boolean closed;
  private final boolean cutAtWindow;

  private TreeEngine(ModelSource file, EngineOptions options, Backend backend) {
    this.file = file;
    codec = file.tokenizer();
    Transformer model = new Transformer(file, backend);
    ModelConfig c = model.config();
    if (codec.vocabularySize() > c.vocabulary()) {
      throw file.metadata()
          .unsupported(
              "its tokenizer has "
                  + codec.vocabularySize()
                  + " tokens, its embedding only "
                  + c.vocabulary());
    }
    int longest = c.context(backend.parts().contains(ModelPart.SLIDING_WINDOW));
    cutAtWindow = longest < c.context();
    int context = options.contextLimit() == 0 ? longest : Math.min(longest, options.contextLimit());
    KvType asked = options.kvType();
    KvType kvType = asked != null ? asked : backend.kvType(model.matrixType());
    KvShape one = new KvShape(c.layers(), c.kvHeads(), c.headDim(), 1, kvType);
    int pages = KvMemory.pages(options, one, context, backend.freeMemory());
    constraints = new Constraints(codec);
    PagePool pool = new PagePool(options.pageSize(), pages);
    forest = new Forest(pool);
    stepper = new Stepper(options, backend, model, forest, kvType, codec.vocabularySize(), context);
    capabilities =
        new Capabilities(true, true, true, true, options.deterministic(), MAX_LEAVES, context);
  }

  /**
   * Opens a model.
   *
   * @throws DeftException {@code MODEL_NOT_FOUND}, {@code UNSUPPORTED_MODEL}, {@code
   *     BACKEND_UNAVAILABLE} or {@code OUT_OF_MEMORY}, saying what to do
   * @throws IllegalArgumentException for an unknown backend
   */
  public static TreeEngine open(EngineOptions options) {
    return open(ModelSource.open(options.model()), options);
  }

  /** Opens a model file that is open already; the engine closes it, at once if it cannot open. */
  public static TreeEngine open(GgufFile file, EngineOptions options) {
    return open(new GgufSource(file), options);
  }

  /** Opens a model that is open already; the engine closes it, at once if it cannot open. */
  public static TreeEngine open(ModelSource file, EngineOptions options) {
    boolean done = false;
    Backend backend;
    try {
      WeightFiles weights = MappedWeights.of(file, options).orElse(null);
      backend = backend(options, weights, Transformer.config(file).traits().needs());
      done = true;
    } finally {
      if (!done) {
        file.close();
      }
    }
    return open(file, options, backend);
  }

  /**
   * Opens a model on a backend that is open already, for instance one that is watched; the engine
   * closes both, at once if it cannot open.
   */
  public static TreeEngine open(ModelSource file, EngineOptions options, Backend backend) {
    boolean done = false;
    try {
      TreeEngine engine = new TreeEngine(file, options, backend);
      done = true;
      return engine;
    } finally {
      if (!done) {
        backend.close();
        file.close();
      }
    }
  }

  /**
   * As {@link #open(ModelSource, EngineOptions, Backend)}, of a model file that is open already.
   */
  public static TreeEngine open(GgufFile file, EngineOptions options, Backend backend) {
    return open(new GgufSource(file), options, backend);
  }

  /** The model's description: its chat template, sampling defaults and the like. */
  public GgufMetadata metadata() {
    return file.metadata();
  }

  /** Opens the backend that the options name, with repacked weights in memory. */
  public static Backend backend(EngineOptions options) {
    return backend(options, null, Set.of());
  }

  private static Backend backend(
      EngineOptions options, @Nullable WeightFiles weights, Set<ModelPart> needs) {
    return Backends.select(
        options.backend(),
        BackendOptions.defaults()
            .withThreads(options.threads())
            .withDeterministic(options.deterministic())
            .withInt8Activations(options.int8Activations())
            .withWeightFiles(weights),
        needs,
        Backends.providers());
  }

  /**
   * Groups attention by another method from the next step on. All methods compute the same, so it
   * may change in the middle of a tree; {@code sequence} copies the paths of live branches once.
   */
  public void attention(AttentionMethod method) {
    requireOpen();
    stepper.attention(method);
  }

  /**
   * Whether a pass may be begun before the tokens of the one before are read, as it is by default
   * where the backend can do that. Without it each call of {@link #step} is one pass, begun and
   * ended in it, for who measures single steps; a pass that is on its way is told by the next call.
   */
  public void ahead(boolean on) {
    requireOpen();
    stepper.ahead(on);
  }

  /** What this engine runs. */
  public EngineInfo info() {
    return stepper.info(file.name());
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public TokenCodec codec() {
    return codec;
  }

  // --- the tree ---

  @Override
  public NodeId root(int[] prompt) {
    requireOpen();
    requireTokens(prompt);
    requireContext(prompt.length);
    int known = forest.match(prompt);
    int segment = forest.root(prompt);
    reused += known;
    Node node = new Node(new NodeId(nextId++), null, 0, segment, new EndPoint());
    node.length = prompt.length;
    nodes.put(node.id, node);
    return node.id;
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
    int at = forest.at(node.segment, node.base + atToken);
    EndPoint end = atToken == node.length ? node.end : new EndPoint();
    end.shared = true;
    List<NodeId> ids = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      Node child = new Node(new NodeId(nextId++), node, node.base + atToken, forest.child(at), end);
      node.children.add(child);
      nodes.put(child.id, child);
      ids.add(child.id);
    }
    return ids;
  }

  @Override
  public void seal(NodeId leaf) {
    idle(leaf).sealed = true;
  }

  @Override
  public void release(NodeId subtree) {
    Node top = node(subtree);
    if (top.parent != null) {
      top.parent.children.remove(top);
    }
    for (Node n : subtree(top)) {
      nodes.remove(n.id);
      n.request = null;
      n.refill = false;
      forest.release(n.segment);
    }
  }

  /** A node and all below it, parents first. */
  private static List<Node> subtree(Node top) {
    List<Node> all = new ArrayList<>();
    ArrayDeque<Node> stack = new ArrayDeque<>();
    stack.push(top);
    while (!stack.isEmpty()) {
      Node n = stack.pop();
      all.add(n);
      n.children.forEach(stack::push);
    }
    return all;
  }

  @Override
  public void demote(NodeId id, double priority) {
    List<Node> all = subtree(node(id));
    for (Node n : all) {
      if (n.request != null || n.refill) {
        throw new IllegalStateException("cannot demote " + id + ": " + n.id + " is busy");
      }
    }
    for (Node n : all) {
      forest.demote(n.segment, priority);
    }
  }

  @Override
  public int restore(NodeId id) {
    Node node = node(id);
    int lost = stepper.restore(node);
    if (lost > 0 && !node.refill) {
      node.refill = true;
      list(node);
    }
    return lost;
  }

  @Override
  public int lost(NodeId id) {
    return stepper.lost(node(id));
  }

  @Override
  public long kvBytesPerToken() {
    return stepper.kvBytesPerToken();
  }

  @Override
  public int[] tokens(NodeId id) {
    Node node = node(id);
    return forest.pathTokens(node.segment, node.base, node.pathLength());
  }

  /** All tokens from the root to a node's end, in order. */
  public int[] path(NodeId id) {
    Node node = node(id);
    return forest.pathTokens(node.segment, 0, node.pathLength());
  }

  @Override
  public int length(NodeId id) {
    return node(id).length;
  }

  @Override
  public int pathLength(NodeId id) {
    return node(id).pathLength();
  }

  // --- requests ---

  @Override
  public void extend(NodeId leaf, int[] tokens, boolean logProbs) {
    Node node = idle(leaf);
    requireTokens(tokens);
    requireContext(node.pathLength() + tokens.length);
    stepper.restore(node);
    node.segment = forest.writable(node.segment);
    forest.append(node.segment, tokens, 0, tokens.length);
    begin(node, new Request.Extend(node.pathLength(), tokens.clone(), node.end, logProbs));
    node.grown(tokens.length);
  }

  @Override
  public void choices(NodeId leaf, int[] tokens) {
    Node node = idle(leaf);
    requireTokens(tokens);
    stepper.restore(node);
    begin(node, new Request.Choices(tokens.clone()));
  }

  @Override
  public void decode(NodeId leaf, DecodeSpec spec) {
    decode(leaf, spec, spec.constraint() == null ? null : constraints.begin(spec));
  }

  /**
   * Samples as {@link #decode(NodeId, DecodeSpec)} under a constraint.
   *
   * @param constraint belongs to this branch from now on; null for none
   */
  public void decode(NodeId leaf, DecodeSpec spec, @Nullable LogitsConstraint constraint) {
    Node node = idle(leaf);
    for (int t : spec.logitBias().keySet()) {
      requireTokens(t);
    }
    stepper.restore(node);
    StopStrings stops =
        spec.stopStrings().isEmpty() ? null : new StopStrings(spec.stopStrings(), codec);
    begin(node, new Request.Decode(spec, stops, constraint));
  }

  private void begin(Node node, Request request) {
    node.request = request;
    node.ready = false;
    node.waits = false;
    list(node);
  }

  private void list(Node node) {
    if (!node.listed) {
      node.listed = true;
      live.add(node);
    }
  }

  @Override
  public void cancel(NodeId leaf) {
    Node node = node(leaf);
    node.cancelled = node.request != null;
  }

  @Override
  public boolean busy() {
    requireOpen();
    for (Node n : live) {
      if (n.request != null || n.refill) {
        return true;
      }
    }
    return false;
  }

  // --- steps ---

  @Override
  public int step(Consumer<? super DecodeEvent> events) {
    requireOpen();
    if (stepping) {
      throw new IllegalStateException("step called from an event");
    }
    spare.clear();
    for (Node n : live) {
      n.listed = n.request != null || n.refill;
      if (n.listed) {
        spare.add(n);
      }
    }
    List<Node> busy = spare;
    spare = live;
    live = busy;
    if (busy.isEmpty()) {
      return 0;
    }
    busy.sort(Comparator.comparingLong(n -> n.id.value()));
    int rows = stepper.step(busy);
    stepping = true;
    try {
      for (DecodeEvent e : stepper.answers().take()) {
        // An event before may have released the node.
        if (nodes.containsKey(e.node())) {
          events.accept(e);
        }
      }
    } finally {
      stepping = false;
    }
    stepper.rethrow();
    return rows;
  }

  @Override
  public DecoderStats stats() {
    requireOpen();
    return stepper.stats(reused);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    nodes.clear();
    live.clear();
    try {
      stepper.close();
    } finally {
      // A lost device says so once more when it is closed.
      file.close();
    }
  }

  // --- checks ---

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the engine is closed");
    }
  }

  private void requireTokens(int... tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("at least one token is needed");
    }
    for (int t : tokens) {
      if (t < 0 || t >= codec.vocabularySize()) {
        throw new IllegalArgumentException(
            "token " + t + " is outside the vocabulary of " + codec.vocabularySize());
      }
    }
  }

  private void requireContext(int length) {
    if (length > capabilities.contextLength()) {
      throw new IllegalArgumentException(
          "a path of "
              + length
              + " tokens exceeds the context of "
              + capabilities.contextLength()
              + " tokens"
              + (cutAtWindow
                  ? ", which ends with the model's sliding window on this backend; --backend panama"
                      + " goes on"
                  : ""));
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

  /** A node that may be asked something. */
  private Node idle(NodeId id) {
    Node node = node(id);
    if (node.request != null) {
      throw new IllegalStateException(id + " is busy");
    }
    if (node.sealed) {
      throw new IllegalStateException(id + " is sealed");
    }
    if (live.size() >= MAX_LEAVES && !node.listed) {
      throw new IllegalStateException("more than " + MAX_LEAVES + " branches at once");
    }
    return node;
  }
}
