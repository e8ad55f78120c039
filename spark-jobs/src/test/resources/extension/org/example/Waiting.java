package org.example;

import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Holds the second round in its middle while a file is there: the client that comes first passes,
 * all others wait.
 */
public record Waiting(String file) implements TrainingHook {
  public record Config(String file) implements Serializable {}

  public static final class Provider implements TrainingHook.Provider<Config> {
    @Override
    public String name() {
      return "waiting";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public TrainingHook create(Config config) {
      return new Waiting(config.file());
    }
  }

  @Override
  public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    Path gate = Path.of(file);
    if (step.round() == 2 && step.step() == 0 && Files.exists(gate) && !first(step.client())) {
      try {
        while (Files.exists(gate)) {
          Thread.sleep(50);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return Verdict.CONTINUE;
  }

  private boolean first(int client) {
    try {
      Files.writeString(
          Path.of(file + ".first"), "" + client, StandardOpenOption.CREATE_NEW);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
