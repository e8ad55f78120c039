// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hub.Extent;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.jobs.checkpoint.ModelPlace;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models by their names, from the cache that the build's environment names; no hub is named. */
class HubModelTest {
  private static final Path CACHE = Path.of(System.getenv("HF_HUB_CACHE"));
  private static final String FIRST = "1".repeat(40);
  private static final String SECOND = "2".repeat(40);

  @TempDir private Path directory;
  private TinyExperiment tiny;
  private String id = "";

  @BeforeEach
  void fillCache() throws IOException {
    tiny = TinyExperiment.in(directory);
    id = "org/tiny-" + UUID.randomUUID().toString().substring(0, 8); // names are known for a JVM
    put(FIRST, 3);
    put(SECOND, 4);
    pointMainTo(FIRST);
  }

  @Test
  void aRunStaysWithTheCommitThatItBeganWith() throws IOException {
    TrainJob.Result first =
        TrainJob.run(LocalSpark.session(), experiment(1, id + "@main"), Progress.silent());

    Path run = tiny.output("named");
    assertThat(run.resolve("run.json")).content().contains("\"" + id + "@" + FIRST + "\"");
    assertThat(Path.of(first.adapter()).resolve("adapter_config.json"))
        .content()
        .contains("\"base_model_name_or_path\" : \"" + id + "\"");
    assertThat(Path.of(first.adapter()).resolve("README.md")).content().contains(id + "@" + FIRST);

    pointMainTo(SECOND);
    assertThat(ModelPlace.here(id, Extent.WHOLE).orElseThrow().source())
        .isEqualTo(id + "@" + SECOND);
    assertThat(
            TrainJob.run(LocalSpark.session(), experiment(2, id + "@main"), Progress.silent())
                .rounds())
        .isEqualTo(2);
    Path merged = directory.resolve("merged");
    ExportJob.run(
        run, Optional.empty(), merged, ExportJob.Form.MERGED_CHECKPOINT, Progress.silent());
    String untouched = "model.layers.0.mlp.up_proj.weight"; // by LoRA on q_proj and v_proj
    assertThat(Checkpoint.open(merged).parameter(untouched).values())
        .isEqualTo(Checkpoint.open(snapshot(FIRST)).parameter(untouched).values());

    // Asked anew, main is the second, and that is another run.
    assertThatThrownBy(
            () -> TrainJob.run(LocalSpark.session(), experiment(2, id), Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("model.checkpoint");
  }

  @Test
  void aDirectoryOfThatNameGoesFirst() throws IOException {
    Path relative = Path.of("target", "model-" + UUID.randomUUID());
    String given = relative.toString();
    assertThatThrownBy(() -> ModelPlace.here(given, Extent.WHOLE))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("Cannot find model " + given + ": there is no such directory, and");
    Files.createDirectories(relative);
    ModelPlace place = ModelPlace.find(given, Extent.WHOLE, Progress.silent());
    assertThat(place.directory()).isEqualTo(relative);
    assertThat(place.name()).isEqualTo(given).isEqualTo(place.source());
    Files.delete(relative);
  }

  @Test
  void validateLooksIntoTheCacheOnly() throws IOException {
    InputCheck.check(file(1, id));
    assertThat(ModelPlace.told(id)).contains("is in the cache, at " + snapshot(FIRST));
    assertThat(ModelPlace.told(directory.toString())).isEmpty();

    assertThatThrownBy(() -> InputCheck.check(file(1, id + "@v9")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "Cannot find model " + id + "@v9: there is no such directory, and the")
        .hasMessageContaining("nothing is fetched unless HF_ENDPOINT names a hub");

    Files.delete(snapshot(FIRST).resolve("model.safetensors"));
    assertThatThrownBy(() -> InputCheck.check(file(1, id)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it lacks [model.safetensors]");
  }

  private ExperimentFile file(int rounds, String checkpoint) {
    return ExperimentReader.read(
        tiny.file("named", rounds, 2).toString(),
        List.of("model={checkpoint: " + checkpoint + "}"));
  }

  private Experiment experiment(int rounds, String checkpoint) {
    return file(rounds, checkpoint).experiment();
  }

  private void put(String commit, long seed) throws IOException {
    Files.createDirectories(snapshot(commit).getParent());
    InitialCheckpoint.write(directory.resolve("model/config.json"), seed, snapshot(commit));
  }

  private void pointMainTo(String commit) throws IOException {
    Path refs = Files.createDirectories(model().resolve("refs"));
    Files.writeString(refs.resolve("main"), commit);
  }

  private Path snapshot(String commit) {
    return model().resolve("snapshots").resolve(commit);
  }

  private Path model() {
    return CACHE.resolve("models--" + id.replace("/", "--"));
  }
}
