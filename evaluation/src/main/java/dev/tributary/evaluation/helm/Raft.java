// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.CsvRows;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * RAFT: Alex et al. 2021, <a href="https://arxiv.org/abs/2109.14076">RAFT: A Real-World Few-Shot
 * Text Classification Benchmark</a>. A folder for each of its eleven tasks, with {@code train.csv}
 * (50 labelled records; labels of the test set are not public) and {@code task.json}; {@code path}
 * is such a folder. HELM keeps a fifth of the records for demonstrations and asks the others.
 *
 * <p>{@code COLUMN: ...⏎COLUMN: ...⏎Label: ...}, columns in the order of {@code task.json}; in
 * front of all its description and {@code Possible labels:} with their numbers. HELM takes columns
 * and instructions from a file of the authors that is no longer published with the data. 30 tokens,
 * quasi-exact match.
 */
public record Raft(ScenarioConfig config) implements Scenario {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int RECORDS = 50;

  /** Chosen by {@code name: raft}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "raft";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new Raft(config);
    }
  }

  private record Layout(String description, List<String> columns, List<String> labels) {}

  @Override
  public String name() {
    return "raft";
  }

  @Override
  public int published() {
    return RECORDS;
  }

  @Override
  public int pool(int records) {
    return records / 5;
  }

  @Override
  public Format format() {
    return new Format("", "", "Label: ");
  }

  @Override
  public Matches match() {
    return Matches.QUASI_EXACT;
  }

  @Override
  public int answerTokens() {
    return 30;
  }

  @Override
  public Format format(BenchmarkFiles files) {
    Layout layout = layout(files, config().path());
    StringBuilder text = new StringBuilder(layout.description());
    text.append(layout.description().isEmpty() ? "" : "\n").append("Possible labels:");
    for (int i = 0; i < layout.labels().size(); i++) {
      text.append('\n').append(i + 1).append(". ").append(layout.labels().get(i));
    }
    return new Format(text.toString(), "", "Label: ");
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    Layout layout = layout(files, path);
    String task = path.replaceAll("/+$", "").replaceAll(".*/", "");
    return CsvRows.withHeader(
        files,
        path + "/train.csv",
        row -> {
          List<String> lines = new ArrayList<>();
          layout.columns().forEach(column -> lines.add(column + ": " + row.column(column)));
          String label = row.column("Label");
          if (!layout.labels().contains(label)) {
            throw new InputException("the label is '" + label + "', none of " + layout.labels());
          }
          return new Instance(
              "raft/" + task + "/" + row.record(), String.join("\n", lines), List.of(label));
        });
  }

  private static Layout layout(BenchmarkFiles files, String path) {
    String file = path + "/task.json";
    JsonNode task;
    try (InputStream bytes = files.open(file)) {
      task = JSON.readTree(bytes);
    } catch (IOException e) {
      throw new InputException(
          "Cannot read " + file + ": " + e.getMessage() + "; give the folder of a RAFT task", e);
    }
    List<String> columns = new ArrayList<>();
    task.path("data_columns").forEach(column -> columns.add(column.asText()));
    columns.remove("ID");
    List<String> labels = new ArrayList<>();
    task.path("label_columns").path("Label").forEach(label -> labels.add(label.asText()));
    if (columns.isEmpty() || labels.isEmpty()) {
      throw new InputException(file + ": data_columns and label_columns.Label are needed");
    }
    return new Layout(task.path("description").asText("").strip(), columns, labels);
  }
}
