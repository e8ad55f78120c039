// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ExperimentReaderTest {
  static final String FILE =
      """
      experiment: sample
      seed: 17
      model:
        checkpoint: models/tiny
      data:
        corpus: gsm8k
        path: data/train.jsonl
        holdout: {train: 0.8, validation: 0.1, test: 0.1}
        splitter: {name: uniform, clients: 3}
      adapter: {method: lora, rank: 8, target-modules: [q_proj, v_proj]}
      training:
        algorithm: fedavg
        rounds: 20
        local-steps: 30
        optimizer: {name: adamw, learning-rate: 3e-4}
      evaluation:
        every: 5
        tasks:
          - {name: loss, split: validation}
          - {name: gsm8k, path: "data/a test: #1.jsonl", limit: 100}
      output: runs/sample
      """;

  @TempDir private Path folder;

  static Experiment read(String text, String... overrides) {
    return ExperimentReader.parse(text, "a.yaml", Arrays.asList(overrides)).experiment();
  }

  private static List<String> faults(String text, String... overrides) {
    return catchThrowableOfType(ExperimentException.class, () -> read(text, overrides))
        .faults()
        .stream()
        .map(LocatedFault::toString)
        .toList();
  }

  static Stream<Path> filesInConf() throws IOException {
    Path conf = Path.of("../conf");
    try (Stream<Path> files = Files.walk(conf)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("filesInConf")
  void readsEveryFileInConfAndGetsItBackFromWhatItWrites(Path file) {
    Experiment experiment = ExperimentReader.read(file.toString(), List.of()).experiment();

    String written = ExperimentWriter.yaml(experiment);

    assertThat(ExperimentReader.parse(written, "written", List.of()).experiment())
        .isEqualTo(experiment);
    assertThat(written).isEqualTo(ExperimentWriter.yaml(experiment));
  }

  @Test
  void fillsAnExperiment() {
    Experiment experiment = read(FILE);

    assertThat(experiment.model().dtype()).isEqualTo(DType.FLOAT32);
    assertThat(experiment.training().optimizer().name()).isEqualTo("adamw");
    assertThat(experiment.training().optimizer().create().learningRate()).isEqualTo(3e-4);
    assertThat(experiment.adapter().config())
        .isEqualTo(new LoraConfig(8, 16, 0, List.of("q_proj", "v_proj"), false));
    assertThat(experiment.evaluation().tasks()).hasSize(2);
  }

  @Test
  void writesAllDefaultsInTheOrderOfTheRecords() {
    String written = ExperimentWriter.yaml(read(FILE));

    assertThat(written)
        .startsWith(
            """
            experiment: sample
            seed: 17
            model:
              checkpoint: models/tiny
              dtype: float32
              int8: false
              recompute-every: 0
            """)
        .contains("\n  template: alpaca\n  max-tokens: 512\n")
        .contains("\n  splitter: {name: uniform, clients: 3}\n")
        .contains("path: \"data/a test: #1.jsonl\"\n")
        .contains("\n    learning-rate: 3.0E-4\n")
        .endsWith("\noutput: runs/sample\n")
        .doesNotContain("Optional")
        .doesNotContain("null");
    assertThat(read(written)).isEqualTo(read(FILE));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "name: uniform, clients: 3 | name: iid, clients: 3 | a.yaml:9: data.splitter.name = iid is"
            + " not valid; iid is called uniform here; choose one of [",
        "algorithm: fedavg | algorithm: fedavgg | a.yaml:12: training.algorithm = fedavgg is not"
            + " valid; did you mean fedavg? choose one of [ditto, fedadagrad, fedadam, fedavg, fedavgm,"
            + " fedprox, fedrep, fedsa, fedyogi, pfedme, scaffold]",
        "rounds: 20 | total_round_num: 20 | a.yaml:13: unknown key 'training.total_round_num'; did"
            + " you mean 'rounds'?",
        "local-steps: 30 | local_update_steps: 30 | a.yaml:14: unknown key"
            + " 'training.local_update_steps'; did you mean 'local-steps'?",
        "rank: 8 | lora_r: 8 | a.yaml:10: unknown key 'adapter.lora_r'; did you mean 'rank'?",
        "checkpoint: models/tiny | {checkpoint: models/tiny, recompute-every: -1} | a.yaml:4:"
            + " model.recompute-every = -1 is not valid; give a number of blocks, e.g. 1, or 0",
        "checkpoint: models/tiny | {checkpoint: models/tiny, devices: 2, offload: true} | a.yaml:4:"
            + " model.offload = true is not valid; it goes with one device",
        "rank: 8 | rank: 0 | a.yaml:10: adapter.rank = 0 is not valid; give 1 or more, e.g. 8",
        "method: lora | name: lora | a.yaml:10: unknown key 'adapter.name'; did you mean 'method'?",
        "train: 0.8 | train: 0.7 | a.yaml:8: data.holdout = 0.7 + 0.1 + 0.1 is not valid; the"
            + " shares must add up to 1",
        "output: runs/sample | outputs: runs/sample | a.yaml:21: unknown key 'outputs'; did you"
            + " mean 'output'?",
        "experiment: sample | experiment: my run | a.yaml:1: experiment = my run is not valid; give"
            + " letters, digits, '.', '_' or '-', e.g. gsm8k-fedavg-lora",
        "every: 5 | learning-rate: 5 | a.yaml:17: unknown key 'evaluation.learning-rate'; did you"
            + " mean 'training.optimizer.learning-rate'?",
        "{name: loss, split: validation} | {name: loss, splitt: test} | a.yaml:19: unknown key"
            + " 'evaluation.tasks[0].splitt'; did you mean 'split'?",
      })
  void tellsUsersWhoMistypedWhatToDo(String good, String bad, String fault) {
    assertThat(faults(FILE.replace(good, bad))).singleElement().asString().startsWith(fault);
  }

  @Test
  void takesOverridesOfTheCommandLine() {
    Experiment experiment =
        read(
            FILE,
            "training.rounds=2",
            "evaluation.tasks[1].limit=10",
            "evaluation.tasks.1.shots=0",
            "adapter={method: full}",
            "training.schedule=linear",
            "output=runs/b");

    assertThat(experiment.training().rounds()).isEqualTo(2);
    assertThat(ExperimentWriter.flat(experiment).get("evaluation.tasks"))
        .contains("limit: 10")
        .contains("shots: 0");
    assertThat(experiment.adapter().name()).isEqualTo("full");
    assertThat(experiment.training().schedule().name()).isEqualTo("linear");
    assertThat(experiment.output()).isEqualTo("runs/b");
    assertThat(faults(FILE, "training.round=2", "adapter.rank=-1"))
        .containsExactlyInAnyOrder(
            "command line: unknown key 'training.round'; did you mean 'rounds'?",
            "command line: adapter.rank = -1 is not valid; give 1 or more, e.g. 8");
  }

  @Test
  void saysWhichFileIsMeantWhereThereIsNone() throws IOException {
    Files.writeString(folder.resolve("quickstart.yaml"), FILE);
    String missing = folder.resolve("quikstart.yaml").toString();

    assertThatThrownBy(() -> ExperimentReader.read(missing, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot read %s: there is no such file; did you mean %s?",
            missing, folder.resolve("quickstart.yaml"));
    assertThatThrownBy(() -> ExperimentReader.read(folder.toString(), List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot read %s: it is a folder; give an experiment file", folder);
  }

  @Test
  void refusesFilesThatAreNoText() throws IOException {
    Path binary = Files.write(folder.resolve("a.yaml"), new byte[] {(byte) 0xC3, 0x28, 0, 1});

    assertThatThrownBy(() -> ExperimentReader.read(binary.toString(), List.of()))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot read %s: it is not UTF-8 text; give an experiment file (YAML)", binary);
  }

  @Test
  void readsFilesWithAByteOrderMarkAndWindowsLineEnds() throws IOException {
    Path windows = folder.resolve("windows.yaml");
    Files.writeString(windows, "\uFEFF" + FILE.replace("\n", "\r\n"), StandardCharsets.UTF_8);

    assertThat(ExperimentReader.read(windows.toString(), List.of()).experiment())
        .isEqualTo(read(FILE));
  }
}
