// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import java.time.Duration;

/**
 * How long a hub is waited for.
 *
 * @param attempts failures in a row, without a byte between them, after which it is given up
 * @param firstPause before the second attempt; it doubles with each
 * @param longestPause that a hub may ask for, too
 * @param silence without a byte, after which a connection counts as broken
 */
record Patience(int attempts, Duration firstPause, Duration longestPause, Duration silence) {
  static final Patience DEFAULT =
      new Patience(5, Duration.ofSeconds(1), Duration.ofSeconds(60), Duration.ofSeconds(60));

  /** For what is here already, and would only be newer. */
  Patience once() {
    return new Patience(1, firstPause, longestPause, silence);
  }

  /** The pause after so many failures in a row. */
  Duration pause(int failures) {
    Duration doubled = firstPause.multipliedBy(1L << Math.min(failures - 1, 10));
    return shorter(doubled);
  }

  Duration shorter(Duration pause) {
    return pause.compareTo(longestPause) > 0 ? longestPause : pause;
  }
}
