// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.data.Manifest;
import dev.tributary.data.TokenisedSplit.Counts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The {@link Page} of a split; its script draws histograms. */
final class SplitPage {
  /** More clients or categories make a map that nobody can take in; the tables have all. */
  private static final int MOST_CLIENTS = 200;

  private static final int MOST_CATEGORIES = 50;

  /** Bars of a histogram, about. */
  private static final int MOST_BARS = 64;

  private final SplitDescription split;
  private final Manifest manifest;
  private final Page page = new Page();
  private final StringBuilder body = page.body();

  private SplitPage(SplitDescription split) {
    this.split = split;
    this.manifest = split.manifest();
  }

  static String html(SplitDescription split) {
    SplitPage page = new SplitPage(split);
    page.add();
    return page.page.html("Split of " + split.experiment());
  }

  private void add() {
    body.append("<article>\n<h1>Split of ").append(Html.text(split.experiment()));
    body.append("</h1>\n<p class=\"state\">").append(Page.number(manifest.total()));
    body.append(" examples of ");
    body.append(Html.text(SplitDescription.name(manifest.corpus().settings())));
    body.append(" dealt out by ").append(Html.text(SplitDescription.name(manifest.splitter())));
    body.append(" to ").append(Page.number(manifest.clients().size()));
    body.append(" clients, in <code>").append(Html.text(split.directory()));
    body.append("</code>.</p>\n");
    skew();
    mix();
    lengths();
    clients();
    leftOut();
    origin();
    body.append("</article>\n");
  }

  // How unlike clients are.

  private void skew() {
    Manifest.Skew skew = manifest.skew();
    body.append("<h2>How unlike the clients are</h2>\n");
    body.append(
        Html.facts(
            List.of(
                List.of("Label distance, mean of clients", Page.threeDigits(skew.mean())),
                List.of("weighted by examples", Page.threeDigits(skew.meanByExamples())),
                List.of("of the most unlike client", Page.threeDigits(skew.max())),
                List.of("Gini of the clients' sizes", Page.threeDigits(skew.sizeGini())))));
    body.append("<p class=\"note\">The label distance is half the sum, over the values of <code>");
    body.append(Html.text(skew.labelColumn())).append("</code>, of the differences between a");
    body.append(" client's shares and the whole's: 0 for equal mixes, towards 1 for labels of");
    body.append(" one's own. Gini: 0 for equal sizes, towards 1 where one has all.</p>\n");
    if (manifest.clients().size() > 1) {
      Distribution sizes = split.clientSizes();
      List<Distribution.Bin> bins = sizes.bins(niceWidth(sizes.max()));
      Map<String, Object> plot = new LinkedHashMap<>();
      plot.put("across", "examples up to");
      plot.put("at", bins.stream().map(Distribution.Bin::to).toList());
      plot.put("names", List.of("clients"));
      plot.put("lines", List.of(bins.stream().map(Distribution.Bin::count).toList()));
      plot.put("bars", true);
      page.plot("Sizes of clients, in examples", plot);
    }
  }

  /** 1, 2 or 5 times a power of ten that makes some 20 bins. */
  private static long niceWidth(long max) {
    for (long power = 1; ; power *= 10) {
      for (long digit : List.of(1, 2, 5)) {
        if (digit * power * 20 >= max) {
          return digit * power;
        }
      }
    }
  }

  // Who holds what.

  private void mix() {
    List<SplitDescription.Category> categories = split.categories();
    List<Manifest.Client> clients = split.clientsBySize();
    body.append("<h2>Clients and categories</h2>\n");
    if (categories.size() == 1 && categories.get(0).name().isEmpty()) {
      body.append("<p>The corpus has no categories.</p>\n");
      return;
    }
    List<SplitDescription.Category> shownCategories =
        categories.stream().limit(MOST_CATEGORIES).toList();
    List<Manifest.Client> shownClients =
        split.withServer(clients.stream().limit(MOST_CLIENTS).toList());
    double darkest =
        shownClients.stream()
            .flatMapToDouble(
                client ->
                    shownCategories.stream()
                        .mapToDouble(category -> share(client, category.name())))
            .max()
            .orElse(1);
    body.append("<p class=\"note\">Examples by client (rows) and category (columns), the largest");
    body.append(" first. The colour is the category's share within the client; the darkest is ");
    body.append(percent(darkest)).append(".");
    leftOutOfMap(clients.size() - MOST_CLIENTS, "clients", "split_clients");
    leftOutOfMap(categories.size() - MOST_CATEGORIES, "categories", "split_categories");
    body.append(
        "</p>\n<div class=\"scroll tall\"><table class=\"heat\"><thead><tr><th>Client</th>");
    shownCategories.forEach(
        category ->
            body.append("<th title=\"")
                .append(Html.text(category.label()))
                .append("\"><span>")
                .append(Html.text(category.label()))
                .append("</span></th>"));
    body.append("</tr></thead><tbody>\n");
    for (Manifest.Client client : shownClients) {
      body.append("<tr><th>").append(Html.text(SplitDescription.label(client))).append("</th>");
      for (SplitDescription.Category category : shownCategories) {
        cell(client, category, darkest);
      }
      body.append("</tr>\n");
    }
    body.append("<tr class=\"all\"><th>all</th>");
    shownCategories.forEach(
        category -> body.append("<td>").append(Page.number(category.examples())).append("</td>"));
    body.append("</tr>\n</tbody></table></div>\n");
  }

