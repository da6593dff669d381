package org.deft4j.runtime.trace;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.ThoughtGenerator.Sampling;

/** Asks as JSON objects. */
final class AskJson {
  private AskJson() {}

  static Map<String, Object> write(Ask ask) {
    Map<String, Object> map = new LinkedHashMap<>();
    switch (ask) {
      case Ask.Expand e -> {
        map.put("ask", "expand");
        map.put("id", e.id());
        map.put("from", e.from());
        map.put("count", e.count());
        switch (e.how()) {
          case ThoughtGenerator.Sample how -> map.put("how", "sample");
          case ThoughtGenerator.Propose how -> map.put("how", "propose");
          case ThoughtGenerator.Merge how -> {
            map.put("how", "merge");
            map.put("parents", how.parents());
          }
          case ThoughtGenerator.TokenBeam how -> {
            map.put("how", "token-beam");
            map.put("width", how.width());
            map.put("lengthPenalty", how.lengthPenalty());
          }
        }
        Sampling s = e.how().sampling();
        map.put("temperature", s.temperature());
        map.put("topK", s.topK());
        map.put("topP", s.topP());
        map.put("minP", s.minP());
      }
      case Ask.Evaluate e -> {
        map.put("ask", "evaluate");
        map.put("id", e.id());
        map.put("thoughts", e.thoughts());
      }
      case Ask.Cancel c -> {
        map.put("ask", "cancel");
        map.put("id", c.id());
      }
      case Ask.Prune p -> {
        map.put("ask", "prune");
        map.put("thought", p.thought());
        map.put("why", p.why().id());
      }
    }
    return map;
  }

  static List<Ask> read(List<?> list) {
    List<Ask> asks = new ArrayList<>();
    for (Object value : list) {
      Fields f = Fields.of(value);
      asks.add(
          switch (f.text("ask")) {
            case "expand" ->
                new Ask.Expand(f.integer("id"), f.integer("from"), f.small("count"), how(f));
            case "evaluate" -> new Ask.Evaluate(f.integer("id"), f.integers("thoughts"));
            case "cancel" -> new Ask.Cancel(f.integer("id"));
            case "prune" ->
                new Ask.Prune(f.integer("thought"), PruneReason.named(f.text("why", "")));
            default -> throw new IllegalArgumentException("no such ask: " + f.text("ask"));
          });
    }
    return asks;
  }

  private static ThoughtGenerator how(Fields f) {
    Sampling sampling =
        new Sampling(f.number("temperature"), f.small("topK"), f.number("topP"), f.number("minP"));
    return switch (f.text("how")) {
      case "sample" -> new ThoughtGenerator.Sample(sampling);
      case "propose" -> new ThoughtGenerator.Propose(sampling);
      case "merge" -> new ThoughtGenerator.Merge(f.integers("parents"), sampling);
      case "token-beam" ->
          new ThoughtGenerator.TokenBeam(f.small("width"), f.number("lengthPenalty"));
      default -> throw new IllegalArgumentException("no such way: " + f.text("how"));
    };
  }
}
