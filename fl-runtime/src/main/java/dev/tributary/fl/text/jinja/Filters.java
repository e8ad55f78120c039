// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Jinja's filters, as in {@code value|trim}. */
final class Filters {
  /** Makes one value of another. */
  interface Filter {
    Object apply(Budget budget, Object value, Arguments arguments);
  }

  private static final Map<String, Filter> KNOWN =
      Map.ofEntries(
          Map.entry(
              "trim", (b, v, a) -> Methods.strip(text(b, v), a.to("trim", "chars"), true, true)),
          Map.entry("upper", (b, v, a) -> text(b, v).toUpperCase(Locale.ROOT)),
          Map.entry("lower", (b, v, a) -> text(b, v).toLowerCase(Locale.ROOT)),
          Map.entry("capitalize", (b, v, a) -> Methods.capitalize(text(b, v))),
          Map.entry("title", (b, v, a) -> title(text(b, v))),
          Map.entry("string", (b, v, a) -> text(b, v)),
          Map.entry(
              "replace",
              (b, v, a) ->
                  Methods.replace(text(b, v), b, texts(a).to("replace", "old", "new", "count"))),
          Map.entry("indent", (b, v, a) -> indent(b, v, a)),
          Map.entry("tojson", (b, v, a) -> Json.of(v, b, a)),
          Map.entry("length", (b, v, a) -> (long) Python.length(v)),
          Map.entry("count", (b, v, a) -> (long) Python.length(v)),
          Map.entry("first", (b, v, a) -> at(v, 0)),
          Map.entry("last", (b, v, a) -> at(v, -1)),
          Map.entry("list", (b, v, a) -> List.copyOf(elements(b, v))),
          Map.entry("reverse", Filters::reverse),
          Map.entry("join", Filters::join),
          Map.entry("default", Filters::otherwise),
          Map.entry("d", Filters::otherwise),
          Map.entry("items", Filters::items),
          Map.entry("int", (b, v, a) -> integer(v, a)),
          Map.entry(
              "abs",
              (b, v, a) ->
                  Python.compare(v, 0L, "abs") < 0
                      ? Numbers.compute("-", 0L, v, b)
                      : Python.number(v)),
          Map.entry("sort", Filters::sort),
          Map.entry("map", Filters::map),
          Map.entry("select", (b, v, a) -> select(b, v, a, true)),
          Map.entry("reject", (b, v, a) -> select(b, v, a, false)),
          Map.entry("selectattr", (b, v, a) -> selectByAttribute(b, v, a, true)),
          Map.entry("rejectattr", (b, v, a) -> selectByAttribute(b, v, a, false)));

