// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.io.Serializable;

/**
 * A record that cannot be used. A plain class, as it travels in results of tasks: Kryo, where a
 * cluster is set to it, cannot read records.
 */
final class BrokenRecord implements Serializable {
  private static final long serialVersionUID = 1;

  /** Why, in a word for the manifest. */
  enum Reason {
    BROKEN_JSON("broken-json"),
    MISSING_FIELD("missing-field"),
    WRONG_TYPE("wrong-type"),
    INVALID_TEXT("invalid-text"),
    TOO_LONG("too-long"),
    /** The rest of the file is lost with it, so that nobody can say what was skipped. */
    UNREADABLE_REST("unreadable-rest");

    private final String label;

    Reason(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  private final Reason reason;
  private final long line;
  private final String what;

  /**
   * @param line in the piece, counted from 1
   * @param what is wrong and the way out, to follow file and line
   */
  BrokenRecord(Reason reason, long line, String what) {
    this.reason = reason;
    this.line = line;
    this.what = what;
  }

  Reason reason() {
    return reason;
  }

  long line() {
    return line;
  }

  String what() {
    return what;
  }
}
