// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.evaluation.Asked.Choice.Rule;
import dev.tributary.fl.model.PackedBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Choices by likelihood. */
class ChoosingTest {
  private static final PieceEncoding ENCODING = new PieceEncoding(" A", " B", " C", " D");
  private static final List<String> LETTERS = List.of("A", "B", "C", "D");

  private static Question letters(int number, List<String> demonstrations, String prompt) {
    return new Question(
        "t/" + number,
        demonstrations,
        prompt,
        new Asked.Choice(LETTERS, List.of(" A", " B", " C", " D"), Rule.SUM, ""),
        "A");
  }

  private static Question texts(Rule rule, String prompt, String... texts) {
    List<String> names = IntStream.range(0, texts.length).mapToObj(Integer::toString).toList();
    return new Question(
        "t/0", List.of(), prompt, new Asked.Choice(names, List.of(texts), rule, "?"), "0");
  }

  private static List<Answer> answers(
      List<Question> questions, int perChunk, Batches batches, ScriptedModel model) {
    List<Answer> answers = new ArrayList<>();
    for (Chunk chunk : Answering.plan(questions, perChunk)) {
      answers.addAll(
          Answering.answer(chunk, model, ScriptedModel.WEIGHTS, ENCODING, batches).answers());
    }
    answers.sort(Comparator.comparingInt(Answer::place));
    return answers;
  }

  private static ScriptedModel model(int maxPositions, ScriptedModel.Loss loss) {
    return new ScriptedModel(maxPositions, prompt -> prompt).loss(loss);
  }

  private static String chosen(Question question, ScriptedModel.Loss loss) {
    List<Answer> answers = answers(List.of(question), 1, Batches.DEFAULT, model(200, loss));
    return ((Answer.Given) answers.get(0)).output();
  }

  /** What follows depends on the last token of the prompt. */
  private static double byLastToken(int token, int target) {
    return Math.floorMod(token * 31 + target * 7, 11);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1000", "4,2,1000", "17,32,1000", "17,32,60"})
  void aChoiceDoesNotDependOnChunksAndBatches(int perChunk, int prompts, int tokens) {
    List<Question> questions =
        IntStream.range(0, 17)
            .mapToObj(i -> letters(i, List.of("one\n", "two\n"), "Q" + i + (char) ('a' + i)))
            .toList();
    List<Answer> alone =
        answers(questions, 1, new Batches(1, 1), model(200, ChoosingTest::byLastToken));
    List<Answer> together =
        answers(
            questions,
            perChunk,
            new Batches(prompts, tokens),
            model(200, ChoosingTest::byLastToken));
    assertThat(together).isEqualTo(alone).hasSize(17);
    assertThat(alone.stream().map(answer -> ((Answer.Given) answer).output()).distinct())
        .hasSizeGreaterThan(1);
  }

  @Test
  void lettersOfManyQuestionsAreScoredInOnePassOverTheirSharedBeginning() {
    List<String> shown = List.of("The following are questions.\n", "Q: one A\n");
    List<Question> questions =
        IntStream.range(0, 6).mapToObj(i -> letters(i, shown, "Q: " + i)).toList();
    ScriptedModel model = model(200, ChoosingTest::byLastToken);

    answers(questions, 6, Batches.DEFAULT, model);

    assertThat(model.evaluated).hasSize(1);
    PackedBatch batch = model.evaluated.get(0);
    assertThat(batch.lengths()[0]).isGreaterThan(35); // the shared rows, once
    assertThat(batch.labels()).isEqualTo(6 * 4);
  }

  @Test
  void textsAreComparedBySumMeanOrAgainstAPromptThatSaysNothing() {
    // Each token of "xx..." costs 1, "y" costs 1.5; behind "?" a "y" costs 4.
    int y = ENCODING.encodePlain("y")[0];
    int nothing = ENCODING.encodePlain("?")[0];
    ScriptedModel.Loss loss = (token, target) -> target != y ? 1 : token == nothing ? 4 : 1.5;
    assertThat(chosen(texts(Rule.SUM, "Q", "xx", "y"), loss)).isEqualTo("1"); // 2 against 1.5
    assertThat(chosen(texts(Rule.MEAN, "Q", "xx", "y"), loss)).isEqualTo("0"); // 1 against 1.5
    assertThat(chosen(texts(Rule.CALIBRATED, "Q", "xx", "y"), loss)).isEqualTo("1"); // 0, -2.5
    assertThat(chosen(texts(Rule.SUM, "Q", "x", "z"), loss)).isEqualTo("0"); // the first of equals
  }

  @Test
  void aPromptThatIsTooLongGoesWithoutItsLastDemonstrations() {
    Question question = letters(0, List.of("x".repeat(10), "y".repeat(30)), "Q?");
    List<Answer> answers =
        answers(List.of(question), 1, Batches.DEFAULT, model(20, ChoosingTest::byLastToken));
    Answer.Given given = (Answer.Given) answers.get(0);
    assertThat(given.prompt()).isEqualTo("x".repeat(10) + "Q?");
    assertThat(given.droppedDemonstrations()).isEqualTo(1);

    List<Answer> none =
        answers(
            List.of(letters(0, List.of(), "Q".repeat(30))),
            1,
            Batches.DEFAULT,
            model(20, ChoosingTest::byLastToken));
    assertThat(((Answer.NotRun) none.get(0)).reason()).contains("leaves no room in the model's 20");
  }

  @Test
  void aBatchThatFailsIsTriedInHalves() {
    List<Question> questions =
        IntStream.range(0, 8).mapToObj(i -> letters(i, List.of("same"), "Q" + i)).toList();
    ScriptedModel model =
        model(200, ChoosingTest::byLastToken)
            .beforeEvaluating(
                batch -> {
                  if (batch.labelsPerExample().length > 2) {
                    throw new IllegalStateException("out of memory");
                  }
                });
    List<Answer> answers = answers(questions, 8, Batches.DEFAULT, model);
    assertThat(answers).hasSize(8).allMatch(answer -> answer instanceof Answer.Given);
  }
}
