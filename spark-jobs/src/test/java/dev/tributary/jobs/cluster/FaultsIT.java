// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.Sessions;
import dev.tributary.jobs.testing.ExtensionJar;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What may die while a run is under way, on real processes: after each the same adapter, byte for
 * byte, as an undisturbed run, or what the stated policy says; and nothing half-written.
 */
class FaultsIT {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROUNDS = 3;
  private static final int LOCAL_STEPS = 40;

  @TempDir private static Path directory;
  private static TinyExperiment tiny;
  private static String jar;
  @AutoClose private static SparkCluster cluster;

  /** The adapter's hash as local[2] trains it in this JVM. */
  private static String reference;

  @BeforeAll
  static void start() {
    tiny = TinyExperiment.in(directory);
    jar =
        ExtensionJar.write(directory, Path.of("target/tributary.jar").toAbsolutePath()).toString();
    String file = tiny.file("reference", ROUNDS, LOCAL_STEPS).toString();
    try (SparkSession session = Sessions.open("reference", Optional.of("local[2]"), 1)) {
      reference =
          TrainJob.run(
                  session, ExperimentReader.read(file, List.of()).experiment(), Progress.silent())
              .sha256();
    }
    cluster = SparkCluster.start(Path.of("target"), 2, 1);
  }

  @AfterEach
  void removeWhatApplicationsLeft() {
    cluster.clean();
  }

  @Test
  void aWorkerKilledInTraining() {
    Gate gate = Gate.shut(directory, "worker");
    SparkCluster.Submission submission = submit("worker", gate.key());
    gate.reached(submission, ledger("worker"), LIMIT);
    cluster.killWorker(0);
    gate.open();
    SparkCluster.Result result = submission.result(LIMIT);
    cluster.replaceWorker(0);
    assertThat(sha256(result)).isEqualTo(reference);
  }

  @Test
  void theDriverKilledInAggregation() throws IOException {
    Path stall = Files.writeString(directory.resolve("stall"), "wait");
    String[] keys = {"training.algorithm={name: stalling, file: " + stall + "}"};
    SparkCluster.Submission submission = submit("aggregation", keys);
    Gate.await("the aggregation", submission, LIMIT, () -> content(stall).equals("reached"));
    submission.kill();
    cluster.clean();
    Files.delete(stall);
    assertThat(ledger("aggregation").resolve("round=00002")).doesNotExist();
    assertThat(sha256(submit("aggregation", keys).result(LIMIT))).isEqualTo(reference);
  }

  /** Writing stops at a pipe that nobody reads, in the middle of what is to be committed. */
  @Test
  void theDriverKilledInCommit() throws Exception {
    Gate gate = Gate.shut(directory, "commit");
    SparkCluster.Submission submission = submit("commit", gate.key());
    gate.reached(submission, ledger("commit"), LIMIT);
    Path entry = Files.createDirectories(ledger("commit").resolve("open/entry"));
    Process pipe =
        new ProcessBuilder("mkfifo", entry.resolve(".entry.json.tmp").toString()).start();
    assertThat(pipe.waitFor(10, TimeUnit.SECONDS)).isTrue();
    gate.open();
    Gate.await(
        "the commit", submission, LIMIT, () -> Files.exists(entry.resolve("global.message")));
    submission.kill();
    cluster.clean();
    assertThat(rounds("commit")).containsExactly("round=00001");
    assertThat(sha256(submit("commit", gate.key()).result(LIMIT))).isEqualTo(reference);
  }

