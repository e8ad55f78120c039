// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hook;

/**
 * Looks at, or changes, the training steps of one client: metrics, proximal terms, clipping, noise.
 * Runs where the client trains (executor), on the client's thread.
 *
 * <p>An object of its own for each client and round, so it may keep what it saw between steps; what
 * it draws comes from {@link TrainingStep#seed()}, or a repeated attempt gives other bytes.
 */
public interface TrainingHook {
  /** What becomes of the step. */
  enum Verdict {
    CONTINUE,
    /** No update; gradients are dropped, the next batch follows. Counted. */
    SKIP_STEP,
    /** No update, and the client's round ends here with what it has. */
    STOP
  }

  /**
   * Between gradients and update. Of several hooks, each sees what those before it left; the first
   * that does not say {@link Verdict#CONTINUE} decides.
   *
   * @param step what is known of the step
   * @param gradients of the mean loss per label of the whole batch; finite when the first hook sees
   *     them
   */
  default Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    return Verdict.CONTINUE;
  }

  /** After the update; not called for a step that was skipped. */
  default void afterUpdate(TrainingStep step) {}

  /** Found by {@link java.util.ServiceLoader}; listed in {@code training.hooks}. */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<TrainingHook, C> {}
}
