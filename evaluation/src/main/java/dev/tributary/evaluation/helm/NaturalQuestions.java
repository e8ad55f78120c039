// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * NaturalQuestions without passages ("closed book"): Kwiatkowski et al. 2019, <a
 * href="https://aclanthology.org/Q19-1026/">Natural Questions</a>, in the layout of Lee et al.'s
 * open subset: JSON Lines with {@code question} and {@code answer}, a list of right answers; 3,610
 * in the development set. HELM reads the whole data set and keeps questions with short answers.
 *
 * <p>{@code Question: QUESTION?⏎Answer: ...}, the question with a capital letter; 300 tokens up to
 * the line's end, F1 against the nearest right answer.
 */
public record NaturalQuestions(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: natural-questions}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "natural-questions";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new NaturalQuestions(config);
    }
  }

  @Override
  public String name() {
    return "natural-questions";
  }

  @Override
  public int published() {
    return 3_610;
  }

  @Override
  public Format format() {
    return Format.of("", "Question", "Answer");
  }

  @Override
  public Matches match() {
    return Matches.F1;
  }

  @Override
  public int answerTokens() {
    return 300;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    return JsonLines.read(
        files,
        path,
        line -> {
          List<String> golds = new ArrayList<>();
          line.fields().path("answer").forEach(answer -> golds.add(answer.asText()));
          if (golds.isEmpty()) {
            throw new InputException("'answer' is empty; it is a list of texts");
          }
          return new Instance(
              "natural-questions/" + line.record(), asked(line.text("question")), golds);
        });
  }

  /** With a capital letter, the rest in lower case, and a question mark. */
  static String asked(String text) {
    String question = text.strip();
    if (question.isEmpty()) {
      throw new InputException("the question is empty");
    }
    String capital =
        question.substring(0, 1).toUpperCase(Locale.ROOT)
            + question.substring(1).toLowerCase(Locale.ROOT);
    return capital.endsWith("?") ? capital : capital + "?";
  }
}
