package org.deft4j.engine.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonReaderTest {
  @Test
  void readsEveryKindOfValue() {
    assertThat(JsonReader.read(" { \"a\" : [ 1 , -2.5e1, true, false, null, \"x\" ], \"b\": {} } "))
        .isEqualTo(map("a", Arrays.asList(1L, -25.0, true, false, null, "x"), "b", Map.of()));
  }

  @Test
  void readsEscapes() {
    assertThat(JsonReader.read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\""))
        .isEqualTo("\"\\/\b\f\n\r\té😀");
  }

  @Test
  void numbersTooLongForALongAreDoubles() {
    assertThat(JsonReader.read("12345678901234567890")).isEqualTo(12345678901234567890.0);
  }

  @Test
  void roundTripsWhatTheWriterWrites() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    for (int i = 0; i < 500; i++) {
      Object value = random(random, 4);
      assertThat(JsonReader.read(JsonWriter.line(value))).isEqualTo(value);
      assertThat(JsonReader.read(JsonWriter.document(value))).isEqualTo(value);
    }
  }

  private static @Nullable Object random(RandomGenerator r, int depth) {
    return switch (r.nextInt(depth > 0 ? 7 : 5)) {
      case 0 -> null;
      case 1 -> r.nextBoolean();
      case 2 -> r.nextLong(-1_000_000, 1_000_000);
      case 3 -> r.nextDouble() + 0.25 * Math.ulp(1.0);
      case 4 -> text(r);
      case 5 -> {
        List<@Nullable Object> list = new ArrayList<>();
        for (int i = r.nextInt(4); i > 0; i--) {
          list.add(random(r, depth - 1));
        }
        yield list;
      }
      default -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = r.nextInt(4); i > 0; i--) {
          map.put(text(r) + i, random(r, depth - 1));
        }
        yield map;
      }
    };
  }

  private static String text(RandomGenerator r) {
    StringBuilder b = new StringBuilder();
    for (int i = r.nextInt(6); i > 0; i--) {
      b.append((char) r.nextInt(r.nextBoolean() ? 0x80 : 0x10000));
    }
    return b.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "\"abc",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a\nb\"",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "tru",
        "nul",
        "NaN",
        "1 2",
        "[1]]",
        "{\"a\":1,\"a\":2}",
        "'a'"
      })
  void refusesWhatIsNoJson(String text) {
    assertThatThrownBy(() -> JsonReader.read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bad JSON at line 1");
  }

  @Test
  void namesLineAndColumn() {
    assertThatThrownBy(() -> JsonReader.read("{\n  \"a\": x\n}"))
        .hasMessageContaining("line 2, column 8");
  }

  @Test
  void boundsTheDepth() {
    assertThatThrownBy(() -> JsonReader.read("[".repeat(100_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nested");
  }

  private static Map<String, Object> map(String k1, Object v1, String k2, Object v2) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(k1, v1);
    map.put(k2, v2);
    return map;
  }
}
