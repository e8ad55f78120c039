// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnsweringTest {
  private static final PieceEncoding ENCODING = new PieceEncoding("Question", "\n\n");
  private static final Asked.Continuation ASKED = new Asked.Continuation(12, List.of("\nQ:"));

  /** Depends on every token of the prompt, and on nothing else. */
  private static int[] hash(int[] prompt) {
    return ENCODING.encodePlain("answer " + Integer.toHexString(Arrays.hashCode(prompt)));
  }

  private static List<Question> questions() {
    List<String> some = List.of("Q: one\nA: 1\n\n", "Q: two\nA: 2\n\n");
    List<String> others = List.of("Question three\n\n");
    return IntStream.range(0, 23)
        .mapToObj(
            i ->
                question(
                    i,
                    i == 7 ? List.of("alone") : i % 3 == 0 ? some : others,
                    "Q: " + "x".repeat(i * 7 % 10) + i + "\nA:"))
        .toList();
  }

  private static Question question(int number, List<String> demonstrations, String prompt) {
    return new Question("t/" + number, demonstrations, prompt, ASKED, "0");
  }

  private static List<Answer> answers(
      List<Question> questions, int questionsPerChunk, Batches batches, ScriptedModel model) {
    return Answering.plan(questions, questionsPerChunk).stream()
        .flatMap(
            chunk ->
                Answering.answer(chunk, model, ScriptedModel.WEIGHTS, ENCODING, batches)
                    .answers()
                    .stream())
        .sorted(Comparator.comparingInt(Answer::place))
        .toList();
  }

  private static List<String> outputs(List<Answer> answers) {
    return answers.stream()
        .map(a -> a instanceof Answer.Given given ? given.output() : "not run")
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"1,1,1000", "5,2,1000", "23,32,1000", "23,32,60", "8,3,1"})
  void anAnswerDoesNotDependOnChunksAndBatches(int perChunk, int prompts, int tokens) {
    List<Answer> alone =
        answers(questions(), 1, new Batches(1, 1), new ScriptedModel(200, AnsweringTest::hash));

    List<Answer> together =
        answers(
            questions(),
            perChunk,
            new Batches(prompts, tokens),
            new ScriptedModel(200, AnsweringTest::hash));

    assertThat(together).isEqualTo(alone).hasSize(23).doesNotHaveDuplicates();
  }

  @Test
  void aPromptIsTokenisedWholeWithItsSpecialTokensOnce() {
    ScriptedModel model = new ScriptedModel(200, AnsweringTest::hash);

    answers(questions(), 9, Batches.DEFAULT, model);

    assertThat(model.generated.stream().flatMap(List::stream))
        .containsExactlyInAnyOrderElementsOf(
            questions().stream()
                .map(q -> ENCODING.encode(q.text(q.demonstrations().size())))
                .toList());
  }

  @Test
  void aPromptThatSpellsOutItsSpecialTokensGetsNoMore() {
    Question question =
        new Question(
            "t/0", List.of(), "<s>Why?", ASKED, "0", Map.of(), Question.Specials.SPELT_OUT);
    ScriptedModel model = new ScriptedModel(200, AnsweringTest::hash);

    answers(List.of(question), 1, Batches.DEFAULT, model);

    assertThat(model.generated).hasSize(1);
    assertThat(model.generated.get(0)).containsExactly(ENCODING.encodePlain("<s>Why?"));
  }

  @Test
  void otherQuestionsAreWrittenAsBeforeThereWereSuch() {
    assertThat(question(0, List.of("a"), "b"))
        .hasToString("Question[id=t/0, demonstrations=[a], prompt=b, asked=" + ASKED + ", gold=0]");
  }

  @Test
  void promptsWithTheSameBeginningAreBatchedTogether() {
    List<String> some = List.of("a long beginning ".repeat(5));
    List<String> others = List.of("quite another one ".repeat(5));
    List<Question> questions =
        IntStream.range(0, 20).mapToObj(i -> question(i, i % 2 == 0 ? some : others, "?")).toList();
    ScriptedModel model = new ScriptedModel(500, AnsweringTest::hash);

    answers(questions, 20, new Batches(32, 10_000), model);

    assertThat(model.generated).hasSize(2).allMatch(batch -> batch.size() == 10);
  }

  @Test
  void promptsThatShareNothingAreBatchedAllTheSame() {
    List<Question> questions =
        IntStream.range(0, 20)
            .mapToObj(i -> question(i, List.of((char) ('a' + i) + "...".repeat(20)), "?"))
            .toList();
    ScriptedModel model = new ScriptedModel(500, AnsweringTest::hash);

    answers(questions, 20, new Batches(32, 10_000), model);

    assertThat(model.generated).singleElement().satisfies(batch -> assertThat(batch).hasSize(20));
  }

  @Test
  void aBatchKeepsToItsTokensCountingTheSharedBeginningOnce() {
    List<String> shared = List.of("s".repeat(99)); // with the first token: 100
    List<Question> questions =
        IntStream.range(0, 12).mapToObj(i -> question(i, shared, (char) ('a' + i) + "?")).toList();
    ScriptedModel model = new ScriptedModel(500, AnsweringTest::hash);

    answers(questions, 12, new Batches(32, 100 + 4 * (2 + ASKED.maxNewTokens())), model);

    assertThat(model.generated).hasSize(3).allMatch(batch -> batch.size() == 4);
  }

  @Test
  void aPromptThatIsTooLongGoesWithoutItsLastDemonstrations() {
    List<String> demonstrations = List.of("1".repeat(20), "2".repeat(20), "3".repeat(20));
    ScriptedModel model = new ScriptedModel(60, AnsweringTest::hash);

    List<Answer> answers =
        answers(List.of(question(0, demonstrations, "?")), 1, Batches.DEFAULT, model);

    Answer.Given answer = (Answer.Given) answers.get(0);
    assertThat(answer.droppedDemonstrations()).isEqualTo(1);
    assertThat(answer.prompt()).isEqualTo("1".repeat(20) + "2".repeat(20) + "?");
    assertThat(answer.promptTokens()).isEqualTo(42);
  }

  @Test
  void virtualTokensTakeTheirRoom() {
    ScriptedModel model = new ScriptedModel(25, AnsweringTest::hash);
    Chunk chunk =
        Answering.plan(
                List.of(
                    question(0, List.of(), "x".repeat(15)), question(1, List.of(), "x".repeat(19))),
                2)
            .get(0);

    List<Answer> answers =
        Answering.answer(chunk, model, ScriptedModel.weights(5), ENCODING, Batches.DEFAULT)
            .answers()
            .stream()
            .sorted(Comparator.comparingInt(Answer::place))
            .toList();

    assertThat(((Answer.Given) answers.get(0)).newTokens()).isEqualTo(4);
    assertThat(answers.get(1))
        .isEqualTo(
            new Answer.NotRun(1, "the prompt has 20 tokens and leaves no room in the model's 20"));
  }

  @Test
  void aLongQuestionGetsWhatRoomThereIsAndOneWithoutAnyIsNotRun() {
    ScriptedModel model = new ScriptedModel(20, AnsweringTest::hash);

    List<Answer> answers =
        answers(
            List.of(question(0, List.of(), "x".repeat(15)), question(1, List.of(), "x".repeat(19))),
            2,
            Batches.DEFAULT,
            model);

    assertThat(((Answer.Given) answers.get(0)).newTokens()).isEqualTo(4);
    assertThat(((Answer.Given) answers.get(0)).lackingTokens()).isEqualTo(8);
    assertThat(answers.get(1))
        .isEqualTo(
            new Answer.NotRun(1, "the prompt has 20 tokens and leaves no room in the model's 20"));
  }

  @Test
  void anAnswerEndsAtTheStopTextHoweverItIsTokenised() {
    PieceEncoding pieces = new PieceEncoding("\nQ", ".\n\nQ");
    for (String text : List.of(" It is 5\nQ: And", " It is 5.\n\nQ: And")) {
      ScriptedModel model = new ScriptedModel(200, prompt -> pieces.encodePlain(text));
      Question question =
          new Question("t/0", List.of(), "Q", new Asked.Continuation(40, List.of("\nQ:")), "5");

      Answers answers =
          Answering.answer(
              Answering.plan(List.of(question), 1).get(0),
              model,
              ScriptedModel.WEIGHTS,
              pieces,
              Batches.DEFAULT);

      assertThat(((Answer.Given) answers.answers().get(0)).output())
          .isEqualTo(text.substring(0, text.indexOf("\nQ:")));
    }
  }

  @Test
  void decodingEndsEarlyAtStopsAndAtTheEndOfText() {
    ScriptedModel stopped = new ScriptedModel(200, p -> ENCODING.encodePlain(" 5\nQ: And"));
    ScriptedModel ended = new ScriptedModel(200, p -> new int[] {1053, 0, 1054, 1055});

    Answer.Given one = (Answer.Given) answers(questions(), 23, Batches.DEFAULT, stopped).get(0);
    Answer.Given other = (Answer.Given) answers(questions(), 23, Batches.DEFAULT, ended).get(0);

    assertThat(one.newTokens()).isEqualTo(2);
    assertThat(one.output()).isEqualTo(" 5");
    assertThat(other.newTokens()).isEqualTo(1);
    assertThat(other.output()).isEqualTo("5");
  }

  @Test
  void aBatchThatFailsIsTriedAgainInHalves() {
    ScriptedModel small =
        new ScriptedModel(200, AnsweringTest::hash)
            .beforeGenerating(
                prompts -> {
                  if (prompts.size() > 3) {
                    throw new OutOfMemoryError("no memory for " + prompts.size());
                  }
                });

    List<Answer> answers = answers(questions(), 23, Batches.DEFAULT, small);

    assertThat(answers)
        .isEqualTo(
            answers(questions(), 23, Batches.DEFAULT, new ScriptedModel(200, AnsweringTest::hash)));
  }

  @Test
  void aQuestionThatFailsAloneIsNotRunAndTheOthersAreAnswered() {
    int[] bad = ENCODING.encode(questions().get(5).text(1));
    ScriptedModel model =
        new ScriptedModel(200, AnsweringTest::hash)
            .beforeGenerating(
                prompts -> {
                  if (prompts.stream().anyMatch(p -> Arrays.equals(p, bad))) {
                    throw new IllegalStateException("device lost");
                  }
                });

    List<Answer> answers = answers(questions(), 23, Batches.DEFAULT, model);

    assertThat(answers.get(5))
        .isEqualTo(new Answer.NotRun(5, "java.lang.IllegalStateException: device lost"));
    assertThat(outputs(answers)).filteredOn("not run"::equals).hasSize(1);
  }

  @Test
  void aFailureThatPassesCostsNothing() {
    List<Boolean> failed = new ArrayList<>();
    ScriptedModel model =
        new ScriptedModel(200, AnsweringTest::hash)
            .beforeGenerating(
                prompts -> {
                  if (failed.isEmpty()) {
                    failed.add(true);
                    throw new IllegalStateException("just once");
                  }
                });

    assertThat(outputs(answers(questions().subList(0, 1), 1, Batches.DEFAULT, model)))
        .doesNotContain("not run");
  }

  @Test
  void wrongInputIsNotTriedAgain() {
    ScriptedModel model =
        new ScriptedModel(200, AnsweringTest::hash)
            .beforeGenerating(
                prompts -> {
                  throw new InputException("another model's tokenizer");
                });

    assertThatThrownBy(() -> answers(questions(), 23, Batches.DEFAULT, model))
        .isInstanceOf(InputException.class)
        .hasMessage("another model's tokenizer");
  }

  @Test
  void aCancelledJobIsNoFailureOfTheQuestions() {
    ScriptedModel model =
        new ScriptedModel(200, AnsweringTest::hash)
            .beforeGenerating(
                prompts -> {
                  Thread.currentThread().interrupt();
                  throw new IllegalStateException("interrupted");
                });
    try {
      assertThatThrownBy(() -> answers(questions(), 23, Batches.DEFAULT, model))
          .hasMessage("interrupted");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void aPlanHasEveryQuestionOnceInChunksOfLikeSize() {
    List<Chunk> plan = Answering.plan(questions(), 5);

    assertThat(plan.stream().map(chunk -> chunk.questions().size())).containsExactly(4, 5, 4, 5, 5);
    assertThat(plan.stream().flatMap(c -> c.questions().stream()))
        .allMatch(q -> q.question().equals(questions().get(q.place())))
        .extracting(Chunk.Placed::place)
        .containsExactlyInAnyOrder(Stream.iterate(0, i -> i + 1).limit(23).toArray(Integer[]::new));
    assertThat(Answering.plan(List.of(), 5)).isEmpty();
  }

  @Test
  void refusesChunksOfNothing() {
    assertThatThrownBy(() -> Answering.plan(questions(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A chunk holds at least 1 question, not 0");
  }
}
