// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.seed.Seed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A checkpoint whose weights nobody has trained yet, for training from scratch: {@code model:
 * {config: FILE, initialise: SEED}}.
 *
 * <p>As transformers initialises: matrices from N(0, initializer_range²), norm weights 1, biases 0;
 * float32. Each tensor has a seed of its own, so the same config and seed give the same bytes.
 */
public final class InitialCheckpoint {
  private InitialCheckpoint() {}

  /**
   * Writes the directory in place of what is there.
   *
   * @param configJson a model's config.json; tokenizer files beside it are copied
   * @param seed the only source of randomness
   * @return the new checkpoint, opened and checked
   * @throws CheckpointException if the config is missing, broken or not supported
   */
  public static Checkpoint write(Path configJson, long seed, Path directory) {
    ConfigJson json = ConfigJson.open(configJson);
    ModelConfig config = ModelFamily.of(json).read(json, json.tokens("eos_token_id"));
    double spread = json.positive("initializer_range", 0.02);
    SafetensorsWriter writer = new SafetensorsWriter();
    config
        .parameters()
        .forEach(
            (name, shape) ->
                writer.add(
                    name, DType.FLOAT32, shape, () -> values(name, shape, Seed.of(seed), spread)));
    Path folder = configJson.toAbsolutePath().getParent();
    ObjectNode completed = json.node().deepCopy();
    completed.put("torch_dtype", DType.FLOAT32.label());
    WholeDirectory.write(
        directory,
        temporary -> {
          writer.writeTo(temporary.resolve("model.safetensors"));
          Files.writeString(temporary.resolve("config.json"), completed.toPrettyString() + "\n");
          if (folder != null) {
            CheckpointWriter.copyCompanions(folder, temporary);
          }
        });
    return Checkpoint.open(directory);
  }

  private static float[] values(String name, List<Long> shape, Seed seed, double spread) {
    float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
    if (shape.size() == 1) {
      if (name.endsWith(".weight")) {
        Arrays.fill(values, 1);
      }
      return values;
    }
    SplittableRandom random = seed.child("initialise").child(name).random();
    // Box and Muller 1958, in StrictMath: the same values on every platform and Java version.
    for (int i = 0; i < values.length; i += 2) {
      double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
      double angle = 2 * Math.PI * random.nextDouble();
      values[i] = (float) (spread * radius * StrictMath.cos(angle));
      if (i + 1 < values.length) {
        values[i + 1] = (float) (spread * radius * StrictMath.sin(angle));
      }
    }
    return values;
  }
}
