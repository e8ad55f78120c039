// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.ExperimentReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that stand for keys of an experiment file, under the same names in all commands. */
final class ExperimentOptions {
  @Option(names = "--seed", paramLabel = "N", description = "The key 'seed'.")
  private @Nullable String seed;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "The key 'model.dtype': float32, bfloat16 or float16.")
  private @Nullable String dtype;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "The key 'training.threads-per-client'.")
  private @Nullable String threads;

  @Option(names = "--batch", paramLabel = "N", description = "The key 'training.batch-size'.")
  private @Nullable String batch;

  @Option(names = "--out", paramLabel = "DIR", description = "The key 'output'.")
  private @Nullable String out;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "The key 'limit' of all tasks that have it.")
  private @Nullable String limit;

  @Option(
      names = "--shots",
      paramLabel = "N",
      description = "The key 'shots' of all tasks that have it.")
  private @Nullable String shots;

  @Option(
      names = "--new-tokens",
      paramLabel = "N",
      description = "The key 'new-tokens' of all tasks that have it.")
  private @Nullable String newTokens;

  /**
   * Reads a file with these options and {@code key=value} in place of what it says.
   *
   * @throws dev.tributary.fl.config.InputException with all faults
   */
  ExperimentFile read(String file, List<String> keyValues) {
    List<String> overrides = new ArrayList<>(keyValues);
    add(overrides, "seed", seed);
    add(overrides, "model.dtype", dtype);
    add(overrides, "training.threads-per-client", threads);
    add(overrides, "training.batch-size", batch);
    if (out != null) {
      overrides.add(ExperimentReader.assignment("output", out));
    }
    Map<String, @Nullable String> ofTasks = new LinkedHashMap<>();
    ofTasks.put("limit", limit);
    ofTasks.put("shots", shots);
    ofTasks.put("new-tokens", newTokens);
    return withTasks(file, overrides, ofTasks);
  }

  /**
   * Reads a file with keys set in all its tasks that have them.
   *
   * @param ofTasks values by key; null for what is not given
   */
  static ExperimentFile withTasks(
      String file, List<String> keyValues, Map<String, @Nullable String> ofTasks) {
    ExperimentFile read = ExperimentReader.read(file, keyValues);
    List<String> overrides = new ArrayList<>(keyValues);
    var tasks = read.experiment().evaluation().tasks();
    for (int i = 0; i < tasks.size(); i++) {
      List<String> known = ExperimentReader.keys(tasks.get(i).provider().configType());
      for (Map.Entry<String, @Nullable String> option : ofTasks.entrySet()) {
        if (known.contains(option.getKey())) {
          add(overrides, "evaluation.tasks[" + i + "]." + option.getKey(), option.getValue());
        }
      }
    }
    return overrides.size() == keyValues.size() ? read : ExperimentReader.read(file, overrides);
  }

  private static void add(List<String> overrides, String key, @Nullable String value) {
    if (value != null) {
      overrides.add(key + "=" + value);
    }
  }
}
