// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.task.Gsm8k.Prompts;
import dev.tributary.evaluation.task.Gsm8k.Protocol;

/** Settings of GSM8K that tests share. */
public final class Gsm8kConfigs {
  private Gsm8kConfigs() {}

  /** The usual protocol on all questions of a file. */
  public static Gsm8k.Config usual(String path) {
    return limited(path, 0);
  }

  /** As the other, on the first questions only. */
  public static Gsm8k.Config limited(String path, int limit) {
    return new Gsm8k.Config(path, limit, 8, Prompts.FEW_SHOT, 0, 256, Protocol.DEFAULT, "gsm8k");
  }
}
