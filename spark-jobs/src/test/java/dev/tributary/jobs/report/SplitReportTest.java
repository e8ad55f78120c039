// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SplitReportTest {
  @Test
  void textTellsClientsCategoriesSkewAndLengths() {
    assertThat(SplitText.of(SampleSplit.withTokens(), "split/tables"))
        .isEqualTo(
            """
            client        train  test  tokens  mean length  longest  cut  label distance
            0                 3     1     218           55      200    1           0.250
            1 <b>R&D</b>      2     0       9            5        5    0           0.500

            category  examples   share  clients
            a                3  50.0 %        1
            b                3  50.0 %        2

            Label distance to the whole (category, total variation, 0 to 1): mean 0.375, by examples\
             0.333, max 0.500
            Gini of the clients' sizes (0 equal, 1 one has all): 0.167

            Length of prompt and answer before any cut, by the tokenizer of models/tiny, template\
             alpaca
            examples up to  tokens
            50 %                 5
            90 %               200
            95 %               200
            99 %               200
            100 %              200

            max-tokens      examples cut   share
            8 (the file's)             1  16.7 %
            128                        1  16.7 %
            256                        0   0.0 %
            512                        0   0.0 %
            1024                       0   0.0 %
            2048                       0   0.0 %
            The prompt alone fills max-tokens = 8 in 1 examples: nothing is left to learn there
            """);
  }

  @Test
  void textSaysWhyTokensAreNotCounted() {
    assertThat(SplitText.of(SampleSplit.withoutTokens(), "split/tables"))
        .contains("client        train  test  label distance\n")
        .endsWith("\nTokens are not counted: no tokenizer <here>\n");
  }

  @Test
  void textListsTheFirstOfManyClientsAndSaysWhereAllAre() {
    assertThat(SplitText.of(SampleSplit.large(1_043), "split/tables"))
        .contains("\n39          1     0           0.999\n... and 1,003 more (all in split/tables/")
        .contains("/split_clients)\n")
        .contains("... and 1,003 more (all in split/tables/split_categories)\n")
        .doesNotContain("\n40  ");
  }

  @Test
  void pageHoldsEverythingAndAsksForNothing() {
    String page = SplitPage.html(SampleSplit.withTokens());

    assertThat(page)
        .contains("<title>Split of sample</title>")
        .contains("title=\"0, a: 3 of 4 examples, 75.0 %\">3</td>")
        .contains("the darkest is 100.0 %.")
        .contains("<code>max-tokens</code> is 8")
        .contains("\"mark\":{")
        .contains("1 of 7 records of the corpus are no examples")
        .contains("<td>missing field</td><td>1</td>")
        .contains("dirichlet (alpha 0.5)")
        .contains("9a".repeat(32))
        .contains("models/tiny")
        .contains("in 1 examples: nothing is left to learn there")
        .doesNotContain("src=")
        .doesNotContain("href=")
        .doesNotContain("@import")
        .doesNotContain("url(");
    assertThat(page).isEqualTo(SplitPage.html(SampleSplit.withTokens()));
  }

  @Test
  void pageEscapesNamesAndPaths() {
    String page = SplitPage.html(SampleSplit.withoutTokens());

    assertThat(page)
        .contains("1 &lt;b&gt;R&amp;D&lt;/b&gt;")
        .contains("data/&lt;mine&gt;.jsonl")
        .contains("Tokens are not counted: no tokenizer &lt;here&gt;")
        .doesNotContain(SampleSplit.NAME)
        .doesNotContain("<mine>")
        .doesNotContain("<here>");
  }

  @Test
  void pageLeavesOutTheSmallestOfManyClientsAndCategoriesAndSaysSo() {
    String page = SplitPage.html(SampleSplit.large(260));

    assertThat(page)
        .contains("The 60 smallest clients are left out here; the table <code>split_clients</code>")
        .contains("The 210 smallest categories are left out here")
        .contains("The largest 200 of 260");
    assertThat(page.split("<td style=\"--s:", -1)).hasSizeLessThanOrEqualTo(51);
  }

  @Test
  void pageLeavesOutWhatSaysNothing() {
    assertThat(SplitPage.html(SampleSplit.withoutCategories()))
        .contains("<p>The corpus has no categories.</p>")
        .doesNotContain("Sizes of clients") // of one
        .doesNotContain("<table class=\"heat\">");
    assertThat(SplitText.of(SampleSplit.withoutCategories(), "split/tables"))
        .contains("\n(none)           1  100.0 %        1\n");
  }
}
