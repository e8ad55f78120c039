// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

import java.util.HashMap;
import java.util.Map;

/** What {@code namespace(...)} makes: names that keep what a loop sets. */
final class Namespace implements HasAttributes {
  private final Map<String, Object> values = new HashMap<>();

  void set(String name, Object value) {
    values.put(name, value);
  }

  @Override
  public Object attribute(String name) {
    Object value = values.get(name);
    return value == null ? new Undefined("'" + name + "' of the namespace") : value;
  }
}
