// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import java.util.List;
import java.util.Map;

/** How one kind of adapter is laid out in an adapter directory. */
interface PeftFormat {
  /** {@code peft_type} of adapter_config.json. */
  String peftType();

  boolean writes(AdapterMethod method);

  /** Adds the method's own keys to adapter_config.json. */
  void describe(AdapterMethod method, ObjectNode config);

  /**
   * The method that adapter_config.json describes.
   *
   * @throws dev.tributary.fl.model.CheckpointException if it asks for something not computed
   */
  AdapterMethod read(ConfigJson config, ModelConfig model);

  /** All trained tensors and their shapes, in the method's order. */
  Map<String, List<Long>> shapes(AdapterMethod method, ModelConfig model);

  String nameInFile(String nameInState);

  String nameInState(String nameInFile);

  // ---- the model card

  /** What the card is headed with. */
  String title();

  /** {@code library_name} of the card. */
  String library();

  /** How the directory is used, in Markdown. */
  String use();

  /** Rows of the card. */
  Map<String, String> facts(AdapterMethod method);
}
