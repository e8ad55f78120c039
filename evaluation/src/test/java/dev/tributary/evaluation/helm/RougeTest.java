// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RougeTest {
  /** Recorded by {@code src/test/python/record_rouge.py}. */
  @Test
  void givesWhatTheReferenceImplementationGives() throws IOException {
    Path file = SharedData.path("data/helm/cnn_dailymail/cnn_dailymail.sample_200.csv");
    JsonNode recorded =
        new ObjectMapper().readTree(RougeTest.class.getResource("/rouge/cnn_dailymail.json"));
    List<double[]> ours =
        CsvRows.withHeader(
            BenchmarkFiles.local(),
            file.toString(),
            row -> {
              String summary = Articles.firstWords(60, row.column("text"));
              String reference = row.column("y");
              return new double[] {
                Rouge.ofGrams(1, reference, summary),
                Rouge.ofGrams(2, reference, summary),
                Rouge.ofLongest(reference, summary)
              };
            });
    assertThat(ours).hasSize(200);
    for (int row = 0; row < ours.size(); row++) {
      for (int kind = 0; kind < 3; kind++) {
        assertThat(ours.get(row)[kind])
            .as("row %d, kind %d", row, kind)
            .isCloseTo(recorded.get(row).get(kind).asDouble(), within(1e-12));
      }
    }
  }

  @Test
  void ofNothingIsNothing() {
    assertThat(Rouge.ofGrams(2, "a b c", "")).isZero();
    assertThat(Rouge.ofGrams(2, "one", "one")).isZero(); // no pair of words
    assertThat(Rouge.ofGrams(1, "one", "One!")).isEqualTo(1);
    assertThat(Rouge.ofLongest("the cat sat", "the dog sat")).isCloseTo(2 / 3.0, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({
    "skies, sky",
    "dying, die",
    "ties, tie",
    "flies, fli",
    "died, die",
    "cried, cri",
    "enjoy, enjoy",
    "happy, happi",
    "usefully, use",
    "geology, geolog",
    "agreed, agre",
    "feed, feed",
    "hopping, hop",
    "falling, fall",
    "filing, file",
    "roll, roll",
    "by, by"
  })
  void stemsAsNltkDoes(String word, String stem) {
    assertThat(PorterStemmer.stem(word)).isEqualTo(stem);
  }
}
