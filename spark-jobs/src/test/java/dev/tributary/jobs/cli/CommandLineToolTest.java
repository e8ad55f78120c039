// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineToolTest {
  @TempDir private Path folder;

  private record Ended(int exitCode, String out, String err) {
    JsonNode json() throws IOException {
      String[] lines = out.strip().split("\n", -1);
      return new ObjectMapper().readTree(lines[lines.length - 1]);
    }
  }

  private static Ended run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        CommandLineTool.run(
            arguments,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Ended(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private String[] goldAndAnswers(String... answers) throws IOException {
    Path gold =
        Files.writeString(
            folder.resolve("gold.jsonl"),
            """
            {"question": "Two and five?", "answer": "2 + 5 = 7\\n#### 7"}
            {"question": "Two and six?", "answer": "2 + 6 = 8\\n#### 8"}
            """);
    Path given = Files.writeString(folder.resolve("given.jsonl"), String.join("\n", answers));
    return new String[] {
      "score", "gsm8k", "--gold", gold.toString(), "--answers", given.toString(), "--json"
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "trian x.yaml          | Did you mean: tributary plan or tributary train",
        "run                   | Missing required parameter: 'FILE'",
        "run a.yaml --jsn      | Unknown option: '--jsn'",
        "score gsm8k           | Missing required options: '--gold=P', '--answers=P'",
        "bench stp --checkpoint . | bench stp is not known; did you mean step? choose one of",
        "bench round           | bench round needs an experiment file: bench round FILE",
        "bench round a.yaml --dtype bfloat16 | bench round takes no --dtype; give keys",
        "bench prepare none.yaml | Cannot read none.yaml: there is no such file",
        "bench step            | checkpoint is missing",
        "bench step x.yaml --checkpoint . | bench step takes no 'x.yaml'",
        "generate --checkpoint /nowhere hello | Cannot open checkpoint /nowhere",
        "generate --checkpoint /nowhere hello --continuation x --temperature 1 | --continuation"
            + " scores what is given and writes nothing; leave out --temperature",
        "generate --checkpoint /nowhere hello --continuation x --stop y | leave out --stop",
        "generate --checkpoint /nowhere hello --continuation x --dtype bfloat16 --device cpu"
            + " --threads 1 | Cannot open checkpoint /nowhere",
        "generate --checkpoint quickstart/model hello --device gpu:x | device = \"gpu:x\" cannot",
        "parity . --device tpu | device = \"tpu\" cannot be used; choose cpu, gpu or, by number",
        "generate --checkpoint org/absent hello | Cannot find model org/absent: there is no such"
            + " directory, and the cache of models",
        "sweep a.yaml          | Unmatched argument",
        "run none.yaml         | Cannot read none.yaml: there is no such file",
        "report /nowhere/run   | Cannot report on /nowhere/run: it is no run directory",
        "export /nowhere --to x | Cannot export /nowhere: it is no run directory",
        "evaluate              | give either an experiment file, or --checkpoint",
        "evaluate --checkpoint x | give --task NAME and --path FILE",
        "evaluate --checkpoint x --task gsm9k --path y | command line: name = gsm9k is not valid;"
            + " did you mean gsm8k?",
        "evaluate --checkpoint x --task gsm8k --path y --seed z | command line: order-seed = z is"
            + " not valid; give a whole number",
        "evaluate a.yaml --task gsm8k | --task goes with --checkpoint, not with an experiment file",
        "parity /nowhere       | Cannot check /nowhere: there is no such folder",
      })
  void endsWithTwoAndOneMessageWhereTheInputIsWrong(String line, String message) {
    Ended ended = run(line.strip().split(" +", -1));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.err()).contains(message).doesNotContain("\tat ");
    assertThat(ended.out()).isEmpty();
  }

  @Test
  void saysWhatCommandsThereAre() {
    Ended nothing = run();
    assertThat(nothing.exitCode()).isEqualTo(2);
    assertThat(nothing.err()).contains("Which command?").contains("validate");

    Ended help = run("--help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).contains("prepare").contains("parity").doesNotContain("sweep");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run",
        "prepare",
        "train",
        "evaluate",
        "score",
        "report",
        "compare",
        "validate",
        "generate",
        "bench",
        "parity",
        "export"
      })
  void everyCommandHelps(String command) {
    Ended help = run(command, "--help");

    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).contains("Usage: tributary " + command).contains("--json");
    assertThat(run("help", command).out()).isEqualTo(help.out());
  }

  @Test
  void showsStackTracesOnlyWhenAskedTo() {
    assertThat(run("validate", "none.yaml").err()).doesNotContain("\tat ");
    assertThat(run("validate", "none.yaml", "--verbose").err()).contains("\tat ");
  }

  @Test
  void validateTellsAllFaultsAndShowsAllDefaults() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 2, 2);

    Ended valid = run("validate", file.toString());
    assertThat(valid.err()).isEmpty();
    assertThat(valid.exitCode()).isZero();
    assertThat(valid.out())
        .startsWith("# " + file + " is valid; with all defaults it says:\nexperiment: tiny\n");
    assertThat(run("validate", file.toString(), "--json").json().get("valid").asBoolean()).isTrue();

    Ended faulty =
        run(
            "validate",
            file.toString(),
            "data.path=" + folder + "/none.jsonl",
            "adapter.target-modules=[q_prj]",
            "data.max-tokens=513",
            "--json");
    assertThat(faulty.exitCode()).isEqualTo(2);
    assertThat(faulty.err())
        .contains("command line: data.path = " + folder + "/none.jsonl is not valid; there is no")
        .contains(
            "command line: data.max-tokens = 513 is not valid; the model has 512 positions; give at"
                + " most as many")
        .contains(
            "command line: adapter.target-modules = q_prj is not valid; did you mean q_proj?");
  }

  @Test
  void validateLooksAtWhatTheAdapterIsTrainedWith() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 2, 2);

    assertThat(run("validate", file.toString(), "adapter={method: full}", "model.int8=true").err())
        .contains("command line: model.int8 = true is not valid; weights that are trained cannot");
    assertThat(run("validate", file.toString(), "training.start-from=" + folder + "/none").err())
        .contains("training.start-from: ")
        .contains(folder + "/none");
    assertThat(run("validate", file.toString(), "model.int8=true").exitCode()).isZero();
  }

  @Test
  void validateLooksAtTheCheckpointsChatTemplate() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 2, 2);

    Ended without = run("validate", file.toString(), "data.template=chat", "data.max-tokens=513");
    assertThat(without.exitCode()).isEqualTo(2);
    assertThat(without.err())
        .contains("command line: data.template: The checkpoint " + folder + "/model has no chat")
        .contains("command line: data.max-tokens = 513 is not valid");

    Path template = folder.resolve("model/chat_template.jinja");
    Files.writeString(template, "{{ messages[0].content }}{{ raise_exception('No users') }}");
    assertThat(run("validate", file.toString(), "data.template=chat").err())
        .contains(folder + "/model: line 1: the template says: No users; take data.template =");

    Files.writeString(template, "<|user|>{{ messages[0].content }}{{ eos_token }}");
    assertThat(run("validate", file.toString(), "data.template=chat").exitCode()).isZero();
    Files.delete(template);
    Ended elsewhere =
        run(
            "validate",
            file.toString(),
            "data.template=chat",
            "model={checkpoint: " + folder + "/none}");
    assertThat(elsewhere.err()).contains("none").doesNotContain("template");
  }

  @Test
  void sharedOptionsStandForKeys() {
    Path file = TinyExperiment.in(folder).file("tiny", 2, 2);

    Ended ended =
        run(
            "validate",
            file.toString(),
            "--seed",
            "99",
            "--dtype=bfloat16",
            "--limit",
            "3",
            "--shots",
            "1",
            "--new-tokens",
            "5",
            "--threads",
            "2",
            "--batch",
            "6",
            "--out",
            folder + "/else where");

    assertThat(ended.exitCode()).isZero();
    assertThat(ended.out())
        .contains("seed: 99\n")
        .contains("dtype: bfloat16")
        .contains("limit: 3\n")
        .contains("shots: 1\n")
        .contains("new-tokens: 5\n")
        .contains("threads-per-client: 2\n")
        .contains("batch-size: 6\n")
        .contains("output: \"" + folder + "/else where\"");
    assertThat(run("validate", file.toString(), "--seed", "x").err())
        .isEqualTo("command line: seed = x is not valid; give a whole number, e.g. 8\n");
  }

  @Test
  void theSeedOfAnEvaluationIsThatOfItsTasks() {
    Path file = TinyExperiment.in(folder).file("tiny", 2, 2);

    assertThat(run("evaluate", file.toString(), "--seed", "x").err())
        .isEqualTo(
            "command line: evaluation.tasks[1].order-seed = x is not valid; give a whole number,"
                + " e.g. 8\n");
  }

  @Test
  void scoresAnswersThatExist() throws IOException {
    Ended ended =
        run(
            goldAndAnswers(
                "{\"id\": \"gsm8k/0\", \"answer\": \"The answer is 7.0\"}",
                "{\"id\": \"gsm8k/1\", \"answer\": \"The answer is 9\"}"));

    assertThat(ended.err()).isEmpty();
    assertThat(ended.exitCode()).isZero();
    JsonNode json = ended.json();
    assertThat(json.get("command").asText()).isEqualTo("score");
    assertThat(json.get("task").asText()).isEqualTo("gsm8k");
    assertThat(json.get("score").asDouble()).isEqualTo(0.5);
    assertThat(json.get("interval")).hasSize(2);
    assertThat(json.get("instances").asInt()).isEqualTo(2);
    assertThat(json.get("not_run").asInt()).isZero();
    assertThat(json.get("published_instances").asInt()).isEqualTo(1319);
    assertThat(json.has("seconds")).isTrue();
  }

  @Test
  void comparesJudgedAnswersQuestionByQuestion() throws IOException {
    Path first = Files.writeString(folder.resolve("a.jsonl"), judged(1, 0, 0, 1));
    Path second = Files.writeString(folder.resolve("b.jsonl"), judged(1, 1, 1, 1));
    Ended ended = run("compare", first.toString(), second.toString(), "--json");
    assertThat(ended.exitCode()).as(ended.err()).isZero();
    JsonNode json = ended.json();
    assertThat(json.get("first").asDouble()).isEqualTo(0.5);
    assertThat(json.get("second").asDouble()).isEqualTo(1);
    assertThat(json.get("difference").asDouble()).isEqualTo(0.5);
    assertThat(json.get("interval")).hasSize(2);
    assertThat(json.get("test").asText()).isEqualTo("McNemar, exact");
    assertThat(json.get("p_value").asDouble()).isEqualTo(0.5); // both of two
    assertThat(json.get("flips").findValuesAsText("id")).containsExactly("t/1", "t/2");

    Ended text = run("compare", first.toString(), second.toString());
    assertThat(text.out())
        .contains(
            "0.5000 against 1.0000 on 4 questions", "Difference +0.5000", "t/1: 0.000 -> 1.000");
    Ended seeds = run("compare", first + "," + second, second + "," + second);
    assertThat(seeds.out()).contains("paired t over seeds", "deviations over 2 seeds");
  }

  private static String judged(int... scores) {
    StringBuilder lines = new StringBuilder();
    for (int q = 0; q < scores.length; q++) {
      lines.append("{\"id\": \"t/" + q + "\", \"answer\": \"x\", \"score\": " + scores[q] + "}\n");
    }
    return lines.toString();
  }

  @Test
  void comparesNothingThatIsNotJudged() throws IOException {
    Path given =
        Files.writeString(folder.resolve("given.jsonl"), "{\"id\": 1, \"answer\": \"x\"}\n");
    Ended ended = run("compare", given.toString(), given.toString());
    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.err())
        .contains("given.jsonl:1: 'score' is missing: compare takes judged answers");
    assertThat(run("compare", given.toString()).exitCode()).isEqualTo(2);
  }

  @Test
  void refusesAnswersToOtherQuestionsByFileAndLine() throws IOException {
    Ended ended = run(goldAndAnswers("{\"id\": \"gsm8k/7\", \"answer\": \"7\"}"));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.err()).contains(folder + "/given.jsonl:1: no question has the id 'gsm8k/7'");
  }

  @Test
  void refusesCleaningAndMeasuresThatHaveNothingToWorkOn() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 3, 2);
    Ended ended =
        run(
            "validate",
            file.toString(),
            "data.clean={contaminated: true, near-duplicates: 1.5}",
            "evaluation.tasks=[{name: loss, split: server}]");
    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.err()).contains("data.clean.near-duplicates = 1.5 is not valid; give how");
    Ended other =
        run(
            "validate",
            file.toString(),
            "data.clean.contaminated=true",
            "evaluation.tasks=[{name: loss, split: server}]");
    assertThat(other.err())
        .contains("data.clean.contaminated = true is not valid; no task of the evaluation")
        .contains("split = server is not valid; the server holds no examples");
    Ended prepared =
        run(
            "prepare",
            file.toString(),
            "data.clean.contaminated=true",
            "evaluation.tasks=[]",
            "--master",
            "local[1]");
    assertThat(prepared.exitCode()).isEqualTo(2);
    assertThat(prepared.err()).contains("no task of the evaluation is a benchmark");
  }

  @Test
  void preparesSeveralFilesAndSaysWhichItCould() throws IOException {
    TinyExperiment tiny = TinyExperiment.in(folder);
    Path one = tiny.file("one", 3, 2);
    Path other = tiny.file("other", 3, 2);
    Files.writeString(
        other, Files.readString(other).replace(folder + "/split", folder + "/split-of-other"));
    Path broken = tiny.file("broken", 3, 2);
    Files.writeString(
        broken,
        Files.readString(broken)
            .replace(folder + "/train.jsonl", folder + "/none.jsonl")
            .replace(folder + "/split", folder + "/split-of-broken"));
    Ended ended =
        run(
            "prepare",
            one.toString(),
            broken.toString(),
            other.toString(),
            "data.splitter.clients=2",
            "--json",
            "--master",
            "local[1]");
    assertThat(ended.exitCode()).as(ended.err()).isEqualTo(2);
    assertThat(ended.json().get("prepared")).hasSize(2);
    assertThat(ended.json().get("prepared").get(1).get("clients").asInt()).isEqualTo(2);
    assertThat(ended.json().get("prepared").get(1).get("output").asText())
        .endsWith("split-of-other");
    assertThat(ended.json().get("failed").get(broken.toString()).asText())
        .contains("none.jsonl is not valid; there is no such file");
    // The second had the examples of the first.
    assertThat(ended.err()).contains("Reading the examples of ");

    Ended mistyped = run("prepare", one.toString(), "no-such.yaml", "--master", "local[1]");
    assertThat(mistyped.exitCode()).isEqualTo(2);
    assertThat(mistyped.err()).contains("Cannot read no-such.yaml: there is no such file");
  }

  @Test
  void preparesAndDescribes() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 1, 1);
    Ended prepared = run("prepare", file.toString(), "--json", "--master", "local[1]");
    assertThat(prepared.json().fieldNames())
        .toIterable()
        .containsExactly("command", "output", "clients", "examples", "skipped", "seconds");

    Ended tokens = run("prepare", file.toString(), "--tokens", "--json", "--master", "local[1]");
    assertThat(tokens.json().at("/tokens/max_tokens").asInt()).isEqualTo(160);
    assertThat(tokens.json().has("report")).isFalse();

    Ended told = run("prepare", file.toString(), "--describe", "--json", "--master", "local[1]");
    assertThat(told.exitCode()).as(told.err()).isZero();
    JsonNode json = told.json();
    assertThat(json.get("output").asText()).isEqualTo(folder + "/split");
    assertThat(json.get("clients").asInt()).isEqualTo(4);
    assertThat(json.get("examples").get("train").asInt()).isPositive();
    assertThat(json.get("skipped")).isEmpty();
    assertThat(json.at("/skew/size_gini").isDouble()).isTrue();
    assertThat(json.get("tokens")).isEqualTo(tokens.json().get("tokens"));
    assertThat(json.at("/tokens/cut_at/160").asInt()).isZero();
    assertThat(Path.of(json.get("report").asText())).isRegularFile();
    assertThat(Path.of(json.get("tables").asText(), "split_clients")).isDirectory();

    Ended people = run("prepare", file.toString(), "--describe", "--master", "local[1]");
    assertThat(people.out())
        .startsWith("Split      " + folder + "/split\n")
        .contains("\nclient  train  validation  test  tokens  mean length")
        .contains("160 (the file's)             0  0.0 %\n")
        .endsWith("Tables     " + folder + "/split/tables\n");
  }

  @Test
  void timesPreparationAndRoundsAtAnOutputOfTheirOwn() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 3, 2);
    Ended prepared = run("bench", "prepare", file.toString(), "--json", "--master", "local[1]");

    assertThat(prepared.exitCode()).as(prepared.err()).isZero();
    assertThat(prepared.json().get("records").asInt()).isEqualTo(60);
    assertThat(prepared.json().get("records_per_second").asDouble()).isPositive();

    Ended rounds = run("bench", "round", file.toString(), "--json", "--master", "local[1]");
    assertThat(rounds.exitCode()).as(rounds.err()).isZero();
    assertThat(rounds.json().get("rounds").asInt()).isEqualTo(3);
    assertThat(rounds.json().get("overhead_seconds_median").asDouble()).isPositive();
    try (Stream<Path> left = Files.list(folder.resolve("runs"))) {
      assertThat(left).isEmpty();
    }

    Ended there =
        run("bench", "round", file.toString(), "output=" + folder, "--master", "local[1]");
    assertThat(there.exitCode()).isEqualTo(2);
    assertThat(there.err()).contains("Cannot time what is done already");

    Ended once = run("bench", "round", file.toString(), "training.rounds=1");
    assertThat(once.exitCode()).isEqualTo(2);
    assertThat(once.err()).contains("give training.rounds=2 or more");
  }
}
