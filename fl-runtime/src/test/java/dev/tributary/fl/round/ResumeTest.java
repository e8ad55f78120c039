// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.algorithm.Ditto;
import dev.tributary.fl.algorithm.FedAdam;
import dev.tributary.fl.algorithm.FedAvgM;
import dev.tributary.fl.algorithm.FedYogi;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.PFedMe;
import dev.tributary.fl.algorithm.PartlyPersonal;
import dev.tributary.fl.algorithm.Scaffold;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerException;
import dev.tributary.fl.ledger.LocalStore;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.message.MessageException;
import dev.tributary.fl.testing.BigramModel;
import dev.tributary.fl.testing.TrainingConfigs;
import dev.tributary.fl.training.Scenario;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that dies anywhere and is started again ends as one that never died. */
class ResumeTest {
  private final TestRun run = new TestRun();
  private final MemoryStore undisturbed = new MemoryStore();

  @BeforeEach
  void stateful() {
    // The hardest case: partial cohorts whose clients carry optimisers from round to round.
    run.training.keepState = true;
    run.training.clientsPerRound = Optional.of(2);
    run.training.rounds = 4;
    run.run(undisturbed);
  }

  @Test
  void killedAtAnyChangeOnDisk() {
    for (int changes = 0; ; changes++) {
      MemoryStore store = new MemoryStore();
      store.dieAfter(changes);
      boolean died = false;
      try {
        run.run(store);
      } catch (MemoryStore.Killed e) {
        died = true;
      }
      store.dieAfter(Integer.MAX_VALUE);
      run.run(store);
      assertSame(store, "after change " + changes);
      if (!died) {
        assertThat(changes).isGreaterThan(30);
        return;
      }
    }
  }

  static Stream<Choice<FederatedAlgorithm>> algorithmsWithStateOfTheirOwn() {
    return Stream.of(
        new Choice<>(new FedAvgM.Provider(), new FedAvgM.Config(0.9, 1)),
        new Choice<>(new FedYogi.Provider(), new FedAdam.Config(0.01, 0.9, 0.99, 0.001)),
        new Choice<>(new Scaffold.Provider(), new Scaffold.Config(1)),
        new Choice<>(new PFedMe.Provider(), new PFedMe.Config(5, 3, 0.1, 1)),
        new Choice<>(new Ditto.Provider(), new Ditto.Config(0.5, Optional.empty())),
        new Choice<>(
            new PartlyPersonal.FedRep(),
            new PartlyPersonal.FedRepConfig(List.of(BigramModel.BIAS), Optional.empty())));
  }

  @ParameterizedTest
  @MethodSource
  void algorithmsWithStateOfTheirOwn(Choice<FederatedAlgorithm> algorithm) {
    run.training.algorithm = algorithm;
    run.training.optimizer = TrainingConfigs.sgd(0.1, 0);
    run.training.keepState = false;
    MemoryStore whole = new MemoryStore();
    run.run(whole);
    assertThat(states(whole)).isNotEqualTo(states(undisturbed));
    for (int changes = 0; changes < 60; changes += 7) {
      MemoryStore store = new MemoryStore();
      store.dieAfter(changes);
      try {
        run.run(store);
      } catch (MemoryStore.Killed e) {
        // goes on below
      }
      store.dieAfter(Integer.MAX_VALUE);
      run.run(store);
      assertThat(states(store)).as("after change " + changes).isEqualTo(states(whole));
    }
  }

  @Test
  void killedAtAnyAnswer() {
    for (int answers = 0; answers < 8; answers++) {
      MemoryStore store = new MemoryStore();
      int[] left = {answers};
      try (InMemoryBackend backend =
          new InMemoryBackend(
              TestRun.MODEL,
              client -> {
                if (left[0]-- == 0) {
                  throw new MemoryStore.Killed();
                }
                return TestRun.examples(client);
              },
              1)) {
        assertThatThrownBy(() -> run.run(store, backend))
            .isInstanceOf(ClientFailedException.class)
            .hasMessageContaining("Cannot finish round " + (1 + answers / 2) + ": client ");
      }
      run.run(store);
      assertSame(store, "after answer " + answers);
    }
  }

