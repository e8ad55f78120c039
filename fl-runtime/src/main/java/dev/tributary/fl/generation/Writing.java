// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.generation;

import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.Sampling;
import java.io.Serializable;
import java.util.List;

/**
 * How texts are continued.
 *
 * @param newTokens at most so many for each prompt, at least 1
 * @param stops texts that end what is written and are not part of it; the model's end-of-text
 *     always does
 */
public record Writing(int newTokens, List<String> stops, Sampling sampling)
    implements Serializable {
  public Writing {
    stops = List.copyOf(stops);
    new Faults()
        .check(newTokens >= 1, "new-tokens", newTokens, "give 1 or more, e.g. 128")
        .check(
            stops.stream().noneMatch(String::isEmpty), "stop", "", "give a text that ends answers")
        .throwIfAny();
  }
}
