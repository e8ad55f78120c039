// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A vocabulary and merges in two files, as GPT-2, OPT and Qwen publish them: {@code vocab.json} and
 * {@code merges.txt}, or other names of that kind. What the files leave out follows from the
 * family, which config.json or tokenizer_config.json names, else from the vocabulary.
 */
final class MergesFile implements TokenizerForm {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern VOCABULARY =
      Pattern.compile("(.*[-_.])?vocab\\.json|encoder\\.json");
  private static final Pattern MERGES = Pattern.compile("(.*[-_.])?merges\\.txt|vocab\\.bpe");

  /** Qwen's cut: one digit at a time. */
  private static final String QWEN_PIECES =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
          + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String END_OF_TEXT = "<|endoftext|>";
  private static final String OPT_BEGIN = "</s>";

  private enum Family {
    GPT2,
    OPT,
    QWEN
  }

  @Override
  public String files() {
    return "vocab.json and merges.txt";
  }

  @Override
  public Optional<String> read(Path directory) {
    Optional<Path> vocabulary = only(directory, VOCABULARY);
    Optional<Path> mergesFile = only(directory, MERGES);
    if (vocabulary.isEmpty() || mergesFile.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Integer> ids = ids(vocabulary.get());
    List<String> merges = merges(mergesFile.get(), ids);
    BpeJson json =
        switch (family(directory, ids)) {
          case GPT2 -> {
            BpeJson gpt2 = new BpeJson().byteLevel(Optional.empty());
            special(gpt2, ids, END_OF_TEXT);
            yield gpt2;
          }
          case OPT -> {
            // in front of each text stands what ends one
            BpeJson opt = new BpeJson().byteLevel(Optional.empty()).part("post_processor", "null");
            special(opt, ids, "<pad>");
            special(opt, ids, OPT_BEGIN);
            yield opt.begin(OPT_BEGIN, ids.getOrDefault(OPT_BEGIN, 0));
          }
          case QWEN -> {
            BpeJson qwen =
                new BpeJson()
                    .byteLevel(Optional.of(QWEN_PIECES))
                    .part("normalizer", "{\"type\": \"NFC\"}");
            qwenSpecials(directory, ids).forEach((id, token) -> qwen.special(token, id, false));
            yield qwen;
          }
        };
    return Optional.of(json.text(ids, merges));
  }

  private static void special(BpeJson json, Map<String, Integer> ids, String token) {
    Integer id = ids.get(token);
    if (id != null) {
      json.special(token, id, true);
    }
  }

  /** By id: those that tokenizer_config.json adds, else Qwen's first three. */
  private static Map<Integer, String> qwenSpecials(Path directory, Map<String, Integer> ids) {
    Map<Integer, String> specials = new TreeMap<>();
    json(directory, "tokenizer_config.json")
        .path("added_tokens_decoder")
        .properties()
        .forEach(
            token ->
                specials.put(
                    Integer.parseInt(token.getKey()), token.getValue().path("content").asText()));
    if (specials.isEmpty()) {
      int next = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
      for (String token : List.of(END_OF_TEXT, "<|im_start|>", "<|im_end|>")) {
        specials.put(next++, token);
      }
    }
    return specials;
  }

  private static Family family(Path directory, Map<String, Integer> ids) {
    String type = json(directory, "config.json").path("model_type").asText("");
    String tokenizerClass =
        json(directory, "tokenizer_config.json").path("tokenizer_class").asText("");
    if (type.startsWith("qwen") || tokenizerClass.startsWith("Qwen")) {
      return Family.QWEN;
    }
    if (type.equals("opt")) {
      return Family.OPT;
    }
    if (type.equals("gpt2")) {
      return Family.GPT2;
    }
    if (ids.containsKey("<pad>") && ids.containsKey(OPT_BEGIN)) {
      return Family.OPT;
    }
    if (ids.containsKey(END_OF_TEXT)) {
      return Family.GPT2;
    }
    if (tokenizerClass.isEmpty() || tokenizerClass.startsWith("PreTrained")) {
      return Family.QWEN; // of the three the one whose vocabulary has no special token
    }
    throw new InputException(
        "Cannot open the tokenizer of "
            + directory
            + ": its tokenizer_class, "
            + tokenizerClass
            + ", says no family whose vocabulary and merges can be completed (GPT-2, OPT, Qwen);"
            + " make a tokenizer.json of it, once in Python:"
            + " AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)");
  }

  /** The one file of such a name, if there is one. */
  private static Optional<Path> only(Path directory, Pattern name) {
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> found =
          files
              .filter(file -> name.matcher(String.valueOf(file.getFileName())).matches())
              .sorted()
              .toList();
      if (found.size() > 1) {
        throw new InputException(
            "Cannot open the tokenizer of "
                + directory
                + ": there are "
                + found.stream().map(Path::getFileName).toList()
                + "; leave the one that belongs to the model");
      }
      return found.stream().findFirst();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + directory, e);
    }
  }

  private static Map<String, Integer> ids(Path file) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    JsonNode json = parsed(file);
    json.properties()
        .forEach(
            entry -> {
              if (!entry.getValue().isInt()) {
                throw new InputException(
                    file
                        + ": '"
                        + entry.getKey()
                        + "' has the id "
                        + entry.getValue()
                        + ", which is no whole number; fetch the file again");
              }
              ids.put(entry.getKey(), entry.getValue().asInt());
            });
    if (ids.isEmpty()) {
      throw new InputException(file + ": has no tokens; fetch the file again");
    }
    return ids;
  }

  private static List<String> merges(Path file, Map<String, Integer> ids) {
    List<String> merges = new ArrayList<>();
    int number = 0;
    for (String line : TokenizerJson.text(file).split("\n", -1)) {
      number++;
      String merge = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
      if (merge.isEmpty() || (number == 1 && merge.startsWith("#version"))) {
        continue;
      }
      int blank = merge.indexOf(' ');
      if (blank < 1
          || blank == merge.length() - 1
          || !ids.containsKey(merge.substring(0, blank))
          || !ids.containsKey(merge.substring(blank + 1))) {
        throw new InputException(
            file
                + ":"
                + number
                + ": '"
                + merge
                + "' is not two tokens of the vocabulary with a space between; fetch both files"
                + " again");
      }
      merges.add(merge);
    }
    return merges;
  }

  private static JsonNode json(Path directory, String name) {
    Path file = directory.resolve(name);
    return Files.isRegularFile(file) ? parsed(file) : JSON.createObjectNode();
  }

  private static JsonNode parsed(Path file) {
    try {
      return JSON.readTree(TokenizerJson.text(file));
    } catch (IOException e) {
      throw new InputException(
          file + ": is not JSON: " + e.getMessage() + "; fetch the file again", e);
    }
  }
}
