package org.deft4j.runtime.trace;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;

/** Events as JSON objects; the form is in {@code docs/traces.md}. */
public final class EventJson {
  private EventJson() {}

  /** The event's name, as in its field {@code event}. */
  public static String name(SearchEvent event) {
    return event.getClass().getSimpleName();
  }

  /**
   * An event as an object.
   *
   * @param micros since the search began
   */
  public static Map<String, Object> write(SearchEvent event, long micros) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("event", name(event));
    map.put("t", micros);
    switch (event) {
      case SearchEvent.Started s -> {
        StrategyContext c = s.context();
        map.put("problem", s.problem().text());
        map.put("seed", c.seed());
        map.put("evaluator", c.evaluator());
        map.put("joint", c.joint());
        map.put("canPropose", c.canPropose());
        map.put("proves", c.proves());
      }
      case SearchEvent.Asked a -> {
        map.put("slots", a.slots());
        map.put("asks", a.asks().stream().map(AskJson::write).toList());
        if (!a.costs().isEmpty()) {
          List<List<Long>> costs = new ArrayList<>();
          new TreeMap<>(a.costs()).forEach((k, v) -> costs.add(List.of(k, (long) v)));
          map.put("costs", costs);
        }
      }
      case SearchEvent.Stepped s -> {
        map.put("live", s.live());
        map.put("decoded", s.decoded());
        map.put("nodes", s.nodes());
        map.put("step", s.step());
        map.put("kvBytes", s.kvBytes());
        map.put("kvBytesShared", s.kvBytesShared());
      }
      case SearchEvent.TokenBatch b ->
          map.put(
              "samples",
              b.samples().stream().map(s -> List.of(s.branch(), (long) s.token())).toList());
      case SearchEvent.ThoughtAdded t -> {
        map.put("ask", t.ask());
        map.put("thought", ThoughtJson.write(t.thought()));
        map.put("tokens", t.tokens());
        map.put("cut", t.cut());
      }
      case SearchEvent.Scored s -> {
        map.put("ask", s.ask());
        map.put("thought", s.thought());
        ThoughtJson.write(map, s.score());
      }
      case SearchEvent.Closed c -> {
        map.put("ask", c.ask());
        map.put("results", c.results());
        map.put("why", c.why().name().toLowerCase(Locale.ROOT));
        c.limit().ifPresent(limit -> map.put("limit", limit.id()));
      }
      case SearchEvent.Selected s -> {
        map.put("thought", s.best().ordinal());
        map.put("answer", s.best().answer().orElse(null));
        map.put("value", value(s.best()));
      }
      case SearchEvent.Pruned p -> {
        map.put("thought", p.thought());
        map.put("why", p.why().id());
      }
      case SearchEvent.Demoted d -> {
        map.put("thought", d.thought());
        map.put("revisitValue", d.revisitValue());
      }
      case SearchEvent.Evicted e -> {
        map.put("thought", e.thought());
        map.put("tokens", e.tokens());
      }
      case SearchEvent.Restored r -> {
        map.put("thought", r.thought());
        map.put("tokens", r.tokens());
      }
      case SearchEvent.BudgetSpent b -> usage(map, b.usage());
      case SearchEvent.SoftLimit s -> map.put("limit", s.limit().id());
      case SearchEvent.Paused _ -> {}
      case SearchEvent.Resumed r -> map.put("replayed", r.replayed());
      case SearchEvent.Finished f -> finished(map, f.result());
    }
    return map;
  }

  private static @org.jspecify.annotations.Nullable Double value(Thought thought) {
    return thought.score().map(Score::value).orElse(null);
  }

  private static void usage(Map<String, Object> map, Usage u) {
    map.put("decodeTokens", u.decodeTokens());
    map.put("evaluatorTokens", u.evaluatorTokens());
    map.put("prefillTokens", u.prefillTokens());
    map.put("reusedTokens", u.reusedTokens());
    map.put("nodes", u.nodes());
  }

  private static void finished(Map<String, Object> map, SearchResult r) {
    map.put("stopped", r.stopped().id());
    map.put("answer", r.answer().orElse(null));
    map.put("best", r.best().stream().map(Thought::ordinal).toList());
    map.put("value", r.score().map(Score::value).orElse(null));
    map.put("solved", r.solved());
    map.put("covered", r.covered());
    map.put("error", r.grade().error());
    map.put("treeHash", r.treeHash());
    map.put("nodes", r.tree().nodes());
    map.put("depth", r.tree().depth());
    map.put("maxWidth", r.tree().maxWidth());
    map.put("steps", r.tokens().steps());
    map.put("kvByteSeconds", r.kvByteSeconds());
    map.put("seconds", r.seconds());
  }

  /**
   * An event of an object; empty for {@code Started} and {@code Finished}, which name a problem and
   * a whole result, and for events of other programs.
   *
   * @throws IllegalArgumentException naming the field that is wrong
   */
  static Optional<SearchEvent> read(Fields f) {
    return Optional.ofNullable(
        switch (f.text("event")) {
          case "Asked" ->
              new SearchEvent.Asked(f.small("slots"), AskJson.read(f.list("asks")), costs(f));
          case "Stepped" ->
              new SearchEvent.Stepped(
                  f.small("live"),
                  f.integer("decoded"),
                  f.small("nodes"),
                  f.integer("step"),
                  f.integer("kvBytes"),
                  f.integer("kvBytesShared"));
          case "TokenBatch" -> new SearchEvent.TokenBatch(samples(f));
          case "ThoughtAdded" ->
              new SearchEvent.ThoughtAdded(
                  f.integer("ask"),
                  ThoughtJson.read(f.object("thought")),
                  f.integers("tokens").stream().map(Math::toIntExact).toList(),
                  f.flag("cut"));
          case "Scored" ->
              new SearchEvent.Scored(f.integer("ask"), f.integer("thought"), ThoughtJson.score(f));
          case "Closed" ->
              new SearchEvent.Closed(
                  f.integer("ask"),
                  f.small("results"),
                  Told.Why.valueOf(f.text("why").toUpperCase(Locale.ROOT)),
                  f.has("limit") ? Optional.of(reason(f.text("limit"))) : Optional.empty());
          case "Pruned" ->
              new SearchEvent.Pruned(f.integer("thought"), PruneReason.named(f.text("why", "")));
          case "Demoted" -> new SearchEvent.Demoted(f.integer("thought"), f.number("revisitValue"));
          case "Evicted" -> new SearchEvent.Evicted(f.integer("thought"), f.small("tokens"));
          case "Restored" -> new SearchEvent.Restored(f.integer("thought"), f.small("tokens"));
          case "BudgetSpent" ->
              new SearchEvent.BudgetSpent(
                  new Usage(
                      f.integer("decodeTokens"),
                      f.integer("evaluatorTokens"),
                      f.integer("prefillTokens"),
                      f.integer("reusedTokens"),
                      f.integer("nodes")));
          case "SoftLimit" -> new SearchEvent.SoftLimit(reason(f.text("limit")));
          case "Paused" -> new SearchEvent.Paused();
          case "Resumed" -> new SearchEvent.Resumed(f.small("replayed"));
          default -> null;
        });
  }

  /** A reason by its name in reports. */
  static StopReason reason(String id) {
    return StopReason.valueOf(id.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  private static Map<Long, Integer> costs(Fields f) {
    Map<Long, Integer> costs = new TreeMap<>();
    if (f.has("costs")) {
      for (List<Long> pair : pairs(f, "costs")) {
        costs.put(pair.getFirst(), Math.toIntExact(pair.getLast()));
      }
    }
    return costs;
  }

  private static List<SearchEvent.Sample> samples(Fields f) {
    return pairs(f, "samples").stream()
        .map(p -> new SearchEvent.Sample(p.getFirst(), Math.toIntExact(p.getLast())))
        .toList();
  }

  private static List<List<Long>> pairs(Fields f, String name) {
    List<List<Long>> pairs = new ArrayList<>();
    for (Object o : f.list(name)) {
      if (!(o instanceof List<?> l
          && l.size() == 2
          && l.get(0) instanceof Long a
          && l.get(1) instanceof Long b)) {
        throw new IllegalArgumentException(name + " must hold pairs of integers");
      }
      pairs.add(List.of(a, b));
    }
    return pairs;
  }
}
