package org.deft4j.engine.source;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.json.JsonObject;
import org.deft4j.engine.tokenizer.SentencePieceModel;
import org.deft4j.engine.tokenizer.TokenizerFile;
import org.deft4j.engine.tokenizer.TokenizerJson;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/**
 * A model as Hugging Face lays it out: {@code config.json}, {@code model.safetensors} or several
 * with an index, {@code tokenizer.json} or {@code tokenizer.model}, and what goes with them.
 */
public final class HfFolder implements ModelSource {
  private static final long MAX_TEXT = 256L << 20;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path folder;
  private final Arena arena;
  private final HfConfig config;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
  private final TokenizerFile.Roles roles;
  private final List<Path> files = new ArrayList<>();
  private long size;

  private HfFolder(Path folder, Arena arena) {
    this.folder = folder;
    this.arena = arena;
    JsonObject json = json("config.json");
    config = new HfConfig(json);
    GgufBuilder meta = new GgufBuilder();
    float[] factors = config.describe(meta, name(folder));
    takeTensors();
    if (factors != null) {
      MemorySegment data = arena.allocate(4L * factors.length, 4);
      MemorySegment.copy(factors, 0, data, FLOAT, 0, factors.length);
      int n = factors.length;
      List<Long> shape = List.of((long) n);
      String tensor =
          config.architecture().equals("phi3") ? "rope_factors_short.weight" : "rope_freqs.weight";
      tensors.put(tensor, new GgufTensor(tensor, TensorType.F32, n, 1, shape, data));
    }
    @Nullable JsonObject generation = optional("generation_config.json");
    @Nullable JsonObject tokenizer = optional("tokenizer_config.json");
    roles = describeText(meta, json, generation, tokenizer);
    metadata = meta.metadata(folder.toString());
  }

