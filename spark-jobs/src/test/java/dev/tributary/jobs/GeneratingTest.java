// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.generation.Writing;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.fl.model.Sampling;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.testing.TinyExperiment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts that a model writes: by the command's job and by the Spark ML stage. */
class GeneratingTest {
  private static final List<String> PROMPTS = List.of("one and", "two", "a third one,", "two");

  @TempDir static Path folder;

  private static String checkpoint = "";

  @BeforeAll
  static void writeModel() {
    TinyExperiment.in(folder);
    InitialCheckpoint.write(folder.resolve("model/config.json"), 3, folder.resolve("drawn"));
    checkpoint = folder.resolve("drawn").toString();
  }

  private static GenerateJob.Request request(
      List<String> prompts, Sampling sampling, int samples, String... stops) {
    return new GenerateJob.Request(
        checkpoint,
        Optional.empty(),
        DType.FLOAT32,
        1,
        Device.cpu(),
        prompts,
        new Writing(24, List.of(stops), sampling),
        samples,
        7);
  }

  private static List<String> written(
      List<String> prompts, Sampling sampling, int samples, String... stops) {
    return GenerateJob.run(request(prompts, sampling, samples, stops), Progress.silent()).texts();
  }

  private static final Sampling DRAWN = new Sampling(1.5, 0, 1, 1);

  @Test
  void samplesDifferAndDependOnTheirPromptOnly() {
    List<String> all = written(PROMPTS, DRAWN, 3);
    assertThat(all).hasSize(12);
    assertThat(all.subList(0, 3)).doesNotHaveDuplicates();
    // the same prompt again has other samples
    assertThat(all.subList(3, 6)).doesNotContainAnyElementsOf(all.subList(9, 12));
    assertThat(written(List.of("a third one,"), DRAWN, 2)).isEqualTo(all.subList(6, 8));
    assertThat(written(PROMPTS, DRAWN, 3)).isEqualTo(all);
  }

  @Test
  void theLikeliestOfOneIsGreedy() {
    List<String> greedy = written(PROMPTS, Sampling.GREEDY, 1);
    assertThat(written(PROMPTS, new Sampling(0.7, 1, 1, 1), 1)).isEqualTo(greedy);
    assertThat(greedy.get(1)).isEqualTo(greedy.get(3));
    assertThat(written(PROMPTS, new Sampling(0, 0, 1, 2), 1)).isNotEqualTo(greedy);
  }

  @Test
  void stopsCutTheText() {
    String free = written(List.of("one and"), DRAWN, 1).get(0);
    String stop = free.substring(5, 7);
    String cut = written(List.of("one and"), DRAWN, 1, "never there", stop).get(0);
    assertThat(cut).isEqualTo(free.substring(0, free.indexOf(stop)));
  }

  @Test
  void continuationsAreScoredByTheirTokens() {
    GenerateJob.Request request = request(List.of("one"), Sampling.GREEDY, 1);
    List<GenerateJob.Scored> scored =
        GenerateJob.score(request, List.of(" a", " b", " ab"), Progress.silent());
    assertThat(scored.get(0).tokens()).hasSize(2).allMatch(value -> value < 0);
    assertThat(scored.get(2).tokens().subList(0, 2)).isEqualTo(scored.get(0).tokens());
    assertThat(scored.get(1).logProbability())
        .isCloseTo(
            scored.get(1).tokens().stream().mapToDouble(Double::doubleValue).sum(), within(1e-9));
    assertThatThrownBy(() -> GenerateJob.score(request, List.of(""), Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("Cannot score an empty continuation");
  }

  // ---- the stage

  private static Dataset<Row> prompts(int partitions) {
    SparkSession session = LocalSpark.session();
    List<String> texts = new ArrayList<>(PROMPTS);
    texts.add(2, null);
    return session
        .createDataset(texts, Encoders.STRING())
        .toDF("prompt")
        .repartition(partitions)
        .orderBy("prompt");
  }

  private static TextGenerator generator() {
    return new TextGenerator()
        .setInputCol("prompt")
        .setOutputCol("answer")
        .setModelUrl(checkpoint)
        .setMaxNewTokens(24)
        .setSeed(7);
  }

  private static List<String> answers(TextGenerator generator, int partitions) {
    return generator
        .transform(prompts(partitions))
        .select("prompt", "answer")
        .collectAsList()
        .stream()
        .map(row -> row.getString(0) + ": " + row.getString(1))
        .sorted()
        .toList();
  }

  @Test
  void theStageWritesWhatTheCommandWrites() {
    List<String> greedy = written(PROMPTS, Sampling.GREEDY, 1);
    List<String> expected = new ArrayList<>(List.of("null: null"));
    for (int i = 0; i < PROMPTS.size(); i++) {
      expected.add(PROMPTS.get(i) + ": " + greedy.get(i));
    }
    assertThat(answers(generator(), 2)).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void rowsDoNotDependOnPartitionsAndBatches() {
    TextGenerator drawn = generator().setTemperature(1.5).setTopK(40).setTopP(0.95);
    List<String> once = answers(drawn, 1);
    assertThat(answers(drawn.setBatchSize(1), 3)).isEqualTo(once);
    assertThat(answers(drawn.setSeed(8), 1)).isNotEqualTo(once);
  }

  @Test
  void theStageIsStoredAndWorksInSql() throws Exception {
    String stored = folder.resolve("stage").toString();
    generator().setTemperature(0.5).setStops("x", "yz").write().overwrite().save(stored);
    TextGenerator read = TextGenerator.load(stored);
    assertThat(read.getStops()).containsExactly("x", "yz");
    assertThat(read.getTemperature()).isEqualTo(0.5);
    assertThat(read.getSeed()).isEqualTo(7);
    assertThat(answers(read, 1))
        .isEqualTo(answers(generator().setTemperature(0.5).setStops("x", "yz"), 2));
    generator().transform(prompts(1)).createOrReplaceTempView("answered");
    assertThat(
            LocalSpark.session()
                .sql("select count(*) from answered where length(answer) > 0")
                .first()
                .getLong(0))
        .isPositive();
  }

  @Test
  void theStageSaysWhatIsWrong() {
    assertThatThrownBy(() -> generator().setModelUrl("/nowhere").transform(prompts(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("/nowhere");
    assertThatThrownBy(() -> generator().setAdapter("/nowhere").transform(prompts(1)))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("Cannot read adapter /nowhere");
    assertThatThrownBy(() -> generator().setDtype("float8"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> generator().setTopP(0)).isInstanceOf(IllegalArgumentException.class);
  }
}
