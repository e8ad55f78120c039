// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Jinja's tests, as in {@code value is defined}. */
final class Tests {
  /** Whether a value is something. */
  interface Test {
    boolean holds(Object value, Arguments arguments);
  }

  private static final Map<String, Test> KNOWN =
      Map.ofEntries(
          bare("defined", v -> !(v instanceof Undefined)),
          bare("undefined", v -> v instanceof Undefined),
          bare("none", v -> v == None.NONE),
          bare("string", v -> v instanceof String),
          bare("mapping", v -> v instanceof Map),
          bare("number", v -> Python.isNumber(v)),
          bare("integer", v -> v instanceof Long),
          bare("float", v -> v instanceof Double),
          bare("boolean", v -> v instanceof Boolean),
          bare("true", v -> Boolean.TRUE.equals(v)),
          bare("false", v -> Boolean.FALSE.equals(v)),
          bare("callable", v -> v instanceof Function || v instanceof Undefined),
          bare("iterable", v -> hasElements(v) || v instanceof Undefined),
          bare("sequence", v -> hasElements(v) || v instanceof Undefined),
          bare("odd", v -> integer(v) % 2 != 0),
          bare("even", v -> integer(v) % 2 == 0),
          Map.entry("divisibleby", (v, a) -> divides(v, a)),
          bare("lower", v -> cased(Python.text(v), false)),
          bare("upper", v -> cased(Python.text(v), true)),
          Map.entry("in", (v, a) -> Python.contains(other(a), v)),
          Map.entry("eq", (v, a) -> compared("==", v, a)),
          Map.entry("equalto", (v, a) -> compared("==", v, a)),
          Map.entry("ne", (v, a) -> compared("!=", v, a)),
          Map.entry("lt", (v, a) -> compared("<", v, a)),
          Map.entry("lessthan", (v, a) -> compared("<", v, a)),
          Map.entry("le", (v, a) -> compared("<=", v, a)),
          Map.entry("gt", (v, a) -> compared(">", v, a)),
          Map.entry("greaterthan", (v, a) -> compared(">", v, a)),
          Map.entry("ge", (v, a) -> compared(">=", v, a)),
          Map.entry("==", (v, a) -> compared("==", v, a)),
          Map.entry("!=", (v, a) -> compared("!=", v, a)),
          Map.entry("<", (v, a) -> compared("<", v, a)),
          Map.entry("<=", (v, a) -> compared("<=", v, a)),
          Map.entry(">", (v, a) -> compared(">", v, a)),
          Map.entry(">=", (v, a) -> compared(">=", v, a)));

  private Tests() {}

  /** A test; one that is not known is an error when it is made. */
  static Test of(String name) {
    Test known = KNOWN.get(name);
    return known != null
        ? known
        : (value, arguments) -> {
          throw new JinjaException("the test '" + name + "' is not supported");
        };
  }

  /** A test that takes nothing but the value. */
  private static Map.Entry<String, Test> bare(String name, Predicate<Object> test) {
    return Map.entry(
        name,
        (value, arguments) -> {
          arguments.to(name);
          return test.test(value);
        });
  }

  private static boolean hasElements(Object value) {
    return value instanceof String || value instanceof List || value instanceof Map;
  }

  private static long integer(Object value) {
    if (Python.isNumber(value) && Python.number(value) instanceof Long number) {
      return number;
    }
    throw new JinjaException("an integer is needed, not " + Python.typeOf(value));
  }

  private static boolean divides(Object value, Arguments arguments) {
    long divisor = integer(other(arguments));
    if (divisor == 0) {
      throw new JinjaException("division by zero");
    }
    return integer(value) % divisor == 0;
  }

  /** Python's {@code isupper} and {@code islower}: no letter of the other case, and one of this. */
  private static boolean cased(String text, boolean upper) {
    return text.codePoints().anyMatch(c -> upper ? isUpper(c) : Character.isLowerCase(c))
        && text.codePoints().noneMatch(c -> upper ? Character.isLowerCase(c) : isUpper(c));
  }

  private static boolean isUpper(int c) {
    return Character.isUpperCase(c) || Character.isTitleCase(c);
  }

  private static boolean compared(String operator, Object value, Arguments arguments) {
    return Expression.Comparison.holds(operator, value, other(arguments));
  }

  private static Object other(Arguments arguments) {
    return arguments.to("test", "other").get("other");
  }
}
