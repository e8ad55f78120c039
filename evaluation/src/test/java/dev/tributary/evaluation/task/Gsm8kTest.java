// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.evaluation.Verdict;
import dev.tributary.evaluation.task.Gsm8k.Prompts;
import dev.tributary.evaluation.task.Gsm8k.Protocol;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.PromptTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Gsm8kTest {
  @TempDir Path folder;

  private static Gsm8k task(Protocol protocol) {
    return new Gsm8k(
        new Gsm8k.Config("test.jsonl", 0, 8, Prompts.FEW_SHOT, 0, 256, protocol, "gsm8k"));
  }

  private static Verdict judged(Protocol protocol, String answer, String gold) {
    Asked asked = new Asked.Continuation(256, List.of());
    return task(protocol).judge(new Question("gsm8k/0", List.of(), "Q", asked, gold), answer);
  }

  private static TaskContext context() {
    return new TaskContext(BenchmarkFiles.local(), example -> "<" + example.instruction() + ">");
  }

  private Benchmark read(String file) throws IOException {
    Path path = Files.writeString(folder.resolve("test.jsonl"), file);
    return new Gsm8k(Gsm8kConfigs.usual(path.toString())).read(context());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          The answer is 18.                         | 18        | 18      | right
          The answer is 18.0                        | 18.0      | 18      | right
          THE ANSWER IS $1,234.50.                  | 1234.50   | 1234.5  | right
          The answer is -5                          | -5        | -5      | right
          The answer is 5                           | 5         | -5      | wrong
          The answer is 5. The answer is 7.         | 5         | 7       | wrong
          The answer is 5. The answer is 7.         | 5         | 5       | right
          3 + 4 = 7. the answer is seven, so 8      | 8         | 8       | right
          the answer is that the answer is 9        | 9         | 9       | right
          She has 3 + 4 = 7 apples                  | 7         | 7       | right
          7 apples and 9 pears                      | 9         | 9       | right
          He pays $1,000,000 for it.                | 1000000   | 1000000 | right
          It costs 12.                              | 12        | 12      | right
          It is 0018                                | 0018      | 18      | right
          It is .5                                  | 5         | 0.5     | wrong
          It is 0.50                                | 0.50      | 0.5     | right
          50%                                       | 50        | 50      | right
          10-5                                      | -5        | 5       | wrong
          1.2.3                                     | 3         | 3       | right
          -0                                        | -0        | 0       | right
          The answer is unknown.                    |           | 0       | wrong
          I cannot say                              |           | 0       | wrong
          ''                                        |           | 0       | wrong
          The answer is ٤٢                          | ٤٢        | 42      | right
          The answer is -𝟒𝟐.𝟓                       | -𝟒𝟐.𝟓     | -42.5   | right
          The answer is 𝟒𝟐                          | 𝟒𝟐        | 43      | wrong
          """)
  void findsTheNumberAndComparesIt(String answer, String number, String gold, String verdict) {
    Verdict judged = judged(Protocol.DEFAULT, answer, gold);

    assertThat(judged.extracted()).isEqualTo(Optional.ofNullable(number));
    assertThat(judged.score()).contains(verdict.equals("right") ? 1.0 : 0.0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          The answer is 18.                         | 18        | 18      | right
          The answer is 18.0                        | 18.0      | 18      | wrong
          the answer is that the answer is 9        |           | 9       | wrong
          The answer is 5. The answer is 7.         | 5         | 5       | right
          7 apples and 9 pears                      | 9         | 9       | right
          """)
  void comparesStringsAsFsLlmDoes(String answer, String number, String gold, String verdict) {
    Verdict judged = judged(Protocol.FS_LLM, answer, gold);

    assertThat(judged.extracted()).isEqualTo(Optional.ofNullable(number));
    assertThat(judged.score()).contains(verdict.equals("right") ? 1.0 : 0.0);
  }

  @Test
  void anEndlessNumberIsWrongAndQuicklySo() {
    assertThat(judged(Protocol.DEFAULT, "9".repeat(3_000_000), "9").score()).contains(0.0);
  }

  @Test
  void asksTheFirstQuestionsOfTheFileBehindTheSameDemonstrations() {
    String path = SharedData.path("data/gsm8k/test.jsonl").toString();
    Gsm8k task =
        new Gsm8k(
            new Gsm8k.Config(path, 3, 8, Prompts.FEW_SHOT, 0, 256, Protocol.DEFAULT, "gsm8k"));

    Benchmark benchmark = task.read(context());

    assertThat(benchmark.notice()).isEmpty();
    assertThat(benchmark.publishedInstances()).contains(1319L);
    assertThat(benchmark.questions())
        .extracting(Question::id)
        .containsExactly("gsm8k/0", "gsm8k/1", "gsm8k/2");
    Question first = benchmark.questions().get(0);
    assertThat(first.prompt())
        .startsWith("Q: Janet’s ducks lay 16 eggs per day.")
        .endsWith("at the farmers' market?\nA:");
    assertThat(first.gold()).isEqualTo("18");
    assertThat(first.asked()).isEqualTo(new Asked.Continuation(256, List.of("\nQ:")));
    assertThat(benchmark.questions())
        .extracting(Question::demonstrations)
        .containsOnly(first.demonstrations());
    assertThat(first.demonstrations())
        .hasSize(8)
        .contains(
            "Q: There are 15 trees in the grove. Grove workers will plant trees in the grove today."
                + " After they are done, there will be 21 trees. How many trees did the grove"
                + " workers plant today?\n"
                + "A: There are 15 trees originally. Then there were 21 trees after some more were"
                + " planted. So there must have been 21 - 15 = 6. The answer is 6.\n\n");
  }

  @Test
  void readsTheWholeOfGsm8k() {
    String path = SharedData.path("data/gsm8k/test.jsonl").toString();

    Benchmark benchmark = new Gsm8k(Gsm8kConfigs.usual(path)).read(context());

    assertThat(benchmark.questions()).hasSize(1319);
    assertThat(benchmark.questions()).extracting(Question::gold).contains("-10", "1450000");
  }

  @Test
  void theOrderOfTheDemonstrationsHangsOnTheSeedAlone() throws IOException {
    // Pinned: another order is another benchmark, and scores do not compare.
    assertThat(order(Protocol.DEFAULT, 0))
        .isEqualTo(List.of("8 6 39 33 8 9 29 5", "8 6 39 33 8 9 29 5"));
    assertThat(order(Protocol.DEFAULT, 1))
        .isEqualTo(List.of("8 5 33 6 8 29 9 39", "8 5 33 6 8 29 9 39"));
    assertThat(order(Protocol.FS_LLM, 0))
        .isEqualTo(List.of("8 5 6 8 33 29 9 39", "8 33 29 8 6 9 5 39"));
  }

  /** Answers of the demonstrations in the prompts of two questions. */
  private List<String> order(Protocol protocol, long seed) throws IOException {
    Path path =
        Files.writeString(
            folder.resolve("test.jsonl"),
            """
            {"question": "One?", "answer": "#### 1"}
            {"question": "Two?", "answer": "#### 2"}
            """);
    Gsm8k.Config config =
        new Gsm8k.Config(path.toString(), 0, 8, Prompts.FEW_SHOT, seed, 256, protocol, "gsm8k");
    return new Gsm8k(config)
        .read(context()).questions().stream()
            .map(
                q ->
                    String.join(
                        " ",
                        q.demonstrations().stream()
                            .map(d -> d.replaceAll("(?s).*The answer is (\\d+)\\..*", "$1"))
                            .toList()))
            .toList();
  }

  @Test
  void fewerShotsAreTheFirstOfTheOrder() throws IOException {
    Path path =
        Files.writeString(
            folder.resolve("test.jsonl"), "{\"question\": \"One?\", \"answer\": \"#### 1\"}");
    List<List<String>> byShots =
        List.of(0, 3, 8).stream()
            .map(
                shots ->
                    new Gsm8k.Config(
                        path.toString(),
                        0,
                        shots,
                        Prompts.FEW_SHOT,
                        5,
                        256,
                        Protocol.DEFAULT,
                        "gsm8k"))
            .map(config -> new Gsm8k(config).read(context()).questions().get(0).demonstrations())
            .toList();

    assertThat(byShots.get(0)).isEmpty();
    assertThat(byShots.get(1)).isEqualTo(byShots.get(2).subList(0, 3));
  }

  @Test
  void fsLlmStopsAtNothing() {
    Gsm8k task =
        new Gsm8k(
            new Gsm8k.Config(
                SharedData.path("data/gsm8k/test.jsonl").toString(),
                1,
                8,
                Prompts.FEW_SHOT,
                0,
                256,
                Protocol.FS_LLM,
                "gsm8k"));

    assertThat(task.read(context()).questions().get(0).asked())
        .isEqualTo(new Asked.Continuation(256, List.of()));
  }

  @Test
  void zeroShotPutsTheBareQuestionInTheTemplate() throws IOException {
    Path path =
        Files.writeString(
            folder.resolve("test.jsonl"), "{\"question\": \"One?\", \"answer\": \"#### 1\"}");
    Gsm8k.Config config =
        new Gsm8k.Config(path.toString(), 0, 8, Prompts.TEMPLATE, 0, 64, Protocol.DEFAULT, "gsm8k");

    Question question = new Gsm8k(config).read(context()).questions().get(0);

    assertThat(question)
        .isEqualTo(
            new Question(
                "gsm8k/0", List.of(), "<One?>", new Asked.Continuation(64, List.of()), "1"));
  }

  @Test
  void specialTokensOfATemplateAreTheOnlyOnes() throws IOException {
    Path path =
        Files.writeString(
            folder.resolve("test.jsonl"), "{\"question\": \"One?\", \"answer\": \"#### 1\"}");
    TaskContext chat =
        new TaskContext(
            BenchmarkFiles.local(),
            new PromptTemplate() {
              @Override
              public String prompt(InstructionExample example) {
                return "<s>" + example.instruction();
              }

              @Override
              public boolean spellsOutSpecials() {
                return true;
              }
            });
    for (Prompts prompts : Prompts.values()) {
      Gsm8k.Config config =
          new Gsm8k.Config(path.toString(), 0, 8, prompts, 0, 64, Protocol.DEFAULT, "gsm8k");

      Question question = new Gsm8k(config).read(chat).questions().get(0);

      assertThat(question.specials())
          .isEqualTo(
              prompts == Prompts.TEMPLATE ? Question.Specials.SPELT_OUT : Question.Specials.ADDED);
    }
  }

  @Test
  void aPartOfTheFileIsTold() throws IOException {
    Benchmark benchmark = read("{\"question\": \"One?\", \"answer\": \"#### 1\"}");

    assertThat(benchmark.notice())
        .contains(
            folder.resolve("test.jsonl") + " has 1 questions, GSM8K's published test set 1319");
  }

  @Test
  void allFaultsOfAFileAreTold() {
    String file = folder.resolve("test.jsonl").toString();
    assertThatThrownBy(
            () ->
                read(
                    """
                    {"question": "One?", "answer": "#### 1", "id": 7}

                    {"question": "Two?", "answer": "2"}
                    {"answer": "#### 3"}
                    {"question": 4, "answer": "#### 4"}
                    {"question": "Five?", "answer": "#### 1.2.3"}
                    """))
        .isInstanceOf(InputException.class)
        .hasMessage(
            file
                + ":3: 'answer' has no '#### NUMBER'\n"
                + file
                + ":4: 'question' is missing\n"
                + file
                + ":5: 'question' is the number 4, not text\n"
                + file
                + ":6: 'answer' ends with #### 1.2.3, which is no number");
  }

  @Test
  void questionsAreNamedByTheirRecordWhateverElseTheirLinesHold() throws IOException {
    Benchmark benchmark =
        read(
            """
            {"question": "One?", "answer": "#### 1", "id": 7, "task_id": "a"}
            {"question": "Two?", "answer": "#### 2", "id": "7", "task_id": 7}
            """);

    assertThat(benchmark.questions())
        .extracting(Question::id)
        .containsExactly("gsm8k/0", "gsm8k/1");
  }

  @Test
  void anEmptyFileIsRefused() {
    assertThatThrownBy(() -> read(""))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder.resolve("test.jsonl") + ": the file is empty; give one JSON object a line");
  }

  @Test
  void refusesSettingsThatCannotBeMeant() {
    assertThatThrownBy(
            () -> new Gsm8k.Config(" ", -1, 9, Prompts.FEW_SHOT, 0, 0, Protocol.DEFAULT, ""))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll(
            "path =   is not valid",
            "limit = -1 is not valid; give a number of questions, or 0 for all",
            "shots = 9 is not valid; give 0 to 8: there are eight demonstrations",
            "new-tokens = 0 is not valid",
            "label =  is not valid");
    assertThatThrownBy(
            () -> new Gsm8k.Config("f", 0, 5, Prompts.TEMPLATE, 0, 1, Protocol.DEFAULT, "g"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "shots = 5 is not valid; leave it out: prompts: template has no demonstrations");
  }

  @Test
  void isFoundByItsName() {
    assertThat(Providers.of(Task.Provider.class).names()).contains("gsm8k", "loss");
  }
}
