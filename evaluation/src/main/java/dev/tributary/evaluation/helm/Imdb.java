// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.util.List;

/**
 * IMDB reviews: Maas et al. 2011, <a href="https://aclanthology.org/P11-1015/">Learning Word
 * Vectors for Sentiment Analysis</a>; 25,000 test reviews. A CSV file with the columns {@code text}
 * and {@code label} ({@code positive}, {@code negative}), as fast.ai publishes a sample.
 *
 * <p>{@code Passage: REVIEW⏎Sentiment: Positive}; five tokens, quasi-exact match.
 */
public record Imdb(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: imdb}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "imdb";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new Imdb(config);
    }
  }

  @Override
  public String name() {
    return "imdb";
  }

  @Override
  public int published() {
    return 25_000;
  }

  @Override
  public Format format() {
    return Format.of("", "Passage", "Sentiment");
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
    return CsvRows.withHeader(
        files,
        path,
        row -> {
          String label =
              switch (row.column("label")) {
                case "positive" -> "Positive";
                case "negative" -> "Negative";
                default ->
                    throw new InputException(
                        "the label is '"
                            + row.column("label")
                            + "', neither positive nor negative");
              };
          return new Instance("imdb/" + row.record(), row.column("text"), List.of(label));
        });
  }
}
