// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

/**
 * Where something was written.
 *
 * @param source file as the user named it, or {@code command line}
 * @param line counted from 1; 0 where there are no lines
 */
record Place(String source, int line) {
  static final Place COMMAND_LINE = new Place("command line", 0);

  @Override
  public String toString() {
    return line == 0 ? source : source + ":" + line;
  }
}
