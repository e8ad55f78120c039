// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.splitter;

/** Dividing a number evenly. */
final class Shares {
  private Shares() {}

  /** Size of one of {@code parts} nearly equal parts of a total; the first are the larger ones. */
  static int part(int total, int parts, int index) {
    return total / parts + (index < total % parts ? 1 : 0);
  }
}
