// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.LocalStore;
import dev.tributary.fl.ledger.Store;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.experiment.ExperimentWriter;
import dev.tributary.jobs.experiment.Identity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * What one run leaves, on this machine or on a Hadoop file system; on the driver. One process
 * writes it at a time.
 *
 * <pre>
 * experiment.yaml      resolved, as run
 * run.json             {@link Provenance}
 * result.json          {@link RunResult}, at the end
 * ledger/              one entry a round; beside them what was measured ({@link Evaluations})
 * initial-model/       weights drawn from a seed, where the experiment asks for them
 * split/               the data, where it has no place of its own
 * adapter/             PEFT directory of the chosen round
 * adapters/client=K/   where each client has its own
 * tables/              Parquet
 * report/
 * </pre>
 */
public final class RunDirectory implements AutoCloseable {
  private static final String EXPERIMENT = "experiment.yaml";
  private static final String RUN = "run.json";
  private static final String RESULT = "result.json";
  private static final String LEDGER = "ledger";
  private static final String LEASE = ".lease";

  private final String location;
  private final RunFiles files;
  private final Lease lease;

  private RunDirectory(String location, RunFiles files, Lease lease) {
    this.location = location;
    this.files = files;
    this.lease = lease;
  }

  /**
   * Opens the run directory of an experiment for writing; makes it if it is not there.
   *
   * @throws InputException if it belongs to another experiment, with every key that differs, or if
   *     another process is writing it
   */
  public static RunDirectory open(Experiment experiment, Configuration hadoop) {
    RunFiles files = RunFiles.at(experiment.output(), hadoop);
    files.makeFolder("");
    RunDirectory directory = claim(experiment, files);
    byte[] yaml = ExperimentWriter.yaml(experiment).getBytes(StandardCharsets.UTF_8);
    try {
      files.write(EXPERIMENT, yaml);
      return directory;
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /**
   * Opens the run directory of an experiment that has been trained, at least in part; what it says
   * of itself stays as it is.
   *
   * @throws InputException as {@link #open}, and if nothing has been trained yet
   */
  public static RunDirectory openTrained(Experiment experiment, Configuration hadoop) {
    RunFiles files = RunFiles.at(experiment.output(), hadoop);
    if (!files.exists(LEDGER)) {
      throw new InputException(
          "Cannot evaluate the run in "
              + experiment.output()
              + ": it has no trained round yet; train it first");
    }
    return claim(experiment, files);
  }

  /** Takes the lease, and makes sure that it is the experiment's. */
  private static RunDirectory claim(Experiment experiment, RunFiles files) {
    Lease lease = Lease.take(files.fileSystem(), files.path(LEASE));
    RunDirectory directory = new RunDirectory(experiment.output(), files, lease);
    try {
      directory.requireSame(experiment);
      return directory;
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  private void requireSame(Experiment experiment) {
    Optional<byte[]> before = files.read(EXPERIMENT);
    if (before.isPresent()) {
      String text = new String(before.get(), StandardCharsets.UTF_8);
      Experiment begun =
          ExperimentReader.parse(text, files.path(EXPERIMENT).toString(), List.of()).experiment();
      Identity.of(begun).requireSame(Identity.of(experiment), location);
    } else if (files.exists(LEDGER)) {
      throw new InputException(
          "Cannot continue the run in "
              + location
              + ": it has a ledger, but no "
              + EXPERIMENT
              + " that says what was run; restore it, or give another output");
    }
  }

  /** Whether there is anything at a place. */
  public static boolean exists(String location, Configuration hadoop) {
    return RunFiles.at(location, hadoop).exists("");
  }

  /** Deletes a run directory with all that is in it, if there is one. */
  public static void delete(String location, Configuration hadoop) {
    RunFiles.at(location, hadoop).delete("");
  }

  /**
   * A path of an experiment file as Spark and Hadoop take it on any machine: plain paths are of
   * this machine, and count from the working directory. As Hadoop writes paths, without escapes.
   */
  public static String uri(String location) {
    return RunFiles.isLocal(location) && !location.startsWith("file:")
        ? "file://" + Path.of(location).toAbsolutePath().normalize()
        : location;
  }

  /** As the experiment file names it. */
  public String location() {
    return location;
  }

  /** How users would write the path of something in it. */
  public String shown(String name) {
    return location.replaceAll("/+$", "") + "/" + name;
  }

  /** Where something in it lies on this machine's disk, if the run directory is there. */
  public Optional<Path> localPath(String name) {
    return files.localPath(name);
  }

  public boolean has(String name) {
    return files.exists(name);
  }

  /** The ledger's folder. */
  public Store store() {
    return files
        .localPath(LEDGER)
        .<Store>map(LocalStore::new)
        .orElseGet(() -> new HadoopStore(files, LEDGER));
  }

  /** What was measured already. */
  public Evaluations evaluations() {
    return new Evaluations(store());
  }

  /**
   * Notes where the run came from when it begins, and that it still comes from there when it goes
   * on.
   *
   * @return as it was when the run began
   * @throws InputException if checkpoint or data are not those that the run was begun with
   */
  public Provenance begin(Provenance now) {
    // A damaged file is written anew: the ledger, not it, is what a resume hangs on.
    Optional<Provenance> before = begun();
    if (before.isEmpty()) {
      files.write(RUN, now.json());
      return now;
    }
    requireSame("checkpoint", before.get().checkpointSha256(), now.checkpointSha256());
    requireSame("data", before.get().dataSha256(), now.dataSha256());
    if (!before.get().encoderSha256().isEmpty()) {
      requireSame("tokenizer or template", before.get().encoderSha256(), now.encoderSha256());
    }
    return before.get();
  }

  /** Where the run came from when it began; empty if it has not, or the note is damaged. */
  public Optional<Provenance> begun() {
    return files.read(RUN).flatMap(Provenance::read);
  }

  /** The same of a run directory on this machine that need not be claimed. */
  public static Optional<Provenance> begun(Path run) {
    return RunFiles.at(run.toString(), new Configuration()).read(RUN).flatMap(Provenance::read);
  }

  private void requireSame(String what, String then, String now) {
    if (!then.equals(now)) {
      throw new InputException(
          "Cannot continue the run in "
              + location
              + ": the content of its "
              + what
              + " has changed since it began (sha256 "
              + then
              + ", now "
              + now
              + "); restore it, or give another output");
    }
  }

  /** What the run came to, if it has ended. */
  public Optional<RunResult> result() {
    try {
      return files
          .read(RESULT)
          .flatMap(json -> JsonRecords.rows(json, RunResult.class).stream().findFirst());
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // damaged; it is written anew at the next end
    }
  }

  /**
   * Notes what the run came to.
   *
   * @return as it was noted first, where a later start finds the same
   */
  public RunResult end(RunResult result) {
    Optional<RunResult> before = result().filter(result::isSameAs);
    if (before.isEmpty()) {
      files.write(RESULT, JsonRecords.lines(List.of(result)));
    }
    return before.orElse(result);
  }

  public Optional<byte[]> read(String name) {
    return files.read(name);
  }

  /**
   * Puts a folder in the place of what is there.
   *
   * @param writer writes the whole folder to the path it is given, on this machine
   */
  public void publish(String name, Consumer<Path> writer) {
    Optional<Path> here = files.localPath(name);
    try {
      if (here.isPresent()) {
        Files.createDirectories(here.get().toAbsolutePath().getParent());
        writer.accept(here.get());
        return;
      }
      Path temporary = Files.createTempDirectory("tributary");
      try {
        Path folder = temporary.resolve("folder");
        writer.accept(folder);
        files.publish(folder, name);
      } finally {
        RunFiles.at(temporary.toString(), new Configuration()).delete("");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + files.path(name), e);
    }
  }

  /** Lets another process write it. */
  @Override
  public void close() {
    lease.close();
  }
}
