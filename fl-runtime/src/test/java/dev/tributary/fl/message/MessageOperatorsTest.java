// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Number formats and compressions: what comes back, and how far it may be off. */
class MessageOperatorsTest {
  private static final ClientReport REPORT =
      new ClientReport(8, 5, 0, 0, 2, 0, 0, 2, 90, 40, 2.5, 2.25, List.of(2.5, 2.0));

  private static final Choice<MessageOperator> FLOAT16 =
      new Choice<>(new Float16.Provider(), new Float16.Config());
  private static final Choice<MessageOperator> BFLOAT16 =
      new Choice<>(new BFloat16.Provider(), new BFloat16.Config());
  private static final Choice<MessageOperator> ZSTD =
      new Choice<>(new Zstd.Provider(), new Zstd.Config());
  private static final Choice<MessageOperator> GZIP =
      new Choice<>(new Gzip.Provider(), new Gzip.Config());
  private static final Choice<MessageOperator> DEFLATE =
      new Choice<>(new Deflate.Provider(), new Deflate.Config());

  private static Choice<MessageOperator> int8(int block) {
    return new Choice<>(new Int8.Provider(), new Int8.Config(block));
  }

  /** Numbers of many sizes, signs and zeros. */
  private static float[] numbers(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i % 17 == 0 ? 0 : (float) ((random.nextDouble() - 0.5) * Math.pow(10, i % 9 - 6));
    }
    return values;
  }

  private static Map<String, NamedTensors> parts() {
    Map<String, Tensor> adapter = new LinkedHashMap<>();
    adapter.put("a", new Tensor(List.of(30L, 20L), numbers(600, 1)));
    adapter.put("b", new Tensor(List.of(77L), numbers(77, 2)));
    adapter.put("empty", new Tensor(List.of(0L, 4L), new float[0]));
    Map<String, NamedTensors> parts = new LinkedHashMap<>();
    parts.put("adapter", new NamedTensors(adapter));
    parts.put("kept/own", new NamedTensors(Map.of("own", new Tensor(List.of(9L), numbers(9, 3)))));
    return parts;
  }

  private static byte[] encoded(List<Choice<MessageOperator>> operators, Seed seed) {
    return Message.encode(
        MessageHeader.update(1, 4, REPORT),
        parts(),
        MessagePipeline.of(operators),
        part -> !part.startsWith("kept/"),
        seed);
  }

  static List<List<Choice<MessageOperator>>> pipelines() {
    List<List<Choice<MessageOperator>>> all = new ArrayList<>();
    for (Choice<MessageOperator> format : List.of(FLOAT16, BFLOAT16, int8(8), int8(128))) {
      all.add(List.of(format));
      for (Choice<MessageOperator> compression : List.of(DEFLATE, GZIP, ZSTD)) {
        all.add(List.of(format, compression));
      }
    }
    all.add(List.of());
    all.add(List.of(ZSTD));
    return all;
  }

  private static double bound(String format, float[] values, int at, int block) {
    double value = Math.abs(values[at]);
    return switch (format) {
      case "float32" -> 0;
      case "float16" -> Math.max(value * 0x1p-11, 0x1p-25);
      case "bfloat16" -> value * 0x1p-8;
      default -> {
        int from = at / block * block;
        double largest = 0;
        for (int i = from; i < Math.min(values.length, from + block); i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        yield largest / 127 * (1 + 1e-6);
      }
    };
  }

  @ParameterizedTest
  @MethodSource("pipelines")
  void comesBackWithinTheStatedError(List<Choice<MessageOperator>> operators) {
    Message message = Message.of(encoded(operators, Seed.of(5)), "x");
    MessagePipeline pipeline = MessagePipeline.of(operators);
    int block = pipeline.format() instanceof Int8 int8 ? int8.block() : 1;
    parts()
        .forEach(
            (part, tensors) ->
                tensors
                    .byName()
                    .forEach(
                        (name, tensor) -> {
                          float[] back = message.tensor(part, name).values();
                          String format =
                              part.equals("adapter") ? pipeline.formatName() : "float32";
                          for (int i = 0; i < back.length; i++) {
                            assertThat((double) back[i])
                                .as("%s %s[%d]", format, name, i)
                                .isCloseTo(
                                    tensor.values()[i],
                                    within(bound(format, tensor.values(), i, block)));
                          }
                        }));
    // the same seed gives the same bytes
    assertThat(encoded(operators, Seed.of(5))).isEqualTo(encoded(operators, Seed.of(5)));
    MessageSizes sizes = message.sizes(part -> part.startsWith("kept/"));
    assertThat(sizes.values()).isEqualTo(4 * 677);
    assertThat(sizes.kept()).isEqualTo(36);
    assertThat(sizes.format()).isEqualTo(pipeline.formatName());
    assertThat(sizes.compression()).isEqualTo(pipeline.compressionName());
    assertThat(sizes.whole()).isEqualTo(encoded(operators, Seed.of(5)).length);
  }

  @ParameterizedTest
  @MethodSource("pipelines")
  void noticesEveryFlippedBitAndCut(List<Choice<MessageOperator>> operators) {
    byte[] bytes = encoded(operators, Seed.of(5));
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < bytes.length; i += 1 + random.nextInt(5)) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> Message.of(damaged, "Client 4").allParts())
          .as("byte %d", i)
          .isInstanceOf(MessageException.class)
          .hasMessageStartingWith("Client 4 is refused: ");
      byte[] cut = Arrays.copyOf(bytes, i);
      assertThatThrownBy(() -> Message.of(cut, "Client 4").allParts())
          .isInstanceOf(MessageException.class);
    }
  }

  @Test
  void roundsAtRandomWithoutBias() {
    float[] values = {1, 0.3f, -0.7f, 0.0001f};
    double[] sum = new double[4];
    int draws = 20_000;
    for (int draw = 0; draw < draws; draw++) {
      Int8 int8 = new Int8(8);
      float[] back = int8.decode(int8.encode(values, Seed.of(draw)), 4);
      for (int i = 0; i < 4; i++) {
        sum[i] += back[i];
      }
    }
    for (int i = 0; i < 4; i++) {
      // one draw is at most 1/127 off; the mean of so many at most a hundredth of that, nearly
      // surely
      assertThat(sum[i] / draws).isCloseTo(values[i], within(5 / 127.0 / Math.sqrt(draws)));
    }
  }

  @Test
  void refusesNumbersThatAFormatCannotHold() {
    NamedTensors large =
        new NamedTensors(Map.of("w", new Tensor(List.of(2L), new float[] {1, 70000})));
    assertThatThrownBy(
            () ->
                Message.encode(
                    MessageHeader.update(1, 4, REPORT),
                    Map.of("adapter", large),
                    MessagePipeline.of(List.of(FLOAT16)),
                    part -> true,
                    Seed.of(1)))
        .isInstanceOf(MessageException.class)
        .hasMessage(
            "Cannot write tensor w of part adapter: float16 cannot hold 70000.0; take bfloat16");
  }

  /** What claims to unpack to more than its numbers can take is refused before it is unpacked. */
  @Test
  void doesNotUnpackBombs() {
    byte[] zeros = new byte[1 << 20];
    for (Compression compression : List.of(new Deflate(), new Gzip(), new Zstd())) {
      byte[] packed = compression.compress(zeros);
      assertThat(packed.length).isLessThan(2000);
      assertThat(compression.restore(packed, zeros.length)).isEqualTo(zeros);
      for (int wrong : List.of(0, 1, 1000, zeros.length - 1, zeros.length + 1)) {
        assertThatThrownBy(() -> compression.restore(packed, wrong))
            .as("%s %d", compression, wrong)
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void listsNameOneFormatThenOneCompression() {
    assertThatThrownBy(
            () -> new MessagesConfig(List.of(FLOAT16, int8(64)), List.of(ZSTD, BFLOAT16)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("upload")
        .hasMessageContaining("numbers have one format")
        .hasMessageContaining("give the number format first");
    assertThatThrownBy(() -> new MessagesConfig(List.of(ZSTD, GZIP), List.of()))
        .hasMessageContaining("bytes are compressed once");
  }

  /** The shapes of LLaMA-7B with rank 8 on q and v. FS-LLM sends 21.4 MB. */
  @Test
  void adaptersOfSevenBillionParametersFitTheirBounds() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int layer = 0; layer < 32; layer++) {
      for (String module : List.of("q_proj", "v_proj")) {
        String name = "model.layers." + layer + ".self_attn." + module;
        float[] values = numbers(8 * 4096, layer);
        tensors.put(name + ".lora_A.weight", new Tensor(List.of(8L, 4096L), values));
        tensors.put(name + ".lora_B.weight", new Tensor(List.of(4096L, 8L), values));
      }
    }
    Map<String, NamedTensors> parts = Map.of("adapter", new NamedTensors(tensors));
    double mebibyte = 1 << 20;
    for (Map.Entry<Choice<MessageOperator>, Double> each :
        Map.of(FLOAT16, 8.1, int8(128), 4.3).entrySet()) {
      byte[] message =
          Message.encode(
              MessageHeader.update(1, 4, REPORT),
              parts,
              MessagePipeline.of(List.of(each.getKey())),
              part -> true,
              Seed.of(1));
      assertThat(message.length / mebibyte).isLessThanOrEqualTo(each.getValue());
    }
  }
}
