// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The methods of strings and dicts. Others that Python has are an error when they are named, rather
 * than undefined; those that change a value are among them, as in transformers' sandbox.
 */
final class Methods {
  /** A method before it is bound to its value. */
  private interface Method {
    Object call(String text, Budget budget, Arguments arguments);
  }

  private static final Map<String, Method> OF_STRINGS =
      Map.ofEntries(
          Map.entry("strip", (s, b, a) -> strip(s, a.to("strip", "chars"), true, true)),
          Map.entry("lstrip", (s, b, a) -> strip(s, a.to("lstrip", "chars"), true, false)),
          Map.entry("rstrip", (s, b, a) -> strip(s, a.to("rstrip", "chars"), false, true)),
          Map.entry("upper", (s, b, a) -> bare("upper", a, s).toUpperCase(Locale.ROOT)),
          Map.entry("lower", (s, b, a) -> bare("lower", a, s).toLowerCase(Locale.ROOT)),
          Map.entry("title", (s, b, a) -> title(bare("title", a, s))),
          Map.entry("capitalize", (s, b, a) -> capitalize(bare("capitalize", a, s))),
          Map.entry(
              "startswith", (s, b, a) -> anyOf("startswith", a).stream().anyMatch(s::startsWith)),
          Map.entry("endswith", (s, b, a) -> anyOf("endswith", a).stream().anyMatch(s::endsWith)),
          Map.entry("split", (s, b, a) -> split(s, a.to("split", "sep", "maxsplit"))),
          Map.entry("rsplit", (s, b, a) -> rsplit(s, a.to("rsplit", "sep", "maxsplit"))),
          Map.entry("splitlines", (s, b, a) -> splitlines(bare("splitlines", a, s))),
          Map.entry("replace", (s, b, a) -> replace(s, b, a.to("replace", "old", "new", "count"))),
          Map.entry("join", (s, b, a) -> join(s, a.to("join", "elements").get("elements"), b)),
          Map.entry("find", (s, b, a) -> points(s, s.indexOf(a.to("find", "sub").text("sub")))),
          Map.entry(
              "rfind", (s, b, a) -> points(s, s.lastIndexOf(a.to("rfind", "sub").text("sub")))),
          Map.entry("count", (s, b, a) -> count(s, a.to("count", "sub").text("sub"))),
          Map.entry(
              "removeprefix",
              (s, b, a) -> {
                String prefix = a.to("removeprefix", "prefix").text("prefix");
                return s.startsWith(prefix) ? s.substring(prefix.length()) : s;
              }),
          Map.entry(
              "removesuffix",
              (s, b, a) -> {
                String suffix = a.to("removesuffix", "suffix").text("suffix");
                return s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
              }),
          Map.entry(
              "partition",
              (s, b, a) -> {
                String sep = separator(a.to("partition", "sep").text("sep"));
                int at = s.indexOf(sep);
                return at < 0 ? parts(s, "", "") : around(s, at, sep);
              }),
          Map.entry(
              "rpartition",
              (s, b, a) -> {
                String sep = separator(a.to("rpartition", "sep").text("sep"));
                int at = s.lastIndexOf(sep);
                return at < 0 ? parts("", "", s) : around(s, at, sep);
              }));

  private static final Set<String> OTHERS_OF_STRINGS =
      Set.of(
          "casefold",
          "center",
          "encode",
          "expandtabs",
          "format",
          "format_map",
          "index",
          "isalnum",
          "isalpha",
          "isascii",
          "isdecimal",
          "isdigit",
          "isidentifier",
          "islower",
          "isnumeric",
          "isprintable",
          "isspace",
          "istitle",
          "isupper",
          "ljust",
          "maketrans",
          "rindex",
          "rjust",
          "swapcase",
          "translate",
          "zfill");

  private static final Set<String> OTHERS_OF_LISTS =
      Set.of(
          "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove",
          "reverse", "sort");

  private static final Set<String> OTHERS_OF_DICTS =
      Set.of("clear", "copy", "fromkeys", "pop", "popitem", "setdefault", "update");

