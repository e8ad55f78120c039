// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.util.List;

/**
 * BoolQ: Clark et al. 2019, <a href="https://arxiv.org/abs/1905.10044">The Surprising Difficulty of
 * Natural Yes/No Questions</a>. JSON Lines with {@code question}, {@code passage} and {@code
 * answer} (true or false); the development set has 3,270.
 *
 * <p>{@code Passage: PASSAGE⏎Question: QUESTION?⏎Answer: Yes}; five tokens, quasi-exact match.
 */
public record BoolQ(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: boolq}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "boolq";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new BoolQ(config);
    }
  }

  @Override
  public String name() {
    return "boolq";
  }

  @Override
  public int published() {
    return 3_270;
  }

  @Override
  public Format format() {
    return Format.of("", "Passage", "Answer");
  }

  @Override
  public Matches match() {
    return Matches.QUASI_EXACT;
  }

  @Override
  public int answerTokens() {
    return 5;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    return JsonLines.read(
        files,
        path,
        line -> {
          if (!line.fields().path("answer").isBoolean()) {
            throw new InputException("'answer' is missing, or neither true nor false");
          }
          return new Instance(
              "boolq/" + line.record(),
              line.text("passage") + "\nQuestion: " + line.text("question") + "?",
              List.of(line.fields().path("answer").booleanValue() ? "Yes" : "No"));
        });
  }
}
