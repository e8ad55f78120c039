// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import java.util.OptionalLong;

/**
 * Down to 0 along half a cosine after the warm-up, as transformers' {@code cosine}; beyond the end
 * it stays at 0, where that of transformers would rise again.
 */
public record CosineSchedule(ScheduleConfig config) implements Schedule {
  /** Chosen by {@code name: cosine}. */
  public static final class Provider implements Schedule.Provider<ScheduleConfig> {
    @Override
    public String name() {
      return "cosine";
    }

    @Override
    public Class<ScheduleConfig> configType() {
      return ScheduleConfig.class;
    }

    @Override
    public Schedule create(ScheduleConfig config) {
      return new CosineSchedule(config);
    }
  }

  @Override
  public double factor(long step, long totalSteps) {
    if (step < config.warmupSteps()) {
      return config.warmUp(step);
    }
    double progress = (step - config.warmupSteps()) / (double) config.afterWarmUp(totalSteps);
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress))));
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
