// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.List;
import java.util.Map;

/** transformers' filter {@code tojson}: Python's {@code json.dumps} without escapes for HTML. */
final class Json {
  private final Budget budget;
  private final boolean asciiOnly;
  private final int indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final StringBuilder text = new StringBuilder();

  private Json(Budget budget, Arguments.Bound settings) {
    this.budget = budget;
    this.asciiOnly = settings.find("ensure_ascii").map(Python::isTrue).orElse(false);
    this.indent = settings.find("indent").filter(i -> i != None.NONE).map(Python::index).orElse(-1);
    Object separators = settings.find("separators").orElse(None.NONE);
    if (separators instanceof List<?> two
        && two.size() == 2
        && two.get(0) instanceof String item
        && two.get(1) instanceof String key) {
      this.itemSeparator = item;
      this.keySeparator = key;
    } else if (separators == None.NONE) {
      this.itemSeparator = indent < 0 ? ", " : ",";
      this.keySeparator = ": ";
    } else {
      throw new JinjaException("separators of tojson are a tuple of two strings");
    }
  }

  static String of(Object value, Budget budget, Arguments arguments) {
    Arguments.Bound settings = arguments.to("tojson", "ensure_ascii", "indent", "separators");
    Json json = new Json(budget, settings);
    json.write(value, 0);
    return json.text.toString();
  }

  private void write(Object value, int depth) {
    budget.text(text.length());
    if (value instanceof String string) {
      write(string);
    } else if (value instanceof Map<?, ?> map) {
      begin('{');
      boolean first = true;
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        next(first, depth + 1);
        write(key(entry.getKey()));
        text.append(keySeparator);
        write(entry.getValue(), depth + 1);
        first = false;
      }
      end('}', first, depth);
    } else if (value instanceof List<?> list) {
      begin('[');
      boolean first = true;
      for (Object element : list) {
        next(first, depth + 1);
        write(element, depth + 1);
        first = false;
      }
      end(']', first, depth);
    } else {
      text.append(scalar(value));
    }
  }

  private static String key(Object key) {
    return key instanceof String string ? string : scalar(key);
  }

  private static String scalar(Object value) {
    if (value instanceof Boolean truth) {
      return truth ? "true" : "false";
    }
    if (value == None.NONE) {
      return "null";
    }
    if (value instanceof Double number && (number.isNaN() || number.isInfinite())) {
      return number.isNaN() ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
    }
    if (Python.isNumber(value)) {
      return Python.representation(value);
    }
    throw new JinjaException("tojson does not take " + Python.typeOf(value));
  }

  private void begin(char bracket) {
    text.append(bracket);
  }

  private void next(boolean first, int depth) {
    text.append(first ? "" : itemSeparator);
    breakLine(depth);
  }

  private void end(char bracket, boolean empty, int depth) {
    if (!empty) {
      breakLine(depth);
    }
    text.append(bracket);
  }

  private void breakLine(int depth) {
    if (indent >= 0) {
      budget.text((long) indent * depth);
      text.append('\n').append(" ".repeat(indent * depth));
    }
  }

  private void write(String string) {
    budget.text(string.length());
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\f' -> text.append("\\f");
        case '\b' -> text.append("\\b");
        default -> {
          if (c < 0x20 || (asciiOnly && c > 0x7e)) {
            text.append(String.format("\\u%04x", (int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }
}
