// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import java.util.Map;

/** All parameters under the checkpoint's names; PEFT knows no such adapter. */
final class FullFormat implements PeftFormat {
  @Override
  public String peftType() {
    return "FULL";
  }

  @Override
  public boolean writes(AdapterMethod method) {
    return method instanceof FullFineTuning;
  }

  @Override
  public void describe(AdapterMethod method, ModelConfig model, ObjectNode config) {
    // The tensors say everything.
  }

  @Override
  public AdapterMethod read(ConfigJson config, ModelConfig model) {
    return new FullFineTuning();
  }

  @Override
  public String nameInFile(String nameInState) {
    return nameInState;
  }

  @Override
  public String nameInState(String nameInFile) {
    return nameInFile;
  }

  @Override
  public String title() {
    return "Full fine-tuning";
  }

  @Override
  public String library() {
    return "tributary";
  }

  @Override
  public String use() {
    return """
        `adapter_model.safetensors` holds every parameter of the model after full fine-tuning, in
        float32. PEFT has no such adapter and cannot load this directory; Tributary can. For
        transformers, make a checkpoint of it:

        ```
        tributary export RUN --merged --to DIR
        ```""";
  }

  @Override
  public Map<String, String> facts(AdapterMethod method) {
    return Map.of("method", "full fine-tuning");
  }
}
