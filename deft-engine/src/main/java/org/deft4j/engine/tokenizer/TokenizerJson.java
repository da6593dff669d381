package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.engine.json.JsonObject;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/**
 * A {@code tokenizer.json} of the Hugging Face tokenizers library: byte-level BPE, BPE over pieces
 * with byte fallback, and unigram. Each step that it names (normalizers, pre-tokenizers, decoder)
 * is honoured or refused by name, so that no text is cut otherwise than by the original.
 */
public final class TokenizerJson implements TokenizerFile {
  private static final String PIECE_SPACE = "\u2581";

  private final Function<String, DeftException> bad;
  private final String kind;
  private final Vocabulary vocabulary;
  private final boolean addBos;
  private final TextSteps steps;
  private final boolean stripsPrefix;
  private final boolean fuseUnknown;
  private final boolean wholeWords;
  private final Merges merges;
  private final double[] scores;
  private final int listed;

  /**
   * Reads a file's text.
   *
   * @param roles what the model's other files say; what they leave open is read from here
   * @param bad makes an exception of a message
   */
  public TokenizerJson(String json, Roles roles, Function<String, DeftException> bad) {
    this.bad = bad;
    JsonObject all = JsonObject.read(json, bad);
    JsonObject model = all.object("model");
    kind = model.string("type", model.has("merges") ? "BPE" : "unknown");
    steps = new TextSteps(all.objectOrNull("normalizer"), all.objectOrNull("pre_tokenizer"));
    if (!kind.equals("BPE") && !kind.equals("Unigram")) {
      throw bad.apply("a tokenizer of type '" + kind + "' is not supported; known: BPE, Unigram");
    }
    if (steps.byteLevel && !kind.equals("BPE")) {
      throw bad.apply("a byte-level tokenizer that is no BPE is not supported");
    }
    for (String field : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      if (!model.string(field, "").isEmpty()) {
        throw bad.apply("a tokenizer with a " + field + " is not supported");
      }
    }
    List<JsonObject> added = all.has("added_tokens") ? all.objects("added_tokens") : List.of();
    Pieces pieces = kind.equals("BPE") ? ofMap(model, added) : ofList(model, added);
    listed = kind.equals("BPE") ? 0 : model.list("vocab").size();
    boolean fallback = model.bool("byte_fallback", false);
    for (int i = 0; i < pieces.text.length; i++) {
      if (pieces.text[i] == null) {
        pieces.text[i] = "[unused" + i + "]";
        pieces.kind[i] = Vocabulary.UNUSED;
      } else if (fallback && ByteTokens.byteOf(pieces.text[i]) >= 0) {
        pieces.kind[i] = Vocabulary.BYTE;
      }
    }
    int template = templateBos(all.objectOrNull("post_processor"), added);
    addBos = roles.addBos() != null ? roles.addBos() : template >= 0;
    vocabulary = vocabulary(pieces, added, roles, template, model);
    scores = pieces.scores;
    merges = kind.equals("BPE") ? merges(model) : new Merges(new String[0], new String[0]);
    wholeWords = model.bool("ignore_merges", false);
    fuseUnknown = model.bool("fuse_unk", false);
    stripsPrefix = stripsPrefix(all.objectOrNull("decoder"));
  }

  private record Pieces(@Nullable String[] text, int[] kind, double[] scores) {}

  private Pieces ofMap(JsonObject model, List<JsonObject> added) {
    JsonObject vocab = model.object("vocab");
    List<String> names = vocab.names();
    int size = names.size();
    int[] ids = new int[size];
    int largest = -1;
    for (int i = 0; i < size; i++) {
      ids[i] = vocab.integer(names.get(i), 0, Vocabulary.MAX_TOKENS - 1);
      largest = Math.max(largest, ids[i]);
    }
    Pieces p = pieces(largest, added);
    for (int i = 0; i < size; i++) {
      if (p.text[ids[i]] != null) {
        throw bad.apply("token " + ids[i] + " has two spellings");
      }
      p.text[ids[i]] = names.get(i);
    }
    return p;
  }

