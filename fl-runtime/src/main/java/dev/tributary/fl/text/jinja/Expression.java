// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What has a value. */
sealed interface Expression {
  Object evaluate(Scope scope);

  /** The value, paid for. */
  default Object value(Scope scope) {
    scope.budget().step();
    Object value = evaluate(scope);
    scope.budget().use(value);
    return value;
  }

  /** A value that is written out. */
  record Constant(Object constant) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return constant;
    }
  }

  /** A variable. */
  record Name(String name) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return scope.get(name);
    }
  }

  /** {@code object.name}: an attribute, else the element of that key. */
  record Attribute(Expression object, String name) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = object.value(scope);
      return Methods.find(value, name)
          .orElseGet(
              () ->
                  value instanceof Map<?, ?> map && map.get(name) != null
                      ? map.get(name)
                      : new Undefined("'" + name + "' of " + Python.typeOf(value)));
    }
  }

  /** {@code object[key]}: an element, else the attribute of that name. */
  record Element(Expression object, Expression key) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return of(object.value(scope), key.value(scope));
    }

    static Object of(Object value, Object wanted) {
      if (value instanceof Undefined undefined) {
        throw undefined.error();
      }
      if (value instanceof Map<?, ?> map) {
        Object found = map.get(Python.key(wanted));
        if (found != null) {
          return found;
        }
      } else if (Python.isNumber(wanted) && (value instanceof List || value instanceof String)) {
        return Python.element(value, Python.index(wanted));
      }
      Optional<Object> attribute =
          wanted instanceof String name ? Methods.find(value, name) : Optional.empty();
      return attribute.orElseGet(
          () ->
              new Undefined(
                  "element " + Python.representation(wanted) + " of " + Python.typeOf(value)));
    }
  }

  /** {@code object[start:stop:step]}; what is left out is the constant {@code None}. */
  record Slice(Expression object, Expression start, Expression stop, Expression step)
      implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = object.value(scope);
      if (value instanceof Undefined undefined) {
        throw undefined.error();
      }
      scope.budget().visit(Python.length(value));
      return Python.slice(value, start.value(scope), stop.value(scope), step.value(scope));
    }
  }

  /** The arguments of a call as they are written. */
  record Written(List<Expression> positional, Map<String, Expression> named) {
    Arguments values(Scope scope) {
      if (positional.isEmpty() && named.isEmpty()) {
        return Arguments.NONE;
      }
      List<Object> values = new ArrayList<>(positional.size());
      positional.forEach(argument -> values.add(argument.value(scope)));
      Map<String, Object> byName = new LinkedHashMap<>();
      named.forEach((name, argument) -> byName.put(name, argument.value(scope)));
      return new Arguments(values, byName);
    }
  }

  /** {@code function(arguments)}. */
  record Call(Expression function, Written arguments) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object called = function.value(scope);
      if (called instanceof Function callable) {
        return callable.call(scope.budget(), arguments.values(scope));
      }
      if (called instanceof Undefined undefined) {
        throw undefined.error();
      }
      throw new JinjaException("a " + Python.typeOf(called) + " cannot be called");
    }
  }

  /** {@code value|name(arguments)}. */
  record Filtered(Expression value, Filters.Filter filter, Written arguments)
      implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return filter.apply(scope.budget(), value.value(scope), arguments.values(scope));
    }
  }

  /** {@code value is name(arguments)}. */
  record Tested(Expression value, Tests.Test test, Written arguments) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return test.holds(value.value(scope), arguments.values(scope));
    }
  }

  /** {@code not value}. */
  record Not(Expression value) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return !Python.isTrue(value.value(scope));
    }
  }

  /** {@code left and right}: one of the two. */
  record And(Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object first = left.value(scope);
      return Python.isTrue(first) ? right.value(scope) : first;
    }
  }

  /** {@code left or right}: one of the two. */
  record Or(Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object first = left.value(scope);
      return Python.isTrue(first) ? first : right.value(scope);
    }
  }

  /** {@code then if condition else otherwise}. */
  record Choice(Expression condition, Expression then, Expression otherwise) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return Python.isTrue(condition.value(scope)) ? then.value(scope) : otherwise.value(scope);
    }
  }

  /** {@code a < b == c}: each neighbour compared, up to the first that does not hold. */
  record Comparison(Expression first, List<Compared> others) implements Expression {
    /** One operator and what is right of it. */
    record Compared(String operator, Expression right) {}

    @Override
    public Object evaluate(Scope scope) {
      Object left = first.value(scope);
      for (Compared compared : others) {
        Object right = compared.right().value(scope);
        if (!holds(compared.operator(), left, right)) {
          return false;
        }
        left = right;
      }
      return true;
    }

    static boolean holds(String operator, Object left, Object right) {
      return switch (operator) {
        case "==" -> Python.areEqual(left, right);
        case "!=" -> !Python.areEqual(left, right);
        case "in" -> Python.contains(right, left);
        case "not in" -> !Python.contains(right, left);
        case "<" -> Python.compare(left, right, operator) < 0;
        case "<=" -> Python.compare(left, right, operator) <= 0;
        case ">" -> Python.compare(left, right, operator) > 0;
        default -> Python.compare(left, right, operator) >= 0;
      };
    }
  }

  /** {@code a ~ b ~ c}. */
  record Concatenation(List<Expression> parts) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      StringBuilder text = new StringBuilder();
      for (Expression part : parts) {
        String next = Python.text(part.value(scope));
        scope.budget().text((long) text.length() + next.length());
        text.append(next);
      }
      return text.toString();
    }
  }

  /** A sum, product and the like. */
  record Arithmetic(String operator, Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return Numbers.compute(operator, left.value(scope), right.value(scope), scope.budget());
    }
  }

  /** {@code -value}. */
  record Negative(Expression value) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object number = value.value(scope);
      if (number instanceof Double real) {
        return -real; // not 0 - real: there is a negative zero
      }
      return Numbers.compute("-", 0L, number, scope.budget());
    }
  }

  /** {@code [a, b]} or {@code (a, b)}. */
  record Sequence(List<Expression> elements, Kind kind) implements Expression {
    enum Kind {
      LIST,
      TUPLE
    }

    @Override
    public Object evaluate(Scope scope) {
      List<Object> values =
          elements.stream()
              .map(element -> element.value(scope))
              .collect(Collectors.toCollection(ArrayList::new));
      return kind == Kind.TUPLE ? new Tuple(values) : values;
    }
  }

  /** {@code {key: value}}. */
  record Dictionary(List<Map.Entry<Expression, Expression>> entries) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Map<Object, Object> values = new LinkedHashMap<>();
      for (Map.Entry<Expression, Expression> entry : entries) {
        values.put(Python.key(entry.getKey().value(scope)), entry.getValue().value(scope));
      }
      return values;
    }
  }
}
