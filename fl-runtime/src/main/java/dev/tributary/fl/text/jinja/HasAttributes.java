// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

/** A value of the language's own that has attributes and nothing else. */
interface HasAttributes {
  /** The value, or an {@link Undefined}. */
  Object attribute(String name);
}
