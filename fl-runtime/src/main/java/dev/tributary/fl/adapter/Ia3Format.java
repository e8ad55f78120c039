// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ModelConfig.LinearLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** PEFT's {@code IA3Config}, with the keys of PEFT 0.16. */
final class Ia3Format implements PeftFormat {
  @Override
  public String peftType() {
    return "IA3";
  }

  @Override
  public boolean writes(AdapterMethod method) {
    return method instanceof Ia3;
  }

  @Override
  public void describe(AdapterMethod method, ModelConfig model, ObjectNode json) {
    Ia3 ia3 = (Ia3) method;
    names(json, "target_modules", ia3.targets(model));
    names(json, "feedforward_modules", ia3.feedforward(model));
    json.put("fan_in_fan_out", model.linearLayers().stream().anyMatch(LinearLayer::inputsFirst));
    json.put("init_ia3_weights", true);
    for (String unused :
        List.of("auto_mapping", "exclude_modules", "modules_to_save", "revision")) {
      json.putNull(unused);
    }
  }

  private static void names(ObjectNode json, String key, List<String> names) {
    ArrayNode array = json.putArray(key);
    names.stream().sorted().forEach(array::add);
  }

  @Override
  public AdapterMethod read(ConfigJson json, ModelConfig model) {
    for (String key : List.of("modules_to_save", "exclude_modules")) {
      JsonNode value = json.node().path(key);
      if (!value.isMissingNode() && !value.isNull() && !value.isEmpty()) {
        throw json.fault(key, "it is not read; merge the adapter into its base with PEFT");
      }
    }
    List<String> feedforward = new ArrayList<>();
    json.node().path("feedforward_modules").forEach(name -> feedforward.add(name.asText()));
    Ia3 ia3 =
        new Ia3(
            new Ia3.Config(Optional.of(TargetModules.read(json, model)), Optional.of(feedforward)));
    ia3.check(model);
    return ia3;
  }

  @Override
  public String nameInState(String nameInFile) {
    return PeftFormat.super.nameInState(nameInFile).replace(".ia3_l.default", Ia3.FACTORS);
  }

  @Override
  public String title() {
    return "(IA)³ adapter";
  }

  @Override
  public Map<String, String> facts(AdapterMethod method) {
    Ia3.Config config = ((Ia3) method).config();
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("method", "(IA)³");
    config.targetModules().ifPresent(names -> rows.put("layers", String.join(", ", names)));
    return rows;
  }
}
