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
import java.util.Locale;

/**
 * HellaSwag: Zellers et al. 2019, <a href="https://arxiv.org/abs/1905.07830">HellaSwag: Can a
 * Machine Really Finish Your Sentence?</a> JSON Lines with {@code activity_label}, {@code ctx_a},
 * {@code ctx_b}, {@code endings} and {@code label}; the validation set has 10,042.
 *
 * <p>{@code ACTIVITY: CTX_A CTX_B}, the second part with a capital letter; of the four endings the
 * one whose tokens have the highest mean log-probability behind it ("separate, original" in HELM).
 */
public record HellaSwag(ChoiceConfig config) implements ChoiceScenario {
  /** Chosen by {@code name: hellaswag}. */
  public static final class Provider implements Task.Provider<ChoiceConfig> {
    @Override
    public String name() {
      return "hellaswag";
    }

    @Override
    public Class<ChoiceConfig> configType() {
      return ChoiceConfig.class;
    }

    @Override
    public Task create(ChoiceConfig config) {
      return new HellaSwag(config);
    }
  }

  @Override
  public String name() {
    return "hellaswag";
  }

  @Override
  public int published() {
    return 10_042;
  }

  @Override
  public Asked.Choice.Rule rule() {
    return Asked.Choice.Rule.MEAN;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files) {
    return JsonLines.read(files, config.path(), HellaSwag::instance);
  }

  private static Instance instance(JsonLines.Line line) {
    List<String> endings = new ArrayList<>();
    for (JsonNode ending : line.fields().path("endings")) {
      endings.add(ending.asText());
    }
    int label = line.fields().path("label").asInt(-1);
    if (endings.size() < 2 || label < 0 || label >= endings.size()) {
      throw new InputException("'label' must be the place of one of 'endings', from 0");
    }
    String second = line.text("ctx_b");
    String capital =
        second.isEmpty()
            ? ""
            : second.substring(0, 1).toUpperCase(Locale.ROOT) + second.substring(1);
    return new Instance(
        "hellaswag/" + line.record(),
        (line.text("activity_label") + ": " + line.text("ctx_a") + " " + capital).stripTrailing(),
        List.of("" + label),
        endings);
  }
}
