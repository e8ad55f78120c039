// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ModelConfig.LinearLayer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;

/** PEFT's {@code LoraConfig}, with the keys of PEFT 0.16. */
final class LoraFormat implements PeftFormat {
  /** Settings that change the mathematics and are not computed, with the way out. */
  private static final Map<String, String> REFUSED = refused();

  /** Initialisations that change the base's own weights before training. */
  private static final List<String> CHANGES_BASE = List.of("pissa", "olora", "corda", "loftq");

  private static Map<String, String> refused() {
    String once = "train without it, or merge the adapter into its base with PEFT";
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("use_qalora", "grouped updates are not computed; " + once);
    keys.put("lora_bias", "biases of B are not computed; " + once);
    keys.put("modules_to_save", "modules trained beside the updates are not read; " + once);
    keys.put("trainable_token_indices", "trained token embeddings are not read; " + once);
    keys.put("layer_replication", "repeated layers are not computed; " + once);
    return keys;
  }

  @Override
  public String peftType() {
    return "LORA";
  }

  @Override
  public boolean writes(AdapterMethod method) {
    return method instanceof Lora;
  }

  @Override
  public void describe(AdapterMethod method, ModelConfig model, ObjectNode json) {
    LoraConfig config = ((Lora) method).config();
    json.put("r", config.rank());
    json.set("lora_alpha", number(config.alpha()));
    json.put("lora_dropout", config.dropout());
    // to PEFT all-linear means layers around the blocks too (OPT's projections)
    List<String> names =
        config.targetModules().contains(LoraConfig.ALL_LINEAR)
            ? TargetModules.kinds(model.linearLayers()).stream().toList()
            : config.targetModules();
    ArrayNode targets = json.putArray("target_modules");
    names.stream().sorted().forEach(targets::add);
    json.put("use_rslora", config.useRslora());
    json.put("bias", config.bias().name().toLowerCase(Locale.ROOT));
    json.put("fan_in_fan_out", model.linearLayers().stream().anyMatch(LinearLayer::inputsFirst));
    json.put("init_lora_weights", true);
    json.put("lora_bias", false);
    json.put("use_dora", config.useDora());
    json.put("use_qalora", false);
    json.put("qalora_group_size", 16);
    json.put("megatron_core", "megatron.core");
    ObjectNode ranks = json.putObject("rank_pattern");
    config.rankPattern().forEach(ranks::put);
    ObjectNode alphas = json.putObject("alpha_pattern");
    config.alphaPattern().forEach((key, alpha) -> alphas.set(key, number(alpha)));
    json.putObject("loftq_config");
    for (String unused :
        List.of(
            "auto_mapping",
            "corda_config",
            "eva_config",
            "exclude_modules",
            "layer_replication",
            "layers_pattern",
            "layers_to_transform",
            "megatron_config",
            "modules_to_save",
            "revision",
            "trainable_token_indices")) {
      json.putNull(unused);
    }
  }

  /** Whole numbers without a fraction, as PEFT's users write them. */
  private static JsonNode number(double value) {
    return value == Math.rint(value) && value < Integer.MAX_VALUE
        ? IntNode.valueOf((int) value)
        : DoubleNode.valueOf(value);
  }

  @Override
  public AdapterMethod read(ConfigJson json, ModelConfig model) {
    REFUSED.forEach(
        (key, remedy) -> {
          if (!isOff(json.node().path(key))) {
            throw json.fault(key, remedy);
          }
        });
    String initialised = json.node().path("init_lora_weights").asText("").toLowerCase(Locale.ROOT);
    if (CHANGES_BASE.stream().anyMatch(initialised::startsWith)) {
      throw json.fault(
          "init_lora_weights",
          "it changes the base's weights too; convert the adapter with PEFT"
              + " (save_pretrained with path_initial_model_for_weight_conversion)");
    }
    try {
      return new Lora(
          new LoraConfig(
              json.count("r", 8),
              json.positive("lora_alpha", 8),
              json.has("lora_dropout") ? json.node().get("lora_dropout").asDouble(Double.NaN) : 0,
              TargetModules.read(json, model),
              json.flag("use_rslora", false),
              json.flag("use_dora", false),
              bias(json),
              pattern(json, "rank_pattern", ConfigJson::count),
              pattern(json, "alpha_pattern", ConfigJson::positive)));
    } catch (ConfigException e) {
      throw new CheckpointException(json.file() + ": " + e.getMessage(), e);
    }
  }

  /** Absent, null, false, "none" or empty. */
  private static boolean isOff(JsonNode value) {
    return value.isMissingNode()
        || value.isNull()
        || (value.isBoolean() && !value.asBoolean())
        || (value.isContainerNode() && value.isEmpty())
        || (value.isTextual() && (value.asText().isEmpty() || value.asText().equals("none")));
  }

  private static LoraConfig.Bias bias(ConfigJson json) {
    return switch (json.only("bias", "none", "none", "lora_only", "all")) {
      case "all" -> LoraConfig.Bias.ALL;
      case "lora_only" -> LoraConfig.Bias.LORA_ONLY;
      default -> LoraConfig.Bias.NONE;
    };
  }

  private static <T> Map<String, T> pattern(
      ConfigJson json, String key, BiFunction<ConfigJson, String, T> value) {
    Map<String, T> values = new LinkedHashMap<>();
    json.object(key)
        .ifPresent(
            group ->
                group
                    .node()
                    .fieldNames()
                    .forEachRemaining(name -> values.put(name, value.apply(group, name))));
    return values;
  }

  @Override
  public String nameInState(String nameInFile) {
    return PeftFormat.super
        .nameInState(nameInFile)
        .replace(".lora_A.default.", ".lora_A.")
        .replace(".lora_B.default.", ".lora_B.")
        .replace(".lora_magnitude_vector.default.weight", Lora.MAGNITUDE)
        .replace(".lora_magnitude_vector.weight", Lora.MAGNITUDE);
  }

  @Override
  public String title() {
    return "LoRA adapter";
  }

  @Override
  public Map<String, String> facts(AdapterMethod method) {
    LoraConfig config = ((Lora) method).config();
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put(
        "method",
        (config.useDora() ? "DoRA" : "LoRA") + (config.useRslora() ? ", rank-stabilised" : ""));
    rows.put("rank", Integer.toString(config.rank()));
    rows.put("alpha", Double.toString(config.alpha()));
    rows.put("dropout", Double.toString(config.dropout()));
    rows.put("layers", String.join(", ", config.targetModules()));
    return rows;
  }
}
