// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * How the next token is chosen, with transformers' meanings and in its order: repetition penalty,
 * temperature, top-k, top-p.
 *
 * @param temperature logits are divided by it; 0 takes the likeliest token
 * @param topK only the likeliest so many, and what is as likely as the last of them; 0: all
 * @param topP only the likeliest that reach this probability together (Holtzman et al. 2019); 1:
 *     all
 * @param repetitionPenalty tokens of prompt and answer have positive logits divided by it, negative
 *     ones multiplied (Keskar et al. 2019); 1: none
 */
public record Sampling(
    @Default("0.0") double temperature,
    @Default("0") int topK,
    @Default("1.0") double topP,
    @Default("1.0") double repetitionPenalty)
    implements Serializable {
  /** Always the likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 1);

  public Sampling {
    new Faults()
        .check(
            temperature >= 0 && Double.isFinite(temperature),
            "temperature",
            temperature,
            "give 0 for the likeliest token, or a number above 0, e.g. 0.7")
        .check(topK >= 0, "top-k", topK, "give 1 or more, e.g. 50, or 0 for all tokens")
        .check(topP > 0 && topP <= 1, "top-p", topP, "give a probability in (0, 1], e.g. 0.95")
        .check(
            repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
            "repetition-penalty",
            repetitionPenalty,
            "give a number above 0, e.g. 1.1, or 1 for none")
        .throwIfAny();
  }

  /** Whether tokens are drawn, so that seeds decide. */
  public boolean draws() {
    return temperature > 0;
  }
}
