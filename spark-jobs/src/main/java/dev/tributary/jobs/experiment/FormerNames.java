// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What things are called elsewhere, in FederatedScope-LLM and in PEFT and transformers first of
 * all; whoever comes from there is told the name here. A key that is renamed here in a later
 * version gets a line too.
 */
final class FormerNames {
  private static final Map<String, String> KEYS =
      Map.ofEntries(
          Map.entry("local-update-steps", "local-steps"),
          Map.entry("total-round-num", "rounds"),
          Map.entry("num-rounds", "rounds"),
          Map.entry("epochs", "rounds"),
          Map.entry("sample-client-num", "clients-per-round"),
          Map.entry("client-num", "clients"),
          Map.entry("num-clients", "clients"),
          Map.entry("n-clients", "clients"),
          Map.entry("grad-accum-step", "gradient-accumulation"),
          Map.entry("gradient-accumulation-steps", "gradient-accumulation"),
          Map.entry("grad-clip", "clip-norm"),
          Map.entry("max-grad-norm", "clip-norm"),
          Map.entry("lr", "learning-rate"),
          Map.entry("wd", "weight-decay"),
          Map.entry("decay", "weight-decay"),
          Map.entry("r", "rank"),
          Map.entry("lora-r", "rank"),
          Map.entry("lora-rank", "rank"),
          Map.entry("lora-alpha", "alpha"),
          Map.entry("lora-dropout", "dropout"),
          Map.entry("targets", "target-modules"),
          Map.entry("tok-len", "max-tokens"),
          Map.entry("max-length", "max-tokens"),
          Map.entry("max-seq-length", "max-tokens"),
          Map.entry("root", "path"),
          Map.entry("splits", "holdout"),
          Map.entry("outdir", "output"),
          Map.entry("out", "output"),
          Map.entry("out-dir", "output"),
          Map.entry("expname", "experiment"),
          Map.entry("precision", "dtype"),
          Map.entry("torch-dtype", "dtype"),
          Map.entry("freq", "every"),
          Map.entry("warmup", "warmup-steps"),
          Map.entry("warm-up-steps", "warmup-steps"),
          Map.entry("model-path", "checkpoint"),
          Map.entry("model-name-or-path", "checkpoint"),
          Map.entry("few-shot", "shots"),
          Map.entry("n-shot", "shots"));

  private static final Map<String, String> VALUES =
      Map.ofEntries(
          Map.entry("iid", "uniform"),
          Map.entry("lda", "dirichlet"),
          Map.entry("standalone", "federated"),
          Map.entry("centralized", "global"),
          Map.entry("fed-avg", "fedavg"),
          Map.entry("fp32", "float32"),
          Map.entry("float", "float32"),
          Map.entry("bf16", "bfloat16"),
          Map.entry("fp16", "float16"),
          Map.entry("half", "float16"));

  private FormerNames() {}

  /** The key's name here, if it is known by another elsewhere. */
  static Optional<String> key(String kebab) {
    return Optional.ofNullable(KEYS.get(kebab));
  }

  /** The value's name here, if it is known by another elsewhere. */
  static Optional<String> value(String word) {
    return Optional.ofNullable(VALUES.get(word.toLowerCase(Locale.ROOT)));
  }

  /** {@code learning_rate}, {@code learningRate} and {@code Learning-Rate} as keys are written. */
  static String kebab(String word) {
    return word.replaceAll("([a-z0-9])([A-Z])", "$1-$2").replace('_', '-').toLowerCase(Locale.ROOT);
  }
}
