// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.ScriptInputs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A family's TorchScript resource, completed with a checkpoint's shape: {@code ${name}}. */
final class ScriptSource {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(\\w+)}");
  private static final Pattern HEADER = Pattern.compile("(?m)^class Model\\(\\w+\\):$");
  private static final String FOLDER = "dev/tributary/fl/script/";

  /** Logits that exist at a time, in elements: 24 MB of float32. */
  private static final int LOGITS_AT_A_TIME = 6_300_000;

  /** Queries whose scores exist at a time in the backward pass. */
  private static final int ATTENTION_CHUNK = 256;

  /** Rows of a product up to which it is cut up for several threads: some more than one. */
  private static final int FEW_ROWS = 64;

  /** Rows of prompts that are read at a time: products of more are no faster. */
  private static final int FILL_ROWS = 512;

  /** With the last token four rows, which products are no slower with than with one. */
  private static final int GUESSED_TOKENS = 3;

  /** Keys of one block of the generation's caches. */
  static final int CACHE_BLOCK = 128;

  private ScriptSource() {}

  /**
   * The decoder with a family's blocks.
   *
   * @param devices that blocks are spread over
   * @param mappings statements that map the checkpoint's files
   */
  static String complete(
      String resource,
      ModelConfig config,
      Computation computation,
      List<ai.djl.Device> devices,
      String mappings) {
    Map<String, String> values = new LinkedHashMap<>(shape(config));
    values.put(
        "devices",
        devices.stream()
            .map(d -> d.isGpu() ? "\"cuda:" + d.getDeviceId() + "\"" : "\"cpu\"")
            .collect(Collectors.joining(", ", "[", "]")));
    values.put("spread", ScriptInputs.flag(computation.spreads()));
    values.put("offload", ScriptInputs.flag(computation.offload()));
    values.put("fewRows", Integer.toString(EngineThread.isOne() ? 0 : FEW_ROWS));
    values.put("joinedRows", Integer.toString(FEW_ROWS));
    values.put("fillRows", Integer.toString(FILL_ROWS));
    values.put("guessedTokens", Integer.toString(GUESSED_TOKENS));
    values.put("int8", ScriptInputs.flag(computation.int8()));
    values.put("files", mappings);
    Matcher placeholder = PLACEHOLDER.matcher(joined("decoder.py", resource));
    StringBuilder source = new StringBuilder();
    while (placeholder.find()) {
      String value = values.get(placeholder.group(1));
      if (value == null) {
        throw new IllegalStateException(
            resource + " asks for " + placeholder.group() + "; known are " + values.keySet());
      }
      placeholder.appendReplacement(source, Matcher.quoteReplacement(value));
    }
    return placeholder.appendTail(source).toString();
  }

  /** The methods that work on gradients and optimisers' state, whatever the model. */
  static String optimisers() {
    return read(FOLDER + "optimisers.py");
  }

  /** Linear algebra on low-rank updates. */
  static String aggregation() {
    return read(FOLDER + "aggregation.py");
  }

  /** An adapter's encoder. */
  static String encoder(String resource) {
    return joined("encoder.py", resource);
  }

  /**
   * A base class's text, and behind it the methods that a resource adds: TorchScript knows none.
   */
  private static String joined(String base, String resource) {
    String text = read(resource);
    Matcher header = HEADER.matcher(text);
    if (!header.find()) {
      throw new IllegalStateException(resource + " does not begin with a class Model(...)");
    }
    return read(FOLDER + base) + text.substring(header.end());
  }

  /** The weights in the script's order; empty names where the model has none. */
  static List<String> weightNames(ModelConfig config) {
    ScriptInputs inputs = config.scriptInputs();
    List<String> names = new ArrayList<>(inputs.top());
    List<ModelConfig.LinearLayer> all = config.linearLayers();
    Set<String> parameters = config.parameters().keySet();
    int ofBlock = all.size() / config.layers();
    for (int block = 0; block < config.layers(); block++) {
      List<ModelConfig.LinearLayer> layers = all.subList(block * ofBlock, (block + 1) * ofBlock);
      layers.forEach(layer -> names.add(layer.weight()));
      for (ModelConfig.LinearLayer layer : layers) {
        names.add(parameters.contains(layer.bias()) ? layer.bias() : "");
      }
      for (String rest : inputs.rest()) {
        names.add(inputs.block().formatted(block) + rest);
      }
    }
    return names;
  }

  private static Map<String, String> shape(ModelConfig config) {
    ScriptInputs inputs = config.scriptInputs();
    int queryColumns = config.heads() * config.headSize();
    int keyColumns = config.keyValueHeads() * config.headSize();
    int linears = config.linearLayersOfBlock();
    Map<String, String> values = new LinkedHashMap<>();
    values.put("vocabulary", Integer.toString(config.vocabularySize()));
    values.put("layers", Integer.toString(config.layers()));
    values.put("top", Integer.toString(inputs.top().size()));
    values.put("linears", Integer.toString(linears));
    values.put("perBlock", Integer.toString(2 * linears + inputs.rest().size()));
    values.put("slots", Integer.toString(TrainedLayout.SLOTS));
    values.put("headSize", Integer.toString(config.headSize()));
    values.put("keyHeads", Integer.toString(config.keyValueHeads()));
    // query heads of one key head
    values.put("group", Integer.toString(config.heads() / config.keyValueHeads()));
    values.put("queryAndKeyHeads", Integer.toString(config.heads() + config.keyValueHeads()));
    values.put("queryColumns", Integer.toString(queryColumns));
    values.put("keyColumns", Integer.toString(keyColumns));
    values.put("keysAt", Integer.toString(queryColumns)); // first column in the joined q, k, v
    values.put("valuesAt", Integer.toString(queryColumns + keyColumns));
    values.put("attentionScale", Double.toString(1 / Math.sqrt(config.headSize())));
    values.put("normEpsilon", Double.toString(inputs.normEpsilon()));
    values.put("tied", ScriptInputs.flag(config.tiedHead()));
    values.put("alibi", ScriptInputs.flag(false));
    values.put("inputsFirst", ScriptInputs.flag(false));
    int labels = Math.max(16, Math.min(1024, LOGITS_AT_A_TIME / config.vocabularySize()));
    values.put("labelChunk", Integer.toString(labels));
    values.put("attentionChunk", Integer.toString(ATTENTION_CHUNK));
    values.put("cacheBlock", Integer.toString(CACHE_BLOCK));
    values.putAll(inputs.constants());
    return values;
  }

  private static String read(String resource) {
    try (InputStream in = ScriptSource.class.getClassLoader().getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("The class path has no " + resource);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + resource, e);
    }
  }
}
