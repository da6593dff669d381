package org.deft4j.engine.chat;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A model's chat template: Jinja source that turns a conversation into a prompt. Immutable.
 *
 * <p>Rendered as the transformers library does: {@code trim_blocks} and {@code lstrip_blocks}, JSON
 * as Python writes it, {@code raise_exception} and {@code strftime_now}. A construct that is not
 * supported is a {@link TemplateException} that names it and its line.
 */
public final class ChatTemplate {
  private static final int MAX_SOURCE = 1 << 20;
  private static final int MAX_RANGE = 100_000;

  private final List<Node> nodes;
  private final String bos;
  private final String eos;
  private final Supplier<LocalDateTime> clock;

  /**
   * Parses a template.
   *
   * @param bos text of the begin-of-sequence token, empty if there is none
   * @param eos text of the end-of-sequence token
   * @throws TemplateException if it is broken or uses what is not supported
   */
  public ChatTemplate(String source, String bos, String eos) {
    this(source, bos, eos, LocalDateTime::now);
  }

  ChatTemplate(String source, String bos, String eos, Supplier<LocalDateTime> clock) {
    if (source.length() > MAX_SOURCE) {
      throw new TemplateException(0, "has " + source.length() + " characters");
    }
    try {
      nodes = Parser.parse(source);
    } catch (StackOverflowError e) {
      throw new TemplateException(0, "is nested too deep");
    }
    this.bos = bos;
    this.eos = eos;
    this.clock = clock;
  }

  /** The template of a model, if it brings one. */
  public static Optional<ChatTemplate> of(GgufMetadata meta, TokenCodec codec) {
    if (!meta.has("tokenizer.chat_template")) {
      return Optional.empty();
    }
    return Optional.of(
        new ChatTemplate(
            meta.string("tokenizer.chat_template"),
            special(meta, "bos", codec.beginOfSequence()),
            special(meta, "eos", codec.endOfSequence())));
  }

  private static String special(GgufMetadata meta, String role, java.util.OptionalInt id) {
    String named = meta.string("deft." + role + "_token", "");
    if (!named.isEmpty() || id.isEmpty() || !meta.has("tokenizer.ggml.tokens")) {
      return named;
    }
    return meta.stringAt("tokenizer.ggml.tokens", id.getAsInt());
  }

  /**
   * The prompt of a conversation.
   *
   * @param addGenerationPrompt whether the beginning of the model's answer is added
   * @param more further variables, for instance {@code enable_thinking}; values as JSON has them
   * @throws TemplateException if the template refuses the conversation
   */
  public String render(
      List<ChatMessage> messages, boolean addGenerationPrompt, Map<String, ?> more) {
    List<Object> list = new ArrayList<>();
    for (ChatMessage m : messages) {
      Map<Object, Object> map = new LinkedHashMap<>();
      map.put("role", m.role());
      map.put("content", m.content());
      list.add(map);
    }
    return renderValues(list, addGenerationPrompt, more);
  }

  /** As {@link #render}, of messages with any fields. */
  String renderValues(List<?> messages, boolean addGenerationPrompt, Map<String, ?> more) {
    Map<String, Object> globals = new HashMap<>();
    globals.put("bos_token", bos);
    globals.put("eos_token", eos);
    globals.put("namespace", (Values.Function) ChatTemplate::namespace);
    globals.put(
        "dict", (Values.Function) (a, named, line) -> new LinkedHashMap<Object, Object>(named));
    globals.put("range", (Values.Function) ChatTemplate::range);
    globals.put(
        "raise_exception",
        (Values.Function)
            (a, named, line) -> {
              throw new TemplateException(
                  0, "refuses this conversation: " + Values.text(a.getFirst()));
            });
    globals.put(
        "strftime_now",
        (Values.Function) (a, named, line) -> time(Methods.string(a, 0, line), line));
    globals.put("messages", Values.of(messages));
    globals.put("add_generation_prompt", addGenerationPrompt);
    more.forEach((name, value) -> globals.put(name, Values.of(value)));
    try {
      return Interpreter.render(nodes, globals);
    } catch (StackOverflowError e) {
      throw new TemplateException(0, "is nested too deep");
    }
  }

  private static Object namespace(List<Object> a, Map<String, Object> named, int line) {
    Map<String, Object> attributes = new HashMap<>(named);
    if (!a.isEmpty()) {
      throw new TemplateException(line, "namespace with arguments without names is not supported");
    }
    return new Values.Namespace(attributes);
  }

  private static Object range(List<Object> a, Map<String, Object> named, int line) {
    long[] n = new long[a.size()];
    for (int i = 0; i < n.length; i++) {
      if (!(a.get(i) instanceof Long v)) {
        throw new TemplateException(line, "range of " + Values.kind(a.get(i)));
      }
      n[i] = v;
    }
    if (n.length < 1 || n.length > 3 || (n.length == 3 && n[2] == 0)) {
      throw new TemplateException(line, "such a range is not supported");
    }
    long from = n.length == 1 ? 0 : n[0];
    long to = n.length == 1 ? n[0] : n[1];
    long step = n.length == 3 ? n[2] : 1;
    List<Object> out = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      if (out.size() >= MAX_RANGE) {
        throw new TemplateException(line, "a range of more than " + MAX_RANGE);
      }
      out.add(i);
    }
    return out;
  }

  private Object time(String format, int line) {
    LocalDateTime now = clock.get();
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char f = format.charAt(++i);
      String pattern =
          switch (f) {
            case 'd' -> "dd";
            case 'm' -> "MM";
            case 'Y' -> "uuuu";
            case 'y' -> "uu";
            case 'b' -> "MMM";
            case 'B' -> "MMMM";
            case 'a' -> "EEE";
            case 'A' -> "EEEE";
            case 'H' -> "HH";
            case 'I' -> "hh";
            case 'M' -> "mm";
            case 'S' -> "ss";
            case 'p' -> "a";
            case 'j' -> "DDD";
            case '%' -> "'%'";
            default ->
                throw new TemplateException(line, "the time format '%" + f + "' is not supported");
          };
      out.append(now.format(DateTimeFormatter.ofPattern(pattern, Locale.US)));
    }
    return out.toString();
  }
}
