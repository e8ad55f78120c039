// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ModelFamily;
import dev.tributary.fl.model.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random checkpoints that compute in milliseconds. Weights are normal with a standard deviation of
 * 0.2 (norms around 1), so that logits differ enough to choose between.
 */
public final class TinyModels {
  /**
   * The shape of a checkpoint.
   *
   * @param heads query heads, each {@code headSize} wide
   * @param dtype of the file
   */
  public record Shape(
      int vocabulary,
      int hidden,
      int intermediate,
      int layers,
      int heads,
      int keyValueHeads,
      int headSize,
      boolean tied,
      DType dtype) {
    /** 3 blocks of width 32, four heads on two key heads, untied, float32. */
    public static Shape of(int vocabulary) {
      return new Shape(vocabulary, 32, 64, 3, 4, 2, 8, false, DType.FLOAT32);
    }

    public Shape tiedHead() {
      return new Shape(
          vocabulary, hidden, intermediate, layers, heads, keyValueHeads, headSize, true, dtype);
    }

    public Shape stored(DType type) {
      return new Shape(
          vocabulary, hidden, intermediate, layers, heads, keyValueHeads, headSize, tied, type);
    }
  }

  private TinyModels() {}

  /** Writes config.json and model.safetensors; the same seed gives the same bytes. */
  public static Path llama(Path directory, Shape shape, long seed) {
    return write(directory, config(shape), shape.dtype(), seed);
  }

  /** The same of any family, from its config.json. */
  public static Path write(Path directory, String configJson, DType dtype, long seed) {
    try {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve("config.json"), configJson);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write a tiny model into " + directory, e);
    }
    ConfigJson json = ConfigJson.open(directory.resolve("config.json"));
    ModelConfig config = ModelFamily.of(json).read(json, List.of(2));
    SplittableRandom random = new SplittableRandom(seed);
    SafetensorsWriter writer = new SafetensorsWriter();
    for (Map.Entry<String, List<Long>> parameter : config.parameters().entrySet()) {
      float[] values =
          new float[Math.toIntExact(parameter.getValue().stream().reduce(1L, (a, b) -> a * b))];
      boolean norm = parameter.getValue().size() == 1 && !parameter.getKey().endsWith(".bias");
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) ((norm ? 1 : 0) + 0.2 * random.nextGaussian());
      }
      writer.add(parameter.getKey(), dtype, parameter.getValue(), () -> values);
    }
    writer.writeTo(directory.resolve("model.safetensors"));
    return directory;
  }

  /**
   * A config.json of every family with vocabulary 61, width 32, 3 blocks and whatever makes a
   * family differ from itself, by a name for it.
   */
  public static Map<String, String> families() {
    Map<String, String> all = new LinkedHashMap<>();
    String llama =
        """
        "vocab_size": 61, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu",
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 512,
        "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"
        """;
    all.put(
        "llama",
        "{\"model_type\": \"llama\", \"tie_word_embeddings\": false, %s}".formatted(llama));
    all.put(
        "llama-biases",
        "{\"model_type\": \"llama\", \"attention_bias\": true, \"mlp_bias\": true, %s}"
            .formatted(llama));
    all.put(
        "mistral",
        "{\"model_type\": \"mistral\", \"sliding_window\": null, \"head_dim\": 8, %s}"
            .formatted(llama));
    all.put(
        "qwen2", "{\"model_type\": \"qwen2\", \"tie_word_embeddings\": true, %s}".formatted(llama));
    String opt =
        """
        {"model_type": "opt", "vocab_size": 61, "hidden_size": 32, "ffn_dim": 64,
         "num_hidden_layers": 3, "num_attention_heads": 4, "activation_function": "relu",
         "max_position_embeddings": 512, "do_layer_norm_before": %b, "word_embed_proj_dim": %d,
         "bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1, "dropout": 0.0,
         "torch_dtype": "float32"}
        """;
    all.put("opt", opt.formatted(true, 32));
    all.put("opt-350m", opt.formatted(false, 24));
    all.put(
        "gpt2",
        """
        {"model_type": "gpt2", "vocab_size": 61, "n_embd": 32, "n_layer": 3, "n_head": 4,
         "n_positions": 512, "activation_function": "gelu_new", "attn_pdrop": 0.0,
         "embd_pdrop": 0.0, "resid_pdrop": 0.0, "bos_token_id": 2, "eos_token_id": 2,
         "torch_dtype": "float32"}
        """);
    all.put(
        "bloom",
        """
        {"model_type": "bloom", "vocab_size": 61, "hidden_size": 36, "n_layer": 3, "n_head": 6,
         "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "torch_dtype": "float32"}
        """);
    return all;
  }

  /** As the other, with {@link Shape#of} and a fixed seed, opened. */
  public static Checkpoint llama(Path directory, int vocabulary) {
    return Checkpoint.open(llama(directory, Shape.of(vocabulary), 17));
  }

  private static String config(Shape shape) {
    return """
        {
          "model_type": "llama",
          "vocab_size": %d,
          "hidden_size": %d,
          "intermediate_size": %d,
          "num_hidden_layers": %d,
          "num_attention_heads": %d,
          "num_key_value_heads": %d,
          "head_dim": %d,
          "tie_word_embeddings": %b,
          "hidden_act": "silu",
          "rms_norm_eps": 1e-05,
          "rope_theta": 10000.0,
          "max_position_embeddings": 2048,
          "bos_token_id": 1,
          "eos_token_id": 2,
          "torch_dtype": "%s"
        }
        """
        .formatted(
            shape.vocabulary(),
            shape.hidden(),
            shape.intermediate(),
            shape.layers(),
            shape.heads(),
            shape.keyValueHeads(),
            shape.headSize(),
            shape.tied(),
            shape.dtype().label());
  }
}
