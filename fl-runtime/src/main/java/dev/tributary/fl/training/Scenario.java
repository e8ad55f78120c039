// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

/** Who trains on what. */
public enum Scenario {
  /** Clients train on their own data, a server aggregates. */
  FEDERATED,
  /** One client holds all data and trains for rounds x local-steps. */
  GLOBAL,
  /** Each client trains an adapter of its own for rounds x local-steps; nothing is aggregated. */
  LOCAL
}
