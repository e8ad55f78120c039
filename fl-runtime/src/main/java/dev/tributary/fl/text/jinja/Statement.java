// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What writes text or sets names. */
sealed interface Statement {
  /** How a loop goes on after a statement. */
  enum Flow {
    NEXT,
    CONTINUE,
    BREAK
  }

  Flow render(Scope scope, StringBuilder output);

  /** Statements one after another, up to a {@code continue} or {@code break}. */
  record Block(List<Statement> statements) {
    Flow render(Scope scope, StringBuilder output) {
      for (Statement statement : statements) {
        scope.budget().step();
        Flow flow = statement.render(scope, output);
        if (flow != Flow.NEXT) {
          return flow;
        }
      }
      return Flow.NEXT;
    }

    /** The text of a block with names of its own. */
    String text(Scope inner) {
      StringBuilder text = new StringBuilder();
      render(inner, text);
      return text.toString();
    }
  }

  /** What the names of a {@code set} or {@code for} get. */
  record Target(List<String> names, boolean single) {
    void assign(Object value, Scope scope) {
      if (single) {
        scope.set(names.get(0), value);
        return;
      }
      List<Object> values = Python.elements(value);
      if (values.size() != names.size()) {
        throw new JinjaException(values.size() + " values do not go into the names " + names);
      }
      for (int i = 0; i < names.size(); i++) {
        scope.set(names.get(i), values.get(i));
      }
    }
  }

  /** Adds a text to the output, paid for. */
  static void write(String text, Scope scope, StringBuilder output) {
    scope.budget().text((long) output.length() + text.length());
    output.append(text);
  }

  /** Evaluates what stands in a line, which errors then name. */
  static Object value(Expression expression, Scope scope, int line) {
    try {
      return expression.value(scope);
    } catch (JinjaException e) {
      throw e.at(line);
    }
  }

