// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/**
 * What users are told of an exception.
 *
 * @param exitCode 2 where the input is wrong, else 1
 * @param message where, what, way out
 * @param isUnexpected whether the program itself may be at fault
 */
record Failure(int exitCode, String message, boolean isUnexpected) {
  private static final int DEEPEST_CAUSE = 20;

  static Failure of(Throwable thrown) {
    Throwable cause = thrown;
    for (int depth = 0; cause != null && depth < DEEPEST_CAUSE; depth++) {
      if (cause instanceof InputException) {
        return new Failure(CommandLineTool.WRONG_INPUT, text(cause), false);
      }
      if (cause instanceof OutOfMemoryError) {
        return new Failure(CommandLineTool.FAILED, outOfMemory(cause), false);
      }
      if (isDiskFull(cause)) {
        return new Failure(CommandLineTool.FAILED, diskFull(thrown), false);
      }
      cause = cause.getCause();
    }
    if (thrown.getClass().getName().startsWith("dev.tributary.")) {
      return new Failure(CommandLineTool.FAILED, text(thrown), false);
    }
    if (thrown instanceof java.io.UncheckedIOException || thrown instanceof IOException) {
      return new Failure(CommandLineTool.FAILED, io(thrown), false);
    }
    if (thrown instanceof InterruptedException) {
      return new Failure(
          CommandLineTool.FAILED, "Interrupted; give the command again to go on", false);
    }
    String kind = thrown.getClass().getSimpleName();
    Throwable root = root(thrown);
    String reason = root == thrown ? "" : "\ncaused by " + firstLines(root);
    return new Failure(
        CommandLineTool.FAILED,
        "Failed: "
            + (thrown.getMessage() == null ? kind : kind + ": " + firstLines(thrown))
            + reason,
        true);
  }

  private static Throwable root(Throwable thrown) {
    Throwable at = thrown;
    for (int depth = 0; at.getCause() != null && depth < DEEPEST_CAUSE; depth++) {
      at = at.getCause();
    }
    return at;
  }

  private static String text(Throwable thrown) {
    return thrown.getMessage() == null ? thrown.toString() : thrown.getMessage();
  }

  /** Spark's messages hold whole stack traces of executors. */
  private static String firstLines(Throwable thrown) {
    String text = text(thrown);
    int trace = text.indexOf("\n\tat ");
    return (trace < 0 ? text : text.substring(0, trace)).strip();
  }

  private static boolean isDiskFull(Throwable cause) {
    String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    return cause instanceof IOException
        && (message.contains("no space left") || message.contains("disk quota exceeded"));
  }

  private static String diskFull(Throwable thrown) {
    return firstLines(thrown)
        + "\nThe disk is full: free some space (Spark also writes to "
        + System.getProperty("java.io.tmpdir")
        + "), then give the same command again; what was finished is kept";
  }

  private static String outOfMemory(Throwable cause) {
    long megabytes = Runtime.getRuntime().maxMemory() >> 20;
    return "Out of memory ("
        + text(cause)
        + "): the driver's Java heap has "
        + megabytes
        + " MB; give it more by TRIBUTARY_DRIVER_MEMORY=8g, or make batches smaller, then give the"
        + " same command again";
  }

  private static String io(Throwable thrown) {
    Throwable root = root(thrown);
    if (root instanceof FileSystemException file && file.getFile() != null) {
      String what =
          root instanceof NoSuchFileException
              ? "there is no such file"
              : root instanceof AccessDeniedException ? "access is denied" : text(root);
      String message = firstLines(thrown);
      return message.contains(file.getFile())
          ? message + (message.contains(what) ? "" : ": " + what)
          : message + ": " + file.getFile() + ": " + what;
    }
    String reason = root == thrown ? "" : ": " + text(root);
    String message = firstLines(thrown);
    return message.contains(text(root)) ? message : message + reason;
  }
}
