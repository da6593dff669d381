package org.deft4j.engine.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonWriterTest {
  @Test
  void writesALine() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("a", 1);
    map.put("b", List.of(1.5, 2.0, 3L));
    map.put("c", null);
    map.put("d", Map.of("e", true));
    map.put("f", List.of());
    map.put("g", Map.of());
    assertThat(JsonWriter.line(map))
        .isEqualTo("{\"a\":1,\"b\":[1.5,2,3],\"c\":null,\"d\":{\"e\":true},\"f\":[],\"g\":{}}");
  }

  @Test
  void indentsDocumentsButKeepsPlainListsOnALine() {
    assertThat(JsonWriter.document(Map.of("rows", List.of(Map.of("x", List.of(1, 2))))))
        .isEqualTo(
            """
            {
              "rows": [
                {
                  "x": [1, 2]
                }
              ]
            }\
            """);
  }

  @Test
  void escapesWhatMustBeEscaped() {
    assertThat(JsonWriter.line("a\"b\\c\n\r\t\b\u0000\u007fé😀"))
        .isEqualTo("\"a\\\"b\\\\c\\n\\r\\t\\u0008\\u0000\\u007fé😀\"");
  }

  @Test
  void loneSurrogatesSurviveUtf8() {
    String text = JsonWriter.line(List.of("\ud83d", "\ude00", "\ud83d\ude00"));
    assertThat(text).isEqualTo("[\"\\ud83d\",\"\\ude00\",\"😀\"]");
    assertThat(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
        .isEqualTo(text);
  }

  @Test
  void numbersThatJsonLacksAreNull() {
    assertThat(JsonWriter.line(List.of(Double.NaN, Double.POSITIVE_INFINITY, Float.NaN, 1e300)))
        .isEqualTo("[null,null,null,1.0E300]");
  }

  @Test
  void refusesOtherTypes() {
    assertThatThrownBy(() -> JsonWriter.line(new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
  }
}