  private static final Set<String> OF_NUMBERS =
      Set.of(
          "as_integer_ratio",
          "bit_count",
          "bit_length",
          "conjugate",
          "denominator",
          "fromhex",
          "from_bytes",
          "hex",
          "imag",
          "is_integer",
          "numerator",
          "real",
          "to_bytes");

  private Methods() {}

  /** An attribute of a value, if there is one of that name. */
  static Optional<Object> find(Object value, String name) {
    if (value instanceof HasAttributes own) {
      return Optional.of(own.attribute(name));
    }
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (value instanceof String text) {
      Method method = OF_STRINGS.get(name);
      if (method != null) {
        return Optional.of(
            (Function)
                (budget, arguments) -> {
                  budget.text(text.length());
                  return method.call(text, budget, arguments);
                });
      }
      refuse(OTHERS_OF_STRINGS, value, name);
    } else if (value instanceof Map<?, ?> map) {
      Optional<Function> method = ofDict(map, name);
      if (method.isPresent()) {
        return Optional.of(method.get());
      }
      refuse(OTHERS_OF_DICTS, value, name);
    } else if (value instanceof List) {
      refuse(OTHERS_OF_LISTS, value, name);
    } else if (Python.isNumber(value)) {
      refuse(OF_NUMBERS, value, name);
    }
    return Optional.empty();
  }

  private static void refuse(Set<String> names, Object value, String name) {
    if (names.contains(name) || name.startsWith("_")) {
      throw new JinjaException(
          "the attribute '" + name + "' of " + Python.typeOf(value) + " is not supported");
    }
  }

  private static Optional<Function> ofDict(Map<?, ?> map, String name) {
    return switch (name) {
      case "items" -> Optional.of((budget, a) -> items(map));
      case "keys" -> Optional.of((budget, a) -> List.copyOf(map.keySet()));
      case "values" -> Optional.of((budget, a) -> List.copyOf(map.values()));
      case "get" ->
          Optional.of(
              (budget, a) -> {
                Arguments.Bound bound = a.to("get", "key", "default");
                Object found = map.get(Python.key(bound.get("key")));
                return found == null ? bound.find("default").orElse(None.NONE) : found;
              });
      default -> Optional.empty();
    };
  }

  static List<Object> items(Map<?, ?> map) {
    List<Object> items = new ArrayList<>();
    map.forEach((key, value) -> items.add(new Tuple(List.of(key, value))));
    return items;
  }

  static Object join(String separator, Object elements, Budget budget) {
    StringBuilder joined = new StringBuilder();
    boolean first = true;
    for (Object element : Python.elements(elements)) {
      if (!(element instanceof String text)) {
        throw new JinjaException("join() needs strings, not " + Python.typeOf(element));
      }
      budget.text((long) joined.length() + separator.length() + text.length());
      joined.append(first ? "" : separator).append(text);
      first = false;
    }
    return joined.toString();
  }

  static String strip(String text, Arguments.Bound arguments, boolean start, boolean end) {
    Optional<String> chars = arguments.findText("chars");
    int from = 0;
    int to = text.length();
    while (start && from < to && isOf(chars, text.codePointAt(from))) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (end && from < to && isOf(chars, text.codePointBefore(to))) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  private static boolean isOf(Optional<String> chars, int c) {
    return chars.isPresent() ? chars.get().indexOf(c) >= 0 : Python.isSpace(c);
  }

  /** Every run of letters: the first as a title has it, the others small. */
  private static String title(String text) {
    StringBuilder result = new StringBuilder();
    boolean inside = false;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      boolean letter =
          Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
      result.append(
          !letter
              ? Character.toString(c)
              : inside ? Character.toString(c).toLowerCase(Locale.ROOT) : first(c));
      inside = letter;
    }
    return result.toString();
  }

  /** A character as the first of a title; some become two, as the German sharp s. */
  private static String first(int c) {
    int title = Character.toTitleCase(c);
    if (title != c || Character.toString(c).toUpperCase(Locale.ROOT).length() < 2) {
      return Character.toString(title);
    }
    String upper = Character.toString(c).toUpperCase(Locale.ROOT);
    return upper.charAt(0) + upper.substring(1).toLowerCase(Locale.ROOT);
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int c = text.codePointAt(0);
    return first(c) + text.substring(Character.charCount(c)).toLowerCase(Locale.ROOT);
  }

