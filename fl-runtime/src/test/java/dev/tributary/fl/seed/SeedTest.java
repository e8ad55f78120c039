// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.seed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SeedTest {
  @Test
  void samePathGivesTheSameValueInEveryVersion() {
    assertThat(Seed.of(17).child("round").child(3).value()).isEqualTo(PINNED);
  }

  @Test
  void differentPathsDiffer() {
    Seed root = Seed.of(17);
    assertThat(root.child("client").child(1)).isNotEqualTo(root.child("client").child(2));
    assertThat(root.child("1")).isNotEqualTo(root.child(1));
  }

  private static final long PINNED = -3754924241242164801L;
}
