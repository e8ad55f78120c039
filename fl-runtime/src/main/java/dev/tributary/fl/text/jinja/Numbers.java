// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's operators: of numbers, and those that strings and lists have too. */
final class Numbers {
  private Numbers() {}

  /** The value of {@code left operator right}. */
  static Object compute(String operator, Object left, Object right, Budget budget) {
    if (Python.isNumber(left) && Python.isNumber(right)) {
      return ofNumbers(operator, Python.number(left), Python.number(right));
    }
    if (operator.equals("+")) {
      if (left instanceof String a && right instanceof String b) {
        budget.text((long) a.length() + b.length());
        return a + b;
      }
      if (left instanceof List<?> a
          && right instanceof List<?> b
          && a instanceof Tuple == b instanceof Tuple) {
        budget.list((long) a.size() + b.size());
        List<Object> all = new ArrayList<>(a);
        all.addAll(b);
        return a instanceof Tuple ? new Tuple(all) : all;
      }
    }
    if (operator.equals("*") && (Python.isNumber(left) || Python.isNumber(right))) {
      Object repeated = Python.isNumber(left) ? right : left;
      Object times = Python.number(Python.isNumber(left) ? left : right);
      if (times instanceof Long number && repeated instanceof String text) {
        return repeat(text, Math.max(0, number), budget);
      }
    }
    for (Object operand : List.of(left, right)) {
      if (operand instanceof Undefined undefined) {
        throw undefined.error();
      }
    }
    throw new JinjaException(
        "'" + operator + "' does not take " + Python.typeOf(left) + " and " + Python.typeOf(right));
  }

  private static String repeat(String text, long times, Budget budget) {
    if (text.isEmpty() || times == 0) {
      return "";
    }
    budget.text(times > Integer.MAX_VALUE ? Long.MAX_VALUE : times * text.length());
    return text.repeat((int) times);
  }

  private static Object ofNumbers(String operator, Object left, Object right) {
    if (left instanceof Long a && right instanceof Long b && !operator.equals("/")) {
      return ofIntegers(operator, a, b);
    }
    double a = Python.asDouble(left);
    double b = Python.asDouble(right);
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / divisor(b);
      default -> throw new JinjaException("'" + operator + "' of floats is not supported");
    };
  }

  private static long ofIntegers(String operator, long a, long b) {
    try {
      return switch (operator) {
        case "+" -> Math.addExact(a, b);
        case "-" -> Math.subtractExact(a, b);
        case "*" -> Math.multiplyExact(a, b);
        case "//" -> Math.floorDiv(a, divisor(b));
        case "%" -> Math.floorMod(a, divisor(b));
        default -> power(a, b);
      };
    } catch (ArithmeticException e) {
      throw new JinjaException(
          a + " " + operator + " " + b + " is too large for this implementation");
    }
  }

  private static long power(long base, long exponent) {
    if (exponent < 0 || exponent > 64) {
      throw new JinjaException("'**' is supported with exponents from 0 to 64");
    }
    long result = 1;
    for (long i = 0; i < exponent; i++) {
      result = Math.multiplyExact(result, base);
    }
    return result;
  }

  private static long divisor(long number) {
    if (number == 0) {
      throw new JinjaException("division by zero");
    }
    return number;
  }

  private static double divisor(double number) {
    if (number == 0) {
      throw new JinjaException("division by zero");
    }
    return number;
  }
}
