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
 * The first client of the second round stands still, as on a machine that swaps; its second attempt
 * does not.
 *
 * @param file says that it has happened
 */
public record SlowOnce(String file) implements TrainingHook {
  public record Config(String file) implements Serializable {}

  public static final class Provider implements TrainingHook.Provider<Config> {
    @Override
    public String name() {
      return "slow-once";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public TrainingHook create(Config config) {
      return new SlowOnce(config.file());
    }
  }

  @Override
  public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    if (step.round() == 2 && step.step() == 0) {
      try {
        Files.writeString(Path.of(file), "" + step.client(), StandardOpenOption.CREATE_NEW);
        Thread.sleep(300_000);
      } catch (FileAlreadyExistsException e) {
        return Verdict.CONTINUE;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("the other attempt was faster", e);
      }
    }
    return Verdict.CONTINUE;
  }
}
