// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hub.Extent;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.fl.model.ModelChoice;
import dev.tributary.fl.model.ModelPreparation;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.checkpoint.ModelPlace;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.spark.BaseModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A base model, opened and checked with its tokenizer; on the driver.
 *
 * @param name as model cards call it: the checkpoint's path, its name on a hub, or the config that
 *     it was made from
 * @param source what the same content is found by later on: a hub's name has its commit
 */
record BaseCheckpoint(
    String name,
    String source,
    Checkpoint checkpoint,
    Computation computation,
    Tokenizer.Source tokenizer) {
  private static final String INITIAL = "initial-model";

  /** Where the model lies that a preparation made, in the run directory. */
  static final String PREPARED = "prepared-model";

  /**
   * Opens the model of an experiment; where it is to be trained from scratch, its weights are drawn
   * once and kept in the run directory. A run that goes on takes the commit of a hub's model that
   * it was begun with.
   *
   * @throws InputException if it cannot be used
   */
  static BaseCheckpoint of(ModelChoice model, RunDirectory directory, Progress progress) {
    BaseCheckpoint named = named(model, directory, progress);
    ModelPreparation preparation = model.preparation().create();
    if (preparation.changesNothing()) {
      return named;
    }
    Path prepared =
        directory
            .localPath(PREPARED)
            .orElseThrow(
                () ->
                    new InputException(
                        "Cannot prepare a model into "
                            + directory.location()
                            + ": executors read it as files; give an output on a file system that"
                            + " all machines see under one path"));
    if (!Files.isDirectory(prepared)) {
      prepare(preparation, named.checkpoint(), prepared);
    }
    return checked(named.name(), named.source(), Checkpoint.open(prepared), model.computation());
  }

  private static void prepare(ModelPreparation preparation, Checkpoint base, Path prepared) {
    Path temporary = prepared.resolveSibling("." + PREPARED + ".tmp");
    try {
      if (Files.exists(temporary)) { // of a run that ended in between
        try (Stream<Path> left = Files.walk(temporary)) {
          for (Path each : left.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(each);
          }
        }
      }
      Files.createDirectories(temporary);
      preparation.prepare(base, temporary);
      Files.move(temporary, prepared, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot prepare a model in " + prepared, e);
    }
  }

  private static BaseCheckpoint named(
      ModelChoice model, RunDirectory directory, Progress progress) {
    if (model.checkpoint().isPresent()) {
      String given = model.checkpoint().get();
      String asked =
          directory
              .begun()
              .map(before -> ModelPlace.asBefore(given, before.checkpoint()))
              .orElse(given);
      return open(asked, model.computation(), progress);
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
    return checked(config.toString(), config.toString(), checkpoint, model.computation());
  }

  /**
   * Opens a Hugging Face directory, or a model by its name on a hub.
   *
   * @throws InputException if it cannot be used
   */
  static BaseCheckpoint open(String given, DType dtype, Progress progress) {
    return open(given, Computation.in(dtype), progress);
  }

  private static BaseCheckpoint open(String given, Computation computation, Progress progress) {
    ModelPlace place = ModelPlace.find(given, Extent.WHOLE, progress);
    return checked(place.name(), place.source(), Checkpoint.open(place.directory()), computation);
  }

  /**
   * Where an experiment's tokenizer and chat template lie; no weights are needed for them, nor
   * fetched.
   *
   * @throws InputException if that is not on this machine, and no model of a hub
   */
  static Path texts(ModelChoice model, Progress progress) {
    return model
        .checkpoint()
        .map(given -> ModelPlace.find(given, Extent.TEXTS, progress).directory())
        .orElseGet(() -> Path.of(model.config().orElseThrow()).resolveSibling(""));
  }

  /** As executors find it. */
  BaseModel forExecutors(JavaSparkContext spark, int threads) {
    return BaseModel.of(spark, checkpoint, computation, threads);
  }

  private static BaseCheckpoint checked(
      String name, String source, Checkpoint checkpoint, Computation computation) {
    Tokenizer.Source tokenizer = Tokenizer.Source.read(checkpoint.directory());
    tokenizer.checkFits(checkpoint.config().vocabularySize());
    return new BaseCheckpoint(name, source, checkpoint, computation, tokenizer);
  }
}
