// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

/**
 * Something that an adapter is measured by. Which tasks there are is open ({@link Provider}); how
 * one gets at the model is one of two ways: it looks at held-out examples of the run ({@link
 * SplitTask}), or it asks questions and judges the answers ({@link BenchmarkTask}).
 *
 * <p>Tasks are cheap to create and hold nothing but their configuration.
 */
public sealed interface Task permits SplitTask, BenchmarkTask {
  /** What rows and reports call it; the provider's name unless the file gives a {@code label}. */
  String label();

  /** The part of the data that is measured: {@code validation}, {@code test}. */
  String split();

  /** Which way the task's first metric gets better; the best round is found by it. */
  Better better();

  /** A direction. */
  enum Better {
    HIGHER,
    LOWER
  }

  /**
   * Found by {@link java.util.ServiceLoader}; the name is what {@code name} says in {@code tasks}.
   */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<Task, C> {}
}
