// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What values mean in Python: a {@link String} is {@code str}, a {@link Long} {@code int} (of 64
 * bits; more is an error), a {@link Double} {@code float}, a {@link Boolean} {@code bool}, a {@link
 * List} {@code list} or {@link Tuple}, a {@link Map} {@code dict}. None of them is changed once it
 * is made.
 */
final class Python {
  private Python() {}

  static boolean isTrue(Object value) {
    if (value instanceof Boolean truth) {
      return truth;
    }
    if (value instanceof String text) {
      return !text.isEmpty();
    }
    if (value instanceof Long number) {
      return number != 0;
    }
    if (value instanceof Double number) {
      return number != 0;
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return value != None.NONE && !(value instanceof Undefined);
  }

  static String typeOf(Object value) {
    if (value instanceof String) {
      return "str";
    }
    if (value instanceof Boolean) {
      return "bool";
    }
    if (value instanceof Long) {
      return "int";
    }
    if (value instanceof Double) {
      return "float";
    }
    if (value instanceof Tuple) {
      return "tuple";
    }
    if (value instanceof List) {
      return "list";
    }
    if (value instanceof Map) {
      return "dict";
    }
    if (value instanceof Undefined undefined) {
      return "undefined (" + undefined.what() + ")";
    }
    return value == None.NONE ? "None" : value instanceof Function ? "function" : "namespace";
  }

  // ---- equality and order

  static boolean areEqual(Object a, Object b) {
    if (isNumber(a) && isNumber(b)) {
      return compareNumbers(a, b) == 0;
    }
    if (a instanceof List<?> left && b instanceof List<?> right) {
      if (left.size() != right.size() || left instanceof Tuple != right instanceof Tuple) {
        return false;
      }
      for (int i = 0; i < left.size(); i++) {
        if (!areEqual(left.get(i), right.get(i))) {
          return false;
        }
      }
      return true;
    }
    if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
      return left.size() == right.size()
          && left.entrySet().stream()
              .allMatch(
                  entry ->
                      right.containsKey(entry.getKey())
                          && areEqual(entry.getValue(), valueOf(right, entry.getKey())));
    }
    if (a instanceof Undefined) {
      return b instanceof Undefined;
    }
    return a.equals(b);
  }

  private static Object valueOf(Map<?, ?> map, Object key) {
    Object value = map.get(key);
    return value == null ? None.NONE : value;
  }

  static int compare(Object a, Object b, String operator) {
    if (isNumber(a) && isNumber(b)) {
      return compareNumbers(a, b);
    }
    if (a instanceof String left && b instanceof String right) {
      return compareTexts(left, right);
    }
    throw new JinjaException(
        "'" + operator + "' does not order " + typeOf(a) + " and " + typeOf(b));
  }

  /** By code points, as Python's strings are made of them. */
  private static int compareTexts(String a, String b) {
    int common = Math.min(a.length(), b.length());
    for (int i = 0; i < common; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        return Integer.compare(codePointAround(a, i), codePointAround(b, i));
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  private static int codePointAround(String text, int at) {
    boolean second =
        at > 0
            && Character.isLowSurrogate(text.charAt(at))
            && Character.isHighSurrogate(text.charAt(at - 1));
    return text.codePointAt(second ? at - 1 : at);
  }

  private static int compareNumbers(Object a, Object b) {
    Object left = number(a);
    Object right = number(b);
    if (left instanceof Long x && right instanceof Long y) {
      return Long.compare(x, y);
    }
    return Double.compare(asDouble(left), asDouble(right));
  }

  static boolean contains(Object container, Object element) {
    if (container instanceof String text) {
      if (element instanceof String part) {
        return text.contains(part);
      }
      throw new JinjaException("'in' a string needs a string, not " + typeOf(element));
    }
    if (container instanceof Map<?, ?> map) {
      return map.containsKey(key(element));
    }
    return elements(container).stream().anyMatch(other -> areEqual(other, element));
  }

  /** What a dict knows a value by: 1 and True are one key. */
  static Object key(Object value) {
    if ((value instanceof List && !(value instanceof Tuple)) || value instanceof Map) {
      throw new JinjaException("a " + typeOf(value) + " cannot be a key");
    }
    return isNumber(value) ? number(value) : value;
  }

  // ---- elements

  /** What a loop goes through: characters, elements, keys; nothing of what is undefined. */
  @SuppressWarnings("unchecked") // elements of values are values
  static List<Object> elements(Object value) {
    if (value instanceof List<?> list) {
      return (List<Object>) list;
    }
    if (value instanceof String text) {
      return text.codePoints().mapToObj(c -> (Object) Character.toString(c)).toList();
    }
    if (value instanceof Map<?, ?> map) {
      return List.copyOf(map.keySet());
    }
    if (value instanceof Undefined) {
      return List.of();
    }
    throw new JinjaException("there are no elements in " + typeOf(value));
  }

  static int length(Object value) {
    if (value instanceof String text) {
      return text.codePointCount(0, text.length());
    }
    if (value instanceof Map<?, ?> map) {
      return map.size();
    }
    return elements(value).size();
  }

  /** An integer that can count elements. */
  static int index(Object value) {
    if (isNumber(value) && number(value) instanceof Long number) {
      return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, number));
    }
    throw new JinjaException("an integer is needed, not " + typeOf(value));
  }

