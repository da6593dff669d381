package org.deft4j.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.deft4j.engine.json.JsonReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Published templates against what Python's jinja2 made of them (golden.py beside golden.json). */
class ChatTemplateTest {
  private static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ChatTemplateTest.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static ChatTemplate template(String source) {
    return new ChatTemplate(
        source, "<BOS>", "<EOS>", () -> LocalDateTime.of(2026, 11, 25, 9, 5, 7));
  }

  @Test
  void publishedTemplatesAndConstructsGiveWhatPythonGives() throws IOException {
    int prompts = 0;
    for (Object o : (List<?>) Objects.requireNonNull(JsonReader.read(resource("golden.json")))) {
      Map<?, ?> c = (Map<?, ?>) o;
      String source =
          c.get("source") instanceof String s ? s : resource(String.valueOf(c.get("template")));
      String name = c.get("template") + " " + c.get("case");
      Map<String, Object> variables = new HashMap<>();
      Map<?, ?> given = (Map<?, ?>) Objects.requireNonNull(c.get("variables"));
      given.forEach((k, v) -> variables.put((String) k, v));
      List<?> messages = (List<?>) Objects.requireNonNull(variables.remove("messages"));
      boolean prompt = !Boolean.FALSE.equals(variables.remove("add_generation_prompt"));
      if (c.get("prompt") instanceof String want) {
        assertThat(template(source).renderValues(messages, prompt, variables))
            .as(name)
            .isEqualTo(want);
        prompts++;
      } else {
        assertThatThrownBy(() -> template(source).renderValues(messages, prompt, variables))
            .as(name)
            .isInstanceOf(TemplateException.class);
      }
    }
    assertThat(prompts).isGreaterThan(80);
  }

  @Test
  void conversationsOfMessages() throws IOException {
    String prompt =
        template(resource("gemma.jinja"))
            .render(
                List.of(ChatMessage.user("Hi"), ChatMessage.assistant("Yes?")), false, Map.of());
    assertThat(prompt)
        .isEqualTo(
            "<BOS><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nYes?<end_of_turn>\n");
    assertThatThrownBy(() ->
            template(resource("gemma.jinja"))
                .render(List.of(ChatMessage.system("s"), ChatMessage.user("u")), true, Map.of()))
        .hasMessage("chat template: refuses this conversation: System role not supported");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{% block a %}{% endblock %}",
        "{% raw %}x{% endraw %}",
        "{% call f() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% import 'x' as y %}",
        "{{ 2 ** 3 }}",
        "{{ 'a' | wordwrap }}",
        "{{ 1 is prime }}",
        "{{ f(1) }}",
        "{{ 'a'.zfill(3) }}",
        "{{ [1].append(2) }}",
        "{% for x in y recursive %}{% endfor %}",
        "{{ 'a",
        "{% if x %}",
        "{{ 1 +",
        "{% endif %}",
        "{{ }}",
        "{% set x.y = 1 %}",
        "{{ 1 / 0 }}",
        "{{ strftime_now('%Q') }}",
        "{{ [1,2] | batch(2) }}",
        "{{ {1:2} | tojson(sort_keys=true) }}",
        "{{ 'a' + 1 }}",
        "{# x",
        "{{ range(10**9) }}",
        "{{ '%s' % 'a' }}",
        "{{ x[0] }}"
      })
  void whatIsNotSupportedIsAnError(String source) {
    assertThatThrownBy(() -> template(source).render(List.of(), true, Map.of()))
        .isInstanceOf(TemplateException.class)
        .hasMessageStartingWith("chat template");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set x = 'aaaaaaaaaa' %}{% for a in range(60) %}{% set x = x ~ x %}{% endfor %}{{ x }}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x"
            + " %}{% endfor %}"
      })
  void hostileTemplatesEnd(String source) {
    try {
      template(source).render(List.of(), true, Map.of());
    } catch (TemplateException e) {
      assertThat(e.getMessage()).startsWith("chat template");
    }
  }

  @Test
  void deepNestingIsAnError() {
    for (String s :
        List.of(
            "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}",
            "{% if 1 %}".repeat(50_000) + "{% endif %}".repeat(50_000),
            "{{ " + "not ".repeat(100_000) + "1 }}",
            "{{ " + "-".repeat(100_000) + "1 }}",
            "{{ " + "[".repeat(100_000) + "]".repeat(100_000) + " }}",
            "{{ 1" + " if 1 else 1".repeat(100_000) + " }}")) {
      assertThatThrownBy(() -> template(s)).isInstanceOf(TemplateException.class);
    }
  }

  @Test
  void damagedTemplatesAreErrorsOrRender() throws IOException {
    String source = resource("qwen3.jinja");
    for (int seed = 0; seed < 3000; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      StringBuilder s = new StringBuilder(source);
      for (int i = r.nextInt(6); i >= 0; i--) {
        int at = r.nextInt(s.length());
        switch (r.nextInt(3)) {
          case 0 -> s.deleteCharAt(at);
          case 1 -> s.insert(at, "{%}|'\"()[]-+.,:x0 ".charAt(r.nextInt(18)));
          default -> s.delete(at, Math.min(s.length(), at + r.nextInt(30)));
        }
      }
      try {
        template(s.toString()).render(List.of(ChatMessage.user("x")), true, Map.of());
      } catch (TemplateException e) {
        assertThat(e.getMessage()).startsWith("chat template");
      }
    }
  }
}
