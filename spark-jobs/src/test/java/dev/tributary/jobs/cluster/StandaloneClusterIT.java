// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.evaluation.Batches;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.BaseModel;
import dev.tributary.jobs.spark.Executors;
import dev.tributary.jobs.spark.Sessions;
import dev.tributary.jobs.spark.SparkEvaluation;
import dev.tributary.jobs.testing.ExtensionJar;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The product's jar on a standalone cluster of real processes, submitted as users submit it: the
 * same adapter, byte for byte, for any number of executors and whatever dies in between.
 */
class StandaloneClusterIT {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Long enough that something can be killed in the middle of a round. */
  private static final int ROUNDS = 3;

  private static final int LOCAL_STEPS = 60;

  @TempDir private static Path directory;
  private static TinyExperiment tiny;
  private static Path jar;
  @AutoClose private static SparkCluster cluster;

  /** The adapter's hash as local[2] trains it in this JVM. */
  private static String reference;

  @BeforeAll
  static void start() {
    tiny = TinyExperiment.in(directory);
    jar = ExtensionJar.write(directory, Path.of("target/tributary.jar").toAbsolutePath());
    reference = trainHere("local2", "local[2]");
    cluster = SparkCluster.start(Path.of("target"), 2, 1);
  }

  @AfterEach
  void removeWhatApplicationsLeft() {
    cluster.clean();
  }

  @Test
  void oneThreadInThisProcessGivesTheSame() {
    assertThat(trainHere("local1", "local[1]")).isEqualTo(reference);
  }

  @Test
  void twoExecutorsGiveTheSame() {
    SparkCluster.Result result = submit("two", 2).result(LIMIT);
    assertThat(sha256(result)).isEqualTo(reference);
    assertThat(result.log()).contains("/0 is now RUNNING", "/1 is now RUNNING");
  }

  @Test
  void oneExecutorGivesTheSame() {
    assertThat(sha256(submit("one", 1).result(LIMIT))).isEqualTo(reference);
  }

  @Test
  void anExecutorKilledInMidRoundChangesNothing() {
    Gate gate = Gate.shut(directory, "executor");
    SparkCluster.Submission submission = submit("executor", 2, gate);
    gate.reached(submission, tiny.output("executor").resolve("ledger"), LIMIT);
    List<ProcessHandle> executors = cluster.executors();
    assertThat(executors).isNotEmpty();
    executors.get(0).destroyForcibly();
    gate.open();
    SparkCluster.Result result = submission.result(LIMIT);
    assertThat(sha256(result)).isEqualTo(reference);
    assertThat(result.log()).contains("exited with code 137");
  }

