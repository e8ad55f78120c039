// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * What an experiment file may say of a scenario.
 *
 * @param path the published file
 * @param train a file of the same layout that demonstrations come from; without, they are the first
 *     records of {@code path}, which are then not asked
 * @param limit only the first so many questions are asked; 0 for all. FS-LLM asks 100
 * @param shots demonstrations, 0 or more
 * @param newTokens longest answer in tokens; 0 for HELM's
 * @param label what rows call the task; the scenario's name unless given
 */
public record ScenarioConfig(
    String path,
    @Default("") String train,
    @Default("0") int limit,
    @Default("5") int shots,
    @Default("0") int newTokens,
    @Default("") String label)
    implements Serializable {
  public ScenarioConfig {
    new Faults()
        .check(!path.isBlank(), "path", path, "give the published file")
        .check(limit >= 0, "limit", limit, "give a number of questions, or 0 for all")
        .check(shots >= 0, "shots", shots, "give a number of demonstrations, or 0 for none")
        .check(newTokens >= 0, "new-tokens", newTokens, "give a number, or 0 for HELM's")
        .throwIfAny();
  }
}
