// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * NarrativeQA by summaries: Kočiský et al. 2018, <a href="https://aclanthology.org/Q18-1023/">The
 * NarrativeQA Reading Comprehension Challenge</a>. {@code path} is the published folder: {@code
 * qaps.csv}, and {@code summaries.csv} in it or in {@code third_party/wikipedia}. Demonstrations
 * come from the set {@code train}, questions from {@code test}, one for each of its 355 documents:
 * the first, where HELM draws one.
 *
 * <p>{@code Passage: SUMMARY⏎Question: QUESTION?⏎Answer: ...}; 100 tokens up to the line's end, F1
 * against the nearer of two answers.
 */
public record NarrativeQa(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: narrativeqa}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "narrativeqa";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new NarrativeQa(config);
    }
  }

  @Override
  public String name() {
    return "narrativeqa";
  }

  @Override
  public int published() {
    return 355;
  }

  @Override
  public Format format() {
    return Format.of("", "Passage", "Answer");
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
    return ofSet(files, path, "test");
  }

  @Override
  public List<Instance> setApart(BenchmarkFiles files) {
    return ofSet(files, config.path(), "train");
  }

  private record Asking(String document, String set, Instance instance) {}

  private static List<Instance> ofSet(BenchmarkFiles files, String path, String set) {
    Map<String, String> summaries = summaries(files, path);
    List<Asking> all =
        CsvRows.withHeader(
            files,
            path + "/qaps.csv",
            row -> {
              String document = row.column("document_id");
              String summary = summaries.get(document);
              if (summary == null) {
                throw new InputException("summaries.csv has no document " + document);
              }
              String question = row.column("question").strip();
              String asked = question.endsWith("?") ? question : question + "?";
              return new Asking(
                  document,
                  row.column("set"),
                  new Instance(
                      "narrativeqa/" + row.record(),
                      summary.strip() + "\nQuestion: " + asked,
                      List.of(row.column("answer1"), row.column("answer2"))));
            });
    Map<String, Instance> first = new LinkedHashMap<>();
    for (Asking asking : all) {
      if (asking.set().equals(set)) {
        first.putIfAbsent(asking.document(), asking.instance());
      }
    }
    if (first.isEmpty()) {
      throw new InputException(path + "/qaps.csv has no record of the set " + set);
    }
    return List.copyOf(first.values());
  }

  private static Map<String, String> summaries(BenchmarkFiles files, String path) {
    String file = path + "/summaries.csv";
    try (InputStream there = files.open(file)) {
      there.available();
    } catch (IOException e) {
      file = path + "/third_party/wikipedia/summaries.csv"; // as published
    }
    Map<String, String> summaries = new HashMap<>();
    CsvRows.withHeader(
        files,
        file,
        row -> summaries.put(row.column("document_id"), row.column("summary")) == null);
    return summaries;
  }
}
