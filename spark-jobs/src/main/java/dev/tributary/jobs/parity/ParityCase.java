// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

/** One folder of recorded outputs. */
interface ParityCase {
  /** The folder as lines name it: its path below the set's root. */
  String name();

  /**
   * Compares every output of the folder.
   *
   * @throws dev.tributary.fl.config.InputException if the folder is not supported or damaged
   */
  void run(Report report);
}
