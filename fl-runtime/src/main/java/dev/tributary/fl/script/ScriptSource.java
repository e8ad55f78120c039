// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.model.LlamaConfig;
import dev.tributary.fl.model.ModelConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A family's TorchScript resource, completed with a checkpoint's shape: {@code ${name}}. */
final class ScriptSource {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(\\w+)}");

  /** Logits that exist at a time, in elements: 24 MB of float32. */
  private static final int LOGITS_AT_A_TIME = 6_300_000;

  /** Queries whose scores exist at a time in the backward pass. */
  private static final int ATTENTION_CHUNK = 256;

  /** Keys of one block of the generation's caches. */
  static final int CACHE_BLOCK = 128;

  private ScriptSource() {}

  /**
   * @param mappings statements that map the checkpoint's files
   */
  static String complete(String resource, ModelConfig config, String mappings) {
    Map<String, String> values = new LinkedHashMap<>(shape(config));
    values.put("files", mappings);
    Matcher placeholder = PLACEHOLDER.matcher(read(resource));
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
    return read("dev/tributary/fl/script/optimisers.py");
  }

  private static Map<String, String> shape(ModelConfig config) {
    if (config instanceof LlamaConfig llama) {
      return shape(llama);
    }
    throw new IllegalArgumentException("No script computes models of type " + config.modelType());
  }

  private static Map<String, String> shape(LlamaConfig config) {
    int queryColumns = config.heads() * config.headSize();
    int keyColumns = config.keyValueHeads() * config.headSize();
    int group = config.heads() / config.keyValueHeads();
    Map<String, String> values = new LinkedHashMap<>();
    values.put("layers", Integer.toString(config.layers()));
    values.put("intermediate", Integer.toString(config.intermediateSize()));
    values.put("headSize", Integer.toString(config.headSize()));
    values.put("half", Integer.toString(config.headSize() / 2));
    values.put("keyHeads", Integer.toString(config.keyValueHeads()));
    values.put("group", Integer.toString(group)); // query heads of one key head
    values.put("queryAndKeyHeads", Integer.toString(config.heads() + config.keyValueHeads()));
    values.put("queryColumns", Integer.toString(queryColumns));
    values.put("keyColumns", Integer.toString(keyColumns));
    values.put("keysAt", Integer.toString(queryColumns)); // first column in the joined q, k, v
    values.put("valuesAt", Integer.toString(queryColumns + keyColumns));
    values.put("attentionScale", Double.toString(1 / Math.sqrt(config.headSize())));
    values.put("normEpsilon", Double.toString(config.normEpsilon()));
    values.put("tied", config.tiedHead() ? "True" : "False");
    int labels = Math.max(16, Math.min(1024, LOGITS_AT_A_TIME / config.vocabularySize()));
    values.put("labelChunk", Integer.toString(labels));
    values.put("attentionChunk", Integer.toString(ATTENTION_CHUNK));
    values.put("cacheBlock", Integer.toString(CACHE_BLOCK));
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
