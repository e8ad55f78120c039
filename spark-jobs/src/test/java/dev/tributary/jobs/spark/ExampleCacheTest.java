// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.text.EncodedExample;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExampleCacheTest {
  private final List<Integer> reads = new ArrayList<>();
  private final ExampleSource source =
      new ExampleSource() {
        @Override
        public String key() {
          return "source";
        }

        @Override
        public List<EncodedExample> read(String split, int client) {
          reads.add(client);
          return List.of(new EncodedExample("e", new int[84], 1)); // counted as 100
        }
      };

  @Test
  void readsAClientOnce() {
    ExampleCache cache = new ExampleCache(1000);
    assertThat(cache.of(source, "train", 3)).isSameAs(cache.of(source, "train", 3));
    cache.of(source, "test", 3);
    assertThat(reads).containsExactly(3, 3);
  }

  @Test
  void letsThoseGoThatWereNotAskedForLongest() {
    ExampleCache cache = new ExampleCache(200);
    cache.of(source, "train", 1);
    cache.of(source, "train", 2);
    cache.of(source, "train", 1);
    cache.of(source, "train", 3); // 2 makes way
    cache.of(source, "train", 1);
    cache.of(source, "train", 2);
    assertThat(reads).containsExactly(1, 2, 3, 2);
  }

  @Test
  void servesAClientThatIsLargerThanTheBound() {
    ExampleCache cache = new ExampleCache(50);
    assertThat(cache.of(source, "train", 1)).hasSize(1);
  }
}
