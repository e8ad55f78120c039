// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.InputException;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work on a batch that survives failures: a batch that fails (out of memory, a broken device) is
 * tried again in halves, down to single items, so that one bad item costs only its own result.
 */
public final class Halving {
  private static final Logger log = LoggerFactory.getLogger(Halving.class);

  private Halving() {}

  /**
   * Does the work on all items, in order.
   *
   * @param work has no effect when it throws
   * @param failed told of items that fail alone, too, twice, and why
   * @throws InputException of the work, which trying again does not mend
   */
  public static <T> void run(List<T> items, Consumer<List<T>> work, BiConsumer<T, String> failed) {
    String reason = attempt(items, work);
    if (reason.isEmpty()) {
      return;
    }
    if (items.size() > 1) {
      log.warn("{} instances in one batch failed, trying halves: {}", items.size(), reason);
      run(items.subList(0, items.size() / 2), work, failed);
      run(items.subList(items.size() / 2, items.size()), work, failed);
      return;
    }
    log.warn("An instance failed alone, trying once more: {}", reason);
    String again = attempt(items, work);
    if (!again.isEmpty()) {
      failed.accept(items.get(0), again);
    }
  }

  /** Why the work failed; empty if it did not. */
  private static <T> String attempt(List<T> items, Consumer<List<T>> work) {
    try {
      work.accept(items);
      return "";
    } catch (InputException e) {
      throw e;
    } catch (RuntimeException | OutOfMemoryError e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e; // the job was cancelled: not a failure of the instances
      }
      return e.toString();
    }
  }
}
