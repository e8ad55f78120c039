// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.Store;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
  @TempDir private Path directory;
  private TinyExperiment tiny;

  @BeforeEach
  void write() {
    tiny = TinyExperiment.in(directory);
  }

  private Experiment experiment(String... overrides) {
    return ExperimentReader.read(tiny.file("run", 2, 3).toString(), List.of(overrides))
        .experiment();
  }

  @Test
  void holdsTheExperimentAsRun() {
    RunDirectory.open(experiment("training.rounds=5"), new Configuration()).close();
    assertThat(tiny.output("run").resolve("experiment.yaml"))
        .content()
        .contains("rounds: 5", "threads-per-client: 1");
  }

  @Test
  void letsTheSameExperimentGoOnWithMoreRoundsAndOtherTasks() {
    RunDirectory.open(experiment(), new Configuration()).close();
    RunDirectory.open(experiment("training.rounds=9", "evaluation.tasks=[]"), new Configuration())
        .close();
  }

  @Test
  void refusesAnotherExperimentWithEveryKeyThatDiffers() {
    RunDirectory.open(experiment(), new Configuration()).close();
    assertThatThrownBy(
            () ->
                RunDirectory.open(
                    experiment("adapter.rank=2", "training.batch-size=1"), new Configuration()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("adapter.rank = 4 there, 2 here")
        .hasMessageContaining("training.batch-size = 4 there, 1 here");
    assertThat(tiny.output("run").resolve(".lease")).doesNotExist();
  }

  @Test
  void refusesALedgerOfWhichNobodyKnowsWhatWasRun() throws IOException {
    Files.createDirectories(tiny.output("run").resolve("ledger"));
    assertThatThrownBy(() -> RunDirectory.open(experiment(), new Configuration()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it has a ledger, but no experiment.yaml");
  }

  @Test
  void isWrittenByOneProcessAtATime() {
    try (RunDirectory first = RunDirectory.open(experiment(), new Configuration())) {
      assertThat(first.location()).endsWith("/runs/run");
      assertThatThrownBy(() -> RunDirectory.open(experiment(), new Configuration()))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("is writing it");
    }
  }

  @Test
  void refusesToGoOnWithAnotherCheckpointAtTheSamePlace() {
    try (RunDirectory run = RunDirectory.open(experiment(), new Configuration())) {
      Provenance begun = provenance("id-1", "aaa", "ddd");
      assertThat(run.begin(begun)).isEqualTo(begun);
      assertThat(run.begin(provenance("id-2", "aaa", "ddd"))).isEqualTo(begun);
      assertThatThrownBy(() -> run.begin(provenance("id-3", "bbb", "ddd")))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("the content of its checkpoint has changed since it began")
          .hasMessageContaining("(sha256 aaa, now bbb)");
    }
  }

  @Test
  void goesOnWithARunThatNotedNoEncoder() throws IOException {
    try (RunDirectory run = RunDirectory.open(experiment(), new Configuration())) {
      run.begin(provenance("id-1", "aaa", "ddd"));
      Path json = tiny.output("run").resolve("run.json");
      Files.writeString(
          json, Files.readString(json).replaceFirst("\\s*\"encoderSha256\" : \"eee\",", ""));
      assertThat(json).content().doesNotContain("encoder");
      assertThat(run.begin(provenance("id-2", "aaa", "ddd")).runId()).isEqualTo("id-1");
    }
  }

  @Test
  void keepsTheTimeOfTheFirstEnd() {
    RunResult first = new RunResult(3, 2, "aaa", "2026-01-02T03:04:05Z");
    try (RunDirectory run = RunDirectory.open(experiment(), new Configuration())) {
      assertThat(run.result()).isEmpty();
      assertThat(run.end(first)).isEqualTo(first);
      assertThat(run.end(new RunResult(3, 2, "aaa", "2026-02-02T03:04:05Z"))).isEqualTo(first);
      RunResult longer = new RunResult(4, 4, "bbb", "2026-03-02T03:04:05Z");
      assertThat(run.end(longer)).isEqualTo(longer);
      assertThat(run.result()).contains(longer);
    }
  }

  @Test
  void hasNothingToEvaluateBeforeItIsTrained() {
    assertThatThrownBy(() -> RunDirectory.openTrained(experiment(), new Configuration()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it has no trained round yet; train it first");
    assertThat(tiny.output("run")).doesNotExist();
  }

  @Test
  void readsTheCommitThatIsCheckedOut() throws IOException {
    Path repository = directory.resolve("work/.git");
    Files.createDirectories(repository.resolve("refs/heads"));
    Files.writeString(repository.resolve("HEAD"), "ref: refs/heads/main\n");
    Path inside = Files.createDirectories(directory.resolve("work/deep/er"));
    assertThat(Provenance.commitAt(inside)).isEmpty();
    Files.writeString(repository.resolve("packed-refs"), "# pack-refs\n1234abcd refs/heads/main\n");
    assertThat(Provenance.commitAt(inside)).contains("1234abcd");
    Files.writeString(repository.resolve("refs/heads/main"), "5678abcd\n");
    assertThat(Provenance.commitAt(inside)).contains("5678abcd");
  }

  @Test
  void storesALedgerThroughHadoopAsOnADisk() {
    Store store = new HadoopStore(RunFiles.at(directory.toUri().toString(), hadoop()), "ledger");
    assertThat(store.list("")).isEmpty();
    store.write("open/entry/a.txt", "one".getBytes(StandardCharsets.UTF_8));
    store.write("open/entry/a.txt", "two".getBytes(StandardCharsets.UTF_8));
    store.commit("open/entry", "round=00001");
    assertThat(store.list("")).containsExactly("open", "round=00001");
    assertThat(store.exists("open/entry")).isFalse();
    assertThat(store.read("round=00001/a.txt")).asString().isEqualTo("two");
    store.delete("open");
    store.delete("open");
    assertThat(store.list("")).containsExactly("round=00001");
    store.write("again/a.txt", new byte[0]);
    assertThatThrownBy(() -> store.commit("again", "round=00001"))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("it exists");
    assertThatThrownBy(() -> store.read("nowhere")).isInstanceOf(UncheckedIOException.class);
    assertThat(directory.resolve("ledger/round=00001")).isDirectoryNotContaining("glob:**.crc");
  }

  @Test
  void readsPiecesOfAStoredFile() throws IOException {
    Store store = new HadoopStore(RunFiles.at(directory.toString(), hadoop()), "ledger");
    store.write("file", "0123456789".getBytes(StandardCharsets.UTF_8));
    assertThat(store.open("file").size()).isEqualTo(10);
    assertThat(store.open("file").read(3, 4)).asString().isEqualTo("3456");
    assertThatThrownBy(() -> store.open("file").read(8, 4)).isInstanceOf(IOException.class);
  }

  @Test
  void takesPlainPathsForThisMachines() {
    assertThat(RunFiles.isLocal("runs/a")).isTrue();
    assertThat(RunFiles.isLocal("/runs/a:b")).isTrue();
    assertThat(RunFiles.isLocal("file:///runs/a")).isTrue();
    assertThat(RunFiles.isLocal("hdfs://name/runs/a")).isFalse();
    assertThat(RunDirectory.uri("/runs/a/")).isEqualTo("file:///runs/a");
    assertThat(RunDirectory.uri("hdfs://name/runs/a")).isEqualTo("hdfs://name/runs/a");
  }

  private static Configuration hadoop() {
    return new Configuration();
  }

  private static Provenance provenance(String id, String checkpoint, String data) {
    return new Provenance(
        id,
        "tiny",
        "identity",
        5,
        "models/tiny",
        checkpoint,
        "runs/tiny/split",
        data,
        "eee",
        "cpu",
        1,
        "local[2]",
        "2026-01-02T03:04:05Z",
        Provenance.DriverProcess.current());
  }
}
