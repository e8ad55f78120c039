// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;

/**
 * Shares of the corpus; they add up to 1.
 *
 * @param train share trained on, above 0
 * @param validation share held out for choosing, 0 or more
 * @param test share held out for judging, 0 or more
 * @param server share that no client gets and the server holds, below 0.5; 0 for none
 */
public record Holdout(
    @Default("0.98") double train,
    @Default("0.01") double validation,
    @Default("0.01") double test,
    @Default("0.0") double server) {
  public Holdout {
    new Faults()
        .check(train > 0 && train <= 1, "train", train, "give a share above 0, at most 1")
        .check(
            validation >= 0 && validation < 1, "validation", validation, "give a share in [0, 1)")
        .check(test >= 0 && test < 1, "test", test, "give a share in [0, 1)")
        .check(server >= 0 && server < 0.5, "server", server, "give a share in [0, 0.5)")
        .check(
            Math.abs(train + validation + test + server - 1) < 1e-9,
            "",
            train + " + " + validation + " + " + test + (server == 0 ? "" : " + " + server),
            "the shares must add up to 1")
        .throwIfAny();
  }
}
