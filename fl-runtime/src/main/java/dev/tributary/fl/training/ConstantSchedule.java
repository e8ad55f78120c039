// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import java.util.OptionalLong;

/** The full rate after the warm-up, as transformers' {@code constant_with_warmup}. */
public record ConstantSchedule(ScheduleConfig config) implements Schedule {
  /** Chosen by {@code name: constant}. */
  public static final class Provider implements Schedule.Provider<ScheduleConfig> {
    @Override
    public String name() {
      return "constant";
    }

    @Override
    public Class<ScheduleConfig> configType() {
      return ScheduleConfig.class;
    }

    @Override
    public Schedule create(ScheduleConfig config) {
      return new ConstantSchedule(config);
    }
  }

  @Override
  public double factor(long step, long totalSteps) {
    return Math.min(1, config.warmUp(step));
  }

  @Override
  public OptionalLong totalSteps() {
    return config.end();
  }

  @Override
  public boolean endless() {
    return true;
  }
}
