// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * TruthfulQA with one right choice: Lin et al. 2022, <a
 * href="https://arxiv.org/abs/2109.07958">TruthfulQA: Measuring How Models Mimic Human
 * Falsehoods</a>. CSV with {@code Question}, {@code Best Answer}, {@code Incorrect Answers} (apart
 * by semicolons); 817 questions, of which HELM keeps the first fifth for demonstrations.
 *
 * <p>{@code Question: QUESTION⏎A. ...⏎B. ...⏎Answer: B}. The best answer stands behind the wrong
 * ones, each with a full stop, and the list is turned by the code of the best answer's first
 * character, as HELM does. Five tokens, exact match.
 */
public record TruthfulQa(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: truthfulqa}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "truthfulqa";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new TruthfulQa(config);
    }
  }

  @Override
  public String name() {
    return "truthfulqa";
  }

  @Override
  public int published() {
    return 817;
  }

  @Override
  public Format format() {
    return Format.of("", "Question", "Answer");
  }

  @Override
  public Matches match() {
    return Matches.EXACT;
  }

  @Override
  public int answerTokens() {
    return 5;
  }

  @Override
  public int pool(int records) {
    return records / 5;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    return CsvRows.withHeader(
        files,
        path,
        row -> {
          String best = sentence(row.column("Best Answer"));
          List<String> choices = new ArrayList<>();
          for (String wrong : row.column("Incorrect Answers").split(";", -1)) {
            if (!wrong.isBlank()) {
              choices.add(sentence(wrong));
            }
          }
          choices.add(best);
          int turn = best.codePointAt(0) % choices.size();
          Collections.rotate(choices, -turn);
          char letter = (char) ('A' + Math.floorMod(choices.size() - 1 - turn, choices.size()));
          return new Instance(
              "truthfulqa/" + row.record(),
              row.column("Question").strip(),
              List.of("" + letter),
              choices);
        });
  }

  private static String sentence(String text) {
    String stripped = text.strip();
    if (stripped.isEmpty()) {
      throw new InputException("'Best Answer' is empty");
    }
    return stripped.endsWith(".") ? stripped : stripped + ".";
  }
}
