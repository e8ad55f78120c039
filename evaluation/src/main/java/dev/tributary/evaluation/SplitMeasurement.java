// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.io.Serializable;
import java.util.List;

/**
 * What a {@link SplitTask} found on one client's examples. Travels from executor to driver.
 *
 * @param sums added up in the order of the examples, in double precision; what each is the task
 *     knows
 * @param instances examples measured
 * @param skipped examples that cannot be measured: no token of the answer is left of them
 * @param failures reasons why examples were not run, one each
 * @param seconds wall time
 */
public record SplitMeasurement(
    List<Double> sums, long instances, long skipped, List<String> failures, double seconds)
    implements Serializable {
  public SplitMeasurement {
    sums = List.copyOf(sums);
    failures = List.copyOf(failures);
  }
}
