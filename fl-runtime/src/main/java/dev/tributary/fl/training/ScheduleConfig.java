// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import java.io.Serializable;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The keys that schedules share, so that one may be put in another's place by its name alone.
 *
 * @param warmupSteps steps in which the rate rises in a line from 0, at least 0; of the whole run,
 *     not of each round
 * @param totalSteps where the schedule ends, above {@code warmupSteps}; rounds x local-steps where
 *     it is left out. Named, it lets more rounds continue a run. The constant schedule, which has
 *     no end, takes it without effect
 */
public record ScheduleConfig(@Default("0") int warmupSteps, Optional<Long> totalSteps)
    implements Serializable {
  public ScheduleConfig {
    new Faults()
        .check(warmupSteps >= 0, "warmup-steps", warmupSteps, "give 0 (none) or more")
        .check(
            totalSteps.isEmpty() || totalSteps.get() > warmupSteps,
            "total-steps",
            totalSteps.orElse(null),
            "give more than warmup-steps, or leave it out for rounds x local-steps")
        .throwIfAny();
  }

  OptionalLong end() {
    return totalSteps.stream().mapToLong(Long::longValue).findFirst();
  }

  /** The rising line; above 1 when the warm-up is over. */
  double warmUp(long step) {
    return warmupSteps == 0 ? 1 : step / (double) warmupSteps;
  }

  long afterWarmUp(long totalSteps) {
    return Math.max(1, totalSteps - warmupSteps);
  }

  private Object writeReplace() {
    return Portable.of(this);
  }
}