  @Test
  void aFullDiskAtCommit() throws IOException {
    Gate gate = Gate.shut(directory, "full");
    SparkCluster.Submission submission = submit("full", gate.key());
    gate.reached(submission, ledger("full"), LIMIT);
    Path entry = Files.createDirectories(ledger("full").resolve("open/entry"));
    Files.createSymbolicLink(entry.resolve(".global.message.tmp"), Path.of("/dev/full"));
    gate.open();
    SparkCluster.Result failed = submission.result(LIMIT);
    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.log()).contains("No space left on device", "is the disk full");
    assertThat(rounds("full")).containsExactly("round=00001");
    assertThat(tiny.output("full").resolve("adapter")).doesNotExist();
    assertThat(sha256(submit("full", gate.key()).result(LIMIT))).isEqualTo(reference);
  }

  @Test
  void aBroadcastLostWithTheExecutorsThatHeldIt() {
    String losing =
        "training.algorithm={name: losing-broadcast, file: " + directory.resolve("lost") + "}";
    SparkCluster.Result result = submit("broadcast", losing).result(LIMIT);
    assertThat(sha256(result)).isEqualTo(reference);
    assertThat(directory.resolve("lost")).hasContent("lost");
    assertThat(result.log()).contains("Failed to get broadcast", "is sent to executors again");
  }

  @Test
  void aDamagedLedgerEntry() throws IOException {
    assertThat(submit("damaged", "training.rounds=2").result(LIMIT).exitCode()).isZero();
    Path state = ledger("damaged").resolve("round=00002/global.message");
    byte[] bytes = Files.readAllBytes(state);
    bytes[bytes.length / 2] ^= 8;
    Files.write(state, bytes);
    SparkCluster.Result result = submit("damaged").result(LIMIT);
    assertThat(result.log()).contains("round 2 is damaged");
    assertThat(sha256(result)).isEqualTo(reference);
  }

  @Test
  void aClientThatAlwaysFails() throws IOException {
    String failing = "training.hooks=[{name: failing-clients, clients: [1]}]";
    SparkCluster.Result ended =
        submit("always", failing, "training.clients-per-round=4").result(LIMIT);
    assertThat(ended.exitCode()).isEqualTo(1);
    assertThat(ended.log()).contains("Client 1 failed in round 1: this machine is broken");
    assertThat(tiny.output("always").resolve("adapter")).doesNotExist();

    SparkCluster.Result without =
        submit(
                "above",
                failing,
                "training.clients-per-round=4",
                "training.participation={on-failure: drop, quorum: 3}")
            .result(LIMIT);
    assertThat(sha256(without)).isNotEqualTo(reference);
    for (int round = 1; round <= ROUNDS; round++) {
      JsonNode entry =
          JSON.readTree(ledger("above").resolve("round=0000" + round + "/entry.json").toFile());
      assertThat(entry.path("clients")).hasSize(3);
      assertThat(entry.path("absences")).hasSize(1);
      assertThat(entry.path("absences").get(0).path("client").asInt()).isEqualTo(1);
      assertThat(entry.path("absences").get(0).path("cause").asText()).isEqualTo("FAILED");
    }
  }

  @Test
  void allClientsFail() {
    SparkCluster.Result result =
        submit(
                "all",
                "training.hooks=[{name: failing-clients, clients: [0, 1, 2, 3]}]",
                "training.participation={on-failure: drop}")
            .result(LIMIT);
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.log())
        .contains("Round 1 has 0 answers, fewer than the quorum of 1", "this machine is broken");
    assertThat(tiny.output("all").resolve("adapter")).doesNotExist();
    assertThat(rounds("all")).isEmpty();
  }

  // ---- what tests do

  private static SparkCluster.Submission submit(String name, String... keys) {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--executor-cores", "1", "--total-executor-cores", "2"));
    options.addAll(List.of("--jars", jar));
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("train", tiny.file(name, ROUNDS, LOCAL_STEPS).toString(), "--json"));
    arguments.addAll(List.of(keys));
    return cluster.submit(options, arguments);
  }

  private static Path ledger(String name) {
    return tiny.output(name).resolve("ledger");
  }

  private static List<String> rounds(String name) {
    try (Stream<Path> all = Files.list(ledger(name))) {
      return all.map(path -> path.getFileName().toString())
          .filter(entry -> entry.startsWith("round="))
          .sorted()
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static String content(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  private static String sha256(SparkCluster.Result result) {
    assertThat(result.exitCode()).as(result.log()).isZero();
    try {
      return JSON.readTree(result.lastLine()).path("sha256").asText();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
