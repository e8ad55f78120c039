// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Ia3;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PTuning;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.adapter.PrefixTuning;
import dev.tributary.fl.adapter.PromptTuning;
import dev.tributary.fl.adapter.Trained;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointWriter;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.SafetensorsWriter;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.EncodedExample;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Tiny models of every family with every kind of adapter, trained for a few steps and exported, for
 * {@code check_exports.py}: {@code FAMILY/base}, {@code FAMILY/METHOD/adapter}, {@code merged}
 * where there is such a thing, and {@code logits.safetensors}, what we compute of {@code tokens}.
 */
public final class Exports {
  private static final int STEPS = 3;
  private static final int LENGTH = 19;

  private Exports() {}

  public static void main(String[] args) {
    Path folder = Path.of(args[0]);
    TorchScript.setThreads(1);
    TinyModels.families()
        .forEach(
            (family, config) -> {
              Path base =
                  TinyModels.write(folder.resolve(family + "/base"), config, DType.FLOAT32, 7);
              Checkpoint checkpoint = Checkpoint.open(base);
              try (CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, Device.cpu())) {
                methods()
                    .forEach(
                        (name, method) ->
                            export(checkpoint, model, method, folder.resolve(family + "/" + name)));
              }
            });
  }

  private static Map<String, AdapterMethod> methods() {
    List<String> all = List.of(LoraConfig.ALL_LINEAR);
    Map<String, AdapterMethod> methods = new LinkedHashMap<>();
    methods.put("lora", new Lora(new LoraConfig(4, 8, 0.1, all, false)));
    methods.put("rslora", new Lora(new LoraConfig(4, 8, 0, all, true)));
    methods.put("dora", lora(all, true, LoraConfig.Bias.NONE, Map.of(), Map.of()));
    methods.put(
        "lora-patterns",
        lora(
            all,
            false,
            LoraConfig.Bias.NONE,
            Map.of(".*\\.1\\..*", 2, "q_proj", 6),
            Map.of("v_proj", 32.0)));
    methods.put("lora-all-biases", lora(all, false, LoraConfig.Bias.ALL, Map.of(), Map.of()));
    methods.put("lora-own-biases", lora(all, false, LoraConfig.Bias.LORA_ONLY, Map.of(), Map.of()));
    methods.put("ia3", new Ia3(new Ia3.Config(Optional.empty(), Optional.empty())));
    methods.put("prompt", new PromptTuning(new PromptTuning.Config(5, Optional.empty())));
    methods.put(
        "p-tuning-mlp",
        new PTuning(new PTuning.Config(5, PTuning.EncoderKind.MLP, Optional.of(12), 2)));
    methods.put(
        "p-tuning-lstm",
        new PTuning(new PTuning.Config(5, PTuning.EncoderKind.LSTM, Optional.of(12), 2)));
    methods.put("prefix", new PrefixTuning(new PrefixTuning.Config(5, false, Optional.empty())));
    methods.put(
        "prefix-projection", new PrefixTuning(new PrefixTuning.Config(5, true, Optional.of(12))));
    methods.put("full", new FullFineTuning());
    return methods;
  }

  private static Lora lora(
      List<String> targets,
      boolean dora,
      LoraConfig.Bias bias,
      Map<String, Integer> ranks,
      Map<String, Double> alphas) {
    return new Lora(new LoraConfig(4, 8, 0, targets, false, dora, bias, ranks, alphas));
  }

  private static void export(Checkpoint base, CausalLm model, AdapterMethod method, Path folder) {
    EncodedExample example = example(model.config().vocabularySize());
    PackedBatch batch = PackedBatch.of(List.of(example), Beginning.REPEATED);
    NamedTensors state;
    float[] logits;
    try (TrainedWeights weights = model.weights(method, method.initial(base, Seed.of(11)))) {
      for (int step = 1; step <= STEPS; step++) {
        weights.addGradients(batch, 1.0 / batch.labels(), step);
        weights.update(new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0), 0.02, step);
      }
      state = weights.state();
      logits = model.logits(weights, batch);
    }
    PeftDirectory.write(
        folder.resolve("adapter"),
        new Trained(method, base.config(), state, TorchScript::encoded),
        "../base",
        Map.of());
    if (method.placement(base.config()).isMergeable()) {
      CheckpointWriter.writeMerged(base, method, state, folder.resolve("merged"));
    }
    float[] tokens = new float[example.tokens().length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = example.tokens()[i];
    }
    long vocabulary = model.config().vocabularySize();
    new SafetensorsWriter()
        .add(
            new NamedTensors(
                Map.of(
                    "tokens",
                    new NamedTensors.Tensor(List.of((long) LENGTH), tokens),
                    "logits",
                    new NamedTensors.Tensor(List.of((long) LENGTH, vocabulary), logits))))
        .writeTo(folder.resolve("logits.safetensors"));
  }

  private static EncodedExample example(int vocabulary) {
    SplittableRandom random = new SplittableRandom(5);
    return new EncodedExample("example", random.ints(LENGTH, 4, vocabulary).toArray(), 6);
  }
}
