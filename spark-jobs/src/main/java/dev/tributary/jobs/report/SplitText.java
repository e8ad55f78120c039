// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.data.Manifest;
import dev.tributary.data.TokenisedSplit.Counts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A split's figures as text: clients, categories, skew, lengths in tokens. */
public final class SplitText {
  /** Longer lists push what follows them off the screen; the tables have all. */
  private static final int MOST_ROWS = 40;

  private SplitText() {}

  /**
   * @param tables where all rows are
   */
  public static String of(SplitDescription split, String tables) {
    return clients(split, tables)
        + "\n"
        + categories(split, tables)
        + "\n"
        + skew(split)
        + "\n"
        + (split.tokens().isPresent()
            ? lengths(split.tokens().get())
            : "Tokens are not counted: " + split.withoutTokens() + "\n");
  }

  private static String clients(SplitDescription split, String tables) {
    Manifest manifest = split.manifest();
    List<String> head = new ArrayList<>(List.of("client"));
    head.addAll(manifest.examples().keySet());
    if (split.tokens().isPresent()) {
      head.addAll(List.of("tokens", "mean length", "longest", "cut"));
    }
    head.add("label distance");
    TextTable table = new TextTable(head);
    split
        .withServer(manifest.clients().stream().limit(MOST_ROWS).toList())
        .forEach(
            client -> {
              List<String> row = new ArrayList<>(List.of(SplitDescription.label(client)));
              manifest
                  .examples()
                  .keySet()
                  .forEach(part -> row.add(Page.number(client.examples().getOrDefault(part, 0L))));
              split
                  .tokens()
                  .ifPresent(tokens -> row.addAll(tokens(tokens.counts(client.client()))));
              row.add(Page.threeDigits(client.labelDistance()));
              table.add(row);
            });
    return table + more(manifest.clients().size(), tables + "/split_clients");
  }

  /** Tokens, mean and longest length, examples cut: before any cut, as max-tokens may change. */
  static List<String> tokens(Counts counts) {
    return List.of(
        Page.number(counts.wholeTokens()),
        counts.examples() == 0
            ? ""
            : Page.number(Math.round((double) counts.wholeTokens() / counts.examples())),
        Page.number(counts.longestWhole()),
        Page.number(counts.cut()));
  }

  private static String categories(SplitDescription split, String tables) {
    List<SplitDescription.Category> categories = split.categories();
    TextTable table = new TextTable(List.of("category", "examples", "share", "clients"));
    categories.stream()
        .limit(MOST_ROWS)
        .forEach(
            category ->
                table.add(
                    List.of(
                        category.label(),
                        Page.number(category.examples()),
                        Page.percent(category.examples(), split.manifest().total()),
                        Page.number(category.clients()))));
    return table + more(categories.size(), tables + "/split_categories");
  }

  private static String more(int rows, String table) {
    return rows <= MOST_ROWS
        ? ""
        : String.format(Locale.ROOT, "... and %,d more (all in %s)%n", rows - MOST_ROWS, table);
  }

  private static String skew(SplitDescription split) {
    Manifest.Skew skew = split.manifest().skew();
    return String.format(
        Locale.ROOT,
        "Label distance to the whole (%s, total variation, 0 to 1): mean %.3f, by examples %.3f,"
            + " max %.3f%n"
            + "Gini of the clients' sizes (0 equal, 1 one has all): %.3f%n",
        skew.labelColumn(),
        skew.mean(),
        skew.meanByExamples(),
        skew.max(),
        skew.sizeGini());
  }

  private static String lengths(SplitDescription.Tokens tokens) {
    long examples = tokens.all().examples();
    TextTable quantiles = new TextTable(List.of("examples up to", "tokens"));
    tokens
        .quantiles()
        .forEach((percent, length) -> quantiles.add(List.of(percent + " %", Page.number(length))));
    TextTable cut = new TextTable(List.of("max-tokens", "examples cut", "share"));
    tokens
        .cutAt()
        .forEach(
            (maxTokens, count) ->
                cut.add(
                    List.of(
                        maxTokens + (maxTokens == tokens.maxTokens() ? " (the file's)" : ""),
                        Page.number(count),
                        Page.percent(count, examples))));
    return "Length of prompt and answer before any cut, by the tokenizer of "
        + tokens.tokenizer()
        + ", template "
        + tokens.template()
        + "\n"
        + quantiles
        + "\n"
        + cut
        + unusable(tokens).map(line -> line + "\n").orElse("");
  }

  /** What must be said where max-tokens leaves nothing to learn. */
  static Optional<String> unusable(SplitDescription.Tokens tokens) {
    long without = tokens.all().withoutLabel();
    return without == 0
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "The prompt alone fills max-tokens = %d in %,d examples: nothing is left to learn"
                    + " there",
                tokens.maxTokens(),
                without));
  }
}
