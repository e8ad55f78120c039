// SPDX-License-Identifier: Apache-2.0
package dev.tributary;

import dev.tributary.jobs.cli.CommandLineTool;

/** The program: {@code tributary COMMAND ...}; what it can do stands in {@link CommandLineTool}. */
public final class Tributary {
  private Tributary() {}

  public static void main(String[] args) {
    int exitCode = CommandLineTool.run(args, System.out, System.err);
    System.out.flush();
    System.err.flush();
    System.exit(exitCode); // Spark and libtorch leave threads behind
  }
}
