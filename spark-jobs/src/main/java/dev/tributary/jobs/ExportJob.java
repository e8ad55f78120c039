// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hub.Extent;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointWriter;
import dev.tributary.jobs.checkpoint.ModelPlace;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code export}: the result of a run for other programs; in this process, without Spark. */
public final class ExportJob {
  /** What is written. */
  public enum Form {
    /** {@code adapter_config.json} and {@code adapter_model.safetensors}, for PEFT and vLLM. */
    PEFT_ADAPTER,
    /** A whole checkpoint for transformers alone. */
    MERGED_CHECKPOINT
  }

  /**
   * What was written.
   *
   * @param sha256 of the file of tensors; of all of them in the order of their names
   */
  public record Result(String output, String sha256) {}

  private ExportJob() {}

  /**
   * Writes the directory, whole or not at all.
   *
   * @param run its directory, on this machine
   * @param client whose adapter, where each has its own
   * @param to must not exist, or be empty
   * @throws InputException if there is nothing to export, or something in the way
   */
  public static Result run(
      Path run, Optional<Integer> client, Path to, Form form, Progress progress) {
    Path adapter = adapter(run, client);
    try {
      if (Files.exists(to) && !isEmptyFolder(to)) {
        throw new InputException(
            "Cannot export to " + to + ": there is something already; give a new folder");
      }
      if (form == Form.MERGED_CHECKPOINT) {
        merge(run, adapter, to, progress);
      } else {
        copy(adapter, to);
      }
      return new Result(to.toString(), sha256(to));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot export to " + to + ": " + e.getMessage(), e);
    }
  }

  private static Path adapter(Path run, Optional<Integer> client) {
    Path experiment = run.resolve("experiment.yaml");
    if (!Files.isRegularFile(experiment)) {
      throw new InputException(
          "Cannot export "
              + run
              + ": it is no run directory, as it has no experiment.yaml; give the 'output' of an"
              + " experiment file");
    }
    Path own = run.resolve("adapters");
    if (client.isEmpty() && Files.isDirectory(own) && !Files.isDirectory(run.resolve("adapter"))) {
      throw new InputException(
          "Cannot export "
              + run
              + ": each client has an adapter of its own; say whose, e.g. --client 0");
    }
    Path adapter =
        client.map(k -> own.resolve("client=" + k)).orElseGet(() -> run.resolve("adapter"));
    if (!Files.isDirectory(adapter)) {
      throw new InputException(
          "Cannot export "
              + run
              + ": there is no "
              + run.relativize(adapter)
              + " in it"
              + (client.isEmpty()
                  ? "; the run is not finished: tributary run " + experiment
                  : "; look in " + own));
    }
    return adapter;
  }

  private static void merge(Path run, Path adapter, Path to, Progress progress) throws IOException {
    Experiment experiment =
        ExperimentReader.read(run.resolve("experiment.yaml").toString(), List.of()).experiment();
    Path base =
        experiment
            .model()
            .checkpoint()
            .map(given -> trainedOn(run, given, progress))
            .orElseGet(() -> run.resolve("initial-model"));
    Path prepared = run.resolve(BaseCheckpoint.PREPARED);
    Checkpoint checkpoint = Checkpoint.open(Files.isDirectory(prepared) ? prepared : base);
    PeftDirectory.Contents contents = PeftDirectory.read(adapter, checkpoint.config());
    Files.deleteIfExists(to); // an empty folder
    CheckpointWriter.writeMerged(checkpoint, contents.method(), contents.state(), to);
  }

  /** The checkpoint of a run; of a hub's model the commit that it was trained on. */
  private static Path trainedOn(Path run, String given, Progress progress) {
    String asked =
        RunDirectory.begun(run)
            .map(before -> ModelPlace.asBefore(given, before.checkpoint()))
            .orElse(given);
    return ModelPlace.find(asked, Extent.WHOLE, progress).directory();
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> inside = Files.list(folder)) {
      return inside.findAny().isEmpty();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Path absolute = to.toAbsolutePath();
    Path temporary = absolute.resolveSibling("." + absolute.getFileName() + ".tmp");
    if (Files.exists(temporary)) {
      delete(temporary);
    }
    Files.createDirectories(temporary);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        if (!String.valueOf(file.getFileName()).startsWith(".")) {
          Files.copy(file, temporary.resolve(from.relativize(file)));
        }
      }
    }
    Files.deleteIfExists(absolute); // an empty folder
    Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path visited, @org.jspecify.annotations.Nullable IOException e) throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static String sha256(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 20];
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList()) {
        try (InputStream in = Files.newInputStream(file)) {
          for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            sha256.update(buffer, 0, read);
          }
        }
      }
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
