package org.deft4j.runtime.trace;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;

/** Thoughts and scores as JSON objects. A thought's score is an event of its own. */
final class ThoughtJson {
  private ThoughtJson() {}

  static Map<String, Object> write(Thought t) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("ordinal", t.ordinal());
    map.put("parent", t.parent());
    map.put("depth", t.depth());
    map.put("stage", t.stage());
    map.put("text", t.text());
    map.put(
        "state",
        switch (t.state()) {
          case ThoughtState.Partial _ -> "partial";
          case ThoughtState.Answer _ -> "answer";
          case ThoughtState.Dead _ -> "dead";
        });
    map.put("says", t.state().text());
    map.put("sampled", t.tokens());
    map.put("logProb", t.logProb());
    map.put("expandable", t.expandable());
    return map;
  }

  static Thought read(Fields f) {
    String says = f.text("says");
    ThoughtState state =
        switch (f.text("state")) {
          case "partial" -> new ThoughtState.Partial(says);
          case "answer" -> new ThoughtState.Answer(says);
          case "dead" -> new ThoughtState.Dead(says);
          default -> throw new IllegalArgumentException("no such state: " + f.text("state"));
        };
    return new Thought(
        f.integer("ordinal"),
        f.integer("parent"),
        f.small("depth"),
        f.text("stage"),
        f.text("text"),
        state,
        f.small("sampled"),
        f.number("logProb"),
        f.flag("expandable"),
        Optional.empty());
  }

  static void write(Map<String, Object> map, Score s) {
    map.put("value", s.value());
    map.put("variance", s.variance());
    map.put("samples", s.samples());
    map.put("solved", s.solved());
    map.put("source", s.source());
  }

  static Score score(Fields f) {
    return new Score(
        f.number("value"),
        f.number("variance"),
        f.small("samples"),
        f.flag("solved"),
        f.text("source"));
  }
}
