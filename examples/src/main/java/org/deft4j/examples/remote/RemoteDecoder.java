package org.deft4j.examples.remote;

import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.deft4j.tree.DeftException;
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
 * A decoder whose model is behind an OpenAI-compatible server. The tree is kept here, as bytes; a
 * branch is a request with the text of its whole path, and whether the server shares prefixes is
 * its own affair. It says in {@link #capabilities} what it lacks: probabilities and eviction.
 * Strategies and evaluators that need them refuse, all others run.
 */
public final class RemoteDecoder implements TreeDecoder {
  private final URI server;
  private final String model;
  private final Capabilities capabilities;
  private final ByteCodec codec = new ByteCodec();
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<NodeId, Node> nodes = new HashMap<>();
  private final Queue<DecodeEvent> answers = new ArrayDeque<>();
  private final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
  private long made;
  private long steps;
  private long decoded;
  private long sent;

  /** A run of bytes below a point of its parent. */
  private static final class Node {
    final NodeId id;
    final @Nullable Node parent;
    final int above;
    int[] tokens = new int[0];
    boolean sealed;
    @Nullable DecodeSpec spec;
    @Nullable Completion completion;
    boolean extending;
    int sampled;

    Node(NodeId id, @Nullable Node parent, int above) {
      this.id = id;
      this.parent = parent;
      this.above = above;
    }

    boolean busy() {
      return completion != null || extending;
    }

    void append(int... more) {
      int had = tokens.length;
      tokens = Arrays.copyOf(tokens, had + more.length);
      System.arraycopy(more, 0, tokens, had, more.length);
    }
  }

  private record Heard(Node node, Completion by, Completion.Piece piece) {}

  /**
   * A decoder; nothing is sent before it is needed.
   *
   * @param server for instance {@code http://localhost:8080}
   * @param model as the server calls it
   * @param atOnce most requests at a time
   * @param contextBytes longest path in bytes; a model's tokens are some four bytes of English
   */
  public RemoteDecoder(URI server, String model, int atOnce, int contextBytes) {
    this.server = server;
    this.model = model;
    this.capabilities = new Capabilities(true, false, false, false, false, atOnce, contextBytes);
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public TokenCodec codec() {
    return codec;
  }

  private Node node(NodeId id) {
    Node node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("no " + id);
    }
    return node;
  }

  private Node idle(NodeId id) {
    Node node = node(id);
    if (node.busy() || node.sealed) {
      throw new IllegalStateException(id + (node.sealed ? " is sealed" : " is busy"));
    }
    return node;
  }

  private Node add(@Nullable Node parent, int at) {
    Node node = new Node(new NodeId(made++), parent, parent == null ? 0 : parent.above + at);
    nodes.put(node.id, node);
    return node;
  }

  @Override
  public NodeId root(int[] prompt) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a prompt needs a token");
    }
    Node root = add(null, 0);
    root.append(prompt);
    return root.id;
  }

  @Override
  public List<NodeId> fork(NodeId id, int atToken, int n) {
    Node parent = node(id);
    int least = parent.parent == null ? 1 : 0;
    if (atToken < least || atToken > parent.tokens.length || n < 1) {
      throw new IllegalArgumentException(
          "cannot fork %d at token %d of %s".formatted(n, atToken, id));
    }
    List<NodeId> leaves = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      leaves.add(add(parent, atToken).id);
    }
    return leaves;
  }

  @Override
  public void extend(NodeId leaf, int[] tokens, boolean logProbs) {
    if (logProbs) {
      throw lacks("probabilities of given tokens");
    }
    Node node = idle(leaf);
    node.append(tokens);
    node.extending = true;
    answers.add(new DecodeEvent.Extended(leaf, new float[0]));
  }

  @Override
  public void choices(NodeId leaf, int[] tokens) {
    throw lacks("probabilities of choices");
  }

  private static DeftException lacks(String what) {
    return new DeftException(DeftException.USAGE, "a remote model gives no " + what);
  }

  @Override
  public void decode(NodeId leaf, DecodeSpec spec) {
    if (spec.constraint() != null) {
      throw lacks("way to constrain what it writes");
    }
    Node node = idle(leaf);
    int[] path = path(node);
    sent += path.length;
    node.spec = spec;
    node.sampled = 0;
    List<Completion> self = new ArrayList<>(1);
    Completion completion =
        new Completion(
            client,
            server,
            model,
            codec.decode(path),
            spec,
            piece -> heard.add(new Heard(node, self.getFirst(), piece)));
    self.add(completion);
    node.completion = completion;
    Thread.ofVirtual().start(completion);
  }

  private static int[] path(Node node) {
    int[] path = new int[node.above + node.tokens.length];
    int end = path.length;
    for (Node n = node; n != null; n = n.parent) {
      System.arraycopy(n.tokens, 0, path, n.above, end - n.above);
      end = n.above;
    }
    return path;
  }

  @Override
  public void cancel(NodeId leaf) {
    Node node = node(leaf);
    if (node.completion != null) {
      answers.add(finish(node, FinishReason.CANCELLED));
    }
  }

  private static DecodeEvent finish(Node node, FinishReason reason) {
    if (node.completion != null) {
      node.completion.cancel();
    }
    node.completion = null;
    return new DecodeEvent.Finished(node.id, reason, node.sampled, Double.NaN);
  }

  @Override
  public void seal(NodeId leaf) {
    idle(leaf).sealed = true;
  }

  @Override
  public void release(NodeId subtree) {
    Node top = node(subtree);
    List<Node> gone = nodes.values().stream().filter(n -> within(n, top)).toList();
    for (Node n : gone) {
      finish(n, FinishReason.CANCELLED);
      nodes.remove(n.id);
    }
    answers.removeIf(e -> !nodes.containsKey(e.node()));
  }

  private static boolean within(Node node, Node top) {
    for (Node n = node; n != null; n = n.parent) {
      if (n == top) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void demote(NodeId node, double priority) {
    throw lacks("eviction");
  }

  @Override
  public int restore(NodeId node) {
    throw lacks("eviction");
  }

  @Override
  public int[] tokens(NodeId node) {
    return node(node).tokens.clone();
  }

  @Override
  public int length(NodeId node) {
    return node(node).tokens.length;
  }

  @Override
  public int pathLength(NodeId node) {
    return node(node).above + length(node);
  }

  @Override
  public boolean busy() {
    return !answers.isEmpty() || nodes.values().stream().anyMatch(Node::busy);
  }

  /** Waits until something came, and takes all that has. */
  @Override
  public int step(Consumer<? super DecodeEvent> events) {
    if (!busy()) {
      return 0;
    }
    steps++;
    List<DecodeEvent> out = new ArrayList<>(answers);
    answers.clear();
    out.forEach(e -> node(e.node()).extending = false);
    long before = decoded;
    try {
      for (Heard h = out.isEmpty() ? heard.take() : heard.poll(); h != null; h = heard.poll()) {
        if (h.node().completion == h.by()) {
          take(h.node(), h.piece(), out);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeftException(DeftException.RUNTIME, "interrupted while waiting for " + server, e);
    }
    out.forEach(events);
    return (int) (decoded - before);
  }

  private void take(Node node, Completion.Piece piece, List<DecodeEvent> out) {
    switch (piece) {
      case Completion.Piece.Text t -> {
        for (int token : codec.encode(t.text())) {
          if (node.completion != null) {
            sample(node, token, out);
          }
        }
      }
      case Completion.Piece.End end -> {
        if (end.byItself()) {
          sample(node, ByteCodec.END, out);
        }
        if (node.completion != null) {
          out.add(finish(node, FinishReason.MAX_TOKENS));
        }
      }
      case Completion.Piece.Failed f ->
          throw new DeftException(DeftException.RUNTIME, server + ": " + f.why());
    }
  }

  /** Takes a token and ends the branch where its stops or limits say so. */
  private void sample(Node node, int token, List<DecodeEvent> out) {
    DecodeSpec spec = Objects.requireNonNull(node.spec);
    node.append(token);
    node.sampled++;
    decoded++;
    int length = node.above + node.tokens.length;
    out.add(new DecodeEvent.Sampled(node.id, token, Float.NaN, length - 1));
    if (token == ByteCodec.END || spec.stopTokens().contains(token)) {
      out.add(finish(node, FinishReason.STOP_TOKEN));
    } else if (spec.stopStrings().stream().anyMatch(s -> endsWith(node, s))) {
      out.add(finish(node, FinishReason.STOP_STRING));
    } else if (node.sampled >= spec.maxTokens()) {
      out.add(finish(node, FinishReason.MAX_TOKENS));
    } else if (length >= capabilities.contextLength()) {
      out.add(finish(node, FinishReason.CONTEXT_FULL));
    }
  }

  private boolean endsWith(Node node, String stop) {
    int[] bytes = codec.encode(stop);
    int from = node.tokens.length - bytes.length;
    return bytes.length <= node.sampled
        && Arrays.equals(bytes, Arrays.copyOfRange(node.tokens, from, node.tokens.length));
  }

  /** Every request sends its whole path; what the server computes of it is not known here. */
  @Override
  public DecoderStats stats() {
    return new DecoderStats(steps, decoded + sent, decoded, sent, 0, 0, 0, 0, IoLedger.ZERO);
  }

  @Override
  public void close() {
    nodes.values().forEach(n -> finish(n, FinishReason.CANCELLED));
    nodes.clear();
    client.shutdownNow();
  }
}
