// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DistributionTest {
  /** Ten sizes: 1 1 2 2 2 3 3 16 17 40. */
  private static final Distribution TEN =
      Distribution.of(Map.of(1, 2L, 2, 3L, 3, 2L, 16, 1L, 17, 1L, 40, 1L));

  @Test
  void quantilesAreTheSmallestSizesThatSoManyDoNotExceed() {
    assertThat(List.of(0, 10, 20, 21, 50, 51, 90, 91, 100).stream().map(TEN::quantile))
        .containsExactly(1L, 1L, 1L, 2L, 2L, 3L, 17L, 40L, 40L);
    assertThat(Distribution.of(Map.of()).quantile(50)).isZero();
  }

  @Test
  void binsHoldEverySizeOnce() {
    assertThat(TEN.bins(16))
        .containsExactly(
            new Distribution.Bin(1, 16, 8),
            new Distribution.Bin(17, 32, 1),
            new Distribution.Bin(33, 48, 1));
    assertThat(Distribution.of(Map.of(0, 5L)).bins(16))
        .containsExactly(new Distribution.Bin(1, 16, 5));
    assertThat(Distribution.of(Map.of()).bins(16)).isEmpty();
  }

  @Test
  void countsWhatIsLarger() {
    assertThat(TEN.total()).isEqualTo(10);
    assertThat(TEN.above(16)).isEqualTo(2);
    assertThat(TEN.above(40)).isZero();
    assertThat(TEN.plus(TEN).above(2)).isEqualTo(10);
  }
}
