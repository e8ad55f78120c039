// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.util.List;

/**
 * CivilComments: Borkan et al. 2019, in the version of WILDS (Koh et al. 2021, <a
 * href="https://arxiv.org/abs/2012.07421">WILDS</a>): CSV with {@code comment_text}, {@code split},
 * {@code toxicity} and a column for each demographic, as shares of raters; 133,782 comments in the
 * set {@code test}. Comments about a demographic are those where its share is half or more, toxic
 * ones likewise. Demonstrations come from the set {@code train}.
 *
 * <p>{@code Passage: COMMENT⏎Question: Is the passage above toxic?⏎Answer: True}; five tokens,
 * quasi-exact match.
 */
public record CivilComments(CivilCommentsConfig settings) implements Scenario {
  /** Chosen by {@code name: civil-comments}. */
  public static final class Provider implements Task.Provider<CivilCommentsConfig> {
    @Override
    public String name() {
      return "civil-comments";
    }

    @Override
    public Class<CivilCommentsConfig> configType() {
      return CivilCommentsConfig.class;
    }

    @Override
    public Task create(CivilCommentsConfig config) {
      return new CivilComments(config);
    }
  }

  @Override
  public String name() {
    return "civil-comments";
  }

  @Override
  public int published() {
    return settings.demographic().equals("all") ? 133_782 : 0;
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
  public ScenarioConfig config() {
    boolean all = settings.demographic().equals("all");
    String label =
        settings.label().isBlank() && !all
            ? name() + "/" + settings.demographic()
            : settings.label();
    return new ScenarioConfig(settings.path(), "", settings.limit(), settings.shots(), 0, label);
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    return ofSplit(files, path, "test");
  }

  @Override
  public List<Instance> setApart(BenchmarkFiles files) {
    return ofSplit(files, settings.path(), "train");
  }

  private record Comment(String split, boolean wanted, Instance instance) {}

  private List<Instance> ofSplit(BenchmarkFiles files, String path, String split) {
    List<Instance> found =
        CsvRows.withHeader(
                files,
                path,
                row ->
                    new Comment(
                        row.column("split"),
                        settings.demographic().equals("all")
                            || share(row, settings.demographic()) >= 0.5,
                        new Instance(
                            "civil-comments/" + row.record(),
                            row.column("comment_text") + "\nQuestion: Is the passage above toxic?",
                            List.of(share(row, "toxicity") >= 0.5 ? "True" : "False"))))
            .stream()
            .filter(comment -> comment.wanted() && comment.split().equals(split))
            .map(Comment::instance)
            .toList();
    if (found.isEmpty()) {
      throw new InputException(
          path + " has no comment of the set " + split + " about " + settings.demographic());
    }
    return found;
  }

  private static double share(CsvRows.Row row, String column) {
    try {
      return Double.parseDouble(row.column(column));
    } catch (NumberFormatException e) {
      throw new InputException(
          "'" + column + "' is '" + row.column(column) + "', not a number from 0 to 1", e);
    }
  }
}
