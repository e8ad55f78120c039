// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.util.ArrayList;
import java.util.List;

/**
 * OpenBookQA: Mihaylov et al. 2018, <a href="https://aclanthology.org/D18-1260/">Can a Suit of
 * Armor Conduct Electricity?</a> JSON Lines with {@code id}, {@code question} ({@code stem} and
 * {@code choices}) and {@code answerKey}; the test set has 500.
 *
 * <p>The stem as it is; of the choices the one whose log-probability behind it is highest above
 * that behind {@code Answer:} alone ("separate, calibrated" in HELM).
 */
public record OpenBookQa(ChoiceConfig config) implements ChoiceScenario {
  /** Chosen by {@code name: openbookqa}. */
  public static final class Provider implements Task.Provider<ChoiceConfig> {
    @Override
    public String name() {
      return "openbookqa";
    }

    @Override
    public Class<ChoiceConfig> configType() {
      return ChoiceConfig.class;
    }

    @Override
    public Task create(ChoiceConfig config) {
      return new OpenBookQa(config);
    }
  }

  @Override
  public String name() {
    return "openbookqa";
  }

  @Override
  public int published() {
    return 500;
  }

  @Override
  public Asked.Choice.Rule rule() {
    return Asked.Choice.Rule.CALIBRATED;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files) {
    return JsonLines.read(files, config.path(), OpenBookQa::instance);
  }

  private static Instance instance(JsonLines.Line line) {
    JsonNode question = line.fields().path("question");
    String key = line.text("answerKey");
    List<String> choices = new ArrayList<>();
    int gold = -1;
    for (JsonNode choice : question.path("choices")) {
      gold = choice.path("label").asText().equals(key) ? choices.size() : gold;
      choices.add(choice.path("text").asText());
    }
    if (choices.size() < 2 || gold < 0 || !question.path("stem").isTextual()) {
      throw new InputException(
          "'question' needs a stem and choices, and 'answerKey' the label of one of them");
    }
    return new Instance(
        line.textOrNumber("id"), question.path("stem").asText(), List.of("" + gold), choices);
  }
}
