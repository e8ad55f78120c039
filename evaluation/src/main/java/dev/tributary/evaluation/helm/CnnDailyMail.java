// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.model.Sampling;
import java.util.List;

/**
 * CNN/DailyMail: See et al. 2017, <a href="https://aclanthology.org/P17-1099/">Get To The
 * Point</a>. CSV with the columns {@code article} and {@code highlights}, or {@code text} and
 * {@code y}; the test set has 11,490.
 *
 * <p>{@code ###⏎Article: ARTICLE⏎⏎Summarize the above article in 3 sentences.⏎}; 128 tokens.
 * ROUGE-2 of the summary ({@link Rouge}), temperature 0.3, up to {@code ###}. HELM takes
 * demonstrations of 50 to 150 words only; here they are as they come.
 */
public record CnnDailyMail(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: cnn-dailymail}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "cnn-dailymail";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new CnnDailyMail(config);
    }
  }

  @Override
  public String name() {
    return "cnn-dailymail";
  }

  @Override
  public int published() {
    return 11_490;
  }

  @Override
  public Format format() {
    return Articles.format("3 sentences");
  }

  @Override
  public Matches match() {
    return Matches.ROUGE_2;
  }

  @Override
  public int answerTokens() {
    return 128;
  }

  @Override
  public Sampling sampling() {
    return Articles.SAMPLING;
  }

  @Override
  public List<String> stops() {
    return Articles.STOPS;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    return CsvRows.withHeader(
        files,
        path,
        row -> {
          boolean published = row.fields().isMapped("article");
          return new Instance(
              "cnn-dailymail/" + row.record(),
              Articles.cleaned(row.column(published ? "article" : "text")),
              List.of(Articles.cleaned(row.column(published ? "highlights" : "y"))));
        });
  }
}
