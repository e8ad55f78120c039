// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

/**
 * What a name or key that is not there stands for: false, without elements, printed as nothing.
 * Anything else done with it is an error.
 *
 * @param what is missing, for messages
 */
record Undefined(String what) {
  JinjaException error() {
    return new JinjaException(what + " is undefined");
  }
}
