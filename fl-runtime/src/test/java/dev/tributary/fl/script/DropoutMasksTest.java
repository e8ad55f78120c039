// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DropoutMasksTest {
  private static final Seed SEED = Seed.of(17).child("step").child(3);

  private static NDManager manager() {
    EngineThread.enter();
    return ScriptModel.newManager(TorchScript.checked(TestDevice.chosen()));
  }

  private static byte[] bytes(NDArray mask) {
    return mask.toByteArray();
  }

  @Test
  void pinsTheMasksOfASeed() {
    // A change here changes every run with dropout that was ever recorded.
    try (NDManager manager = manager()) {
      DropoutMasks masks = new DropoutMasks(0.05, manager);
      byte[] small = bytes(masks.mask(SEED, "model.layers.0.self_attn.q_proj", 7, 5, manager));
      byte[] large = bytes(masks.mask(SEED, "model.layers.1.mlp.down_proj", 300, 1536, manager));
      assertThat(Sha256.of(small))
          .isEqualTo("ff580d81afb5f09cb5e405113f537ed8464142e0ab218a73d195aa898964eddf");
      assertThat(Sha256.of(large))
          .isEqualTo("89c4ed44d3921f6ad42642741409c4f9c999fa692dc5c39aefbd2328834e08bd");
      assertThat(masks.keepScale()).isEqualTo(65536.0 / (65536 - 3277));
    }
  }

  @Test
  void masksOfAStepStandBesideEachOtherAndOnesOfTheNextAreTheSameWhereItsSeedIs() {
    try (NDManager manager = manager()) {
      DropoutMasks masks = new DropoutMasks(0.3, manager);
      NDArray q = masks.mask(SEED, "q", 40, 64, manager);
      NDArray k = masks.mask(SEED, "k", 40, 64, manager);
      byte[] first = bytes(q);
      assertThat(bytes(k)).isNotEqualTo(first).hasSize(40 * 64);
      // larger, then smaller again
      assertThat(bytes(masks.mask(SEED, "q", 90, 64, manager))).startsWith(first);
      assertThat(bytes(masks.mask(SEED, "q", 40, 64, manager))).isEqualTo(first);
      double dropped = 0;
      for (byte entry : first) {
        dropped += entry;
      }
      assertThat(dropped / first.length).isBetween(0.25, 0.35);
    }
  }

  @Test
  void memoryIsFreedWithItsOwner() throws IOException {
    long resident = 0;
    for (int client = 0; client < 40; client++) {
      try (NDManager owner = manager()) {
        DropoutMasks masks = new DropoutMasks(0.1, owner);
        for (int rows : new int[] {600, 900, 1200}) {
          try (NDManager call = owner.newSubManager()) {
            masks.mask(SEED, "q", rows, 16_384, call); // 20 MB in the end, 800 MB for all
          }
        }
      }
      if (client == 5) {
        resident = SharedBaseTest.residentKilobytes();
      }
    }
    assertThat(SharedBaseTest.residentKilobytes() - resident).isLessThan(200_000);
  }
}
