// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * QuAC: Choi et al. 2018, <a href="https://aclanthology.org/D18-1241/">Question Answering in
 * Context</a>. The published JSON, whose validation set has 1,000 dialogues; one question of each
 * is asked, at a place that a seed draws for the dialogue (HELM draws it by Python's generator),
 * behind title, background, section, passage and the questions and answers before it. As in HELM
 * the pair right before the question is left out.
 *
 * <p>{@code ...⏎⏎Question: QUESTION⏎Answer: ...}; 100 tokens up to the line's end, F1 against the
 * nearest of up to five answers. What cannot be answered is {@code CANNOTANSWER}, or three ways to
 * say so.
 */
public record Quac(ScenarioConfig config) implements Scenario {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NONE = " CANNOTANSWER";

  /** Chosen by {@code name: quac}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "quac";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new Quac(config);
    }
  }

  @Override
  public String name() {
    return "quac";
  }

  @Override
  public int published() {
    return 1_000;
  }

  @Override
  public Format format() {
    return new Format("", "", "Answer: ");
  }

  @Override
  public Matches match() {
    return Matches.F1;
  }

  @Override
  public int answerTokens() {
    return 100;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    JsonNode data;
    try (InputStream bytes = files.open(path)) {
      data = JSON.readTree(bytes).path("data");
    } catch (IOException e) {
      throw new InputException("Cannot read " + path + ": " + e.getMessage(), e);
    }
    if (!data.isArray() || data.isEmpty()) {
      throw new InputException(path + ": 'data' must be a list of dialogues");
    }
    List<Instance> instances = new ArrayList<>();
    for (int d = 0; d < data.size(); d++) {
      try {
        instances.add(instance(data.get(d)));
      } catch (InputException e) {
        throw new InputException(path + ": dialogue " + d + ": " + e.getMessage(), e);
      }
    }
    return instances;
  }

  private static Instance instance(JsonNode dialogue) {
    JsonNode paragraph = dialogue.path("paragraphs").path(0);
    JsonNode turns = paragraph.path("qas");
    if (turns.size() < 3) {
      throw new InputException("it has fewer than 3 questions");
    }
    String context = paragraph.path("context").asText();
    StringBuilder text = new StringBuilder();
    text.append("Title: ").append(dialogue.path("title").asText()).append("\n\n");
    text.append("Background: ").append(dialogue.path("background").asText()).append("\n\n");
    text.append("Section: ").append(dialogue.path("section_title").asText()).append('\n');
    text.append("Passage: ");
    text.append(
        context.endsWith(NONE) ? context.substring(0, context.length() - NONE.length()) : context);
    text.append("\n\n");
    String id = paragraph.path("id").asText(turns.get(0).path("id").asText());
    SplittableRandom random = Seed.of(0).child("quac").child(id).random();
    int asked = 2 + random.nextInt(turns.size() - 2);
    for (int turn = 0; turn < asked - 1; turn++) {
      text.append("Question: ").append(turns.get(turn).path("question").asText()).append('\n');
      text.append("Answer: ")
          .append(turns.get(turn).path("orig_answer").path("text").asText())
          .append("\n\n");
    }
    text.append("Question: ").append(turns.get(asked).path("question").asText());
    Set<String> golds = new LinkedHashSet<>();
    for (JsonNode answer : turns.get(asked).path("answers")) {
      golds.add(answer.path("text").asText());
    }
    if (golds.isEmpty()) {
      throw new InputException("question " + asked + " has no answers");
    }
    List<String> all = new ArrayList<>(golds);
    if (all.equals(List.of(NONE.strip()))) {
      all.addAll(List.of("Not enough information", "Cannot answer", "Do not know"));
    }
    return new Instance(id, text.toString(), all);
  }
}
