// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * @param rank width r of the update, at least 1
 * @param alpha the update is multiplied by {@code alpha / rank}
 * @param dropout probability on the adapter's input, in [0, 1); 0 turns it off
 * @param targetModules checkpoint names of the layers adapted, e.g. {@code q_proj}; at least one
 * @param useRslora multiply by {@code alpha / sqrt(rank)} instead (Kalajdzievski 2023)
 */
public record LoraConfig(
    @Default("8") int rank,
    @Default("16") double alpha,
    @Default("0.0") double dropout,
    @Default("[q_proj, v_proj]") List<String> targetModules,
    @Default("false") boolean useRslora)
    implements Serializable {
  public LoraConfig {
    targetModules = List.copyOf(targetModules);
    new Faults()
        .check(rank >= 1, "rank", rank, "give 1 or more, e.g. 8")
        .check(
            Double.isFinite(alpha) && alpha > 0, "alpha", alpha, "give a number above 0, e.g. 16")
        .check(dropout >= 0 && dropout < 1, "dropout", dropout, "give a probability in [0, 1)")
        .check(
            !targetModules.isEmpty(),
            "target-modules",
            targetModules,
            "name at least one layer, e.g. [q_proj, v_proj]")
        .check(
            new LinkedHashSet<>(targetModules).size() == targetModules.size(),
            "target-modules",
            targetModules,
            "name each layer once")
        .throwIfAny();
  }

  /** What the update is multiplied by. */
  public double scale() {
    return useRslora ? alpha / Math.sqrt(rank) : alpha / rank;
  }
}
