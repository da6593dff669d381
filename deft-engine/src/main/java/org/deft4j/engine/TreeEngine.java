package org.deft4j.engine;

import java.util.List;
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
  private final NodeTree tree;
  private final BusyNodes busy = new BusyNodes();
  private final RequestLimits limits;
  private boolean stepping;
  private boolean closed;

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
    int context = options.contextLimit() == 0 ? longest : Math.min(longest, options.contextLimit());
    KvType asked = options.kvType();
    KvType kvType = asked != null ? asked : backend.kvType(model.matrixType());
    KvShape one = new KvShape(c.layers(), c.kvHeads(), c.headDim(), 1, kvType);
    int pages = KvMemory.pages(options, one, context, backend.freeMemory());
    constraints = new Constraints(codec);
    PagePool pool = new PagePool(options.pageSize(), pages);
    forest = new Forest(pool);
    tree = new NodeTree(forest);
    stepper = new Stepper(options, backend, model, forest, kvType, codec.vocabularySize(), context);
    capabilities =
        new Capabilities(true, true, true, true, options.deterministic(), MAX_LEAVES, context);
    limits = new RequestLimits(codec.vocabularySize(), context, longest < c.context());
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
    limits.requireTokens(prompt);
    limits.requireContext(prompt.length);
    return tree.root(prompt);
  }

  @Override
  public List<NodeId> fork(NodeId id, int atToken, int n) {
    return tree.fork(node(id), atToken, n);
  }

  @Override
  public void seal(NodeId leaf) {
    idle(leaf).sealed = true;
  }

  @Override
  public void release(NodeId subtree) {
    tree.release(node(subtree));
  }

  @Override
  public void demote(NodeId id, double priority) {
    tree.demote(node(id), priority);
  }

  @Override
  public int restore(NodeId id) {
    Node node = node(id);
    int lost = stepper.restore(node);
    if (lost > 0 && !node.refill) {
      node.refill = true;
      busy.add(node);
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
    limits.requireTokens(tokens);
    limits.requireContext(node.pathLength() + tokens.length);
    stepper.restore(node);
    node.segment = forest.writable(node.segment);
    forest.append(node.segment, tokens, 0, tokens.length);
    begin(node, new Request.Extend(node.pathLength(), tokens.clone(), node.end, logProbs));
    node.grown(tokens.length);
  }

  @Override
  public void choices(NodeId leaf, int[] tokens) {
    Node node = idle(leaf);
    limits.requireTokens(tokens);
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
      limits.requireTokens(t);
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
    busy.add(node);
  }

  @Override
  public void cancel(NodeId leaf) {
    Node node = node(leaf);
    node.cancelled = node.request != null;
  }

  @Override
  public boolean busy() {
    requireOpen();
    return busy.any();
  }

  // --- steps ---

  @Override
  public int step(Consumer<? super DecodeEvent> events) {
    requireOpen();
    if (stepping) {
      throw new IllegalStateException("step called from an event");
    }
    List<Node> now = busy.now();
    if (now.isEmpty()) {
      return 0;
    }
    int rows = stepper.step(now);
    stepping = true;
    try {
      for (DecodeEvent e : stepper.answers().take()) {
        // An event before may have released the node.
        if (tree.contains(e.node())) {
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
    return stepper.stats(tree.reused());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    tree.clear();
    busy.clear();
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

  private Node node(NodeId id) {
    requireOpen();
    return tree.node(id);
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
    if (busy.size() >= MAX_LEAVES && !node.listed) {
      throw new IllegalStateException("more than " + MAX_LEAVES + " branches at once");
    }
    return node;
  }
}
