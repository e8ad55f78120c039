package org.example;

import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelPreparation;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A user's preparation: the model as it is, with a note beside it. */
public final class Copy implements ModelPreparation {
  public record Config(String note) implements Serializable {}

  public static final class Provider implements ModelPreparation.Provider<Config> {
    @Override
    public String name() {
      return "copy";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public ModelPreparation create(Config config) {
      return new Copy(config.note());
    }
  }

  private final String note;

  Copy(String note) {
    this.note = note;
  }

  @Override
  public void prepare(Checkpoint base, Path into) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(base.directory())) {
      files = all.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      Files.copy(file, into.resolve(file.getFileName().toString()));
    }
    Files.writeString(into.resolve("NOTE"), note);
  }
}
