// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
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
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** PEFT's {@code LoraConfig}, with the keys of PEFT 0.16. */
final class LoraFormat implements PeftFormat {
  /** Settings that change the mathematics and are not computed, with the way out. */
  private static final Map<String, String> REFUSED = refused();

  /** Initialisations that change the base's own weights before training. */
  private static final List<String> CHANGES_BASE = List.of("pissa", "olora", "corda", "loftq");

  private static Map<String, String> refused() {
    String once = "train without it, or merge the adapter into its base with PEFT";
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("use_dora", "weight-decomposed updates are not computed; " + once);
    keys.put("use_qalora", "grouped updates are not computed; " + once);
    keys.put("bias", "trained biases are not computed, only none is; " + once);
    keys.put("lora_bias", "biases of B are not computed; " + once);
    keys.put("rank_pattern", "all layers need the same rank; " + once);
    keys.put("alpha_pattern", "all layers need the same alpha; " + once);
    keys.put("modules_to_save", "modules trained beside the updates are not read; " + once);
    keys.put("trainable_token_indices", "trained token embeddings are not read; " + once);
    keys.put("layers_to_transform", "layers are adapted in every block or in none; " + once);
    keys.put("layer_replication", "repeated layers are not computed; " + once);
    keys.put("exclude_modules", "name what is adapted in target_modules instead");
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
  public void describe(AdapterMethod method, ObjectNode json) {
    LoraConfig config = ((Lora) method).config();
    json.put("r", config.rank());
    if (config.alpha() == Math.rint(config.alpha()) && config.alpha() < Integer.MAX_VALUE) {
      json.put("lora_alpha", (int) config.alpha());
    } else {
      json.put("lora_alpha", config.alpha());
    }
    json.put("lora_dropout", config.dropout());
    ArrayNode targets = json.putArray("target_modules");
    config.targetModules().stream().sorted().forEach(targets::add);
    json.put("use_rslora", config.useRslora());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("init_lora_weights", true);
    json.put("lora_bias", false);
    json.put("use_dora", false);
    json.put("use_qalora", false);
    json.put("qalora_group_size", 16);
    json.put("megatron_core", "megatron.core");
    for (String pattern : List.of("alpha_pattern", "rank_pattern", "loftq_config")) {
      json.putObject(pattern);
    }
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
              kinds(json, model),
              json.flag("use_rslora", false)));
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

  /**
   * The kinds of layers that {@code target_modules} picks, as PEFT matches it: a list of names,
   * each the whole of a module's name or the end of it after a dot; a pattern for whole names; or
   * {@code all-linear}.
   */
  private static List<String> kinds(ConfigJson json, ModelConfig model) {
    Predicate<String> picks = picks(json);
    Set<String> picked = new TreeSet<>();
    Set<String> left = new TreeSet<>();
    for (LinearLayer layer : model.linearLayers()) {
      (picks.test(layer.name()) ? picked : left).add(layer.kind());
    }
    if (picked.isEmpty()) {
      throw json.fault(
          "target_modules",
          "no layer of a "
              + model.modelType()
              + " model is meant; its linear layers are "
              + left
              + ": is it an adapter of '"
              + json.text("base_model_name_or_path", "another model")
              + "'?");
    }
    left.retainAll(picked);
    if (!left.isEmpty()) {
      throw json.fault(
          "target_modules",
          "it means some layers named " + left + " and not others; all or none can be adapted");
    }
    return List.copyOf(picked);
  }

  private static Predicate<String> picks(ConfigJson json) {
    JsonNode targets = json.node().path("target_modules");
    if (targets.isTextual() && targets.asText().equalsIgnoreCase("all-linear")) {
      return name -> true;
    }
    if (targets.isTextual()) {
      try {
        // Python's named groups have a P in front.
        Pattern pattern = Pattern.compile(targets.asText().replace("(?P<", "(?<"));
        return name -> pattern.matcher(name).matches();
      } catch (PatternSyntaxException e) {
        throw json.fault("target_modules", "as a pattern it is broken: " + e.getDescription());
      }
    }
    if (targets.isArray() && !targets.isEmpty()) {
      Set<String> names =
          StreamSupport.stream(targets.spliterator(), false)
              .map(JsonNode::asText)
              .collect(Collectors.toCollection(TreeSet::new));
      return name -> names.stream().anyMatch(n -> name.equals(n) || name.endsWith("." + n));
    }
    throw json.fault("target_modules", "a list of names, a pattern or \"all-linear\" is needed");
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterMethod method, ModelConfig model) {
    Lora lora = (Lora) method;
    long rank = lora.config().rank();
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    for (LinearLayer layer : lora.targets(model)) {
      shapes.put(layer.name() + Lora.A, List.of(rank, (long) layer.inputs()));
      shapes.put(layer.name() + Lora.B, List.of((long) layer.outputs(), rank));
    }
    return shapes;
  }

  @Override
  public String nameInFile(String nameInState) {
    return PeftDirectory.PREFIX + nameInState;
  }

  /** Also takes names with the adapter's own, as PEFT has them in memory. */
  @Override
  public String nameInState(String nameInFile) {
    String name =
        nameInFile.startsWith(PeftDirectory.PREFIX)
            ? nameInFile.substring(PeftDirectory.PREFIX.length())
            : nameInFile;
    return name.replace(".lora_A.default.", ".lora_A.").replace(".lora_B.default.", ".lora_B.");
  }

  @Override
  public String title() {
    return "LoRA adapter";
  }

  @Override
  public String library() {
    return "peft";
  }

  @Override
  public String use() {
    return """
        A low-rank adapter, trained by Tributary. With PEFT, BASE being the base model and DIR this
        directory:

        ```python
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), DIR)
        ```""";
  }

  @Override
  public Map<String, String> facts(AdapterMethod method) {
    LoraConfig config = ((Lora) method).config();
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("method", config.useRslora() ? "LoRA, rank-stabilised" : "LoRA");
    rows.put("rank", Integer.toString(config.rank()));
    rows.put("alpha", Double.toString(config.alpha()));
    rows.put("dropout", Double.toString(config.dropout()));
    rows.put("layers", String.join(", ", config.targetModules()));
    return rows;
  }
}