  @Test
  void killedByItsListener() {
    MemoryStore store = new MemoryStore();
    List<String> heard = new ArrayList<>();
    run.listener =
        new RoundListener() {
          @Override
          public void begun(int lastRound, NamedTensors adapter) {
            heard.add("begun " + lastRound);
          }

          @Override
          public void roundCommitted(LedgerEntry entry, NamedTensors adapter) {
            heard.add("committed " + entry.round());
            if (entry.round() == 2 && heard.size() < 5) {
              throw new MemoryStore.Killed();
            }
          }
        };
    assertThatThrownBy(() -> run.run(store)).isInstanceOf(MemoryStore.Killed.class);
    run.run(store);
    assertThat(heard)
        .containsExactly(
            "begun 0", "committed 1", "committed 2", "begun 2", "committed 3", "committed 4");
    assertSame(store, "after the listener");
  }

  @Test
  void stoppedAndContinuedWithMoreRounds() {
    MemoryStore store = new MemoryStore();
    run.training.rounds = 2;
    run.run(store);
    run.training.rounds = 4;
    run.run(store);
    assertSame(store, "with more rounds");
    run.training.rounds = 3;
    assertThatThrownBy(() -> run.run(store))
        .isInstanceOf(dev.tributary.fl.config.InputException.class)
        .hasMessage(
            "Cannot train 3 rounds: the ledger has 4 already; set training.rounds to 4 or more, or"
                + " choose another output");
  }

  @Test
  void onARealDisk(@TempDir Path folder) {
    LocalStore store = new LocalStore(folder.resolve("ledger"));
    run.training.rounds = 2;
    run.run(store);
    store.write("open/entry/global.message", new byte[3]); // a half entry
    run.training.rounds = 4;
    run.run(store);
    assertThat(store.list(""))
        .containsExactly("round=00001", "round=00002", "round=00003", "round=00004");
    assertThat(store.read("round=00004/global.message"))
        .isEqualTo(undisturbed.read("round=00004/global.message"));
  }

  @Test
  void goesBackARoundIfTheLastEntryIsDamaged() {
    for (String file : List.of("entry.json", "global.message", "SHA256SUMS")) {
      MemoryStore store = copyOfUndisturbed();
      store.damage("round=00004/" + file);
      run.run(store);
      assertSame(store, file + " damaged");
      store.files.remove("round=00004/" + file);
      run.run(store);
      assertSame(store, file + " missing");
    }
  }

  @Test
  void goesBackARoundIfWhatAClientKeptInItIsDamaged() {
    String kept = keptIn(undisturbed, 4);
    MemoryStore store = copyOfUndisturbed();
    store.damage(kept);
    run.run(store);
    assertSame(store, kept + " damaged");
    store.files.remove(kept);
    run.run(store);
    assertSame(store, kept + " missing");
  }

  @Test
  void goesBackARoundIfAClientsOwnAdapterIsDamaged() {
    run.training.scenario = Scenario.LOCAL;
    run.training.clientsPerRound = Optional.empty();
    MemoryStore whole = new MemoryStore();
    run.run(whole);
    MemoryStore store = new MemoryStore();
    store.files.putAll(whole.files);
    store.damage("round=00004/kept/client=0002.message");
    run.run(store);
    assertThat(states(store)).isEqualTo(states(whole));
  }

  @Test
  void leavesAnEntryOfAnotherVersionAsItIs() {
    MemoryStore store = copyOfUndisturbed();
    String entry = "round=00004/entry.json";
    byte[] later =
        new String(store.read(entry), StandardCharsets.UTF_8)
            .replace("\"version\" : 2", "\"version\" : 3, \"novelty\" : true")
            .getBytes(StandardCharsets.UTF_8);
    String sums = new String(store.read("round=00004/SHA256SUMS"), StandardCharsets.UTF_8);
    store.files.put(
        "round=00004/SHA256SUMS",
        sums.replace(Sha256.of(store.read(entry)), Sha256.of(later))
            .getBytes(StandardCharsets.UTF_8));
    store.files.put(entry, later);
    Map<String, byte[]> before = Map.copyOf(store.files);

    assertThatThrownBy(() -> run.run(store))
        .isInstanceOf(LedgerException.class)
        .hasMessage(
            "Cannot read the ledger's entry of round 4: it is of version 3, and this Tributary"
                + " reads version 2; go on with the Tributary that wrote it, or choose another"
                + " output to begin anew");
    assertThat(store.files).isEqualTo(before);
  }