  private void leftOutOfMap(int number, String what, String table) {
    if (number > 0) {
      body.append(" The ").append(Page.number(number)).append(" smallest ").append(what);
      body.append(" are left out here; the table <code>").append(table);
      body.append("</code> has them.");
    }
  }

  private void cell(Manifest.Client client, SplitDescription.Category category, double darkest) {
    long held = SplitDescription.held(client, category.name());
    if (held == 0) {
      body.append("<td></td>");
      return;
    }
    double share = share(client, category.name());
    body.append("<td style=\"--s:").append(Math.round(100 * share / darkest));
    body.append("\" title=\"");
    body.append(Html.text(SplitDescription.label(client) + ", " + category.label() + ": "));
    body.append(Page.number(held)).append(" of ").append(Page.number(client.total()));
    body.append(" examples, ")
        .append(percent(share))
        .append("\">")
        .append(Page.number(held))
        .append("</td>");
  }

  private static double share(Manifest.Client client, String category) {
    return (double) SplitDescription.held(client, category) / Math.max(1, client.total());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  // How long examples are.

  private void lengths() {
    body.append("<h2>Lengths in tokens</h2>\n");
    if (split.tokens().isEmpty()) {
      body.append("<p>Tokens are not counted: ").append(Html.text(split.withoutTokens()));
      body.append("</p>\n");
      return;
    }
    SplitDescription.Tokens tokens = split.tokens().get();
    body.append("<p>Prompt and answer before any cut, by the tokenizer of <code>");
    body.append(Html.text(tokens.tokenizer())).append("</code> and the template <code>");
    body.append(Html.text(tokens.template())).append("</code>; <code>max-tokens</code> is ");
    body.append(Page.number(tokens.maxTokens())).append(". Another experiment on this split may");
    body.append(" take others: this is what was described last.</p>\n");
    lengthPlot(tokens);
    long examples = tokens.all().examples();
    List<List<String>> quantiles = new ArrayList<>();
    tokens
        .quantiles()
        .forEach((percent, length) -> quantiles.add(List.of(percent + " %", Page.number(length))));
    List<List<String>> cut = new ArrayList<>();
    tokens
        .cutAt()
        .forEach(
            (maxTokens, count) ->
                cut.add(
                    List.of(
                        maxTokens + (maxTokens == tokens.maxTokens() ? " (now)" : ""),
                        Page.number(count),
                        Page.percent(count, examples))));
    body.append("<div class=\"grid\">\n");
    body.append(Html.table(List.of("Examples up to", "Tokens"), quantiles));
    body.append(Html.table(List.of("max-tokens", "Examples cut", "Share"), cut));
    body.append("</div>\n");
    SplitText.unusable(tokens)
        .ifPresent(
            line -> body.append("<p class=\"note\">").append(Html.text(line)).append(".</p>\n"));
  }

  private void lengthPlot(SplitDescription.Tokens tokens) {
    Distribution lengths = tokens.allLengths();
    // A few very long examples would press all others into one bar.
    long wide = Math.max(lengths.quantile(99), tokens.maxTokens() + tokens.maxTokens() / 4L);
    long end = Math.min(lengths.max(), wide);
    long width = SplitTables.LENGTH_BIN_TOKENS;
    while (end > MOST_BARS * width) {
      width *= 2;
    }
    List<Distribution.Bin> bins = new ArrayList<>();
    for (Distribution.Bin bin : lengths.bins(width)) {
      if (bin.from() <= end) {
        bins.add(bin);
      }
    }
    long last = bins.isEmpty() ? 0 : bins.get(bins.size() - 1).to();
    double total = Math.max(1, lengths.total());
    Map<String, Object> plot = new LinkedHashMap<>();
    plot.put("across", "tokens up to");
    plot.put("at", bins.stream().map(Distribution.Bin::to).toList());
    plot.put("names", List.of("examples", "not longer"));
    plot.put(
        "lines",
        List.of(
            bins.stream().map(Distribution.Bin::count).toList(),
            bins.stream().map(bin -> 100 * (total - lengths.above(bin.to())) / total).toList()));
    plot.put("bars", true);
    plot.put("percent", 1);
    plot.put("mark", Map.of("at", tokens.maxTokens(), "label", "max-tokens " + tokens.maxTokens()));
    page.plot("Lengths of examples, in tokens", plot);
    long beyond = lengths.above(last);
    if (beyond > 0) {
      body.append("<p class=\"note\">").append(Page.number(beyond));
      body.append(" longer examples are right of the plot; the longest has ");
      body.append(Page.number(lengths.max())).append(" tokens.</p>\n");
    }
  }

  // Each client.

  private void clients() {
    body.append("<h2>Clients</h2>\n");
    List<Manifest.Client> clients = split.clientsBySize();
    if (clients.size() > MOST_CLIENTS) {
      body.append("<p class=\"note\">The largest ").append(Page.number(MOST_CLIENTS));
      body.append(" of ").append(Page.number(clients.size()));
      body.append("; the table <code>split_clients</code> has all.</p>\n");
    }
    List<String> head = new ArrayList<>(List.of("Client"));
    manifest.examples().keySet().forEach(part -> head.add(part));
    head.add("Label distance");
    if (split.tokens().isPresent()) {
      head.addAll(List.of("Mean length", "Longest", "Cut", "Tokens"));
    } else {
      head.add("Examples");
    }
    body.append("<div class=\"scroll tall\"><table><thead><tr>");
    head.forEach(cell -> body.append("<th>").append(Html.text(cell)).append("</th>"));
    body.append("</tr></thead><tbody>\n");
    long most = clients.stream().mapToLong(client -> weight(client)).max().orElse(0);
    for (Manifest.Client client : split.withServer(clients.stream().limit(MOST_CLIENTS).toList())) {
      List<String> row = new ArrayList<>(List.of(SplitDescription.label(client)));
      for (String part : manifest.examples().keySet()) {
        row.add(Page.number(client.examples().getOrDefault(part, 0L)));
      }
      row.add(Page.threeDigits(client.labelDistance()));
      split
          .tokens()
          .ifPresent(
              tokens -> {
                List<String> cells = SplitText.tokens(tokens.counts(client.client()));
                row.addAll(cells.subList(1, cells.size()));
              });
      body.append("<tr>");
      row.forEach(cell -> body.append("<td>").append(Html.text(cell)).append("</td>"));
      body.append("<td class=\"bar\" style=\"--w:");
      body.append(Math.round(100.0 * weight(client) / Math.max(1, most))).append("%\">");
      body.append(Page.number(weight(client))).append("</td></tr>\n");
    }
    body.append("</tbody></table></div>\n");
  }

  /** What a client's bar shows: tokens, or examples where tokens are not counted. */
  private long weight(Manifest.Client client) {
    return split
        .tokens()
        .map(tokens -> tokens.counts(client.client()))
        .map(Counts::wholeTokens)
        .orElseGet(client::total);
  }

  // What is not in it, and where it is from.

  private void leftOut() {
    body.append("<h2>What was left out</h2>\n<p>");
    if (manifest.skipped().isEmpty()) {
      body.append("Nothing: all ").append(Page.number(manifest.records()));
      body.append(" records of the corpus are examples of the split.</p>\n");
    } else {
      body.append(Page.number(split.skippedRecords())).append(" of ");
      body.append(Page.number(manifest.records()));
      body.append(" records of the corpus are no examples of the split.</p>\n");
      body.append(Html.table(List.of("Reason", "Records"), rows(manifest.skipped())));
    }
    List<List<String>> kept = new ArrayList<>(rows(manifest.notes()));
    manifest
        .overlap()
        .forEach(
            (part, count) ->
                kept.add(List.of(part + " examples that are in train too", Page.number(count))));
    body.append("<h3>Kept, and worth knowing</h3>\n");
    body.append(Html.table(List.of("What", "Examples"), kept));
  }

  private static List<List<String>> rows(Map<String, Long> counts) {
    return counts.entrySet().stream()
        .map(e -> List.of(e.getKey().replaceAll("[-_]", " "), Page.number(e.getValue())))
        .toList();
  }

  private void origin() {
    Manifest.Source corpus = manifest.corpus();
    List<List<String>> facts = new ArrayList<>();
    facts.add(List.of("Corpus", split.corpus()));
    facts.add(List.of("Path", corpus.path()));
    facts.add(
        List.of(
            "Files",
            corpus.files().size() == 1
                ? corpus.files().get(0).name()
                : Page.number(corpus.files().size())));
    facts.add(List.of("Corpus's SHA-256", corpus.contentSha256()));
    facts.add(List.of("Seed", Long.toString(manifest.seed())));
    facts.add(List.of("Splitter", split.splitter()));
    facts.add(
        List.of(
            "Held out",
            manifest.holdout().entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "))));
    facts.add(List.of("Broken records", manifest.brokenRecords()));
    facts.add(List.of("Cleaning", SplitDescription.arguments(manifest.clean())));
    facts.add(List.of("Split's SHA-256", split.sha256()));
    split
        .tokens()
        .ifPresent(tokens -> facts.add(List.of("Tokenizer's SHA-256", tokens.tokenizerSha256())));
    body.append("<h2>Where it is from</h2>\n").append(Html.facts(facts));
  }
}
