// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.LocalOnly;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.fl.ledger.LedgerException;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.message.MessageException;
import dev.tributary.fl.sampling.Absence;
import dev.tributary.fl.sampling.FixedSampling;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.testing.BigramModel;
import dev.tributary.fl.testing.TrainingConfigs;
import dev.tributary.fl.training.LocalTrainer;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.fl.training.Weighting;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FederatedRunTest {
  private final TestRun run = new TestRun();
  private final MemoryStore store = new MemoryStore();

  @Test
  void lowersTheLossAndWritesItDown() {
    run.training.rounds = 10;
    run.run(store);
    List<LedgerEntry> entries = Ledger.open(store).entries();
    assertThat(entries)
        .extracting(LedgerEntry::round)
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    assertThat(entries.get(9).meanLoss()).isLessThan(entries.get(0).firstLoss());
    LedgerEntry first = entries.get(0);
    assertThat(first.clients()).extracting(ClientRow::client).containsExactlyInAnyOrder(0, 1, 2, 3);
    assertThat(first.scenario()).isEqualTo("federated");
    assertThat(first.algorithm()).isEqualTo("fedavg");
    for (ClientRow row : first.clients()) {
      assertThat(row.share()).isEqualTo(0.25);
      assertThat(row.report().examplesSeen()).isEqualTo(8);
      assertThat(row.report().dataSize()).isEqualTo(5 + 2L * row.client());
      assertThat(row.uploadBytes()).isGreaterThan(4 * 56);
      assertThat(row.downloadBytes()).isGreaterThan(4 * 56);
      assertThat(row.wallSeconds()).isPositive();
      assertThat(row.executor()).isEqualTo("driver");
    }
    assertThat(first.kept()).isEmpty();
  }

  @Test
  void doesNotDependOnTheOrderOfArrival() {
    ServerState one = run.run(store);
    run.atOnce = 4;
    ServerState four = run.run(new MemoryStore());
    ServerState reversed =
        run.run(
            new MemoryStore(),
            backend(
                (order, cohort, receiver) -> {
                  for (int i = cohort.size() - 1; i >= 0; i--) {
                    receiver.receive(cohort.get(i), work(order, cohort.get(i)));
                  }
                }));
    assertThat(Sha256.of(four.adapter())).isEqualTo(Sha256.of(one.adapter()));
    assertThat(Sha256.of(reversed.adapter())).isEqualTo(Sha256.of(one.adapter()));
  }

  @Test
  void oneClientIsPlainTraining() {
    run.clients = 1;
    run.training.rounds = 3;
    run.training.optimizer = TrainingConfigs.sgd(0.3, 0);
    NamedTensors federated = run.run(store).adapter();
    TrainingConfig config = run.training.make();
    NamedTensors plain = TestRun.initial();
    for (int round = 1; round <= 3; round++) {
      RoundOrder order =
          RoundOrder.of(round, TestRun.SEED, run.plan().adapter(), config, ServerState.of(plain));
      plain =
          new LocalTrainer(
                  TestRun.MODEL,
                  run.plan().adapter().create(),
                  config,
                  round,
                  0,
                  TestRun.examples(0))
              .train(
                  plain,
                  Optional.empty(),
                  List.of(),
                  order.clientSeed(0).child("training").child(0))
              .adapter();
    }
    assertThat(Sha256.of(federated)).isEqualTo(Sha256.of(plain));
    run.training.scenario = Scenario.GLOBAL;
    assertThat(Sha256.of(run.run(new MemoryStore()).adapter())).isEqualTo(Sha256.of(federated));
  }

  @Test
  void weighsClientsAsAsked() {
    run.training.rounds = 1;
    run.training.weighting = Weighting.DATA_SIZE;
    run.run(store);
    assertThat(shares()).isEqualTo(Map.of(0, 5 / 32.0, 1, 7 / 32.0, 2, 9 / 32.0, 3, 11 / 32.0));
    String byDataSize = Ledger.open(store).entry(1).adapterSha256();
    store.files.clear();
    run.training.weighting = Weighting.UNIFORM;
    run.run(store);
    assertThat(shares()).isEqualTo(Map.of(0, 0.25, 1, 0.25, 2, 0.25, 3, 0.25));
    assertThat(Ledger.open(store).entry(1).adapterSha256()).isNotEqualTo(byDataSize);
  }

  private Map<Integer, Double> shares() {
    Map<Integer, Double> shares = new TreeMap<>();
    Ledger.open(store).entry(1).clients().forEach(row -> shares.put(row.client(), row.share()));
    return shares;
  }

  @Test
  void samplesCohortsWithoutRepeatingAClient() {
    run.clients = 10;
    run.training.clientsPerRound = Optional.of(4);
    int[] drawn = new int[10];
    for (int round = 1; round <= 1000; round++) {
      List<Integer> cohort = run.plan().cohort(round);
      assertThat(cohort).hasSize(4).doesNotHaveDuplicates();
      assertThat(run.plan().cohort(round)).isEqualTo(cohort);
      cohort.forEach(client -> drawn[client]++);
    }
    for (int count : drawn) {
      assertThat((double) count).isCloseTo(400, within(60.0));
    }
  }

  @Test
  void pinsTheDrawsOfARun() {
    // A change here changes every run that was ever recorded.
    run.clients = 10;
    run.training.clientsPerRound = Optional.of(4);
    assertThat(List.of(run.plan().cohort(1), run.plan().cohort(2)))
        .isEqualTo(List.of(List.of(1, 2, 6, 4), List.of(8, 3, 5, 1)));
    RoundOrder order =
        RoundOrder.of(
            3,
            TestRun.SEED,
            run.plan().adapter(),
            run.training.make(),
            ServerState.of(TestRun.initial()));
    assertThat(order.clientSeed(12).value()).isEqualTo(-4875398511712647224L);
  }

  @Test
  void refusesMoreClientsThanThereAre() {
    run.training.clientsPerRound = Optional.of(5);
    assertThatThrownBy(run::plan)
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "training.clients-per-round = 5 is not valid; the split has 4 clients; give at most as"
                + " many");
  }

  @Test
  void localClientsTrainAloneFromTheCommonStart() {
    run.training.scenario = Scenario.LOCAL;
    ServerState end = run.run(store);
    assertThat(Sha256.of(end.adapter())).isEqualTo(Sha256.of(TestRun.initial()));
    Ledger ledger = Ledger.open(store);
    LedgerEntry last = ledger.last().orElseThrow();
    assertThat(last.clients()).extracting(ClientRow::client).containsExactly(0, 1, 2, 3);
    assertThat(last.kept()).isEqualTo(Map.of(0, 3, 1, 3, 2, 3, 3, 3));
    assertThat(last.clients()).extracting(ClientRow::share).containsOnly(0.0);

    // Alone in a federated run, client 2 would have done the same.
    run.training.scenario = Scenario.FEDERATED;
    RunPlan alone =
        new RunPlan(TestRun.SEED, run.plan().adapter(), run.training.make(), List.of(2));
    MemoryStore other = new MemoryStore();
    try (InMemoryBackend backend = new InMemoryBackend(TestRun.MODEL, TestRun::examples, 1)) {
      new FederatedRun(alone, TestRun::initial, backend, Ledger.open(other), RoundListener.NONE)
          .run();
    }
    assertThat(Sha256.of(ledger.adapterOf(2, 3, new LocalOnly())))
        .isEqualTo(Sha256.of(Ledger.open(other).adapter(3)));
    assertThat(Sha256.of(ledger.adapterOf(1, 3, new LocalOnly())))
        .isNotEqualTo(Sha256.of(ledger.adapterOf(2, 3, new LocalOnly())));
  }

  @Test
  void optimizersRestartUnlessKept() {
    run.clients = 1;
    run.training.optimizer = TrainingConfigs.sgd(0.1, 0.9);
    run.run(store);
    assertThat(steps(store)).containsExactly(4L, 4L, 4L);
    MemoryStore keeping = new MemoryStore();
    run.training.keepState = true;
    run.run(keeping);
    assertThat(steps(keeping)).containsExactly(4L, 8L, 12L);
    assertThat(Ledger.open(keeping).entry(1).adapterSha256())
        .isEqualTo(Ledger.open(store).entry(1).adapterSha256());
    assertThat(Ledger.open(keeping).entry(2).adapterSha256())
        .isNotEqualTo(Ledger.open(store).entry(2).adapterSha256());
  }

  @Test
  void keptMomentumIsThatOfOneLongRound() {
    // Without dropout, every example in each batch, so that only the optimiser tells rounds apart.
    run.clients = 1;
    run.training.optimizer = TrainingConfigs.sgd(0.1, 0.9);
    run.training.batchSize = 5;
    run.training.keepState = true;
    NamedTensors rounds = plainRun(store);
    run.training.localSteps = 12;
    run.training.rounds = 1;
    NamedTensors once = plainRun(new MemoryStore());
    for (String name : once.names()) {
      assertThat(rounds.get(name).values()).containsExactly(once.get(name).values(), within(1e-6f));
    }
  }

  private NamedTensors plainRun(MemoryStore in) {
    RunPlan plan =
        new RunPlan(
            TestRun.SEED,
            BigramModel.method(TestRun.VOCABULARY, 0),
            run.training.make(),
            List.of(0));
    try (InMemoryBackend backend = new InMemoryBackend(TestRun.MODEL, TestRun::examples, 1)) {
      return new FederatedRun(plan, TestRun::initial, backend, Ledger.open(in), RoundListener.NONE)
          .run()
          .adapter();
    }
  }

  private static List<Long> steps(MemoryStore store) {
    return Ledger.open(store).entries().stream()
        .map(entry -> entry.clients().get(0).report().optimizerSteps())
        .toList();
  }

  @Test
  void keepsOnlyTheStatesThatAreNeeded() {
    run.training.rounds = 5;
    run.training.keepState = true;
    run.training.clientsPerRound = Optional.of(1);
    run.listener =
        new RoundListener() {
          @Override
          public Set<Integer> roundsToKeep() {
            return Set.of(2);
          }
        };
    run.run(store);
    Ledger ledger = Ledger.open(store);
    assertThat(List.of(1, 2, 3, 4, 5)).filteredOn(ledger::holdsState).containsExactly(2, 4, 5);
    assertThat(ledger.entries()).hasSize(5);
    assertThatThrownBy(() -> ledger.state(3))
        .isInstanceOf(LedgerException.class)
        .hasMessage(
            "The ledger does not hold the state after round 3 any more, only those of [2, 4, 5]");
    for (int round : List.of(2, 4, 5)) {
      for (int client : ledger.entry(round).kept().keySet()) {
        assertThat(ledger.kept(client, round)).as("%d in %d", client, round).isPresent();
      }
    }
    long keptFiles = store.files.keySet().stream().filter(f -> f.contains("/kept/")).count();
    assertThat(keptFiles).isLessThanOrEqualTo(5);
  }

  @Test
  void tellsItsListenerWhatHappens() {
    run.training.rounds = 2;
    run.clients = 2;
    List<String> heard = new ArrayList<>();
    run.listener =
        new RoundListener() {
          @Override
          public void begun(int lastRound, NamedTensors adapter) {
            heard.add("begun " + lastRound);
          }

          @Override
          public void roundStarted(int round, List<Integer> cohort) {
            heard.add("started " + round + " with " + cohort.size());
          }

          @Override
          public void clientDone(int round, ClientRow row) {
            heard.add("client of " + round);
          }

          @Override
          public void roundCommitted(LedgerEntry entry, NamedTensors adapter) {
            heard.add("committed " + entry.round());
            assertThat(Sha256.of(adapter)).isEqualTo(entry.adapterSha256());
          }

          @Override
          public void finished(int lastRound, NamedTensors adapter) {
            heard.add("finished " + lastRound);
          }
        };
    run.run(store);
    assertThat(heard)
        .containsExactly(
            "begun 0",
            "started 1 with 2",
            "client of 1",
            "client of 1",
            "committed 1",
            "started 2 with 2",
            "client of 2",
            "client of 2",
            "committed 2",
            "finished 2");
  }

  @Test
  void refusesABadAnswerByItsClient() {
    ClientBackend swapped =
        backend(
            (order, cohort, receiver) ->
                receiver.receive(cohort.get(0), work(order, cohort.get(1))));
    int first = run.plan().cohort(1).get(0);
    assertThatThrownBy(() -> run.run(store, swapped))
        .isInstanceOf(MessageException.class)
        .hasMessageStartingWith(
            "Client " + first + ", round 1: its update is refused: it is UPDATE");
    ClientBackend cut =
        backend(
            (order, cohort, receiver) ->
                receiver.receive(
                    cohort.get(0), java.util.Arrays.copyOf(work(order, cohort.get(0)), 500)));
    assertThatThrownBy(() -> run.run(store, cut))
        .isInstanceOf(MessageException.class)
        .hasMessageStartingWith("Client " + first + ", round 1: its update is refused: ");
  }

  @Test
  void noticesABackendThatForgetsClientsOrRepeatsThem() {
    assertThatThrownBy(() -> run.run(store, backend((order, cohort, receiver) -> {})))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("The backend ended round 1 without answers of clients [");
    ClientBackend twice =
        backend(
            (order, cohort, receiver) -> {
              receiver.receive(cohort.get(0), work(order, cohort.get(0)));
              receiver.receive(cohort.get(0), work(order, cohort.get(0)));
            });
    assertThatThrownBy(() -> run.run(store, twice))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("or answered before");
  }

  @Test
  void ordersTravelToExecutors() throws IOException, ClassNotFoundException {
    run.training.clipNorm = Optional.of(1.0);
    RoundOrder order =
        RoundOrder.of(
            1,
            TestRun.SEED,
            run.plan().adapter(),
            run.training.make(),
            ServerState.of(TestRun.initial()));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(order);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(work((RoundOrder) in.readObject(), 2)).isEqualTo(work(order, 2));
    }
  }

  @Test
  void namesTheClientThatDiverged() {
    run.training.optimizer = TrainingConfigs.sgd(1e300, 0);
    assertThatThrownBy(() -> run.run(store))
        .isInstanceOf(ClientFailedException.class)
        .hasMessageMatching(
            "Cannot finish round 1: client \\d failed: Client \\d, round 1, step \\d: training"
                + " diverged .*");
    assertThat(Ledger.open(store).lastRound()).isZero();
  }

  private interface Training {
    void train(RoundOrder order, List<Integer> cohort, ClientBackend.Receiver receiver);
  }

  private static ClientBackend backend(Training training) {
    return new ClientBackend() {
      @Override
      public void train(RoundOrder order, List<Integer> cohort, Receiver receiver) {
        training.train(order, cohort, receiver);
      }

      @Override
      public void close() {
        // Nothing is held.
      }
    };
  }

  private static byte[] work(RoundOrder order, int client) {
    return ClientWork.run(order, client, Optional.empty(), TestRun.examples(client), TestRun.MODEL);
  }

  // ---- rounds without some of their clients

  private static final String BROKEN = "this client is broken";

  private InMemoryBackend withBroken(int... broken) {
    return new InMemoryBackend(
        TestRun.MODEL,
        client -> {
          if (java.util.Arrays.stream(broken).anyMatch(b -> b == client)) {
            throw new IllegalStateException(BROKEN);
          }
          return TestRun.examples(client);
        },
        2);
  }

  private static Participation dropping(int quorum) {
    return new Participation(0, 0, 0, 4, 1, Optional.empty(), quorum, Participation.OnFailure.DROP);
  }

  @Test
  void goesOnWithoutAClientThatAlwaysFails() {
    run.training.participation = dropping(2);
    try (InMemoryBackend backend = withBroken(1)) {
      run.run(store, backend);
    }
    Ledger ledger = Ledger.open(store);
    assertThat(ledger.lastRound()).isEqualTo(3);
    for (LedgerEntry entry : ledger.entries()) {
      assertThat(entry.clients()).extracting(LedgerEntry.ClientRow::client).doesNotContain(1);
      assertThat(entry.clients().stream().mapToDouble(LedgerEntry.ClientRow::share).sum())
          .isCloseTo(1, within(1e-12));
      assertThat(entry.absences()).containsExactly(new Absence(1, Absence.Cause.FAILED, BROKEN, 0));
    }
    // as if the client had not been sampled
    MemoryStore without = new MemoryStore();
    run.training.participation = dropping(1);
    run.training.sampling =
        new Choice<>(
            new FixedSampling.Provider(),
            new FixedSampling.Config(
                ledger.entry(1).clients().stream().map(LedgerEntry.ClientRow::client).toList()));
    run.training.rounds = 1;
    run.run(without);
    assertThat(Ledger.open(without).entry(1).adapterSha256())
        .isEqualTo(ledger.entry(1).adapterSha256());
  }

  @Test
  void endsBelowTheQuorumAndWhenAllFail() {
    run.training.participation = dropping(3);
    try (InMemoryBackend backend = withBroken(0, 2)) {
      assertThatThrownBy(() -> run.run(store, backend))
          .isInstanceOf(ClientFailedException.class)
          .hasMessageStartingWith("Round 1 has 2 answers, fewer than the quorum of 3 (client")
          .hasMessageContaining(BROKEN);
    }
    assertThat(Ledger.open(store).lastRound()).isZero();
    run.training.participation = dropping(1);
    try (InMemoryBackend backend = withBroken(0, 1, 2, 3)) {
      assertThatThrownBy(() -> run.run(store, backend))
          .hasMessageStartingWith("Round 1 has 0 answers, fewer than the quorum of 1");
    }
    assertThat(Ledger.open(store).lastRound()).isZero();
  }

  @Test
  void refusedAnswersAreCountedWhereTheRoundGoesOn() {
    run.training.participation = dropping(1);
    ClientBackend damaging =
        new ClientBackend() {
          private final InMemoryBackend whole =
              new InMemoryBackend(TestRun.MODEL, TestRun::examples, 1);

          @Override
          public void train(RoundOrder order, List<Integer> cohort, Receiver receiver) {
            whole.train(
                order,
                cohort,
                (client, message) -> {
                  byte[] sent = message.clone();
                  if (client == 3) {
                    sent[sent.length - 1] ^= 1;
                  }
                  receiver.receive(client, sent);
                });
          }

          @Override
          public void close() {
            whole.close();
          }
        };
    run.training.rounds = 1;
    run.run(store, damaging);
    LedgerEntry entry = Ledger.open(store).entry(1);
    assertThat(entry.clients()).hasSize(3);
    assertThat(entry.absences())
        .singleElement()
        .satisfies(
            absence -> {
              assertThat(absence.cause()).isEqualTo(Absence.Cause.REFUSED);
              assertThat(absence.client()).isEqualTo(3);
              assertThat(absence.reason()).contains("Client 3, round 1", "was damaged");
            });
    damaging.close();
  }

  @Test
  void simulatedAbsencesComeBack() {
    run.training.participation =
        new Participation(0, 0.3, 0.3, 4, 1, Optional.of(5.0), 1, Participation.OnFailure.FAIL);
    run.training.rounds = 6;
    run.run(store);
    MemoryStore again = new MemoryStore();
    run.atOnce = 3;
    run.run(again);
    List<List<Absence>> absences =
        Ledger.open(store).entries().stream().map(LedgerEntry::absences).toList();
    assertThat(absences.stream().mapToInt(List::size).sum()).isPositive();
    assertThat(Ledger.open(again).entries().stream().map(LedgerEntry::absences))
        .isEqualTo(absences);
    assertThat(Ledger.open(again).entry(6).adapterSha256())
        .isEqualTo(Ledger.open(store).entry(6).adapterSha256());
  }
}