  @Test
  void leavesAnEntryThatCannotBeReadAsItIs() {
    MemoryStore store = copyOfUndisturbed();
    store.unreadable = "round=00004/global.message";
    Map<String, byte[]> before = Map.copyOf(store.files);

    assertThatThrownBy(() -> run.run(store))
        .isInstanceOf(LedgerException.class)
        .hasMessage(
            "Cannot resume: the ledger's entry of round 4 cannot be read: Cannot read"
                + " round=00004/global.message; start again when it can, or, if it is lost for"
                + " good, delete round=00004, and its round is trained again");
    assertThat(store.files).isEqualTo(before);
    store.unreadable = "";
    run.run(store);
    assertSame(store, "readable again");
  }

  @Test
  void refusesTwoDamagedEntries() {
    MemoryStore store = copyOfUndisturbed();
    store.damage("round=00004/global.message");
    store.damage("round=00003/global.message");
    assertThatThrownBy(() -> run.run(store))
        .isInstanceOf(LedgerException.class)
        .hasMessage(
            "Cannot resume: the ledger's last two entries are damaged (round 3: global.message does"
                + " not have its checksum; round 4: global.message does not have its checksum);"
                + " restore them, or delete the ledger to begin anew");
    store.files.keySet().removeIf(name -> name.startsWith("round=00002"));
    assertThatThrownBy(() -> run.run(store))
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("the ledger has no entry of round 2, but one of round 3");
  }

  @Test
  void localAdaptersComeBackToo() {
    run.training.scenario = Scenario.LOCAL;
    run.training.clientsPerRound = Optional.empty();
    MemoryStore whole = new MemoryStore();
    run.run(whole);
    MemoryStore store = new MemoryStore();
    store.dieAfter(30);
    assertThatThrownBy(() -> run.run(store)).isInstanceOf(MemoryStore.Killed.class);
    store.dieAfter(Integer.MAX_VALUE);
    run.run(store);
    assertThat(states(store)).isEqualTo(states(whole));
    assertThat(states(whole)).containsKey("round=00004/kept/client=0003.message");
  }

  @Test
  void namesTheClientWhoseKeptStateIsDamaged() {
    MemoryStore store = copyOfUndisturbed();
    String kept =
        store.files.keySet().stream()
            .filter(f -> f.contains("kept") && !f.startsWith("round=00004"))
            .findFirst()
            .orElseThrow();
    byte[] bytes = store.read(kept).clone();
    bytes[bytes.length - 1] ^= 1;
    store.files.put(kept, bytes);
    Ledger ledger = Ledger.open(store);
    int client = Integer.parseInt(kept.replaceAll(".*client=|\\.message", ""));
    assertThatThrownBy(() -> ledger.kept(client, 4))
        .isInstanceOf(MessageException.class)
        .hasMessageStartingWith("Client " + client + ", round ")
        .hasMessageContaining("what it kept is refused: the checksum of tensor");
  }

  /** A file of what a client kept in a round. */
  private static String keptIn(MemoryStore store, int round) {
    return store.files.keySet().stream()
        .filter(file -> file.startsWith("round=%05d/kept/".formatted(round)))
        .findFirst()
        .orElseThrow();
  }

  private MemoryStore copyOfUndisturbed() {
    MemoryStore store = new MemoryStore();
    undisturbed.files.forEach((name, bytes) -> store.files.put(name, bytes.clone()));
    return store;
  }

  private void assertSame(MemoryStore store, String when) {
    assertThat(states(store)).as(when).isEqualTo(states(undisturbed));
    Ledger ledger = Ledger.open(store);
    Ledger expected = Ledger.open(undisturbed);
    assertThat(ledger.entries().stream().map(LedgerEntry::adapterSha256))
        .as(when)
        .isEqualTo(expected.entries().stream().map(LedgerEntry::adapterSha256).toList());
  }

  /** All but entry.json, which holds times, and its checksum. */
  private static Map<String, String> states(MemoryStore store) {
    Map<String, String> states = new TreeMap<>();
    store.files.forEach(
        (name, bytes) -> {
          if (name.endsWith(".message")) {
            states.put(name, Sha256.of(bytes));
          }
        });
    return states;
  }
}