  /** {@code value[at]}; undefined where there is nothing. */
  static Object element(Object value, int at) {
    int size = length(value);
    int place = at < 0 ? at + size : at;
    if (place < 0 || place >= size) {
      return new Undefined("element " + at + " of " + size);
    }
    if (value instanceof String text) {
      int begin = text.offsetByCodePoints(0, place);
      return Character.toString(text.codePointAt(begin));
    }
    return elements(value).get(place);
  }

  /**
   * {@code value[start:stop:step]}.
   *
   * @param start an integer or None, and so the others
   */
  static Object slice(Object value, Object start, Object stop, Object step) {
    if (!(value instanceof String) && !(value instanceof List)) {
      throw new JinjaException("a slice is taken of strings and lists, not " + typeOf(value));
    }
    int size = length(value);
    int by = step == None.NONE ? 1 : index(step);
    if (by == 0) {
      throw new JinjaException("the step of a slice cannot be 0");
    }
    int first = by > 0 ? 0 : size - 1;
    int last = by > 0 ? size : -1;
    int from = start == None.NONE ? first : bound(index(start), size, by);
    int to = stop == None.NONE ? last : bound(index(stop), size, by);
    if (value instanceof String text && by == 1) {
      return from >= to
          ? ""
          : text.substring(text.offsetByCodePoints(0, from), text.offsetByCodePoints(0, to));
    }
    List<Object> all = elements(value);
    List<Object> taken = new ArrayList<>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      taken.add(all.get((int) i));
    }
    if (value instanceof String) {
      return taken.stream().map(String.class::cast).collect(Collectors.joining());
    }
    return value instanceof Tuple ? new Tuple(taken) : taken;
  }

  private static int bound(int given, int size, int step) {
    int place = given < 0 ? given + size : given;
    return step > 0 ? Math.max(0, Math.min(size, place)) : Math.max(-1, Math.min(size - 1, place));
  }

  // ---- numbers

  static boolean isNumber(Object value) {
    return value instanceof Long || value instanceof Double || value instanceof Boolean;
  }

  /** A Long or Double: True counts as 1. */
  static Object number(Object value) {
    return value instanceof Boolean truth ? (Object) (truth ? 1L : 0L) : value;
  }

  static double asDouble(Object number) {
    return ((Number) number(number)).doubleValue();
  }

  // ---- texts

  static String text(Object value) {
    if (value instanceof String text) {
      return text;
    }
    return value instanceof Undefined ? "" : representation(value);
  }

  /** Python's {@code repr}. */
  static String representation(Object value) {
    if (value instanceof String text) {
      return quoted(text);
    }
    if (value instanceof Boolean truth) {
      return truth ? "True" : "False";
    }
    if (value instanceof Long number) {
      return number.toString();
    }
    if (value instanceof Double number) {
      return decimal(number);
    }
    if (value == None.NONE) {
      return "None";
    }
    if (value instanceof Undefined) {
      return "Undefined";
    }
    if (value instanceof Tuple tuple) {
      return "(" + representations(tuple) + (tuple.size() == 1 ? ",)" : ")");
    }
    if (value instanceof List<?> list) {
      return "[" + representations(list) + "]";
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(e -> representation(e.getKey()) + ": " + representation(valueOf(map, e.getKey())))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    throw new JinjaException("a " + typeOf(value) + " cannot be printed");
  }

  private static String representations(List<?> list) {
    return list.stream().map(Python::representation).collect(Collectors.joining(", "));
  }

  private static String quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder result = new StringBuilder().append(quote);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\\' -> result.append("\\\\");
                case '\n' -> result.append("\\n");
                case '\r' -> result.append("\\r");
                case '\t' -> result.append("\\t");
                default -> {
                  if (c == quote) {
                    result.append('\\').appendCodePoint(c);
                  } else if (isPrintable(c)) {
                    result.appendCodePoint(c);
                  } else if (c < 0x100) {
                    result.append(String.format("\\x%02x", c));
                  } else {
                    result.append(String.format(c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                  }
                }
              }
            });
    return result.append(quote).toString();
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }

  /** The shortest digits that are read as the same number, as Python sets them. */
  static String decimal(double number) {
    if (Double.isNaN(number) || Double.isInfinite(number)) {
      return Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
    }
    if (number == 0) {
      return 1 / number < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(number);
    BigDecimal shortest = exact;
    for (int digits = 1; digits <= 17; digits++) {
      shortest = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      if (shortest.doubleValue() == number) {
        break;
      }
    }
    shortest = shortest.stripTrailingZeros();
    int exponent = shortest.precision() - shortest.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = shortest.toPlainString();
      return plain.contains(".") ? plain : plain + ".0";
    }
    String digits = shortest.unscaledValue().abs().toString();
    return (number < 0 ? "-" : "")
        + digits.charAt(0)
        + (digits.length() > 1 ? "." + digits.substring(1) : "")
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  // ---- white space

  static boolean isSpace(int c) {
    return (c >= 9 && c <= 13)
        || (c >= 0x1c && c <= 0x20)
        || c == 0x85
        || c == 0xa0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200a)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  static String strip(String text) {
    return stripStart(stripEnd(text));
  }

  static String stripStart(String text) {
    int begin = 0;
    while (begin < text.length() && isSpace(text.charAt(begin))) {
      begin++;
    }
    return text.substring(begin);
  }

  static String stripEnd(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }
}
