// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A template that has been read; safe for use by several threads.
 *
 * <p>It is read and rendered as transformers' {@code apply_chat_template} does it: Jinja 3.1 with
 * {@code trim_blocks}, {@code lstrip_blocks}, {@code break} and {@code continue}, nothing escaped.
 * A template can do nothing but write text, and not for ever: see {@link Budget}.
 */
public final class JinjaTemplate {
  private static final int LONGEST = 1 << 20;

  private final Statement.Block body;

  private JinjaTemplate(Statement.Block body) {
    this.body = body;
  }

  /**
   * Reads a template.
   *
   * @throws JinjaException with the line if it is not Jinja, or uses a tag that is not supported
   */
  public static JinjaTemplate parse(String source) {
    if (source.length() > LONGEST) {
      throw new JinjaException("a template of more than " + LONGEST + " characters is not read");
    }
    try {
      return new JinjaTemplate(Parser.parse(source));
    } catch (StackOverflowError e) {
      throw new JinjaException("the template is nested too deep");
    }
  }

  /**
   * The text.
   *
   * @param variables strings, booleans, integers (as Long), lists and maps of these; {@link
   *     #none()} is Python's None
   * @throws JinjaException with the line if the template says so by {@code raise_exception}, does
   *     what Python would refuse, uses what is not supported, or does not come to an end
   */
  public String render(Map<String, ?> variables) {
    StringBuilder output = new StringBuilder(256);
    try {
      body.render(new Scope(new Budget(), values(variables)), output);
    } catch (StackOverflowError e) {
      throw new JinjaException("the template is nested too deep");
    }
    return output.toString();
  }

  /** Python's None, as the value of a variable. */
  public static Object none() {
    return None.NONE;
  }

  private static Map<String, Object> values(Map<String, ?> variables) {
    Map<String, Object> values = new LinkedHashMap<>();
    variables.forEach((name, value) -> values.put(name, value(value)));
    return values;
  }

  private static Object value(Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> values = new LinkedHashMap<>();
      map.forEach((key, inner) -> values.put(value(key), value(inner)));
      return values;
    }
    if (value instanceof List<?> list) {
      return list.stream().map(JinjaTemplate::value).toList();
    }
    if (value instanceof String || Python.isNumber(value) || value == None.NONE) {
      return value;
    }
    throw new IllegalArgumentException("A template has no values of " + value.getClass());
  }
}
