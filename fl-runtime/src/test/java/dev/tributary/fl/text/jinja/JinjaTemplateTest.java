// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts as jinja2 makes them by way of transformers; record.py beside the records says how. */
class JinjaTemplateTest {
  private static final String FOLDER = "/dev/tributary/fl/text/chat/";
  private static final JsonNode RECORDED = recorded();

  /** What Python can and this part of the language cannot; refused, not rendered otherwise. */
  private static final List<String> NOT_SUPPORTED = List.of("| unique |", "| format(");

  static Stream<String> templates() {
    List<String> names = new ArrayList<>();
    RECORDED.get("templates").fieldNames().forEachRemaining(names::add);
    return names.stream();
  }

  @ParameterizedTest
  @MethodSource("templates")
  void chatTemplatesGiveTheRecordedTexts(String name) {
    JinjaTemplate template = JinjaTemplate.parse(text("templates/" + name));
    for (JsonNode recorded : RECORDED.get("templates").get(name)) {
      Map<String, Object> variables = variables(RECORDED.get("tokens"));
      variables.put("messages", value(recorded.get("messages")));
      variables.put("add_generation_prompt", recorded.get("add_generation_prompt").asBoolean());
      variables.put("tools", JinjaTemplate.none());
      variables.put("documents", JinjaTemplate.none());
      compare(recorded, () -> template.render(variables));
    }
  }

  @Test
  void everyRuleOfTheLanguageIsPythons() {
    Map<String, Object> variables = variables(RECORDED.get("variables"));
    int refusedHereOnly = 0;
    for (JsonNode recorded : RECORDED.get("language")) {
      String source = recorded.get("template").asText();
      if (NOT_SUPPORTED.stream().anyMatch(source::contains)) {
        assertThatThrownBy(() -> JinjaTemplate.parse(source).render(variables))
            .hasMessageContaining("is not supported");
        refusedHereOnly++;
      } else {
        compare(recorded, () -> JinjaTemplate.parse(source).render(variables));
      }
    }
    assertThat(refusedHereOnly).isEqualTo(1);
  }

  @Test
  void errorsNameTheLineAndTheReason() {
    assertRefused("a\n{% if x %}\n{{ y.z }}{% endif %}\n{{ x.y }}", "line 4: 'x' is undefined");
    assertRefused("\n\n{{ raise_exception('No ' ~ 'way') }}", "line 3: the template says: No way");
    assertRefused("{% call f() %}{% endcall %}", "line 1: the tag 'call' is not supported");
    assertRefused("{{ 'a' | urlize }}", "line 1: the filter 'urlize' is not supported");
    assertRefused("{{ strftime_now('%Y') }}", "line 1: 'strftime_now' is undefined");
    assertRefused("{% if a %}\n", "line 1: the template ends where one of the tags");
    assertRefused("{{ 'a' - 1 }}", "line 1: '-' does not take str and int");
  }

  @Test
  void whatIsNotReachedMayBeUnsupported() {
    assertThat(JinjaTemplate.parse("{% if x %}{{ x | urlize }}{% endif %}.").render(Map.of()))
        .isEqualTo(".");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ ''.getClass() }}",
        "{{ ''.class.x }}",
        "{{ messages.getClass().forName('java.lang.Runtime') }}",
        "{{ messages.stream() }}",
        "{{ ''['getClass']() }}",
        "{{ ''.__class__ }}",
        "{{ (1).intValue() }}",
        "{{ range.call() }}",
        "{{ loop.elements }}"
      })
  void nothingLeadsToJavasObjects(String source) {
    JinjaTemplate template = JinjaTemplate.parse(source);
    assertThatThrownBy(() -> template.render(Map.of("messages", List.of("a"))))
        .isInstanceOf(JinjaException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}"
            + "{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}"
            + "{% endfor %}",
        "{% for a in range(99999) %}{{ 'a' * 99999 }}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=(1,)) %}{% for a in range(60) %}{% set ns.x = (ns.x, ns.x) %}"
            + "{% endfor %}{{ {ns.x: 1} }}",
        "{% set ns = namespace(x={}) %}{% for a in range(999) %}{% set ns.x = {'a': ns.x} %}"
            + "{% endfor %}{{ ns.x }}",
        "{% set x = 'a' * 9999999 %}{% for a in range(99999) %}{{ x | length }}{% endfor %}",
        "{% set x = 'a' * 9999999 %}{% for a in range(99999) %}{{ x[::-1] == x }}{% endfor %}",
        "{% set x = range(9999) | list %}{% for a in range(99999) %}{{ 'b' in x }}{% endfor %}",
        "{{ 'a' * 9999999999 }}",
        "{{ range(9999999) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ ('a' * 99999).replace('a', 'b' * 99999) }}",
        "{{ [1] | tojson(indent=999999999) }}",
        "{{ 9223372036854775807 + 1 }}"
      })
  void everyTemplateComesToAnEnd(String source) {
    JinjaTemplate template = JinjaTemplate.parse(source);
    long start = System.nanoTime();
    assertThatThrownBy(() -> template.render(Map.of())).isInstanceOf(JinjaException.class);
    assertThat((System.nanoTime() - start) * 1e-9).isLessThan(20);
  }

  @Test
  void nestingHasAnEnd() {
    assertRefused("{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}", "nested");
    assertRefused("{{ 1" + " + 1".repeat(100_000) + " }}", "nested");
    assertRefused("{% if true %}".repeat(30_000) + "{% endif %}".repeat(30_000), "nested");
  }

  private static void assertRefused(String source, String message) {
    assertThatThrownBy(() -> JinjaTemplate.parse(source).render(Map.of()))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining(message);
  }

  private interface Rendering {
    String render();
  }

  private static void compare(JsonNode recorded, Rendering rendering) {
    String text;
    try {
      text = rendering.render();
    } catch (JinjaException refused) {
      if (!recorded.has("error")) {
        fail("refused, but in Python rendered: " + recorded, refused);
      }
      return;
    }
    assertThat(recorded.has("error")).as("rendered '%s': %s", text, recorded).isFalse();
    assertThat(text).as("%s", recorded).isEqualTo(recorded.get("text").asText());
  }

  private static Map<String, Object> variables(JsonNode tree) {
    Map<String, Object> variables = new LinkedHashMap<>();
    tree.fields().forEachRemaining(entry -> variables.put(entry.getKey(), value(entry.getValue())));
    return variables;
  }

  private static Object value(JsonNode tree) {
    if (tree.isObject()) {
      return variables(tree);
    }
    if (tree.isArray()) {
      List<Object> values = new ArrayList<>();
      tree.forEach(element -> values.add(value(element)));
      return values;
    }
    if (tree.isBoolean()) {
      return tree.asBoolean();
    }
    if (tree.isNull()) {
      return JinjaTemplate.none();
    }
    return tree.isInt() ? (Object) tree.asLong() : tree.asText();
  }

  private static JsonNode recorded() {
    try {
      return new ObjectMapper().readTree(text("recorded.json"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(String name) {
    try (InputStream in = JinjaTemplateTest.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IllegalStateException("there is no " + FOLDER + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
