// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.aggregation.ExactProduct;
import dev.tributary.fl.aggregation.FedEx;
import dev.tributary.fl.aggregation.FedIt;
import dev.tributary.fl.aggregation.FfaLora;
import dev.tributary.fl.aggregation.Flora;
import dev.tributary.fl.aggregation.Held;
import dev.tributary.fl.aggregation.HetLora;
import dev.tributary.fl.aggregation.LayerReport;
import dev.tributary.fl.aggregation.LoraAggregation;
import dev.tributary.fl.aggregation.LoraFair;
import dev.tributary.fl.aggregation.Ranks;
import dev.tributary.fl.aggregation.RoLora;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.BigramModel;
import dev.tributary.fl.testing.TestDevice;
import dev.tributary.fl.testing.TinyModels;
import dev.tributary.fl.testing.TrainingConfigs;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.training.AdamW;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rounds of low-rank adapters under each rule of aggregation, with the engine that trains. */
class LoraRoundsTest {
  private static final int VOCABULARY = 61;
  private static final int RANK = 4;
  private static final int CLIENTS = 3;

  @TempDir static Path folder;
  private static Checkpoint checkpoint;
  private static CausalLm model;

  private final TrainingConfigs training = new TrainingConfigs();
  private final MemoryStore store = new MemoryStore();

  @BeforeAll
  static void load() {
    checkpoint = TinyModels.llama(folder, VOCABULARY);
    TorchScript.setThreads(1);
    model = TorchScript.load(checkpoint, DType.FLOAT32, TestDevice.chosen());
  }

  @AfterAll
  static void unload() {
    model.close();
  }

  private static List<EncodedExample> examples(int client) {
    return BigramModel.examples(6 + client, VOCABULARY, Seed.of(50 + client));
  }

  private Ledger run(MemoryStore in) {
    training.optimizer =
        new Choice<>(new AdamW.Provider(), new AdamW(0.02, List.of(0.9, 0.999), 1e-8, 0.0));
    RunPlan plan =
        new RunPlan(
            Seed.of(17),
            new Choice<AdapterMethod>(
                new Lora.Provider(),
                new LoraConfig(RANK, 8, 0, List.of("q_proj", "v_proj", "down_proj"), false)),
            training.make(),
            IntStream.range(0, CLIENTS).boxed().toList());
    try (InMemoryBackend backend = new InMemoryBackend(model, LoraRoundsTest::examples, 1)) {
      new FederatedRun(
              plan,
              () -> plan.initialAdapter(checkpoint),
              backend,
              Ledger.open(in),
              RoundListener.NONE)
          .run();
    }
    return Ledger.open(in);
  }

  private static Choice<LoraAggregation> exact() {
    return new Choice<>(new ExactProduct.Provider(), new ExactProduct.Config());
  }