  private Pieces ofList(JsonObject model, List<JsonObject> added) {
    List<?> list = model.list("vocab");
    Pieces p = pieces(list.size() - 1, added);
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i) instanceof List<?> entry
          && entry.size() == 2
          && entry.get(0) instanceof String piece
          && entry.get(1) instanceof Number score) {
        p.text[i] = piece;
        p.scores[i] = score.doubleValue();
      } else {
        throw bad.apply("entry " + i + " of its vocabulary is no pair of piece and score");
      }
    }
    return p;
  }

  private Pieces pieces(int largest, List<JsonObject> added) {
    int last = largest;
    for (JsonObject a : added) {
      last = Math.max(last, a.integer("id", 0, Vocabulary.MAX_TOKENS - 1));
    }
    int size = last + 1;
    if (size < 1 || size > Vocabulary.MAX_TOKENS) {
      throw bad.apply("its vocabulary has " + size + " tokens");
    }
    int[] kind = new int[size];
    Arrays.fill(kind, Vocabulary.NORMAL);
    return new Pieces(new @Nullable String[size], kind, new double[size]);
  }

  private Vocabulary vocabulary(
      Pieces pieces, List<JsonObject> added, Roles roles, int template, JsonObject model) {
    int unknown = -1;
    if (model.has("unk_id")) {
      unknown = model.integer("unk_id", 0, pieces.text.length - 1);
    }
    String unknownText = model.string("unk_token", "");
    for (int i = 0; i < pieces.text.length && unknown < 0 && !unknownText.isEmpty(); i++) {
      unknown = unknownText.equals(pieces.text[i]) ? i : -1;
    }
    for (JsonObject a : added) {
      int id = a.integer("id", 0, Vocabulary.MAX_TOKENS - 1);
      if (a.bool("single_word", false)) {
        throw bad.apply("the added token " + id + " matches whole words only: not supported");
      }
      pieces.text[id] = a.string("content");
      pieces.kind[id] = a.bool("special", false) ? Vocabulary.CONTROL : Vocabulary.USER_DEFINED;
    }
    if (unknown >= 0) {
      // Matched in prompts only if it is an added token.
      boolean matched = pieces.kind[unknown] != Vocabulary.NORMAL;
      pieces.kind[unknown] = matched ? Vocabulary.UNKNOWN : Vocabulary.UNUSED;
    }
    int n = pieces.text.length;
    String[] text = new String[n];
    for (int i = 0; i < n; i++) {
      text[i] = java.util.Objects.requireNonNull(pieces.text[i]);
    }
    Vocabulary v =
        new Vocabulary(
            text,
            pieces.kind,
            role("bos", roles.bos() >= 0 ? roles.bos() : template, n),
            role("eos", roles.eos(), n),
            unknown);
    for (JsonObject a : added) {
      int id = a.integer("id", 0, n - 1);
      v.swallowsBefore.set(id, a.bool("lstrip", false));
      v.swallowsAfter.set(id, a.bool("rstrip", false));
    }
    return v;
  }

  private int role(String name, int id, int tokens) {
    if (id >= tokens) {
      throw bad.apply("its " + name + " token is " + id + ", but it has " + tokens + " tokens");
    }
    return id;
  }

  private Merges merges(JsonObject model) {
    List<?> list = model.list("merges");
    String[] left = new String[list.size()];
    String[] right = new String[list.size()];
    for (int i = 0; i < left.length; i++) {
      switch (list.get(i)) {
        case String s -> {
          int cut = s.indexOf(' ', 1);
          left[i] = cut < 0 ? s : s.substring(0, cut);
          right[i] = cut < 0 ? "" : s.substring(cut + 1);
        }
        case List<?> pair
            when pair.size() == 2
                && pair.get(0) instanceof String a
                && pair.get(1) instanceof String b -> {
          left[i] = a;
          right[i] = b;
        }
        case null, default -> throw bad.apply("merge " + i + " of its tokenizer is no pair");
      }
    }
    return new Merges(left, right);
  }

  /** The token that the template puts before a text, or -1. */
  private int templateBos(@Nullable JsonObject processor, List<JsonObject> added) {
    if (processor == null) {
      return -1;
    }
    switch (processor.string("type", "")) {
      case "Sequence" -> {
        int found = -1;
        for (JsonObject p : processor.objects("processors")) {
          found = Math.max(found, templateBos(p, added));
        }
        return found;
      }
      case "TemplateProcessing" -> {
        List<JsonObject> single = processor.objects("single");
        JsonObject first = single.isEmpty() ? null : single.getFirst().objectOrNull("SpecialToken");
        if (first == null) {
          return -1;
        }
        String text = first.string("id");
        for (JsonObject a : added) {
          if (a.string("content").equals(text)) {
            return a.integer("id", 0, Vocabulary.MAX_TOKENS - 1);
          }
        }
        throw bad.apply("its template begins with '" + text + "', which is no added token");
      }
      default -> {
        return -1;
      }
    }
  }

  private boolean stripsPrefix(@Nullable JsonObject decoder) {
    if (decoder == null) {
      return false;
    }
    return switch (decoder.string("type", "")) {
      case "Sequence" -> decoder.objects("decoders").stream().anyMatch(this::stripsPrefix);
      case "Strip" -> decoder.integer("start", 0, 100, 0) > 0;
      case "Metaspace" ->
          !decoder.string("prepend_scheme", "always").equals("never")
              && decoder.bool("add_prefix_space", true);
      default -> false;
    };
  }

  @Override
  public TokenCodec codec() {
    if (steps.byteLevel) {
      return new ByteLevelBpe(
          vocabulary,
          addBos,
          steps.normalizer,
          Pretokenizer.of(steps.patterns, wholeWords, bad),
          merges,
          bad);
    }
    if (!steps.patterns.isEmpty()) {
      throw bad.apply("patterns in a tokenizer that is not byte-level are not supported");
    }
    if (kind.equals("BPE")) {
      return new PieceBpe(
          vocabulary,
          addBos,
          steps.normalizer,
          steps.splitWords,
          stripsPrefix,
          fuseUnknown,
          merges,
          bad);
    }
    // The original's dictionary holds all that its list names, whatever the kind.
    return new Unigram(
        vocabulary,
        addBos,
        steps.normalizer,
        steps.splitWords,
        stripsPrefix,
        scores,
        i -> i < listed,
        bad);
  }

  @Override
  public void describe(GgufBuilder file, int rows) {
    if (steps.byteLevel) {
      vocabulary.describe(file, "gpt2", addBos, rows);
      List<String> lines =
          java.util.stream.IntStream.range(0, merges.size())
              .mapToObj(i -> merges.left()[i] + " " + merges.right()[i])
              .toList();
      String pre =
          Pretokenizer.of(steps.patterns, wholeWords, bad)
              .ggufName()
              .orElseThrow(
                  () -> bad.apply("GGUF has no name for the patterns of its pre-tokenizer"));
      file.put("tokenizer.ggml.merges", lines).put("tokenizer.ggml.pre", pre);
      return;
    }
    vocabulary.describe(file, kind.equals("BPE") ? "llama" : "t5", addBos, rows);
    float[] out = new float[Math.max(rows, vocabulary.size())];
    if (kind.equals("BPE")) {
      // SentencePiece merges the best score first, and each way to make a piece is a merge.
      Map<String, Integer> first = new java.util.HashMap<>();
      for (int i = 0; i < merges.size(); i++) {
        first.putIfAbsent(merges.left()[i] + merges.right()[i], i);
      }
      for (int i = 0; i < vocabulary.size(); i++) {
        out[i] = -first.getOrDefault(vocabulary.text[i], merges.size());
      }
    } else {
      for (int i = 0; i < scores.length; i++) {
        out[i] = (float) scores[i];
      }
    }
    file.put("tokenizer.ggml.scores", out)
        .put(
            "tokenizer.ggml.add_space_prefix",
            steps.normalizer.apply("a", true).startsWith(PIECE_SPACE));
  }

  /** What happens to text before merging. */
  private final class TextSteps {
    private final java.util.List<String> patterns = new java.util.ArrayList<>();
    private Normalizer normalizer = Normalizer.NONE;
    private boolean byteLevel;
    private boolean splitWords;

    TextSteps(@Nullable JsonObject normalizers, @Nullable JsonObject preTokenizers) {
      if (normalizers != null) {
        normalize(normalizers);
      }
      if (preTokenizers != null) {
        preTokenize(preTokenizers);
      }
    }

    private void normalize(JsonObject n) {
      String type = n.string("type");
      switch (type) {
        case "Sequence" -> n.objects("normalizers").forEach(this::normalize);
        case "NFC" -> unicode(java.text.Normalizer.Form.NFC);
        case "NFD" -> unicode(java.text.Normalizer.Form.NFD);
        case "NFKC" -> unicode(java.text.Normalizer.Form.NFKC);
        case "NFKD" -> unicode(java.text.Normalizer.Form.NFKD);
        case "Prepend" -> {
          String prefix = n.string("prepend");
          normalizer = normalizer.then((text, first) -> prefix + text);
        }
        case "Replace" -> {
          String from = n.object("pattern").string("String");
          String to = n.string("content");
          if (from.isEmpty()) {
            throw bad.apply("a normalizer replaces nothing by something");
          }
          normalizer = normalizer.then((text, first) -> text.replace(from, to));
        }
        default -> throw bad.apply("the normalizer '" + type + "' is not supported");
      }
    }

    private void unicode(java.text.Normalizer.Form form) {
      // Below the first combining mark, and for compatibility forms below the first of Latin-1,
      // nothing changes; most text lies there.
      int safe = form == java.text.Normalizer.Form.NFC ? 0x300 : 0x80;
      normalizer =
          normalizer.then((text, first) -> {
            for (int i = 0; i < text.length(); i++) {
              if (text.charAt(i) >= safe) {
                return java.text.Normalizer.isNormalized(text, form)
                    ? text
                    : java.text.Normalizer.normalize(text, form);
              }
            }
            return text;
          });
    }

    private void preTokenize(JsonObject p) {
      String type = p.string("type");
      switch (type) {
        case "Sequence" -> p.objects("pretokenizers").forEach(this::preTokenize);
        case "Split" -> {
          String behavior = p.string("behavior");
          if (p.bool("invert", false) || !behavior.equalsIgnoreCase("isolated")) {
            throw bad.apply("a split with behavior '" + behavior + "' is not supported");
          }
          JsonObject pattern = p.object("pattern");
          patterns.add(
              pattern.has("Regex")
                  ? pattern.string("Regex")
                  : java.util.regex.Pattern.quote(pattern.string("String")));
        }
        case "Digits" -> patterns.add(p.bool("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
        case "ByteLevel" -> {
          byteLevel = true;
          if (p.bool("add_prefix_space", true)) {
            if (!patterns.isEmpty()) {
              throw bad.apply("a space before every word is not supported");
            }
            normalizer = normalizer.then((text, first) -> text.startsWith(" ") ? text : " " + text);
          }
          if (p.bool("use_regex", true)) {
            patterns.add(Pretokenizer.GPT2);
          }
        }
        case "Metaspace" -> metaspace(p);
        default -> throw bad.apply("the pre-tokenizer '" + type + "' is not supported");
      }
    }

    private void metaspace(JsonObject p) {
      String mark = p.string("replacement", PIECE_SPACE);
      if (!mark.equals(PIECE_SPACE)) {
        throw bad.apply("words marked by '" + mark + "' are not supported");
      }
      String scheme =
          p.string("prepend_scheme", p.bool("add_prefix_space", true) ? "always" : "never");
      splitWords = p.bool("split", true);
      normalizer =
          normalizer.then((text, first) -> {
            String t = text.replace(" ", mark);
            boolean prepend = scheme.equals("always") || (scheme.equals("first") && first);
            return prepend && !t.startsWith(mark) ? mark + t : t;
          });
    }
  }
}
