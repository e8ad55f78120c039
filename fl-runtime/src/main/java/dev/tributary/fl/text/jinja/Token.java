// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

/**
 * A piece of a template.
 *
 * @param text what it spells; of strings the content
 * @param line counted from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA,
    PRINT_BEGIN,
    PRINT_END,
    TAG_BEGIN,
    TAG_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind other) {
    return kind == other;
  }

  boolean isOperator(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  @Override
  public String toString() {
    return kind == Kind.END ? "the end of the template" : "'" + text + "'";
  }
}
