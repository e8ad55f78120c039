// SPDX-License-Identifier: Apache-2.0
package dev.tributary;

import dev.tributary.jobs.cli.CommandLineTool;
import org.apache.hadoop.util.ShutdownHookManager;

/** The program: {@code tributary COMMAND ...}; what it can do stands in {@link CommandLineTool}. */
public final class Tributary {
  private static final int INTERRUPTED = 130;

  private static volatile boolean ended;

  private Tributary() {}

  public static void main(String[] args) {
    ShutdownHookManager.get().addShutdownHook(Tributary::haltIfInterrupted, 0); // after Spark's
    int exitCode = CommandLineTool.run(args, System.out, System.err);
    ended = !ShutdownHookManager.get().isShutdownInProgress();
    System.out.flush();
    System.err.flush();
    System.exit(exitCode); // Spark and libtorch leave threads behind
  }

  /** After Ctrl-C or kill: libtorch, whose threads still compute, would abort the process. */
  private static void haltIfInterrupted() {
    if (!ended) {
      System.err.println("Interrupted; give the same command again to go on");
      System.err.flush();
      Runtime.getRuntime().halt(INTERRUPTED);
    }
  }
}
