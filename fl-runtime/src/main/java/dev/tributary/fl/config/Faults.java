// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects the faults of one record, so that all are reported at once.
 *
 * <pre>{@code
 * new Faults()
 *     .check(rank >= 1, "rank", rank, "give 1 or more, e.g. 8")
 *     .check(dropout >= 0 && dropout < 1, "dropout", dropout, "give a probability in [0, 1)")
 *     .throwIfAny();
 * }</pre>
 */
public final class Faults {
  private final List<Fault> found = new ArrayList<>();

  /** Notes a fault unless {@code valid}; write conditions so that NaN is refused too. */
  public Faults check(boolean valid, String key, @Nullable Object value, String remedy) {
    if (!valid) {
      found.add(new Fault(key, value, remedy));
    }
    return this;
  }

  /** Notes a fault that was found elsewhere. */
  public Faults note(Fault fault) {
    found.add(fault);
    return this;
  }

  /** What was noted so far, with the key of the enclosing group in front. */
  public List<Fault> under(String group) {
    return found.stream().map(fault -> fault.under(group)).toList();
  }

  /**
   * @throws ConfigException with everything noted so far, if anything was
   */
  public void throwIfAny() {
    if (!found.isEmpty()) {
      throw new ConfigException(found);
    }
  }
}