  /**
   * Maps and checks a folder.
   *
   * @throws DeftException {@code MODEL_NOT_FOUND} if something is missing, {@code
   *     UNSUPPORTED_MODEL} if it is broken or of a kind that is not supported
   */
  @SuppressWarnings("MustBeClosedChecker") // Owned by the model, or closed below.
  public static HfFolder open(Path folder) {
    Arena arena = Arena.ofShared();
    boolean done = false;
    try {
      HfFolder model = new HfFolder(folder, arena);
      done = true;
      return model;
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  /** The folder's name; of a snapshot in the hub's cache the repository's. */
  private static String name(Path folder) {
    Path full = folder.toAbsolutePath().normalize();
    for (Path p = full; p != null && p.getFileName() != null; p = p.getParent()) {
      String s = p.getFileName().toString();
      if (s.startsWith("models--")) {
        return s.substring(s.lastIndexOf("--") + 2);
      }
    }
    return String.valueOf(full.getFileName());
  }

  // --- files ---

  private DeftException bad(String file, String what) {
    return new DeftException(DeftException.UNSUPPORTED_MODEL, folder.resolve(file) + ": " + what);
  }

  private byte[] bytes(String file) {
    Path path = folder.resolve(file);
    try {
      long n = Files.size(path);
      if (n > MAX_TEXT) {
        throw bad(file, "has " + n + " bytes; at most " + MAX_TEXT + " are read");
      }
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND,
          path
              + (Files.exists(path)
                  ? ": cannot be read: " + e.getMessage()
                  : ": no such file; a model folder needs config.json and *.safetensors"),
          e);
    }
  }

  private String text(String file) {
    return new String(bytes(file), java.nio.charset.StandardCharsets.UTF_8);
  }

  private JsonObject json(String file) {
    return JsonObject.read(text(file), what -> bad(file, what));
  }

  private @Nullable JsonObject optional(String file) {
    return Files.exists(folder.resolve(file)) ? json(file) : null;
  }

  private void takeTensors() {
    String index = "model.safetensors.index.json";
    TreeSet<String> files = new TreeSet<>();
    Map<String, String> places = new LinkedHashMap<>();
    if (Files.exists(folder.resolve(index))) {
      JsonObject map = json(index).object("weight_map");
      for (String tensor : map.names()) {
        String file = map.string(tensor);
        if (!file.matches("[A-Za-z0-9._-]+\\.safetensors")) {
          throw bad(index, "names the file '" + file + "', which is no file of this folder");
        }
        files.add(file);
        places.put(tensor, file);
      }
    } else {
      files.add("model.safetensors");
    }
    for (String file : files) {
      if (!Files.exists(folder.resolve(file))) {
        throw new DeftException(
            DeftException.MODEL_NOT_FOUND, folder.resolve(file) + ": no such file");
      }
      this.files.add(folder.resolve(file));
      Map<String, GgufTensor> found = Safetensors.map(folder.resolve(file), arena);
      for (GgufTensor t : found.values()) {
        if (!places.isEmpty() && !file.equals(places.remove(t.name()))) {
          throw bad(file, "holds tensor '" + t.name() + "', which the index places elsewhere");
        }
        size += t.data().byteSize();
        String name = config.tensorName(t.name());
        if (name != null && tensors.put(name, renamed(t, name, file)) != null) {
          throw bad(file, "holds tensor '" + name + "' for the second time");
        }
      }
    }
    if (!places.isEmpty()) {
      throw bad(index, "names tensor '" + places.keySet().iterator().next() + "', found nowhere");
    }
  }

  private GgufTensor renamed(GgufTensor t, String name, String file) {
    if (!config.countsFromOne(name)) {
      return new GgufTensor(name, t.type(), t.columns(), t.rows(), t.dimensions(), t.data());
    }
    // GGUF files have the one in their weights.
    if (t.rows() != 1 || t.type() != TensorType.F32 && !t.type().name().endsWith("F16")) {
      throw bad(file, "tensor '" + t.name() + "' is no vector of floats");
    }
    float[] v = new float[t.columns()];
    new Weights(WeightType.valueOf(t.type().name()), 1, v.length, t.data()).decodeRow(0, v, 0);
    MemorySegment data = arena.allocate(4L * v.length, 4);
    for (int i = 0; i < v.length; i++) {
      data.setAtIndex(FLOAT, i, 1 + v[i]);
    }
    return new GgufTensor(name, TensorType.F32, t.columns(), 1, t.dimensions(), data);
  }

  // --- text ---

  private TokenizerFile.Roles describeText(
      GgufBuilder meta,
      JsonObject config,
      @Nullable JsonObject generation,
      @Nullable JsonObject tokenizer) {
    List<Integer> eos = HfConfig.ids(config.get("eos_token_id"));
    if (generation != null && generation.has("eos_token_id")) {
      eos = HfConfig.ids(generation.get("eos_token_id"));
    }
    List<Integer> bos = HfConfig.ids(config.get("bos_token_id"));
    Boolean addBos = null;
    if (tokenizer != null) {
      if (tokenizer.has("add_bos_token")) {
        addBos = tokenizer.bool("add_bos_token", false);
      }
      if (tokenizer.get("chat_template") instanceof String template) {
        meta.put("tokenizer.chat_template", template);
      } else if (tokenizer.get("chat_template") instanceof List<?>) {
        for (JsonObject t : tokenizer.objects("chat_template")) {
          if (t.string("name").equals("default")) {
            meta.put("tokenizer.chat_template", t.string("template"));
          }
        }
      }
      for (String role : List.of("bos_token", "eos_token")) {
        Object token = tokenizer.get(role);
        if (token instanceof Map<?, ?> map) {
          token = map.get("content");
        }
        if (token instanceof String s) {
          meta.put("deft." + role, s);
        }
      }
    }
    if (Files.exists(folder.resolve("chat_template.jinja"))) {
      meta.put("tokenizer.chat_template", text("chat_template.jinja"));
    }
    if (generation != null) {
      sampling(meta, generation);
    }
    if (!eos.isEmpty()) {
      meta.put("tokenizer.ggml.eos_token_id", eos.getFirst());
    }
    if (eos.size() > 1) {
      meta.put("deft.eos_token_ids", eos.stream().mapToInt(i -> i).toArray());
    }
    return new TokenizerFile.Roles(
        bos.isEmpty() ? -1 : bos.getFirst(), eos.isEmpty() ? -1 : eos.getFirst(), addBos);
  }

  private static void sampling(GgufBuilder meta, JsonObject generation) {
    if (!generation.bool("do_sample", true)) {
      meta.put("general.sampling.temp", 0f);
      return;
    }
    if (generation.has("temperature")) {
      meta.put("general.sampling.temp", (float) generation.real("temperature"));
    }
    if (generation.has("top_k")) {
      meta.put("general.sampling.top_k", generation.integer("top_k", 0, 1 << 20));
    }
    if (generation.has("top_p")) {
      meta.put("general.sampling.top_p", (float) generation.real("top_p"));
    }
  }

  /** The tokenizer's file, for {@link #tokenizer} and for converting. */
  public TokenizerFile tokenizerFile() {
    if (Files.exists(folder.resolve("tokenizer.json"))) {
      return new TokenizerJson(text("tokenizer.json"), roles, what -> bad("tokenizer.json", what));
    }
    if (Files.exists(folder.resolve("tokenizer.model"))) {
      return new SentencePieceModel(
          bytes("tokenizer.model"), roles, what -> bad("tokenizer.model", what));
    }
    throw new DeftException(
        DeftException.MODEL_NOT_FOUND,
        folder + ": neither tokenizer.json nor tokenizer.model is there");
  }

  @Override
  public TokenCodec tokenizer() {
    return tokenizerFile().codec();
  }

  @Override
  public String name() {
    return folder.toString();
  }

  @Override
  public List<Path> files() {
    return Collections.unmodifiableList(files);
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public GgufMetadata metadata() {
    return metadata;
  }

  @Override
  public Collection<GgufTensor> tensors() {
    return Collections.unmodifiableCollection(tensors.values());
  }

  @Override
  public @Nullable GgufTensor tensor(String name) {
    return tensors.get(name);
  }

  @Override
  public boolean halfSplit() {
    return true;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
