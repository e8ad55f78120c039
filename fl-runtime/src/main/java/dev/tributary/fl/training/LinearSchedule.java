// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import java.util.OptionalLong;

/** Down to 0 in a line after the warm-up, as transformers' {@code linear}. */
public record LinearSchedule(ScheduleConfig config) implements Schedule {
  /** Chosen by {@code name: linear}. */
  public static final class Provider implements Schedule.Provider<ScheduleConfig> {
    @Override
    public String name() {
      return "linear";
    }

    @Override
    public Class<ScheduleConfig> configType() {
      return ScheduleConfig.class;
    }

    @Override
    public Schedule create(ScheduleConfig config) {
      return new LinearSchedule(config);
    }
  }

  @Override
  public double factor(long step, long totalSteps) {
    if (step < config.warmupSteps()) {
      return config.warmUp(step);
    }
    return Math.max(0, totalSteps - step) / (double) config.afterWarmUp(totalSteps);
  }

  @Override
  public OptionalLong totalSteps() {
    return config.end();
  }

  @Override
  public boolean endless() {
    return false;
  }
}
