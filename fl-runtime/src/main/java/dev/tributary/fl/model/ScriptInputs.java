// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;
import java.util.Map;

/**
 * What a family's TorchScript source is completed with for one checkpoint, beside the sizes that
 * {@link ModelConfig} gives.
 *
 * @param top parameters in front of the blocks, as the source counts them: token embedding, weight
 *     of the last norm, head, then the family's own; an empty name where the model has none
 * @param block name of a block with {@code %d} for its number, e.g. {@code model.layers.%d.}
 * @param rest parameters of a block beside its linear layers, without the block's name, in the
 *     source's order
 * @param normEpsilon added to the variance or mean square inside each norm
 * @param table numbers that the source reads at run time: rotary frequencies, ALiBi slopes; may be
 *     empty
 * @param constants what else stands in dollar and braces
 */
public record ScriptInputs(
    List<String> top,
    String block,
    List<String> rest,
    double normEpsilon,
    List<Double> table,
    Map<String, String> constants) {
  public ScriptInputs {
    top = List.copyOf(top);
    rest = List.copyOf(rest);
    table = List.copyOf(table);
    constants = Map.copyOf(constants);
  }

  /** How the source spells a truth. */
  public static String flag(boolean value) {
    return value ? "True" : "False";
  }
}
