// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/**
 * What libtorch keeps per thread, set whenever a thread enters the engine: whatever ran on it
 * before, each call finds the same settings. (Grad mode is a thread's too; the script's methods set
 * it.)
 */
final class EngineThread {
  static final String ENGINE = "PyTorch";

  /** 0: as libtorch chooses. */
  private static volatile int threads;

  private EngineThread() {}

  static void setThreads(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("Threads must be at least 1, not " + count);
    }
    threads = count;
  }

  /** Whether one thread alone computes a client's products. */
  static boolean isOne() {
    return threads == 1 || (threads == 0 && Runtime.getRuntime().availableProcessors() == 1);
  }

  static void enter() {
    enter(threads);
  }

  /**
   * @param count of the calling thread's computing threads; 0 as libtorch chooses
   */
  static void enter(int count) {
    Engine.getEngine(ENGINE); // loads the native library once
    // The profiling executor recompiles in the first calls and gains nothing here.
    JniUtils.setGraphExecutorOptimize(false);
    if (count > 0) {
      // OpenMP's number is the calling thread's own. oneDNN and MKL follow it, but not libtorch's
      // global number, which a new thread would take up only at its first parallel loop.
      JniUtils.setNumThreads(count);
    }
  }
}
