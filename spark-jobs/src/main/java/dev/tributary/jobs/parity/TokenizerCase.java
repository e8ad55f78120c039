// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * A tokenizer on recorded strings, and instruction records encoded with labels. Lines count the
 * strings or records that differ.
 *
 * @param tokenizers folder that holds the tokenizer under the recording's name; empty: {@code
 *     models/tokenizers} beside the recordings
 * @param data folder with the corpora that records are from; empty: {@code data} beside them
 */
record TokenizerCase(Recording recording, Optional<Path> tokenizers, Optional<Path> data)
    implements ParityCase {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int IGNORED = -100;

  /** How far above a recording its tokenizer is looked for: the kind, the set, what holds it. */
  private static final int LEVELS = 4;

  private interface Agrees {
    boolean test(JsonNode recorded);
  }

  @Override
  public String name() {
    return recording.name();
  }

  @Override
  public void run(Report report) {
    String name = String.valueOf(recording.folder().getFileName());
    Path folder = beside(tokenizers, "--tokenizers", "models/tokenizers", name);
    try (Tokenizer tokenizer = Tokenizer.open(folder.resolve(name))) {
      if (recording.has("strings.json")) {
        strings(tokenizer, report);
      }
      if (recording.has("alpaca.json")) {
        instructions(tokenizer, report);
      }
    }
  }

  /**
   * The folder given, else the one that recordings are made from: beside their set.
   *
   * @param wanted what it has to hold
   */
  private Path beside(Optional<Path> given, String option, String usual, String wanted) {
    if (given.isPresent()) {
      return given.get();
    }
    Path above = recording.folder().toAbsolutePath().normalize().getParent();
    for (int up = 0; up < LEVELS && above != null; up++, above = above.getParent()) {
      if (Files.isDirectory(above.resolve(usual).resolve(wanted))) {
        return above.resolve(usual);
      }
    }
    throw new InputException(
        "a folder with "
            + wanted
            + " is needed, and there is no "
            + usual
            + " beside the recordings or above them; give it as "
            + option);
  }

  private void strings(Tokenizer tokenizer, Report report) {
    JsonNode recorded = recording.meta("strings.json").path("records");
    compare(
        report,
        "ids",
        recorded,
        r -> Arrays.equals(tokenizer.encodePlain(r.path("text").asText()), ids(r, "ids")));
    compare(
        report,
        "ids_with_special",
        recorded,
        r -> Arrays.equals(tokenizer.encode(r.path("text").asText()), ids(r, "ids_with_special")));
    compare(
        report,
        "decoded",
        recorded,
        r -> tokenizer.decodeWithSpecials(ids(r, "ids")).equals(r.path("decoded").asText()));
    compare(
        report,
        "decoded_skip_special",
        recorded,
        r ->
            tokenizer
                .decode(ids(r, "ids_with_special"))
                .equals(r.path("decoded_skip_special").asText()));
  }

  private void instructions(Tokenizer tokenizer, Report report) {
    JsonNode recorded = recording.meta("alpaca.json");
    Path corporaFolder = beside(data, "--data", "data", "gsm8k");
    int longest = recorded.path("max_length").asInt();
    ExampleEncoder encoder = new ExampleEncoder(tokenizer, PromptTemplates.ALPACA, longest);
    Map<Path, List<String>> corpora = new HashMap<>();
    compare(
        report,
        "alpaca",
        recorded.path("records"),
        r -> {
          EncodedExample encoded = encoder.encode(example(r, corporaFolder, corpora));
          int[] labels = encoded.tokens().clone();
          Arrays.fill(labels, 0, encoded.promptTokens(), IGNORED);
          return encoded.promptTokens() == r.path("prompt_tokens").asInt()
              && Arrays.equals(encoded.tokens(), ids(r, "input_ids"))
              && Arrays.equals(labels, ids(r, "labels"));
        });
  }

  private void compare(Report report, String output, JsonNode records, Agrees agrees) {
    long differing =
        StreamSupport.stream(records.spliterator(), false).filter(r -> !agrees.test(r)).count();
    report.compare(name(), output, (double) differing, 0);
  }

  private static InstructionExample example(
      JsonNode recorded, Path data, Map<Path, List<String>> corpora) {
    String corpus = recorded.path("data").asText();
    boolean dolly = corpus.equals("dolly");
    Path file = data.resolve(dolly ? "dolly/databricks-dolly-15k.jsonl" : "gsm8k/train.jsonl");
    List<String> lines = corpora.computeIfAbsent(file, TokenizerCase::lines);
    int line = recorded.path("line").asInt();
    if (line >= lines.size()) {
      throw new InputException(file + " has no line " + line + "; give the corpus recorded from");
    }
    JsonNode json;
    try {
      json = JSON.readTree(lines.get(line));
    } catch (JsonProcessingException e) {
      throw new InputException(file + ": line " + line + " is not JSON", e);
    }
    if (dolly) {
      return new InstructionExample(
          "recorded",
          "",
          json.path("instruction").asText(),
          json.path("context").asText(),
          json.path("response").asText());
    }
    return new InstructionExample(
        "recorded",
        "",
        json.path("question").asText(),
        corpus.equals("gsm8k-input-none") ? "None" : "",
        json.path("answer").asText().replace("####", "The answer is"));
  }

  private static List<String> lines(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new InputException("there is no " + file + "; give --data, the folder that holds it");
    }
    try {
      return Files.readAllLines(file).stream().filter(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  private static int[] ids(JsonNode record, String key) {
    return StreamSupport.stream(record.path(key).spliterator(), false)
        .flatMapToInt(id -> IntStream.of(id.asInt()))
        .toArray();
  }
}
