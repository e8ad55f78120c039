// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.seed.Seed;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntervalTest {
  /** Lower and upper ends by hand from Wilson's formula with z = 1.959964. */
  @ParameterizedTest
  @CsvSource({
    "0,10,0,0.277533",
    "10,10,0.722467,1",
    "8,10,0.490162,0.943318",
    "50,100,0.403832,0.596168",
    "1,1319,0.000134,0.004282"
  })
  void wilsonIsAsPublished(int successes, int trials, double low, double high) {
    Interval interval = Interval.wilson(successes, trials);

    assertThat(interval.low()).isCloseTo(low, within(2e-6));
    assertThat(interval.high()).isCloseTo(high, within(2e-6));
  }

  @Test
  void wilsonEndsExactlyWhereNothingOrEverythingSucceeds() {
    assertThat(Interval.wilson(0, 5).low()).isZero();
    assertThat(Interval.wilson(1319, 1319).high()).isEqualTo(1);
  }

  @Test
  void studentWidensForFewInstances() {
    assertThat(Interval.student(5, 1, 10).high()).isCloseTo(5 + 2.262157, within(1e-6));
    assertThat(Interval.student(5, 1, 2).low()).isCloseTo(5 - 12.706205, within(1e-6));
  }

  @Test
  void bootstrapAgreesWithTheNormalIntervalOnManyValues() {
    double[] values = new double[1000];
    Arrays.setAll(values, i -> (i % 5) / 4.0); // mean 1/2, variance 1/8

    Interval interval = Interval.bootstrap(values, Seed.of(17));

    double half = 1.96 * Math.sqrt(0.125 / 1000);
    assertThat(interval.low()).isCloseTo(0.5 - half, within(0.002));
    assertThat(interval.high()).isCloseTo(0.5 + half, within(0.002));
    assertThat(interval).isEqualTo(Interval.bootstrap(values, Seed.of(17)));
  }
}
