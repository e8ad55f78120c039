// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A tokenizer.json of byte-pair encoding, put together. */
final class BpeJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode json = JSON.createObjectNode();
  private final ArrayNode added;
  private final ObjectNode model;

  BpeJson() {
    json.put("version", "1.0");
    json.putNull("truncation");
    json.putNull("padding");
    added = json.putArray("added_tokens");
    for (String part : List.of("normalizer", "pre_tokenizer", "post_processor", "decoder")) {
      json.putNull(part);
    }
    model = json.putObject("model");
    model.put("type", "BPE");
    model.putNull("dropout");
    model.putNull("unk_token");
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("ignore_merges", false);
  }

  /** Whether a word that is a token itself is taken without looking at merges. */
  BpeJson ignoreMerges() {
    model.put("ignore_merges", true);
    return this;
  }

  /** Characters that no token has become tokens of their bytes, else this one. */
  BpeJson byteFallback(String unknown) {
    model.put("byte_fallback", true).put("fuse_unk", true).put("unk_token", unknown);
    return this;
  }

  /**
   * A token that texts are cut at.
   *
   * @param normalized whether it is looked for in the normalised text
   */
  BpeJson special(String content, int id, boolean normalized) {
    ObjectNode token = added.addObject();
    token.put("id", id).put("content", content);
    for (String never : List.of("single_word", "lstrip", "rstrip")) {
      token.put(never, false);
    }
    token.put("normalized", normalized).put("special", true);
    return this;
  }

  /**
   * @param part e.g. {@code normalizer}
   * @param content as JSON
   */
  BpeJson part(String part, String content) {
    json.set(part, parsed(content));
    return this;
  }

  /** Bytes as the printable characters of GPT-2, cut by its pattern or by another one. */
  BpeJson byteLevel(Optional<String> pattern) {
    String bytes =
        """
        {"type": "ByteLevel", "add_prefix_space": %b, "trim_offsets": %b, "use_regex": %b}""";
    if (pattern.isPresent()) {
      ObjectNode sequence = JSON.createObjectNode().put("type", "Sequence");
      ArrayNode parts = sequence.putArray("pretokenizers");
      ObjectNode split = parts.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", pattern.get());
      split.put("behavior", "Isolated").put("invert", false);
      parts.add(parsed(bytes.formatted(false, true, false)));
      json.set("pre_tokenizer", sequence);
    } else {
      part("pre_tokenizer", bytes.formatted(false, true, true));
    }
    return part("decoder", bytes.formatted(true, true, true))
        .part("post_processor", bytes.formatted(true, false, true));
  }

  /** A token that is put in front of each text. */
  BpeJson begin(String token, int id) {
    ObjectNode template = JSON.createObjectNode().put("type", "TemplateProcessing");
    for (String form : List.of("single", "pair")) {
      ArrayNode items = template.putArray(form);
      items.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
      items.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
      if (form.equals("pair")) {
        items.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
      }
    }
    ObjectNode special = template.putObject("special_tokens").putObject(token);
    special.put("id", token);
    special.putArray("ids").add(id);
    special.putArray("tokens").add(token);
    JsonNode before = json.get("post_processor");
    if (before.isNull()) {
      json.set("post_processor", template);
    } else {
      ObjectNode sequence = JSON.createObjectNode().put("type", "Sequence");
      sequence.putArray("processors").add(before).add(template);
      json.set("post_processor", sequence);
    }
    return this;
  }

  /**
   * The whole.
   *
   * @param ids of all tokens
   * @param merges pairs of tokens that become one, the first ones first, with a space between
   */
  String text(Map<String, Integer> ids, List<String> merges) {
    ObjectNode vocabulary = model.putObject("vocab");
    ids.forEach(vocabulary::put);
    ArrayNode pairs = model.putArray("merges");
    merges.forEach(pairs::add);
    try {
      return JSON.writeValueAsString(json);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write a tokenizer as JSON", e);
    }
  }

  private static JsonNode parsed(String content) {
    try {
      return JSON.readTree(content);
    } catch (IOException e) {
      throw new UncheckedIOException("This is no JSON: " + content, e);
    }
  }
}
