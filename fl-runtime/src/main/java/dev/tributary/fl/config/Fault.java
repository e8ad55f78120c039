// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import org.jspecify.annotations.Nullable;

/**
 * One thing wrong with a configuration.
 *
 * @param key kebab-case name, relative to the record that found the fault; the reader of a file
 *     puts the path of the enclosing keys, file and line in front
 * @param value what was given; null where nothing was
 * @param remedy the way out, e.g. {@code give 1 or more, e.g. 8}
 */
public record Fault(String key, @Nullable Object value, String remedy) {

  /** The fault as users read it: {@code rank = 0 is not valid; give 1 or more, e.g. 8}. */
  public String message() {
    return value == null ? key + ": " + remedy : key + " = " + value + " is not valid; " + remedy;
  }

  /** The same fault with the key of the enclosing group in front. */
  public Fault under(String group) {
    return new Fault(key.isEmpty() ? group : group + "." + key, value, remedy);
  }
}
