// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.text.StopTokens;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopTokensTest {
  @Test
  void spellTheStopAndNothingElse() {
    PieceEncoding encoding = new PieceEncoding("\nQ", ".\nQ", "6\n");

    List<int[]> stops = StopTokens.of(List.of("\nQ:"), List.of(5, 0), encoding);

    // After "6." the stop begins inside a token, and after "6" a token ends inside the stop.
    assertThat(stops).containsExactly(new int[] {5}, new int[] {0}, encoding.encodePlain("\nQ:"));
    assertThat(stops.get(2)).hasSize(2);
  }

  @Test
  void areTheEndOfTextWhereNothingElseStops() {
    assertThat(StopTokens.of(List.of(), List.of(), new PieceEncoding()))
        .containsExactly(new int[] {PieceEncoding.END_OF_TEXT});
  }
}
