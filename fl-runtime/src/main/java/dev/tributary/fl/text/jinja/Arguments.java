// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The arguments of a call. */
record Arguments(List<Object> positional, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** Assigns the arguments to parameters. */
  Bound to(String function, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new JinjaException(
          function + "() takes " + parameters.length + " arguments, not " + positional.size());
    }
    Map<String, Object> values = new HashMap<>();
    for (int i = 0; i < positional.size(); i++) {
      values.put(parameters[i], positional.get(i));
    }
    List<String> known = List.of(parameters);
    named.forEach(
        (name, value) -> {
          if (!known.contains(name)) {
            throw new JinjaException(function + "() has no argument '" + name + "'");
          }
          if (values.put(name, value) != null) {
            throw new JinjaException(function + "() has the argument '" + name + "' twice");
          }
        });
    return new Bound(function, values);
  }

  /** Without the first positional one. */
  Arguments rest() {
    return new Arguments(new ArrayList<>(positional.subList(1, positional.size())), named);
  }

  /** Arguments by the parameters' names. */
  record Bound(String function, Map<String, Object> values) {
    Optional<Object> find(String parameter) {
      return Optional.ofNullable(values.get(parameter));
    }

    Object get(String parameter) {
      return find(parameter)
          .orElseThrow(
              () -> new JinjaException(function + "() needs the argument '" + parameter + "'"));
    }

    String text(String parameter) {
      if (get(parameter) instanceof String text) {
        return text;
      }
      throw new JinjaException(
          function + "() needs a string, not " + Python.typeOf(get(parameter)));
    }

    /** A string; empty where there is none, or {@code None}. */
    Optional<String> findText(String parameter) {
      return find(parameter).filter(value -> value != None.NONE).map(value -> text(parameter));
    }

    int integer(String parameter, int otherwise) {
      return find(parameter).map(value -> Python.index(value)).orElse(otherwise);
    }
  }
}
