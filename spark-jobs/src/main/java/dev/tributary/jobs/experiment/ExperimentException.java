// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.InputException;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** An experiment file cannot be used; holds all faults found, in the order of the file. */
public final class ExperimentException extends InputException {
  private static final long serialVersionUID = 1;

  private final transient List<LocatedFault> faults;

  ExperimentException(List<LocatedFault> faults) {
    this(ordered(faults), true);
  }

  private ExperimentException(
      List<LocatedFault> ordered, @SuppressWarnings("unused") boolean done) {
    super(ordered.stream().map(LocatedFault::toString).collect(Collectors.joining("\n")));
    this.faults = ordered;
  }

  private static List<LocatedFault> ordered(List<LocatedFault> faults) {
    return faults.stream()
        .distinct()
        .sorted(Comparator.comparingInt(f -> f.line() == 0 ? Integer.MAX_VALUE : f.line()))
        .toList();
  }

  public List<LocatedFault> faults() {
    return faults;
  }
}
