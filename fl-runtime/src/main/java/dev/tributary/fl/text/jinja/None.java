// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

/** Python's {@code None}. */
enum None {
  NONE
}
