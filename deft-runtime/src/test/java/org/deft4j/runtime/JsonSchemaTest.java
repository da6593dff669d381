package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.constrain.TokenMasks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonSchemaTest {
  private static boolean allows(Grammar g, String text) {
    TokenMasks.Position p =
        new TokenMasks(g, new TokenMasks.Vocabulary(new ScriptedCodec("<|end|>"))).begin();
    return p.accept(text.getBytes(StandardCharsets.UTF_8)) && p.mayEnd();
  }

  private static void check(String schema, List<String> yes, List<String> no) {
    Grammar g = JsonSchema.grammar(schema);
    for (String text : yes) {
      assertThat(allows(g, text)).as("%s allows %s", schema, text).isTrue();
      JsonReader.read(text);
    }
    for (String text : no) {
      assertThat(allows(g, text)).as("%s allows %s", schema, text).isFalse();
    }
  }

  @Test
  void values() {
    check("{\"type\":\"integer\"}", List.of("0", "-12"), List.of("", "01", "1.5", "-", "1e3"));
    check("{\"type\":\"number\"}", List.of("0", "-1.5e+9", "12E3"), List.of("1.", ".5", "+1"));
    check("{\"type\":[\"boolean\",\"null\"]}", List.of("true", "null"), List.of("nul", "0"));
    check(
        "{\"enum\":[\"a\",1,null,\"q\\\"x\"]}", List.of("\"a\"", "1", "\"q\\\"x\""), List.of("a"));
    check(
        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":3}",
        List.of("\"a\"", "\"é\\n€\"", "\"\\u00e9\""),
        List.of("\"\"", "\"abcd\"", "\"\n\"", "\"a"));
  }

  @Test
  void arrays() {
    check(
        "{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":3}",
        List.of("[1]", "[1,2]", "[1, 2, 3]"),
        List.of("[]", "[1,2,3,4]", "[1,]", "[1 ,2]"));
    check(
        "{\"type\":\"array\",\"items\":{\"type\":\"null\"}}",
        List.of("[]", "[null]", "[null,null,null,null]"),
        List.of("[null"));
  }

  @Test
  void objectsKeepTheOrderAndLeaveOutWhatIsNotRequired() {
    check(
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"null\"},"
            + "\"c\":{\"type\":\"boolean\"}},\"required\":[\"b\"]}",
        List.of(
            "{\"b\":null}",
            "{\"a\":1,\"b\":null}",
            "{\"b\": null, \"c\": true}",
            "{\"a\":1,\"b\":null,\"c\":false}"),
        List.of("{}", "{\"a\":1}", "{\"b\":null,\"a\":1}", "{\"b\":null,}", "{,\"b\":null}"));
    check(
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"type\":\"null\"}}}",
        List.of("{}", "{\"a\":null}", "{\"b\":null}", "{\"a\":null,\"b\":null}"),
        List.of("{\"a\":null\"b\":null}"));
  }

  @Test
  void referencesMayRecur() {
    check(
        "{\"$ref\":\"#/$defs/tree\",\"$defs\":{\"tree\":{\"type\":\"object\",\"properties\":{\"v\":"
            + "{\"type\":\"integer\"},\"l\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/tree\"}}},"
            + "\"required\":[\"v\",\"l\"]}}}",
        List.of("{\"v\":1,\"l\":[]}", "{\"v\":1,\"l\":[{\"v\":2,\"l\":[{\"v\":3,\"l\":[]}]}]}"),
        List.of("{\"v\":1,\"l\":[{}]}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{",
        "{}",
        "{\"type\":\"date\"}",
        "{\"type\":\"string\",\"pattern\":\"a\"}",
        "{\"type\":\"array\"}",
        "{\"$ref\":\"http://x\"}",
        "{\"enum\":[]}",
        "{\"type\":\"object\",\"additionalProperties\":true}"
      })
  void whatIsNotUnderstoodIsRefused(String schema) {
    assertThatThrownBy(() -> JsonSchema.grammar(schema))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
