// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.List;

/**
 * What an experiment file may say of {@link CivilComments}.
 *
 * @param path the published file
 * @param demographic whom comments are about; {@code all} for all
 * @param limit only the first so many questions are asked; 0 for all. FS-LLM asks 100
 * @param shots demonstrations, 0 or more
 * @param label what rows call the task; the scenario's name and the demographic unless given
 */
public record CivilCommentsConfig(
    String path,
    @Default("all") String demographic,
    @Default("0") int limit,
    @Default("5") int shots,
    @Default("") String label)
    implements Serializable {
  static final List<String> DEMOGRAPHICS =
      List.of(
          "all",
          "male",
          "female",
          "LGBTQ",
          "christian",
          "muslim",
          "other_religions",
          "black",
          "white");

  public CivilCommentsConfig {
    new Faults()
        .check(!path.isBlank(), "path", path, "give all_data_with_identities.csv")
        .check(
            DEMOGRAPHICS.contains(demographic),
            "demographic",
            demographic,
            "give one of " + String.join(", ", DEMOGRAPHICS))
        .check(limit >= 0, "limit", limit, "give a number of questions, or 0 for all")
        .check(shots >= 0, "shots", shots, "give a number of demonstrations, or 0 for none")
        .throwIfAny();
  }
}
