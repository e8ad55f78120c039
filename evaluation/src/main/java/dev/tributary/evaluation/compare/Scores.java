// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.compare;

import dev.tributary.evaluation.AnswerRow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one run scored on each question of a task.
 *
 * @param name how the user calls the run
 * @param byQuestion the mean over samples, by the question's id
 */
public record Scores(String name, Map<String, Double> byQuestion) {
  public Scores {
    byQuestion = Collections.unmodifiableMap(new LinkedHashMap<>(byQuestion));
  }

  /** Of judged answers; a question that was not run is left out. */
  public static Scores of(String name, List<AnswerRow> answers) {
    Map<String, List<Double>> samples = new LinkedHashMap<>();
    for (AnswerRow answer : answers) {
      answer
          .score()
          .ifPresent(s -> samples.computeIfAbsent(answer.id(), id -> new ArrayList<>()).add(s));
    }
    Map<String, Double> means = new LinkedHashMap<>();
    samples.forEach(
        (id, scores) ->
            means.put(
                id, scores.stream().mapToDouble(Double::doubleValue).average().orElseThrow()));
    return new Scores(name, means);
  }
}
