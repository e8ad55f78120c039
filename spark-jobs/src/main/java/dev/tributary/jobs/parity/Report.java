// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import dev.tributary.fl.config.InputException;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a line for each output compared, and counts. */
final class Report {
  private static final Logger LOG = LoggerFactory.getLogger(Report.class);

  private final Consumer<String> out;
  private int agreed;
  private int missed;

  Report(Consumer<String> out) {
    this.out = out;
  }

  /**
   * @param difference largest distance found; not a number counts as a miss
   * @param tolerance largest distance allowed
   */
  void compare(String name, String output, double difference, double tolerance) {
    boolean within = difference <= tolerance;
    count(within);
    out.accept(
        (within ? "OK " : "MISS ")
            + name
            + " "
            + output
            + " "
            + number(difference)
            + (within ? " <= " : " > ")
            + number(tolerance));
  }

  /** As {@link #compare} for what must not be less than a bound. */
  void compareAtLeast(String name, String output, double value, double bound) {
    boolean within = value >= bound;
    count(within);
    String places = "%.4f";
    out.accept(
        (within ? "OK " : "MISS ")
            + name
            + " "
            + output
            + " "
            + String.format(Locale.ROOT, places, value)
            + (within ? " >= " : " < ")
            + String.format(Locale.ROOT, places, bound));
  }

  /** An output that could not be compared. */
  void miss(String name, String output, String reason) {
    count(false);
    out.accept("MISS " + name + " " + output + ": " + reason.replaceAll("\\s*\\R\\s*", " "));
  }

  /**
   * Runs a comparison; what is not supported, or fails, is a miss of its outputs with the reason,
   * and others go on.
   */
  void attempt(String name, String outputs, Runnable comparison) {
    try {
      comparison.run();
    } catch (InputException e) {
      miss(name, outputs, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      LOG.warn("{} {} failed", name, outputs, e);
      miss(name, outputs, "failed: " + e);
    }
  }

  Parity.Outcome outcome() {
    return new Parity.Outcome(agreed, missed);
  }

  private void count(boolean within) {
    if (within) {
      agreed++;
    } else {
      missed++;
    }
  }

  /** Two digits: {@code 1.2e-5}; {@code 0} where nothing differs. */
  static String number(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value == 0 ? "0" : Double.toString(value);
    }
    return String.format(Locale.ROOT, "%.1e", value)
        .replaceAll("e([+-])0*(\\d)", "e$1$2")
        .replace("e+", "e");
  }
}
