// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

/** What can be called: a macro, a method of a value, a global function. */
interface Function {
  Object call(Budget budget, Arguments arguments);
}
