package org.example;

import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;
import java.io.Serializable;

/** A user's hook: every second step is left out. */
public final class EverySecond implements TrainingHook {
  public record Config() implements Serializable {}

  public static final class Provider implements TrainingHook.Provider<Config> {
    @Override
    public String name() {
      return "every-second";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public TrainingHook create(Config config) {
      return new EverySecond();
    }
  }

  @Override
  public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    return step.step() % 2 == 1 ? Verdict.SKIP_STEP : Verdict.CONTINUE;
  }
}
