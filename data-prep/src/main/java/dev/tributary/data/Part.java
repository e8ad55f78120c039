// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.InputException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What examples are for: the splits. */
enum Part {
  TRAIN(0),
  VALIDATION(1),
  TEST(2),
  /** Held by the server for itself; no client sees them. */
  SERVER(3);

  static final int COUNT = 4;
  static final List<String> LABELS = Arrays.stream(values()).map(Part::label).toList();

  /** In the place of a client's number, whose examples the server's are. */
  static final int NO_CLIENT = -1;

  private final int code;

  Part(int code) {
    this.code = code;
  }

  /** 0 to {@link #COUNT} - 1, for arrays. */
  int code() {
    return code;
  }

  static Part at(int code) {
    return values()[code];
  }

  /** As in paths, tables and experiment files: {@code train}, {@code validation} ... */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Part of(String label) {
    return Arrays.stream(values())
        .filter(part -> part.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException("split = " + label + " is not valid; choose one of " + LABELS));
  }
}
