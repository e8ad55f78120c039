// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.fl.model.ModelChoice;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.spark.BaseModel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A base model, opened and checked with its tokenizer.
 *
 * @param name as users call it: the checkpoint's path, or the config that it was made from
 */
record BaseCheckpoint(
    String name, Checkpoint checkpoint, Computation computation, Tokenizer.Source tokenizer) {
  private static final String INITIAL = "initial-model";

  /**
   * Opens the model of an experiment; where it is to be trained from scratch, its weights are drawn
   * once and kept in the run directory.
   *
   * @throws InputException if it cannot be used
   */
  static BaseCheckpoint of(ModelChoice model, RunDirectory directory) {
    if (model.checkpoint().isPresent()) {
      return open(model.checkpoint().get(), model.computation());
    }
    Path config = Path.of(model.config().orElseThrow());
    Path initial =
        directory
            .localPath(INITIAL)
            .orElseThrow(
                () ->
                    new InputException(
                        "Cannot train from scratch into "
                            + directory.location()
                            + ": fresh weights are written to the run directory, where executors"
                            + " read them as files; give an output on a file system that all"
                            + " machines see under one path"));
    Checkpoint checkpoint =
        Files.isDirectory(initial)
            ? Checkpoint.open(initial)
            : InitialCheckpoint.write(config, model.initialise().orElseThrow(), initial);
    return checked(config.toString(), checkpoint, model.computation());
  }

  /**
   * Opens a Hugging Face directory.
   *
   * @throws InputException if it cannot be used
   */
  static BaseCheckpoint open(String directory, DType dtype) {
    return open(directory, Computation.in(dtype));
  }

  private static BaseCheckpoint open(String directory, Computation computation) {
    return checked(directory, Checkpoint.open(local(directory)), computation);
  }

  /**
   * Where an experiment's tokenizer and chat template lie; no weights are needed for them.
   *
   * @throws InputException if that is not on this machine
   */
  static Path texts(ModelChoice model) {
    return model
        .checkpoint()
        .map(BaseCheckpoint::local)
        .orElseGet(() -> Path.of(model.config().orElseThrow()).resolveSibling(""));
  }

  private static Path local(String directory) {
    if (directory.matches("[A-Za-z][A-Za-z0-9+.-]+://.*")) {
      throw new CheckpointException(
          "Cannot open checkpoint "
              + directory
              + ": checkpoints are read as files; copy it to a file system that all machines see"
              + " under one path");
    }
    return Path.of(directory);
  }

  /** As executors find it. */
  BaseModel forExecutors(int threads) {
    return BaseModel.of(checkpoint, computation, threads);
  }

  private static BaseCheckpoint checked(
      String name, Checkpoint checkpoint, Computation computation) {
    Tokenizer.Source tokenizer = Tokenizer.Source.read(checkpoint.directory());
    tokenizer.checkFits(checkpoint.config().vocabularySize());
    return new BaseCheckpoint(name, checkpoint, computation, tokenizer);
  }
}