  private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]+");
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");
  private static final Pattern WORDS = Pattern.compile("[-({\\[<]|\\p{IsWhite_Space}");

  private Filters() {}

  /** A filter; one that is not known is an error when it is applied. */
  static Filter of(String name) {
    Filter known = KNOWN.get(name);
    return known != null
        ? known
        : (budget, value, arguments) -> {
          throw new JinjaException("the filter '" + name + "' is not supported");
        };
  }

  private static String text(Budget budget, Object value) {
    String text = Python.text(value);
    budget.text(text.length());
    return text;
  }

  private static List<Object> elements(Budget budget, Object value) {
    List<Object> elements = Python.elements(value);
    budget.list(elements.size());
    return elements;
  }

  /** Jinja's filter makes strings of what is to be replaced. */
  private static Arguments texts(Arguments arguments) {
    return new Arguments(
        arguments.positional().stream()
            .map(a -> Python.isNumber(a) || a == None.NONE ? a : (Object) Python.text(a))
            .toList(),
        arguments.named());
  }

  private static Object at(Object value, int place) {
    return Python.length(value) == 0
        ? new Undefined("an element of an empty sequence")
        : Python.element(value instanceof Map ? Python.elements(value) : value, place);
  }

  /** Words begin after white space, hyphens and opening brackets. */
  private static String title(String text) {
    StringBuilder result = new StringBuilder();
    Matcher gap = WORDS.matcher(text);
    int from = 0;
    while (gap.find()) {
      result.append(capital(text.substring(from, gap.start()))).append(gap.group());
      from = gap.end();
    }
    return result.append(capital(text.substring(from))).toString();
  }

  private static String capital(String word) {
    if (word.isEmpty()) {
      return word;
    }
    int first = Character.charCount(word.codePointAt(0));
    return word.substring(0, first).toUpperCase(Locale.ROOT)
        + word.substring(first).toLowerCase(Locale.ROOT);
  }

  private static Object indent(Budget budget, Object value, Arguments arguments) {
    if (!(value instanceof String text)) {
      throw new JinjaException("indent takes a string, not " + Python.typeOf(value));
    }
    Arguments.Bound bound = arguments.to("indent", "width", "first", "blank");
    Object width = bound.find("width").orElse(4L);
    int blanks = width instanceof String ? 0 : Python.index(width);
    budget.text(blanks);
    String indentation = width instanceof String given ? given : " ".repeat(Math.max(0, blanks));
    boolean first = bound.find("first").map(Python::isTrue).orElse(false);
    boolean blank = bound.find("blank").map(Python::isTrue).orElse(false);
    String[] lines = text.split("\n", -1);
    if (text.matches("(?s).*[\\r\\x0b\\x0c\\x1c-\\x1e\\x85\\u2028\\u2029].*")) {
      throw new JinjaException("indent is supported with plain line breaks only");
    }
    budget.text(text.length() + (long) lines.length * indentation.length());
    StringBuilder result = new StringBuilder(first ? indentation : "");
    for (int i = 0; i < lines.length; i++) {
      result.append(i > 0 ? "\n" : "");
      result.append(i > 0 && (blank || !lines[i].isEmpty()) ? indentation : "");
      result.append(lines[i]);
    }
    return result.toString();
  }

  private static Object reverse(Budget budget, Object value, Arguments arguments) {
    List<Object> reversed = new ArrayList<>(elements(budget, value));
    Collections.reverse(reversed);
    return value instanceof String ? Methods.join("", reversed, budget) : reversed;
  }

  private static Object join(Budget budget, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.to("join", "d", "attribute");
    List<Object> texts = new ArrayList<>();
    for (Object element : elements(budget, value)) {
      texts.add(
          Python.text(bound.find("attribute").map(path -> follow(element, path)).orElse(element)));
    }
    return Methods.join(Python.text(bound.find("d").orElse("")), texts, budget);
  }

  private static Object otherwise(Budget budget, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.to("default", "default_value", "boolean");
    boolean alsoFalse = bound.find("boolean").map(Python::isTrue).orElse(false);
    return value instanceof Undefined || (alsoFalse && !Python.isTrue(value))
        ? bound.find("default_value").orElse("")
        : value;
  }

  private static Object items(Budget budget, Object value, Arguments arguments) {
    if (value instanceof Undefined) {
      return List.of();
    }
    if (value instanceof Map<?, ?> map) {
      return Methods.items(map);
    }
    throw new JinjaException("items are of a dict, not of " + Python.typeOf(value));
  }

  private static Object integer(Object value, Arguments arguments) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    Object otherwise = arguments.to("int", "default").find("default").orElse(0L);
    if (value instanceof String text) {
      String digits = Python.strip(text);
      try {
        if (INTEGER.matcher(digits).matches()) {
          return Long.parseLong(digits);
        }
      } catch (NumberFormatException e) {
        throw new JinjaException(digits + " is too large for this implementation");
      }
      return DECIMAL.matcher(digits).matches()
          ? integer(Double.parseDouble(digits), arguments)
          : otherwise;
    }
    if (value instanceof Double number) {
      if (number.isNaN() || number.isInfinite()) {
        return otherwise;
      }
      if (Math.abs(number) >= 0x1p63) {
        throw new JinjaException(number + " is too large for this implementation");
      }
      return number.longValue();
    }
    return Python.isNumber(value) ? Python.number(value) : otherwise;
  }

  private static Object sort(Budget budget, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.to("sort", "reverse", "case_sensitive", "attribute");
    boolean exact = bound.find("case_sensitive").map(Python::isTrue).orElse(false);
    Optional<Object> path = bound.find("attribute");
    Comparator<Object> order =
        (a, b) -> Python.compare(sortKey(a, path, exact), sortKey(b, path, exact), "sort");
    boolean backwards = bound.find("reverse").map(Python::isTrue).orElse(false);
    List<Object> sorted = new ArrayList<>(elements(budget, value));
    sorted.sort(backwards ? order.reversed() : order);
    return sorted;
  }

  private static Object sortKey(Object element, Optional<Object> path, boolean exact) {
    Object key = path.map(p -> follow(element, p)).orElse(element);
    return key instanceof String text && !exact ? text.toLowerCase(Locale.ROOT) : key;
  }

  private static Object map(Budget budget, Object value, Arguments arguments) {
    List<Object> results = new ArrayList<>();
    boolean byAttribute = arguments.positional().isEmpty();
    Arguments.Bound bound =
        byAttribute ? arguments.to("map", "attribute", "default") : Arguments.NONE.to("map");
    for (Object element : elements(budget, value)) {
      if (byAttribute) {
        Object found = follow(element, bound.get("attribute"));
        results.add(found instanceof Undefined ? bound.find("default").orElse(found) : found);
      } else {
        results.add(
            of(name(arguments.positional().get(0))).apply(budget, element, arguments.rest()));
      }
    }
    return results;
  }

  private static Object select(Budget budget, Object value, Arguments arguments, boolean kept) {
    List<Object> results = new ArrayList<>();
    for (Object element : elements(budget, value)) {
      if (holds(element, arguments) == kept) {
        results.add(element);
      }
    }
    return results;
  }

  private static Object selectByAttribute(
      Budget budget, Object value, Arguments arguments, boolean kept) {
    if (arguments.positional().isEmpty()) {
      throw new JinjaException("selectattr and rejectattr need the name of an attribute");
    }
    List<Object> results = new ArrayList<>();
    for (Object element : elements(budget, value)) {
      Object attribute = follow(element, arguments.positional().get(0));
      if (holds(attribute, arguments.rest()) == kept) {
        results.add(element);
      }
    }
    return results;
  }

  /** Whether a value passes the test that is the first argument, or is true where there is none. */
  private static boolean holds(Object value, Arguments test) {
    return test.positional().isEmpty()
        ? Python.isTrue(value)
        : Tests.of(name(test.positional().get(0))).holds(value, test.rest());
  }

  private static String name(Object value) {
    if (value instanceof String name) {
      return name;
    }
    throw new JinjaException("a name is needed, not " + Python.typeOf(value));
  }

  /** The element at {@code a.b.0}, or at a number. */
  private static Object follow(Object value, Object path) {
    if (!(path instanceof String names)) {
      return Python.element(value, Python.index(path));
    }
    Object reached = value;
    for (String part : names.split("\\.", -1)) {
      Object key = INTEGER.matcher(part).matches() ? (Object) Long.parseLong(part) : part;
      reached = Expression.Element.of(reached, key);
    }
    return reached;
  }
}
