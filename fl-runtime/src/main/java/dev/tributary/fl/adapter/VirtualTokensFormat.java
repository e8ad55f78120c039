// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * PEFT's configs of virtual tokens, with the keys of PEFT 0.16. Their files have one tensor, the
 * prompt, whatever was trained to make it.
 */
abstract class VirtualTokensFormat implements PeftFormat {
  private static final String SAVED = "prompt_embeddings";

  /** Adds what all of them have. */
  final void describeTokens(ObjectNode json, int virtualTokens, ModelConfig model) {
    json.put("num_virtual_tokens", virtualTokens);
    json.put("num_layers", model.layers());
    json.put("num_attention_heads", model.heads());
    json.put("token_dim", model.embeddingSize());
    json.put("num_transformer_submodules", 1);
    json.putNull("auto_mapping");
    json.putNull("revision");
  }

  static int virtualTokens(ConfigJson json) {
    return json.count("num_virtual_tokens");
  }

  static Optional<Integer> hiddenSize(ConfigJson json) {
    return json.has("encoder_hidden_size")
        ? Optional.of(json.count("encoder_hidden_size"))
        : Optional.empty();
  }

  @Override
  public final String nameInFile(String nameInState) {
    return nameInState.equals(PromptTuning.EMBEDDINGS) ? SAVED : nameInState;
  }

  @Override
  public final String nameInState(String nameInFile) {
    return nameInFile.equals(SAVED) ? PromptTuning.EMBEDDINGS : nameInFile;
  }

  /** Prompt tuning. */
  static final class OfPrompt extends VirtualTokensFormat {
    @Override
    public String peftType() {
      return "PROMPT_TUNING";
    }

    @Override
    public boolean writes(AdapterMethod method) {
      return method instanceof PromptTuning;
    }

    @Override
    public void describe(AdapterMethod method, ModelConfig model, ObjectNode json) {
      describeTokens(json, ((PromptTuning) method).config().virtualTokens(), model);
      // a text would ask PEFT for the tokenizer again, and the start no longer matters
      json.put("prompt_tuning_init", "RANDOM");
      json.putNull("prompt_tuning_init_text");
      json.putNull("tokenizer_name_or_path");
      json.putNull("tokenizer_kwargs");
    }

    @Override
    public AdapterMethod read(ConfigJson json, ModelConfig model) {
      return new PromptTuning(new PromptTuning.Config(virtualTokens(json), Optional.empty()));
    }

    @Override
    public String title() {
      return "Soft prompt";
    }

    @Override
    public Map<String, String> facts(AdapterMethod method) {
      return rows("prompt tuning", ((PromptTuning) method).config().virtualTokens());
    }
  }

  /** P-tuning. */
  static final class OfPTuning extends VirtualTokensFormat {
    @Override
    public String peftType() {
      return "P_TUNING";
    }

    @Override
    public boolean writes(AdapterMethod method) {
      return method instanceof PTuning;
    }

    @Override
    public void describe(AdapterMethod method, ModelConfig model, ObjectNode json) {
      PTuning.Config config = ((PTuning) method).config();
      describeTokens(json, config.virtualTokens(), model);
      json.put("encoder_reparameterization_type", config.encoder().name());
      json.put("encoder_hidden_size", config.encoderHiddenSize().orElse(model.embeddingSize()));
      json.put("encoder_num_layers", config.encoderLayers());
      json.put("encoder_dropout", 0.0);
    }

    @Override
    public AdapterMethod read(ConfigJson json, ModelConfig model) {
      return new PTuning(
          new PTuning.Config(
              virtualTokens(json),
              PTuning.EncoderKind.valueOf(
                  json.only("encoder_reparameterization_type", "MLP", "MLP", "LSTM")),
              hiddenSize(json),
              json.count("encoder_num_layers", 2)));
    }

    @Override
    public String title() {
      return "Soft prompt";
    }

    @Override
    public Map<String, String> facts(AdapterMethod method) {
      PTuning.Config config = ((PTuning) method).config();
      return rows("P-tuning, " + config.encoder() + " encoder", config.virtualTokens());
    }
  }

  /** Prefix tuning. */
  static final class OfPrefix extends VirtualTokensFormat {
    @Override
    public String peftType() {
      return "PREFIX_TUNING";
    }

    @Override
    public boolean writes(AdapterMethod method) {
      return method instanceof PrefixTuning;
    }

    @Override
    public void describe(AdapterMethod method, ModelConfig model, ObjectNode json) {
      PrefixTuning.Config config = ((PrefixTuning) method).config();
      describeTokens(json, config.virtualTokens(), model);
      // PEFT counts key heads here
      json.put("num_attention_heads", model.keyValueHeads());
      json.put("token_dim", PrefixTuning.keyWidth(model));
      json.put("prefix_projection", config.projection());
      json.put(
          "encoder_hidden_size",
          config.encoderHiddenSize().map(Integer::longValue).orElse(PrefixTuning.keyWidth(model)));
    }

    @Override
    public AdapterMethod read(ConfigJson json, ModelConfig model) {
      boolean projection = json.flag("prefix_projection", false);
      return new PrefixTuning(
          new PrefixTuning.Config(
              virtualTokens(json), projection, projection ? hiddenSize(json) : Optional.empty()));
    }

    @Override
    public String title() {
      return "Prefix";
    }

    @Override
    public Map<String, String> facts(AdapterMethod method) {
      PrefixTuning.Config config = ((PrefixTuning) method).config();
      return rows(
          "prefix tuning" + (config.projection() ? " with projection" : ""),
          config.virtualTokens());
    }
  }

  private static Map<String, String> rows(String method, int virtualTokens) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("method", method);
    rows.put("virtual tokens", Integer.toString(virtualTokens));
    return rows;
  }
}
