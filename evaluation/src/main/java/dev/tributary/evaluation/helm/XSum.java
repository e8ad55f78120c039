// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.model.Sampling;
import java.util.List;

/**
 * XSum: Narayan et al. 2018, <a href="https://aclanthology.org/D18-1206/">Don't Give Me the
 * Details, Just the Summary!</a> JSON Lines with {@code document} and {@code summary}, or HELM's
 * own requests with {@code article} (the prompt) and {@code summary_gt}; the test set has 11,334.
 *
 * <p>{@code ###⏎Article: ARTICLE⏎⏎Summarize the above article in 1 sentence.⏎}; 64 tokens. ROUGE-2
 * of the summary ({@link Rouge}), temperature 0.3, up to {@code ###}. HELM takes demonstrations of
 * 50 to 150 words only; here they are as they come.
 */
public record XSum(ScenarioConfig config) implements Scenario {
  /** Chosen by {@code name: xsum}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "xsum";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new XSum(config);
    }
  }

  @Override
  public String name() {
    return "xsum";
  }

  @Override
  public int published() {
    return 11_334;
  }

  @Override
  public Format format() {
    return Articles.format("1 sentence");
  }

  @Override
  public Matches match() {
    return Matches.ROUGE_2;
  }

  @Override
  public int answerTokens() {
    return 64;
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
    return JsonLines.read(
        files,
        path,
        line -> {
          boolean request = line.fields().has("summary_gt");
          String article =
              request ? ofRequest(line.text("article")) : Articles.cleaned(line.text("document"));
          String summary = line.text(request ? "summary_gt" : "summary");
          return new Instance("xsum/" + line.record(), article, List.of(Articles.cleaned(summary)));
        });
  }

  /** The article without the prompt around it. */
  private static String ofRequest(String prompt) {
    int begin = prompt.lastIndexOf("Article: ");
    int end = prompt.lastIndexOf("\n\nSummarize");
    return begin < 0 || end < begin
        ? Articles.cleaned(prompt)
        : prompt.substring(begin + "Article: ".length(), end);
  }
}
