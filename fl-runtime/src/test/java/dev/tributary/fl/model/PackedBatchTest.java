// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.text.EncodedExample;
import java.util.List;
import org.junit.jupiter.api.Test;

class PackedBatchTest {
  private static final EncodedExample LONG =
      new EncodedExample("a", new int[] {1, 2, 3, 4, 5, 6}, 4);
  private static final EncodedExample SHORT = new EncodedExample("b", new int[] {1, 2, 7, 8}, 3);

  @Test
  void computesTheCommonBeginningOnce() {
    PackedBatch batch = PackedBatch.of(List.of(LONG, SHORT), Beginning.SHARED);
    assertThat(batch.lengths()).containsExactly(2, 4, 2);
    assertThat(batch.tokens()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(batch.positions()).containsExactly(0, 1, 2, 3, 4, 5, 2, 3);
    assertThat(batch.labelRows()).containsExactly(3, 4, 6);
    assertThat(batch.targets()).containsExactly(5, 6, 8);
    assertThat(batch.labelsPerExample()).containsExactly(2, 1);
  }

  @Test
  void repeatsTheBeginningWhereAsked() {
    PackedBatch batch = PackedBatch.of(List.of(LONG, SHORT), Beginning.REPEATED);
    assertThat(batch.lengths()).containsExactly(0, 6, 4);
    assertThat(batch.positions()).containsExactly(0, 1, 2, 3, 4, 5, 0, 1, 2, 3);
    assertThat(batch.labelRows()).containsExactly(3, 4, 8);
  }

  @Test
  void keepsTheRowThatPredictsTheFirstLabelOutOfTheSharedPart() {
    EncodedExample same = new EncodedExample("c", new int[] {1, 2, 3, 4, 9, 9}, 4);
    PackedBatch batch = PackedBatch.of(List.of(LONG, same), Beginning.SHARED);
    assertThat(batch.lengths()).containsExactly(3, 3, 3);
    assertThat(batch.labelRows()).containsExactly(3, 4, 6, 7);
  }

  @Test
  void refusesAnExampleWithoutLabels() {
    EncodedExample full = new EncodedExample("full", new int[] {1, 2}, 2, 3);
    assertThatThrownBy(() -> PackedBatch.of(List.of(full), Beginning.SHARED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Example full has no label");
  }
}
