package org.deft4j.runtime.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jdk.jfr.AnnotationElement;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.EventFactory;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.ValueDescriptor;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;
import org.jspecify.annotations.Nullable;

/**
 * Tells Java Flight Recorder what searches do: an event {@code deft.NAME} for each {@link
 * SearchEvent}, with the fields of the trace; what has no field type there (lists, objects) is a
 * text of JSON. Costs nothing while nobody records.
 */
final class FlightEvents implements SearchListener {
  private static final Map<String, Kind> KINDS = new ConcurrentHashMap<>();

  /** A kind of event: its factory and its fields. */
  private record Kind(EventFactory factory, List<String> fields, List<Class<?>> types) {}

  private FlightEvents() {}

  /** A listener, or {@link SearchListener#NONE} where the recorder was never started. */
  static SearchListener listener() {
    return FlightRecorder.isInitialized() ? new FlightEvents() : SearchListener.NONE;
  }

  @Override
  public void on(SearchEvent event) {
    Map<String, Object> map = EventJson.write(event, 0);
    map.remove("event");
    map.remove("t");
    String name = EventJson.name(event);
    Kind kind = KINDS.computeIfAbsent(name, _ -> kind(name));
    Event flight = kind.factory().newEvent();
    if (!flight.shouldCommit()) {
      return;
    }
    for (int i = 0; i < kind.fields().size(); i++) {
      flight.set(i, value(map.get(kind.fields().get(i)), kind.types().get(i)));
    }
    flight.commit();
  }

  private static @Nullable Object value(@Nullable Object v, Class<?> type) {
    if (type == long.class) {
      return v instanceof Number n ? n.longValue() : -1L;
    }
    if (type == double.class) {
      return v instanceof Number n ? n.doubleValue() : Double.NaN;
    }
    if (type == boolean.class) {
      return v instanceof Boolean b && b;
    }
    return v == null || v instanceof String ? v : JsonWriter.line(v);
  }

  private static Kind kind(String name) {
    List<String> fields = new ArrayList<>();
    List<Class<?>> types = new ArrayList<>();
    for (String field : FIELDS.getOrDefault(name, "").split(" ")) {
      if (!field.isEmpty()) {
        String[] parts = field.split(":");
        fields.add(parts[0]);
        types.add(
            switch (parts[1]) {
              case "n" -> long.class;
              case "x" -> double.class;
              case "b" -> boolean.class;
              default -> String.class;
            });
      }
    }
    List<ValueDescriptor> values = new ArrayList<>();
    for (int i = 0; i < fields.size(); i++) {
      values.add(new ValueDescriptor(types.get(i), fields.get(i)));
    }
    List<AnnotationElement> annotations =
        List.of(
            new AnnotationElement(Name.class, "deft." + name),
            new AnnotationElement(Label.class, name),
            new AnnotationElement(Category.class, new String[] {"DeFT", "Search"}),
            new AnnotationElement(StackTrace.class, false));
    return new Kind(EventFactory.create(annotations, values), fields, types);
  }

  /** Fields by event: n an integer, x a number, b true or false, s a text or JSON. */
  private static final Map<String, String> FIELDS =
      Map.ofEntries(
          Map.entry("Started", "problem:s seed:n evaluator:s joint:b canPropose:b proves:b"),
          Map.entry("Asked", "slots:n asks:s costs:s"),
          Map.entry("Stepped", "live:n decoded:n nodes:n step:n kvBytes:n kvBytesShared:n"),
          Map.entry("TokenBatch", "samples:s"),
          Map.entry("ThoughtAdded", "ask:n thought:s tokens:s cut:b"),
          Map.entry("Scored", "ask:n thought:n value:x variance:x samples:n solved:b source:s"),
          Map.entry("Closed", "ask:n results:n why:s limit:s"),
          Map.entry("Selected", "thought:n answer:s value:x"),
          Map.entry("Pruned", "thought:n why:s"),
          Map.entry("Demoted", "thought:n revisitValue:x"),
          Map.entry("Evicted", "thought:n tokens:n"),
          Map.entry("Restored", "thought:n tokens:n"),
          Map.entry(
              "BudgetSpent",
              "decodeTokens:n evaluatorTokens:n prefillTokens:n reusedTokens:n nodes:n"),
          Map.entry("SoftLimit", "limit:s"),
          Map.entry("Paused", ""),
          Map.entry("Resumed", "replayed:n"),
          Map.entry(
              "Finished",
              "stopped:s answer:s best:s value:x solved:b covered:b error:x treeHash:s nodes:n"
                  + " depth:n maxWidth:n steps:n kvByteSeconds:x seconds:x"));
}
