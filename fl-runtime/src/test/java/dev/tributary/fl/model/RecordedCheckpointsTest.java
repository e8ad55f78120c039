// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.testing.SharedData;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints as transformers saves them, and a published one. */
class RecordedCheckpointsTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "llama3-rope", "smollm2-like", "mistral"})
  void opensEveryCheckpointOfTheFamily(String name) {
    Checkpoint checkpoint = Checkpoint.open(SharedData.path("fixtures/models/" + name));
    assertThat(checkpoint.superfluous()).isEmpty();
    assertThat(storedTypes(checkpoint)).containsOnly(ElementType.F32);
    assertThat(checkpoint.sha256()).hasSize(64).isEqualTo(checkpoint.sha256());
  }

  private static Stream<ElementType> storedTypes(Checkpoint checkpoint) {
    return checkpoint.parameters().values().stream().map(stored -> stored.entry().type());
  }

  @Test
  void readsHeadSizeAndTiedHead() {
    LlamaConfig config =
        (LlamaConfig) Checkpoint.open(SharedData.path("fixtures/models/llama-tied")).config();
    assertThat(config.headSize()).isEqualTo(16);
    assertThat(config.parameters().get("model.layers.0.self_attn.q_proj.weight"))
        .containsExactly(64L, 48L);
    assertThat(config.parameters()).doesNotContainKey("lm_head.weight");
    assertThat(config.endOfText()).containsExactly(2);
  }

  @Test
  void opensSmolLm2() {
    Checkpoint checkpoint = Checkpoint.open(SharedData.smolLm2());
    assertThat(storedTypes(checkpoint)).containsOnly(ElementType.F16);
    assertThat(checkpoint.parameters()).hasSize(272);
    assertThat(checkpoint.config().endOfText()).isEqualTo(List.of(2));
    float[] norm = checkpoint.parameter("model.norm.weight").values();
    assertThat(norm).hasSize(576).doesNotContain(Float.NaN);
  }
}