  /** Text as it stands. */
  record Data(String text) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      output.append(text);
      return Flow.NEXT;
    }
  }

  /** {@code {{ value }}}. */
  record Print(Expression value, int line) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      try {
        write(Python.text(value.value(scope)), scope, output);
      } catch (JinjaException e) {
        throw e.at(line);
      }
      return Flow.NEXT;
    }
  }

  /** {@code {% set names = value %}}. */
  record Set(Target target, Expression value, int line) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      try {
        target.assign(value.value(scope), scope);
      } catch (JinjaException e) {
        throw e.at(line);
      }
      return Flow.NEXT;
    }
  }

  /** {@code {% set namespace.name = value %}}. */
  record SetAttribute(String namespace, String name, Expression value, int line)
      implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      if (!(scope.get(namespace) instanceof Namespace changed)) {
        throw JinjaException.at(
            line, "attributes are set of a namespace, which '" + namespace + "' is not");
      }
      changed.set(name, Statement.value(value, scope, line));
      return Flow.NEXT;
    }
  }

  /** {@code {% set name %}...{% endset %}}, with filters if any. */
  record SetBlock(String name, Filtering filtering, Block body, int line) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      scope.set(name, filtering.apply(body.text(scope.inner()), scope, line));
      return Flow.NEXT;
    }
  }

  /** {@code {% filter name %}...{% endfilter %}}. */
  record FilterBlock(Filtering filtering, Block body, int line) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      write(Python.text(filtering.apply(body.text(scope.inner()), scope, line)), scope, output);
      return Flow.NEXT;
    }
  }

  /** Filters that a block's text goes through: an expression over the name {@link #TEXT}. */
  record Filtering(Expression expression) {
    /** No name of a template can be this one. */
    static final String TEXT = " text";

    Object apply(String text, Scope scope, int line) {
      Scope inner = scope.inner();
      inner.set(TEXT, text);
      return Statement.value(expression, inner, line);
    }
  }

  /** {@code {% generation %}}: marks the model's words for transformers; here only a block. */
  record Generation(Block body) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      write(body.text(scope.inner()), scope, output);
      return Flow.NEXT;
    }
  }

  /** {@code {% if %}} with its {@code elif}s; {@code else} is a last condition that is true. */
  record If(List<Branch> branches) implements Statement {
    /** One condition and what it lets be written. */
    record Branch(Expression condition, Block body, int line) {}

    @Override
    public Flow render(Scope scope, StringBuilder output) {
      for (Branch branch : branches) {
        if (Python.isTrue(Statement.value(branch.condition(), scope, branch.line()))) {
          return branch.body().render(scope, output);
        }
      }
      return Flow.NEXT;
    }
  }

  /** {@code {% continue %}} and {@code {% break %}}. */
  record Leave(Flow flow) implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      return flow;
    }
  }

  /** {@code {% for names in elements if condition %}...{% else %}...{% endfor %}}. */
  record For(
      Target target,
      Expression elements,
      Optional<Expression> condition,
      Block body,
      Block otherwise,
      int line)
      implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      List<Object> chosen = chosen(scope);
      if (chosen.isEmpty()) {
        return otherwise.render(scope.inner(), output);
      }
      for (int i = 0; i < chosen.size(); i++) {
        scope.budget().step();
        Scope inner = scope.inner();
        try {
          target.assign(chosen.get(i), inner);
        } catch (JinjaException e) {
          throw e.at(line);
        }
        inner.set("loop", new Loop(chosen, i));
        if (body.render(inner, output) == Flow.BREAK) {
          break;
        }
      }
      return Flow.NEXT;
    }

    private List<Object> chosen(Scope scope) {
      try {
        Object value = elements.value(scope);
        List<Object> all = Python.elements(value);
        scope.budget().list(all.size());
        if (condition.isEmpty()) {
          return all;
        }
        List<Object> chosen = new ArrayList<>();
        for (Object element : all) {
          Scope inner = scope.inner();
          target.assign(element, inner);
          if (Python.isTrue(condition.get().value(inner))) {
            chosen.add(element);
          }
        }
        return chosen;
      } catch (JinjaException e) {
        throw e.at(line);
      }
    }
  }

  /** What a loop's body knows of the loop. */
  record Loop(List<Object> elements, int place) implements HasAttributes {
    @Override
    public Object attribute(String name) {
      long size = elements.size();
      return switch (name) {
        case "index" -> place + 1L;
        case "index0" -> (long) place;
        case "revindex" -> size - place;
        case "revindex0" -> size - place - 1;
        case "first" -> place == 0;
        case "last" -> place == size - 1;
        case "length" -> size;
        case "depth" -> 1L; // of recursive loops, which are not supported
        case "depth0" -> 0L;
        case "previtem" ->
            place > 0 ? elements.get(place - 1) : new Undefined("the item before the first");
        case "nextitem" ->
            place + 1 < size ? elements.get(place + 1) : new Undefined("the item after the last");
        case "cycle" -> (Function) this::cycle;
        default -> throw new JinjaException("loop." + name + " is not supported");
      };
    }

    private Object cycle(Budget budget, Arguments arguments) {
      List<Object> values = arguments.positional();
      if (values.isEmpty()) {
        throw new JinjaException("loop.cycle() needs values");
      }
      return values.get(place % values.size());
    }
  }

  /**
   * {@code {% macro name(parameters) %}...{% endmacro %}}.
   *
   * @param defaults of the parameters that have one
   */
  record Macro(String name, List<String> parameters, Map<String, Expression> defaults, Block body)
      implements Statement {
    @Override
    public Flow render(Scope scope, StringBuilder output) {
      scope.set(name, (Function) (budget, arguments) -> call(scope, arguments));
      return Flow.NEXT;
    }

    private Object call(Scope scope, Arguments arguments) {
      Map<String, Object> given =
          new HashMap<>(arguments.to(name, parameters.toArray(String[]::new)).values());
      Scope inner = scope.inner();
      for (String parameter : parameters) {
        Object value = given.get(parameter);
        @Nullable Expression otherwise = defaults.get(parameter);
        if (value == null) {
          value =
              otherwise == null
                  ? new Undefined("the argument '" + parameter + "' of " + name + "()")
                  : otherwise.value(inner);
        }
        inner.set(parameter, value);
      }
      scope.budget().enterCall();
      String text = body.text(inner);
      scope.budget().leaveCall();
      return text;
    }
  }
}
