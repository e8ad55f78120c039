// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names that a piece of a template sees: a loop's turn, a macro's call and the like have names
 * of their own, which end with them; {@code if} has none.
 */
final class Scope {
  private final @Nullable Scope outer;
  private final Budget budget;
  private final Map<String, Object> names = new HashMap<>();

  Scope(Budget budget, Map<String, Object> variables) {
    this.outer = null;
    this.budget = budget;
    names.putAll(variables);
  }

  private Scope(Scope outer) {
    this.outer = outer;
    this.budget = outer.budget;
  }

  Scope inner() {
    return new Scope(this);
  }

  Budget budget() {
    return budget;
  }

  void set(String name, Object value) {
    names.put(name, value);
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.names.get(name);
      if (value != null) {
        return value;
      }
    }
    Object global = Globals.find(name);
    return global == null ? new Undefined("'" + name + "'") : global;
  }
}
