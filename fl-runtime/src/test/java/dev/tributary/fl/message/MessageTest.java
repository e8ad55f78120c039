// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.message.MessageHeader.Kind;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {
  private static final ClientReport REPORT =
      new ClientReport(8, 5, 1, 2, 4, 0, 3, 4, 100, 60, 2.5, 0.1 + 0.2, List.of(2.5, 1.0 / 3));
  private static final String ORIGIN = "Client 7, round 3: its update";

  private static Map<String, NamedTensors> parts() {
    Map<String, Tensor> adapter = new LinkedHashMap<>();
    adapter.put("z.lora_A", new Tensor(List.of(2L, 3L), new float[] {1, -2, 3.5f, 0, 1e-38f, 6}));
    adapter.put("a.lora_B", new Tensor(List.of(2L), new float[] {Float.MIN_VALUE, -0f}));
    Map<String, NamedTensors> parts = new LinkedHashMap<>();
    parts.put("adapter", new NamedTensors(adapter));
    parts.put(
        "kept/x",
        new NamedTensors(Map.of("scalar", new Tensor(List.of(), new float[] {Float.MAX_VALUE}))));
    return parts;
  }

  private static byte[] encoded() {
    return Message.encode(MessageHeader.update(3, 7, REPORT), parts());
  }

  @Test
  void comesBackAsItWas() {
    Message message = Message.of(encoded(), ORIGIN);
    assertThat(message.header()).isEqualTo(MessageHeader.update(3, 7, REPORT));
    assertThat(message.parts()).containsExactly("adapter", "kept/x");
    assertThat(message.names("adapter")).containsExactly("z.lora_A", "a.lora_B");
    parts()
        .forEach(
            (part, tensors) ->
                tensors
                    .byName()
                    .forEach(
                        (name, tensor) -> {
                          Tensor back = message.tensor(part, name);
                          assertThat(back.shape()).isEqualTo(tensor.shape());
                          assertThat(back.values()).isEqualTo(tensor.values());
                        }));
    assertThat(message.part("nothing").names()).isEmpty();
    assertThat(encoded()).isEqualTo(encoded());
  }

  @Test
  void theServerReportsNothing() {
    byte[] bytes = Message.encode(MessageHeader.global(0), parts());
    assertThat(Message.of(bytes, "state").header()).isEqualTo(MessageHeader.global(0));
  }

  @Test
  void readsOneTensorWithoutTheOthers() {
    byte[] bytes = encoded();
    bytes[bytes.length - 1] ^= 1; // of the last tensor
    Message message = Message.of(bytes, ORIGIN);
    assertThat(message.tensor("adapter", "z.lora_A").values()).hasSize(6);
    assertThatThrownBy(() -> message.tensor("kept/x", "scalar"))
        .isInstanceOf(MessageException.class)
        .hasMessage(
            "Client 7, round 3: its update is refused: the checksum of tensor scalar does not fit;"
                + " it was damaged");
  }

  @Test
  void noticesEveryFlippedBit() {
    byte[] bytes = encoded();
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> Message.of(damaged, ORIGIN).allParts())
          .as("byte %d", i)
          .isInstanceOf(MessageException.class)
          .hasMessageStartingWith("Client 7, round 3: its update is refused: ");
    }
  }

  @Test
  void noticesEveryCut() {
    byte[] bytes = encoded();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Message.of(cut, ORIGIN).allParts())
          .as("length %d", length)
          .isInstanceOf(MessageException.class)
          .hasMessageStartingWith("Client 7, round 3: its update is refused: ");
    }
    assertThatThrownBy(() -> Message.of(Arrays.copyOf(bytes, bytes.length + 1), ORIGIN))
        .isInstanceOf(MessageException.class);
  }

  @Test
  void refusesAnotherVersion() {
    byte[] bytes = encoded();
    bytes[7] = 1;
    assertThatThrownBy(() -> Message.of(bytes, ORIGIN))
        .hasMessageContaining("format version 1, this Tributary reads version 2");
  }

  @Test
  void refusesAnotherSenderOrRound() {
    Message message = Message.of(encoded(), ORIGIN);
    assertThat(message.expect(Kind.UPDATE, 3, 7)).isSameAs(message);
    assertThatThrownBy(() -> message.expect(Kind.UPDATE, 4, 7))
        .isInstanceOf(MessageException.class)
        .hasMessage(
            "Client 7, round 3: its update is refused: it is UPDATE of round 3, client 7, where"
                + " UPDATE of round 4, client 7 was due");
  }

  @Test
  void refusesOtherNamesAndShapes() {
    Message message = Message.of(encoded(), ORIGIN);
    NamedTensors same = message.part("adapter");
    assertThat(message.expectShapes("adapter", same)).isSameAs(message);
    Map<String, Tensor> turned = new LinkedHashMap<>(same.byName());
    turned.put("z.lora_A", new Tensor(List.of(3L, 2L), new float[6]));
    assertThatThrownBy(() -> message.expectShapes("adapter", new NamedTensors(turned)))
        .isInstanceOf(MessageException.class)
        .hasMessageContaining("tensor z.lora_A has shape [2, 3], not [3, 2]");
    turned.remove("z.lora_A");
    assertThatThrownBy(() -> message.expectShapes("adapter", new NamedTensors(turned)))
        .hasMessageContaining("part adapter has tensors [z.lora_A, a.lora_B], not [a.lora_B]");
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void refusesValuesThatAreNotFinite(float value) {
    NamedTensors tensors =
        new NamedTensors(Map.of("w", new Tensor(List.of(2L), new float[] {1, value})));
    byte[] bytes = Message.encode(MessageHeader.update(3, 7, REPORT), Map.of("adapter", tensors));
    assertThatThrownBy(() -> Message.of(bytes, ORIGIN).expectFinite())
        .isInstanceOf(MessageException.class)
        .hasMessageEndingWith("tensor w of part adapter holds " + value);
    assertThat(Message.of(encoded(), ORIGIN).expectFinite().names("adapter")).hasSize(2);
  }
}
