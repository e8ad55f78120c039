// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

/** Is told how far a download is, on the thread that fetches. */
public interface FetchListener {
  /** What goes otherwise than expected, on a line of its own. */
  void say(String text);

  /**
   * A download begins.
   *
   * @param model as it was asked for
   * @param bytes of all files that are not here yet
   */
  Fetch begin(String model, long bytes);

  /** A download under way. */
  interface Fetch extends AutoCloseable {
    /** Bytes that an earlier download left. */
    void found(long bytes);

    /**
     * @param file that they belong to
     * @param bytes since the last call
     */
    void arrived(String file, long bytes);

    @Override
    void close();
  }
}
