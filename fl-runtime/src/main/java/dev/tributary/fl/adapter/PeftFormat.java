// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import java.util.Map;

/** How one kind of adapter is laid out in an adapter directory. */
public interface PeftFormat {
  /** {@code peft_type} of adapter_config.json. */
  String peftType();

  boolean writes(AdapterMethod method);

  /** Adds the method's own keys to adapter_config.json. */
  void describe(AdapterMethod method, ModelConfig model, ObjectNode config);

  /**
   * The method that adapter_config.json describes.
   *
   * @throws dev.tributary.fl.model.CheckpointException if it asks for something not computed
   */
  AdapterMethod read(ConfigJson config, ModelConfig model);

  /** As a rule PEFT's name of the wrapped model stands in front. */
  default String nameInFile(String nameInState) {
    return PeftDirectory.PREFIX + nameInState;
  }

  /**
   * The way back; names that PEFT has in memory only, with the adapter's own, are a format's own to
   * know.
   */
  default String nameInState(String nameInFile) {
    return nameInFile.startsWith(PeftDirectory.PREFIX)
        ? nameInFile.substring(PeftDirectory.PREFIX.length())
        : nameInFile;
  }

  // ---- the model card

  /** What the card is headed with. */
  String title();

  /** {@code library_name} of the card. */
  default String library() {
    return "peft";
  }

  /** How the directory is used, in Markdown. */
  default String use() {
    return """
        Trained by Tributary. With PEFT, BASE being the base model and DIR this directory:

        ```python
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), DIR)
        ```""";
  }

  /** Rows of the card. */
  Map<String, String> facts(AdapterMethod method);
}
