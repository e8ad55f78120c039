// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.training.Schedule;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What makes a run the run it is: the settings that its adapter depends on. Where two experiments
 * agree in it, one continues what the other began.
 *
 * <p>Left out are {@code evaluation}, the outputs and the note; {@code training.rounds} too, unless
 * the schedule's factors hang on the number of rounds: then more rounds would have given another
 * beginning.
 *
 * @param values as an experiment file writes them, by key; optional keys that are not given are not
 *     in it
 */
public record Identity(SortedMap<String, String> values) {
  /**
   * A key in which two experiments differ.
   *
   * @param before empty if it was not given
   * @param now empty if it is not given
   */
  public record Difference(String key, Optional<String> before, Optional<String> now) {
    @Override
    public String toString() {
      return key
          + " = "
          + before.orElse("(left out)")
          + " there, "
          + now.orElse("(left out)")
          + " here";
    }
  }

  public static Identity of(Experiment experiment) {
    SortedMap<String, String> values = new TreeMap<>();
    Schedule schedule = experiment.training().schedule().create();
    boolean open = schedule.endless() || schedule.totalSteps().isPresent();
    ExperimentWriter.flat(experiment)
        .forEach(
            (key, value) -> {
              boolean output =
                  key.equals("output") || key.equals("data.output") || key.equals("note");
              boolean evaluation = key.equals("evaluation") || key.startsWith("evaluation.");
              if (!output && !evaluation && !(open && key.equals("training.rounds"))) {
                values.put(key, value);
              }
            });
    return new Identity(values);
  }

  /** Where a run that was begun as {@code this} differs from {@code now}; empty if it does not. */
  public List<Difference> differences(Identity now) {
    TreeSet<String> keys = new TreeSet<>(values.keySet());
    keys.addAll(now.values.keySet());
    List<Difference> found = new ArrayList<>();
    for (String key : keys) {
      Optional<String> before = Optional.ofNullable(values.get(key));
      Optional<String> after = Optional.ofNullable(now.values.get(key));
      if (!before.equals(after)) {
        found.add(new Difference(key, before, after));
      }
    }
    return found;
  }

  /**
   * Refuses to continue another experiment's run.
   *
   * @param runDirectory where a run was begun as {@code this}
   * @throws InputException naming every differing key with both values
   */
  public void requireSame(Identity now, String runDirectory) {
    List<Difference> differences = differences(now);
    if (!differences.isEmpty()) {
      throw new InputException(
          "Cannot continue the run in "
              + runDirectory
              + ": it was begun with other settings:\n"
              + differences.stream().map(d -> "  " + d).collect(Collectors.joining("\n"))
              + "\ngive another output, or make these equal"
              + (values.containsKey("training.rounds")
                      && differences.stream().anyMatch(d -> d.key().equals("training.rounds"))
                  ? " (a schedule that names total-steps allows more rounds)"
                  : ""));
    }
  }

  /** SHA-256 over all keys and values, in lower-case hexadecimal. */
  public String sha256() {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      for (Map.Entry<String, String> entry : values.entrySet()) {
        String line = entry.getKey() + ": " + entry.getValue() + "\n";
        sha256.update(line.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
