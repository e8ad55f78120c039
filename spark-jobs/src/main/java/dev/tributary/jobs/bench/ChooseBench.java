// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.text.Tokenizer;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code bench choose}: multiple choice, each question behind five answered ones; the letter whose
 * token is likeliest next. Questions are read some at a time, what they begin with once.
 */
public final class ChooseBench {
  private static final int SHOTS = 5;
  private static final String LETTERS = "ABCD";

  /**
   * @param data questions in MMLU's layout: CSV without a header, question, four choices, letter
   * @param shots a file of the same layout, whose first {@value #SHOTS} rows are shown answered
   * @param limit questions at most
   * @param batch questions at a time
   * @param threads intra-op threads
   * @param device cpu, gpu or gpu:N
   */
  public record Arguments(
      Path checkpoint,
      Path data,
      Path shots,
      @Default("float32") DType dtype,
      @Default("4") int batch,
      @Default("40") int limit,
      @Default("2") int threads,
      @Default("cpu") String device) {
    public Arguments {
      new Faults()
          .check(batch >= 1, "batch", batch, "give 1 or more, e.g. 4")
          .check(limit >= 1, "limit", limit, "give 1 or more, e.g. 40")
          .check(threads >= 1, "threads", threads, "give 1 or more, e.g. 2")
          .throwIfAny();
      Device.of(device); // its fault
    }
  }

  private ChooseBench() {}

  /**
   * @return {@code questions_per_second}, {@code correct} (share of the questions) and what {@link
   *     Timings#result} adds; its seconds are those of a batch of questions
   * @throws InputException if checkpoint or data cannot be used
   */
  public static Map<String, Object> run(Arguments arguments) {
    TorchScript.setThreads(arguments.threads());
    Checkpoint checkpoint = Checkpoint.open(arguments.checkpoint());
    List<String[]> rows = rows(arguments.data(), arguments.limit());
    List<int[]> prompts = new ArrayList<>();
    int[] letters = new int[LETTERS.length()];
    try (Tokenizer tokenizer = Tokenizer.open(arguments.checkpoint())) {
      for (int i = 0; i < letters.length; i++) {
        int[] tokens = tokenizer.encodePlain(" " + LETTERS.charAt(i));
        letters[i] = tokens[tokens.length - 1];
      }
      StringBuilder shots = new StringBuilder();
      rows(arguments.shots(), SHOTS).forEach(row -> shots.append(item(row, true)));
      rows.forEach(row -> prompts.add(tokenizer.encode(shots + item(row, false))));
    }
    List<PackedBatch> batches = new ArrayList<>();
    for (int first = 0; first < prompts.size(); first += arguments.batch()) {
      batches.add(
          PackedBatch.scoring(
              prompts.subList(first, Math.min(first + arguments.batch(), prompts.size())),
              letters));
    }
    try (CausalLm model =
            TorchScript.load(checkpoint, arguments.dtype(), Device.of(arguments.device()));
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      List<Integer> chosen = new ArrayList<>();
      Timings timings =
          Timings.of(
              batches.size(),
              0,
              i -> chosen.addAll(best(model.logProbabilities(base, batches.get(i)))));
      int correct = 0;
      for (int i = 0; i < rows.size(); i++) {
        correct +=
            LETTERS.substring(chosen.get(i), chosen.get(i) + 1).equals(rows.get(i)[5].strip())
                ? 1
                : 0;
      }
      Map<String, Object> result = timings.result("choose", arguments.dtype(), arguments.batch());
      result.put("questions_per_second", rows.size() / timings.sum());
      result.put("questions", rows.size());
      result.put("correct", (double) correct / rows.size());
      return result;
    }
  }

  /** The likeliest letter of each question. */
  private static List<Integer> best(float[] logProbabilities) {
    List<Integer> best = new ArrayList<>();
    for (int first = 0; first < logProbabilities.length; first += LETTERS.length()) {
      int likeliest = 0;
      for (int letter = 1; letter < LETTERS.length(); letter++) {
        if (logProbabilities[first + letter] > logProbabilities[first + likeliest]) {
          likeliest = letter;
        }
      }
      best.add(likeliest);
    }
    return best;
  }

  private static String item(String[] row, boolean answered) {
    StringBuilder text = new StringBuilder(row[0]);
    for (int i = 0; i < LETTERS.length(); i++) {
      text.append('\n').append(LETTERS.charAt(i)).append(". ").append(row[i + 1]);
    }
    text.append("\nAnswer:");
    return answered ? text + " " + row[5] + "\n\n" : text.toString();
  }

  private static List<String[]> rows(Path file, int limit) {
    CsvParserSettings settings = new CsvParserSettings();
    settings.setNumberOfRowsToSkip(0);
    settings.setMaxCharsPerColumn(-1);
    settings.setIgnoreLeadingWhitespaces(false);
    settings.setIgnoreTrailingWhitespaces(false);
    settings.setEmptyValue("");
    settings.setNullValue("");
    settings.getFormat().setLineSeparator("\n");
    List<String[]> rows = new ArrayList<>();
    CsvParser parser = new CsvParser(settings);
    try (Reader in = Files.newBufferedReader(file)) {
      parser.beginParsing(in);
      for (String[] row = parser.parseNext();
          row != null && rows.size() < limit;
          row = parser.parseNext()) {
        if (row.length != LETTERS.length() + 2) {
          throw new InputException(
              file
                  + ": row "
                  + (rows.size() + 1)
                  + " has "
                  + row.length
                  + " columns; a question, four choices and the letter are needed");
        }
        rows.add(row);
      }
    } catch (IOException e) {
      throw new InputException("Cannot read " + file + " (" + e + "); check the path", e);
    } finally {
      parser.stopParsing();
    }
    if (rows.isEmpty()) {
      throw new InputException(file + " has no rows; give questions in MMLU's layout");
    }
    return rows;
  }
}
