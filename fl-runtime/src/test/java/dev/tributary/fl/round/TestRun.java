// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.Store;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.BigramModel;
import dev.tributary.fl.testing.TrainingConfigs;
import dev.tributary.fl.text.EncodedExample;
import java.util.List;
import java.util.stream.IntStream;

/** A run of bigram models with 4 clients of 5 to 11 examples, under dropout. */
final class TestRun {
  static final int VOCABULARY = 7;
  static final Seed SEED = Seed.of(17);
  static final BigramModel MODEL = new BigramModel(VOCABULARY);

  final TrainingConfigs training = new TrainingConfigs();
  int clients = 4;
  int atOnce = 1;
  RoundListener listener = RoundListener.NONE;

  static List<EncodedExample> examples(int client) {
    return BigramModel.examples(5 + 2 * client, VOCABULARY, Seed.of(100 + client));
  }

  RunPlan plan() {
    return new RunPlan(
        SEED,
        BigramModel.method(VOCABULARY, 0.1),
        training.make(),
        IntStream.range(0, clients).boxed().toList());
  }

  static NamedTensors initial() {
    return new BigramModel.Method(VOCABULARY, 0.1).initial(SEED.child("adapter"));
  }

  ServerState run(Store store) {
    try (ClientBackend backend = new InMemoryBackend(MODEL, TestRun::examples, atOnce)) {
      return run(store, backend);
    }
  }

  ServerState run(Store store, ClientBackend backend) {
    return new FederatedRun(plan(), TestRun::initial, backend, Ledger.open(store), listener).run();
  }
}