  static List<Choice<LoraAggregation>> rules() {
    Held all = new Held(Optional.empty());
    return List.of(
        new Choice<>(new FedIt.Provider(), new FedIt.Config()),
        new Choice<>(new FfaLora.Provider(), new FfaLora.Config()),
        new Choice<>(new RoLora.Provider(), new RoLora.Config()),
        exact(),
        new Choice<>(new ExactProduct.FlexLora(), new Ranks(List.of(1, 2, 4))),
        new Choice<>(new HetLora.Provider(), new Ranks(List.of(1, 2, 4))),
        new Choice<>(new FedEx.Provider(), all),
        new Choice<>(new Flora.Provider(), new Held(Optional.of(10))),
        new Choice<>(new LoraFair.Provider(), new LoraFair.Config(0.01)));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void trainsAndComesBackAfterAnEnd(Choice<LoraAggregation> rule) {
    training.aggregation = rule;
    Ledger ledger = run(store);
    List<LedgerEntry> entries = ledger.entries();
    assertThat(entries.get(2).meanLoss()).isLessThan(entries.get(0).firstLoss());
    for (int changes : List.of(4, 9, 16)) {
      MemoryStore killed = new MemoryStore();
      killed.dieAfter(changes);
      try {
        run(killed);
      } catch (MemoryStore.Killed e) {
        // goes on below
      }
      killed.dieAfter(Integer.MAX_VALUE);
      Ledger again = run(killed);
      assertThat(again.entries().stream().map(LedgerEntry::adapterSha256))
          .isEqualTo(entries.stream().map(LedgerEntry::adapterSha256).toList());
      assertThat(again.entries().stream().map(LedgerEntry::layers))
          .isEqualTo(entries.stream().map(LedgerEntry::layers).toList());
    }
  }

  @Test
  void tablesTellHowFarEachRuleIsFromTheMean() {
    for (Choice<LoraAggregation> rule : rules()) {
      training.aggregation = rule;
      MemoryStore own = new MemoryStore();
      for (LedgerEntry entry : run(own).entries()) {
        assertThat(entry.layers()).hasSize(3 * checkpoint.config().layers());
        for (LayerReport layer : entry.layers()) {
          String where = rule.name() + ", round " + entry.round() + ": " + layer;
          assertThat(layer.updateNorm()).as(where).isPositive();
          switch (rule.name()) {
            case "ffa", "rolora" -> assertThat(layer.bias()).as(where).isLessThan(1e-6);
            case "fedit" -> assertThat(layer.bias()).isCloseTo(layer.factorBias(), within(1e-6));
            case "fedex" -> {
              assertThat(layer.bias()).as(where).isLessThan(1e-5);
              assertThat(layer.factorBias()).as(where).isGreaterThan(1e-3);
              assertThat(layer.heldRank()).isGreaterThanOrEqualTo(CLIENTS * RANK);
            }
            case "flora" -> assertThat(layer.heldRank()).isLessThanOrEqualTo(10);
            case "exact", "flexlora" ->
                assertThat(layer.bias() * layer.bias())
                    .as(where)
                    .isCloseTo(layer.discardedEnergy(), within(1e-5));
            default -> assertThat(layer.bias()).as(where).isBetween(0.0, 2.0);
          }
        }
      }
    }
  }

  @Test
  void measuringChangesNothing() {
    Ledger measured = run(store);
    training.measureAggregation = false;
    Ledger plain = run(new MemoryStore());
    assertThat(plain.entry(3).layers()).isEmpty();
    assertThat(plain.entries().stream().map(LedgerEntry::adapterSha256))
        .isEqualTo(measured.entries().stream().map(LedgerEntry::adapterSha256).toList());
  }

  @Test
  void factorsThatAreNotTrainedAreNotSent() {
    Ledger whole = run(store);
    training.aggregation = new Choice<>(new FfaLora.Provider(), new FfaLora.Config());
    training.rounds = 2;
    MemoryStore half = new MemoryStore();
    Ledger ffa = run(half);
    NamedTensors start = new Lora(config()).initial(checkpoint, Seed.of(17).child("adapter"));
    NamedTensors end = ffa.adapter(2);
    for (String name : end.names()) {
      boolean held = name.endsWith(Lora.A);
      assertThat(java.util.Arrays.equals(end.get(name).values(), start.get(name).values()))
          .as(name)
          .isEqualTo(held);
    }
    long fewer = ffa.entry(1).clients().get(0).uploadBytes();
    long all = whole.entry(1).clients().get(0).uploadBytes();
    long factorsA =
        start.byName().entrySet().stream()
            .filter(tensor -> tensor.getKey().endsWith(Lora.A))
            .mapToLong(tensor -> 4L * tensor.getValue().values().length)
            .sum();
    assertThat(all - fewer).isGreaterThanOrEqualTo(factorsA);
  }

  private static LoraConfig config() {
    return new LoraConfig(RANK, 8, 0, List.of("q_proj", "v_proj", "down_proj"), false);
  }

  @Test
  void clientsSendTheRanksThatTheyHave() {
    training.aggregation = new Choice<>(new ExactProduct.FlexLora(), new Ranks(List.of(1, 2, 4)));
    training.rounds = 1;
    List<LedgerEntry.ClientRow> clients =
        run(store).entry(1).clients().stream()
            .sorted(java.util.Comparator.comparing(LedgerEntry.ClientRow::client))
            .toList();
    assertThat(clients.get(0).uploadBytes()).isLessThan(clients.get(1).uploadBytes());
    assertThat(clients.get(1).uploadBytes()).isLessThan(clients.get(2).uploadBytes());
  }

  @Test
  void heldRanksStayAsTheyAre() {
    training.aggregation = new Choice<>(new FedEx.Provider(), new Held(Optional.empty()));
    training.rounds = 2;
    NamedTensors after = run(store).adapter(2);
    NamedTensors grown = Ledger.open(store).adapter(1);
    String name = grown.names().stream().filter(n -> n.endsWith(Lora.A)).findFirst().orElseThrow();
    assertThat(grown.get(name).shape().get(0)).isEqualTo((long) RANK + (CLIENTS + 1) * RANK);
    int inputs = Math.toIntExact(grown.get(name).shape().get(1));
    int from = RANK * inputs;
    assertThat(java.util.Arrays.copyOfRange(after.get(name).values(), from, from + inputs))
        .isEqualTo(java.util.Arrays.copyOfRange(grown.get(name).values(), from, from + inputs));
  }

  @Test
  void withEqualRanksAndOneClientExactIsPlainTraining() {
    training.rounds = 1;
    training.clientsPerRound = Optional.of(1);
    ServerState plain = ServerState.of(run(store).adapter(1));
    training.aggregation = exact();
    MemoryStore other = new MemoryStore();
    Ledger ledger = run(other);
    assertThat(ledger.entry(1).adapterSha256()).isNotEqualTo(Sha256.of(plain.adapter()));
    assertThat(ledger.entry(1).layers())
        .allSatisfy(layer -> assertThat(layer.bias()).isLessThan(1e-6));
  }
}
