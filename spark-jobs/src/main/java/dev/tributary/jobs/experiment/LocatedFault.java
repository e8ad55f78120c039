// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

/**
 * One thing wrong, and where: {@code conf/a.yaml:14: adapter.rank = 0 is not valid; give 1 or more,
 * e.g. 8}.
 *
 * @param source file as the user named it, or {@code command line}
 * @param line counted from 1; 0 where there are no lines
 * @param message key with the keys around it, value, way out
 */
public record LocatedFault(String source, int line, String message) {
  static LocatedFault at(Place place, String message) {
    return new LocatedFault(place.source(), place.line(), message);
  }

  @Override
  public String toString() {
    return new Place(source, line) + ": " + message;
  }
}
