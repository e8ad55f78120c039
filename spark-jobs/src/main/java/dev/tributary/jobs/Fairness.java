// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Task;
import dev.tributary.jobs.table.FairnessRow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.math3.stat.StatUtils;

/** Makes of clients' figures how alike they fare. */
final class Fairness {
  private static final String PERSONAL = "personal";
  private static final Pattern OWN = Pattern.compile("client=(\\d+)(\\+\\d+)?");

  private record Group(int round, String adapters, String task, String split, String metric) {}

  private Fairness() {}

  /**
   * @param better which way a task's figures get better, by its label
   * @return in the order of the figures; groups of one client are left out
   */
  static List<FairnessRow> of(List<EvaluationRow> figures, Function<String, Task.Better> better) {
    Map<Group, Map<Integer, Double>> groups = new LinkedHashMap<>();
    for (EvaluationRow row : figures) {
      Optional<Integer> client = client(row);
      if (client.isPresent() && row.value().isPresent() && Double.isFinite(row.value().get())) {
        String adapters = row.adapter().equals(Measured.GLOBAL) ? Measured.GLOBAL : PERSONAL;
        groups
            .computeIfAbsent(
                new Group(row.round(), adapters, row.task(), row.split(), row.metric()),
                group -> new TreeMap<>())
            .putIfAbsent(client.get(), row.value().get());
      }
    }
    List<FairnessRow> rows = new ArrayList<>();
    groups.forEach(
        (group, values) -> {
          if (values.size() > 1) {
            rows.add(row(group, List.copyOf(values.values()), better.apply(group.task())));
          }
        });
    return rows;
  }

  /** Whose figure it is; empty for one of all clients together. */
  private static Optional<Integer> client(EvaluationRow row) {
    Matcher own = OWN.matcher(row.adapter());
    if (own.matches()) {
      return Optional.of(Integer.valueOf(own.group(1)));
    }
    return row.client().filter(client -> client >= 0); // below 0: the server
  }

  private static FairnessRow row(Group group, List<Double> values, Task.Better better) {
    List<Double> worstFirst = new ArrayList<>(values);
    Collections.sort(worstFirst);
    if (better == Task.Better.LOWER) {
      Collections.reverse(worstFirst);
    }
    double[] all = worstFirst.stream().mapToDouble(Double::doubleValue).toArray();
    int tenth = (all.length + 9) / 10;
    return new FairnessRow(
        group.round(),
        group.adapters(),
        group.task(),
        group.split(),
        group.metric(),
        all.length,
        StatUtils.mean(all),
        Math.sqrt(StatUtils.populationVariance(all)),
        StatUtils.mean(all, 0, tenth),
        StatUtils.mean(all, all.length - tenth, tenth));
  }
}
