// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text.jinja;

/** A template that cannot be read or rendered; the message begins with the line where known. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int line;

  JinjaException(String message) {
    super(message);
    this.line = 0;
  }

  private JinjaException(int line, JinjaException cause) {
    super("line " + line + ": " + cause.getMessage(), cause);
    this.line = line;
  }

  static JinjaException at(int line, String message) {
    return new JinjaException(message).at(line);
  }

  /** With a line, unless it has one: the innermost counts. */
  JinjaException at(int where) {
    return line > 0 ? this : new JinjaException(where, this);
  }
}