  private static List<String> anyOf(String function, Arguments arguments) {
    Object wanted = arguments.to(function, "text").get("text");
    List<Object> all = wanted instanceof Tuple tuple ? tuple : List.of(wanted);
    List<String> texts = new ArrayList<>();
    for (Object one : all) {
      if (!(one instanceof String text)) {
        throw new JinjaException(
            function + "() needs a string or a tuple of strings, not " + Python.typeOf(one));
      }
      texts.add(text);
    }
    return texts;
  }

  private static String separator(String text) {
    if (text.isEmpty()) {
      throw new JinjaException("a separator cannot be empty");
    }
    return text;
  }

  private static Object split(String text, Arguments.Bound arguments) {
    long most = most(arguments);
    List<Object> parts = new ArrayList<>();
    Optional<String> given = arguments.findText("sep").map(Methods::separator);
    if (given.isEmpty()) {
      int at = afterSpace(text, 0);
      while (at < text.length() && parts.size() < most) {
        int end = at;
        while (end < text.length() && !Python.isSpace(text.charAt(end))) {
          end++;
        }
        parts.add(text.substring(at, end));
        at = afterSpace(text, end);
      }
      if (at < text.length()) {
        parts.add(text.substring(at));
      }
      return parts;
    }
    int from = 0;
    for (int at = text.indexOf(given.get());
        at >= 0 && parts.size() < most;
        at = text.indexOf(given.get(), from)) {
      parts.add(text.substring(from, at));
      from = at + given.get().length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static int afterSpace(String text, int from) {
    int at = from;
    while (at < text.length() && Python.isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static Object rsplit(String text, Arguments.Bound arguments) {
    long most = most(arguments);
    String separator = separator(arguments.text("sep"));
    List<Object> parts = new ArrayList<>();
    int to = text.length();
    for (int at = text.lastIndexOf(separator);
        at >= 0 && parts.size() < most;
        at = text.lastIndexOf(separator, to - separator.length())) {
      parts.add(0, text.substring(at + separator.length(), to));
      to = at;
    }
    parts.add(0, text.substring(0, to));
    return parts;
  }

  private static long most(Arguments.Bound arguments) {
    int given = arguments.integer("maxsplit", -1);
    return given < 0 ? Long.MAX_VALUE : given;
  }

  private static Object splitlines(String text) {
    List<Object> lines = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c >= 10 && c <= 13)
          || (c >= 0x1c && c <= 0x1e)
          || c == 0x85
          || c == 0x2028
          || c == 0x2029) {
        lines.add(text.substring(from, i));
        i += c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? 1 : 0;
        from = i + 1;
      }
    }
    if (from < text.length()) {
      lines.add(text.substring(from));
    }
    return lines;
  }

  static Object replace(String text, Budget budget, Arguments.Bound arguments) {
    String old = arguments.text("old");
    String with = arguments.text("new");
    int given = arguments.find("count").filter(c -> c != None.NONE).map(Python::index).orElse(-1);
    long most = given < 0 ? Long.MAX_VALUE : given;
    if (old.isEmpty()) {
      throw new JinjaException("replace() of an empty string is not supported");
    }
    budget.text(text.length() + Math.min(most, count(text, old)) * with.length());
    StringBuilder result = new StringBuilder();
    int from = 0;
    int done = 0;
    for (int at = text.indexOf(old); at >= 0 && done < most; at = text.indexOf(old, from)) {
      result.append(text, from, at).append(with);
      from = at + old.length();
      done++;
    }
    return result.append(text.substring(from)).toString();
  }

  private static long count(String text, String part) {
    if (part.isEmpty()) {
      return Python.length(text) + 1L;
    }
    long found = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      found++;
    }
    return found;
  }

  /** A place in code points. */
  private static long points(String text, int at) {
    return at < 0 ? -1 : text.codePointCount(0, at);
  }

  private static Tuple around(String text, int at, String separator) {
    return parts(text.substring(0, at), separator, text.substring(at + separator.length()));
  }

  private static Tuple parts(String before, String separator, String after) {
    return new Tuple(List.of(before, separator, after));
  }

  private static String bare(String function, Arguments arguments, String text) {
    arguments.to(function);
    return text;
  }
}
