// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A record of GSM8K or Dolly as the peer puts it to the model. The Alpaca template stands here once
 * more so that the benchmark stays the same work whatever becomes of the product's.
 *
 * @param question what is asked, without a template
 * @param solution the worked answer as the file has it
 * @param prompt in the Alpaca template
 * @param answer what the model is to learn
 */
record BenchRecord(String question, String solution, String prompt, String answer) {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String PLAIN =
      "Below is an instruction that describes a task. Write a response that appropriately completes"
          + " the request.\n\n### Instruction:\n%s\n\n### Response:";

  private static final String WITH_INPUT =
      "Below is an instruction that describes a task, paired with an input that provides further"
          + " context. Write a response that appropriately completes the request.\n\n###"
          + " Instruction:\n%s\n\n### Input:\n%s\n\n### Response:";

  /**
   * The first records of a JSON Lines file, at most {@code count}.
   *
   * @throws InputException if there is no such file, or a line is no such record
   */
  static List<BenchRecord> first(Path file, int count) {
    if (!Files.isRegularFile(file)) {
      throw new InputException("There is no file " + file + "; give a train.jsonl of GSM8K");
    }
    List<BenchRecord> records = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      String line = lines.readLine();
      while (line != null && records.size() < count) {
        records.add(read(JSON.readTree(line), file, records.size() + 1));
        line = lines.readLine();
      }
    } catch (JsonProcessingException e) {
      throw new InputException(
          file + ":" + (records.size() + 1) + ": is not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
    return records;
  }

  private static BenchRecord read(JsonNode json, Path file, int line) {
    if (json.has("question") && json.has("answer")) {
      String question = json.get("question").asText();
      String solution = json.get("answer").asText();
      return new BenchRecord(
          question, solution, PLAIN.formatted(question), solution.replace("####", "The answer is"));
    }
    if (json.has("instruction") && json.has("response")) {
      String instruction = json.get("instruction").asText();
      String context = json.path("context").asText("");
      String response = json.get("response").asText();
      return new BenchRecord(
          instruction,
          response,
          context.isEmpty()
              ? PLAIN.formatted(instruction)
              : WITH_INPUT.formatted(instruction, context),
          response);
    }
    throw new InputException(
        file
            + ":"
            + line
            + ": has neither question and answer (GSM8K) nor instruction and response (Dolly);"
            + " give a file of one of the two");
  }
}
