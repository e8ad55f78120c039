// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * What an experiment file may say of a scenario whose choices are compared by their likelihood,
 * which HELM asks without demonstrations.
 *
 * @param path the published file
 * @param limit only the first so many questions are asked; 0 for all. FS-LLM asks 100
 * @param label what rows call the task; the scenario's name unless given
 */
public record ChoiceConfig(String path, @Default("0") int limit, @Default("") String label)
    implements Serializable {
  public ChoiceConfig {
    new Faults()
        .check(!path.isBlank(), "path", path, "give the published file")
        .check(limit >= 0, "limit", limit, "give a number of questions, or 0 for all")
        .throwIfAny();
  }
}
