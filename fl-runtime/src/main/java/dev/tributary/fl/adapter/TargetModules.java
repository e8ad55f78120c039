// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ModelConfig.LinearLayer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Which linear layers names mean, as PEFT matches them. */
final class TargetModules {
  /** A block's number in a layer's name: the first number between dots. */
  private static final Pattern BLOCK = Pattern.compile("\\.(\\d+)\\.");

  private TargetModules() {}

  /** The layers meant, in the order of the model. */
  static List<LinearLayer> of(ModelConfig model, List<String> names) {
    return model.linearLayers().stream()
        .filter(
            layer ->
                names.contains(LoraConfig.ALL_LINEAR) || names.stream().anyMatch(layer::isMeantBy))
        .toList();
  }

  /** One fault for each name that means no layer. */
  static List<Fault> faults(ModelConfig model, String key, List<String> names) {
    Set<String> known = kinds(model.linearLayers());
    List<Fault> faults = new ArrayList<>();
    for (String name : names) {
      if (!name.equals(LoraConfig.ALL_LINEAR)
          && model.linearLayers().stream().noneMatch(layer -> layer.isMeantBy(name))) {
        String hint =
            Providers.nearest(name, known).map(near -> "did you mean " + near + "? ").orElse("");
        faults.add(
            new Fault(
                key,
                name,
                hint + "the linear layers of a " + model.modelType() + " model are " + known));
      }
    }
    return faults;
  }

  /** The last parts of names. */
  static Set<String> kinds(List<LinearLayer> layers) {
    return layers.stream().map(LinearLayer::kind).collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * The names that {@code target_modules} of an adapter_config.json comes to: a list of names, a
   * pattern for whole names, or {@code all-linear}. The shortest names that mean the same layers:
   * kinds where all layers of a kind are meant, else ends of names, else whole names.
   *
   * @throws dev.tributary.fl.model.CheckpointException if no layer is meant
   */
  static List<String> read(ConfigJson json, ModelConfig model) {
    Predicate<String> picks = picks(json, "target_modules");
    List<LinearLayer> picked =
        model.linearLayers().stream()
            .filter(layer -> picks.test(layer.name()) && !isLeftOut(json, layer.name()))
            .toList();
    if (picked.isEmpty()) {
      throw json.fault(
          "target_modules",
          "no layer of a "
              + model.modelType()
              + " model is meant; its linear layers are "
              + kinds(model.linearLayers())
              + ": is it an adapter of '"
              + json.text("base_model_name_or_path", "another model")
              + "'?");
    }
    Set<String> names = new LinkedHashSet<>();
    Map<String, List<LinearLayer>> byKind =
        model.linearLayers().stream().collect(Collectors.groupingBy(LinearLayer::kind));
    for (LinearLayer layer : picked) {
      if (picked.containsAll(byKind.getOrDefault(layer.kind(), List.of()))) {
        names.add(layer.kind());
      } else {
        String parent = parentAndKind(layer.name());
        boolean all =
            model.linearLayers().stream()
                .filter(other -> other.isMeantBy(parent))
                .allMatch(picked::contains);
        names.add(all ? parent : layer.name());
      }
    }
    return names.stream().sorted().toList();
  }

  /** The last two parts of a name, e.g. {@code mlp.c_proj}. */
  private static String parentAndKind(String name) {
    int last = name.lastIndexOf('.');
    return name.substring(name.lastIndexOf('.', last - 1) + 1);
  }

  /** By {@code layers_to_transform} or {@code exclude_modules}. */
  private static boolean isLeftOut(ConfigJson json, String name) {
    JsonNode blocks = json.node().path("layers_to_transform");
    if (blocks.isInt() || (blocks.isArray() && !blocks.isEmpty())) {
      Matcher block = BLOCK.matcher(name);
      int number = block.find() ? Integer.parseInt(block.group(1)) : -1;
      boolean meant =
          blocks.isInt()
              ? blocks.asInt() == number
              : StreamSupport.stream(blocks.spliterator(), false)
                  .anyMatch(b -> b.asInt() == number);
      if (!meant) {
        return true;
      }
    }
    JsonNode excluded = json.node().path("exclude_modules");
    return (excluded.isTextual() || (excluded.isArray() && !excluded.isEmpty()))
        && picks(json, "exclude_modules").test(name);
  }

  private static Predicate<String> picks(ConfigJson json, String key) {
    JsonNode targets = json.node().path(key);
    if (targets.isTextual() && targets.asText().equalsIgnoreCase(LoraConfig.ALL_LINEAR)) {
      return name -> true;
    }
    if (targets.isTextual()) {
      try {
        // Python's named groups have a P in front.
        Pattern pattern = Pattern.compile(targets.asText().replace("(?P<", "(?<"));
        return name -> pattern.matcher(name).matches();
      } catch (PatternSyntaxException e) {
        throw json.fault(key, "as a pattern it is broken: " + e.getDescription());
      }
    }
    if (targets.isArray() && !targets.isEmpty()) {
      Set<String> names =
          StreamSupport.stream(targets.spliterator(), false)
              .map(JsonNode::asText)
              .collect(Collectors.toCollection(TreeSet::new));
      return name -> names.stream().anyMatch(n -> name.equals(n) || name.endsWith("." + n));
    }
    throw json.fault(key, "a list of names, a pattern or \"all-linear\" is needed");
  }
}
