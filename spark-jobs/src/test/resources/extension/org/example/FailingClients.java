package org.example;

import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;
import java.io.Serializable;
import java.util.List;

/** Some clients fail in every attempt. */
public record FailingClients(List<Integer> clients) implements TrainingHook {
  public record Config(List<Integer> clients) implements Serializable {}

  public static final class Provider implements TrainingHook.Provider<Config> {
    @Override
    public String name() {
      return "failing-clients";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public TrainingHook create(Config config) {
      return new FailingClients(config.clients());
    }
  }

  @Override
  public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    if (clients.contains(step.client())) {
      throw new IllegalStateException("this machine is broken");
    }
    return Verdict.CONTINUE;
  }
}