  /** Of two executors one trains all: it has loaded the base, the other has not. */
  @Test
  void anExecutorThatHasTheBaseLoadedIsPreferred() throws IOException {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--executor-cores", "1", "--total-executor-cores", "2"));
    options.addAll(List.of("--conf", "spark.scheduler.minRegisteredResourcesRatio=1.0"));
    options.addAll(List.of("--conf", "spark.locality.wait=30s"));
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("train", tiny.file("preferred", 6, 2).toString(), "--json"));
    arguments.addAll(List.of("training.clients-per-round=1", "evaluation={}"));
    SparkCluster.Result result = cluster.submit(options, arguments).result(LIMIT);
    assertThat(sha256(result)).isNotEmpty();
    assertThat(result.log()).contains("/0 is now RUNNING", "/1 is now RUNNING");
    Set<String> executors = new TreeSet<>();
    for (int round = 1; round <= 6; round++) {
      JsonNode entry =
          JSON.readTree(
              tiny.output("preferred")
                  .resolve("ledger/round=0000" + round + "/entry.json")
                  .toFile());
      executors.add(entry.path("clients").get(0).path("executor").asText());
    }
    assertThat(executors).hasSize(1);
  }

  /** The client that stands still is trained a second time beside; the first to answer counts. */
  @Test
  void aClientTrainedTwiceBySpeculationCountsOnce() throws IOException {
    Path slow = directory.resolve("slow");
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--executor-cores", "1", "--total-executor-cores", "2"));
    options.addAll(List.of("--jars", jar.toString(), "--conf", "spark.speculation=true"));
    options.addAll(List.of("--conf", "spark.speculation.quantile=0.5"));
    options.addAll(List.of("--conf", "spark.speculation.minTaskRuntime=1s"));
    List<String> arguments = new ArrayList<>();
    arguments.addAll(
        List.of("train", tiny.file("speculated", ROUNDS, LOCAL_STEPS).toString(), "--json"));
    arguments.add("training.hooks=[{name: slow-once, file: " + slow + "}]");
    SparkCluster.Result result = cluster.submit(options, arguments).result(LIMIT);
    assertThat(sha256(result)).isEqualTo(reference);
    assertThat(result.log()).contains("as speculatable because it ran more than");
    JsonNode entry =
        JSON.readTree(tiny.output("speculated").resolve("ledger/round=00002/entry.json").toFile());
    assertThat(entry.path("clients")).hasSize(3);
    assertThat(entry.path("clients").findValuesAsText("client")).contains(Files.readString(slow));
  }

  @Test
  void aDriverKilledInMidRoundGoesOnToTheSame() {
    Gate gate = Gate.shut(directory, "driver");
    SparkCluster.Submission submission = submit("driver", 2, gate);
    gate.reached(submission, tiny.output("driver").resolve("ledger"), LIMIT);
    submission.kill();
    gate.open();
    cluster.clean();
    assertThat(tiny.output("driver").resolve("adapter")).doesNotExist();
    assertThat(tiny.output("driver").resolve(".lease")).exists();

    SparkCluster.Result result = submit("driver", 2, gate).result(LIMIT);
    assertThat(sha256(result)).isEqualTo(reference);
    assertThat(result.log()).contains("Going on after round");
  }

  @Test
  void executorsThatDoNotSeeTheModelGetItFromTheDriver() throws IOException {
    Checkpoint checkpoint =
        InitialCheckpoint.write(
            directory.resolve("model/config.json"), 3, directory.resolve("drivers-own"));
    System.setProperty("spark.jars", Path.of("target/tributary.jar").toAbsolutePath().toString());
    System.setProperty("spark.executor.memory", "1g");
    System.setProperty("spark.driver.host", "127.0.0.1");
    System.setProperty("spark.ui.enabled", "false");
    try (SparkSession session = Sessions.open("served", Optional.of(cluster.url()), 1)) {
      JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
      BaseModel seen = BaseModel.of(spark, checkpoint, Computation.in(DType.FLOAT32), 1);
      BaseModel unseen =
          new BaseModel(
              "/nowhere", seen.files(), seen.sha256(), seen.computation(), 1, seen.served());
      BaseModel neither =
          new BaseModel(
              "/nowhere", seen.files(), "0".repeat(64), seen.computation(), 1, seen.served());

      assertThat(seen.served()).isPresent();
      assertThat(answers(spark, unseen)).isNotEmpty().isEqualTo(answers(spark, seen));
      assertThatThrownBy(() -> answers(spark, neither))
          .hasMessageContaining("its files are not the driver's (sha256 " + seen.sha256())
          .hasMessageContaining("there " + neither.sha256());
    } finally {
      List.of("spark.jars", "spark.executor.memory", "spark.driver.host", "spark.ui.enabled")
          .forEach(System::clearProperty);
    }
  }

  private static List<String> answers(JavaSparkContext spark, BaseModel base) {
    Choice<Task> gsm8k =
        ExperimentReader.choose(
            Task.class,
            List.of(
                "name=gsm8k",
                "path=" + directory.resolve("test.jsonl"),
                "shots=0",
                "limit=4",
                "new-tokens=8"));
    SparkEvaluation evaluation =
        new SparkEvaluation(
            new Executors(spark, 1),
            base,
            Tokenizer.Source.read(directory.resolve("model")),
            SparkEvaluation.ReadTasks.of(
                List.of(gsm8k), new TaskContext(BenchmarkFiles.local(), PromptTemplates.NONE)),
            Optional.empty(),
            Batches.DEFAULT,
            Optional.empty());
    SparkEvaluation.Outcome outcome =
        evaluation
            .measure(
                new Measured(0, "none", 0),
                new BaseOnly(),
                new NamedTensors(Map.of()),
                List.of(0),
                Optional.empty(),
                Progress.silent())
            .values()
            .iterator()
            .next();
    assertThat(outcome.complete()).isTrue();
    return outcome.answers().stream().map(Object::toString).toList();
  }

  @Test
  void aUsersJarAddsAnAlgorithmASplitterAHookAndAPreparation() throws IOException {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--executor-cores", "1", "--total-executor-cores", "2"));
    options.addAll(List.of("--jars", jar.toString()));
    String split = directory.resolve("extended-split").toString();
    SparkCluster.Result result =
        cluster
            .submit(
                options,
                List.of(
                    "train",
                    tiny.file("extended", 2, 6).toString(),
                    "training.algorithm={name: half-way, share: 0.5}",
                    "training.hooks=[every-second]",
                    "model.preparation={name: copy, note: as it was}",
                    "data.splitter={name: first-twice, clients: 4}",
                    "data.output=" + split,
                    "--json"))
            .result(LIMIT);
    assertThat(sha256(result)).isNotEmpty();
    Path run = tiny.output("extended");
    assertThat(run.resolve("prepared-model/NOTE")).hasContent("as it was");
    JsonNode entry = JSON.readTree(run.resolve("ledger/round=00002/entry.json").toFile());
    assertThat(entry.path("algorithm").asText()).isEqualTo("half-way");
    for (JsonNode client : entry.path("clients")) {
      assertThat(client.path("report").path("skippedSteps").asInt()).isEqualTo(3);
    }
    assertThat(Files.readString(Path.of(split, "manifest.json"))).contains("first-twice");
  }

  private static SparkCluster.Submission submit(String name, int executors, Gate... gates) {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--executor-cores", "1"));
    options.addAll(List.of("--total-executor-cores", "" + executors));
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("train", tiny.file(name, ROUNDS, LOCAL_STEPS).toString(), "--json"));
    for (Gate gate : gates) {
      options.addAll(List.of("--jars", jar.toString()));
      arguments.add(gate.key());
    }
    return cluster.submit(options, arguments);
  }

  private static String sha256(SparkCluster.Result result) {
    assertThat(result.exitCode()).as(result.log()).isZero();
    try {
      JsonNode json = JSON.readTree(result.lastLine());
      Path file = Path.of(json.path("adapter").asText()).resolve("adapter_model.safetensors");
      assertThat(file).exists();
      return json.path("sha256").asText();
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String trainHere(String name, String master) {
    String file = tiny.file(name, ROUNDS, LOCAL_STEPS).toString();
    try (SparkSession session = Sessions.open(name, Optional.of(master), 1)) {
      return TrainJob.run(
              session, ExperimentReader.read(file, List.of()).experiment(), Progress.silent())
          .sha256();
    }
  }
}
