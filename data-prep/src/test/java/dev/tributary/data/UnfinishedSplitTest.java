// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnfinishedSplitTest {
  private static final Configuration HADOOP = new Configuration();

  @TempDir Path scratch;
  private Path output;
  private DataConfig config;

  @BeforeEach
  void writeCorpus() throws IOException {
    output = scratch.resolve("split");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      lines.add("{\"instruction\": \"q" + i + "\", \"output\": \"a\"}");
    }
    Path file = Files.write(scratch.resolve("tiny.jsonl"), lines);
    config = Splits.config(Splits.JSONL, file, Splits.uniform(2));
  }

  @Test
  void usesTheSameSplitThatAnotherHasMadeMeanwhile() throws IOException {
    List<TokenisedSplit> tokens = new ArrayList<>();
    List<String> log = new ArrayList<>();
    SplitDirectory split =
        prepareWhile(
            () -> {
              SplitDirectory faster = Splits.prepare(config, 1, output);
              tokens.add(
                  TokenisedSplit.encode(LocalSpark.session(), faster, Splits.quickstartEncoder()));
              Files.writeString(output.resolve("examples/_mark"), "of the faster one");
            },
            1,
            log);
    assertThat(log).last().isEqualTo("Using the split that was made in " + output + " meanwhile");
    assertThat(Splits.places(split)).hasSize(20);
    assertThat(output.resolve("examples/_mark")).exists();
    assertThat(tokens.get(0).read("train", 0)).isNotEmpty();
    assertThat(names(output)).containsExactly("examples", "manifest.json", "tokens");
  }

  @Test
  void refusesToMixWithAnotherSplitThatWasMadeMeanwhile() throws IOException {
    assertThatThrownBy(
            () -> prepareWhile(() -> Splits.prepare(config, 2, output), 1, new ArrayList<>()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("another split is there (seed: 2 in the split, 1 asked for)");
    assertThat(Splits.places(Splits.prepare(config, 2, output)))
        .isEqualTo(Splits.places(Splits.prepare(config, 2, scratch.resolve("alone"))));
    assertThat(names(output)).containsExactly("examples", "manifest.json");
  }

  @Test
  void leavesAnothersExamplesAloneThatComeAtTheVeryMomentOfTheRename() throws IOException {
    SplitDirectory faster = Splits.prepare(config, 1, output);
    FileSystem blind =
        new FilterFileSystem(FileSystem.getLocal(HADOOP).getRaw()) {
          private boolean asked;

          @Override
          public boolean exists(org.apache.hadoop.fs.Path path) throws IOException {
            boolean first = !asked;
            asked = true;
            return !first && super.exists(path);
          }
        };
    try (UnfinishedSplit unfinished =
        new UnfinishedSplit(new Storage(blind), new org.apache.hadoop.fs.Path(output.toUri()))) {
      Files.createDirectories(output.resolve(unfinished.examples().getName() + "/split=train"));
      assertThat(unfinished.settle(faster.manifest())).isFalse();
      assertThat(output.resolve("examples/" + unfinished.examples().getName())).exists();
      Files.move(output.resolve("manifest.json"), scratch.resolve("manifest.json"));
      assertThat(SplitDirectory.find(output.toString(), HADOOP)).isEmpty();
      Files.move(scratch.resolve("manifest.json"), output.resolve("manifest.json"));
    }
    assertThat(names(output)).containsExactly("examples", "manifest.json");
    assertThat(names(output.resolve("examples")))
        .containsExactly("_SUCCESS", "split=test", "split=train", "split=validation");
  }

  @Test
  void doesTheSecondRenameOfAPreparationThatWasKilledBeforeIt() throws IOException {
    Map<String, String> places = Splits.places(Splits.prepare(config, 1, output));
    Files.move(
        output.resolve("manifest.json"),
        output.resolve("examples/_manifest." + UUID.randomUUID() + ".json"));
    List<String> log = new ArrayList<>();
    SplitDirectory split =
        Preparation.prepare(
            LocalSpark.session(),
            config,
            1,
            output.toString(),
            PreparationContext.plain(),
            log::add);
    assertThat(log).containsExactly("Using the split that is in " + output);
    assertThat(Splits.places(split)).isEqualTo(places);
    assertThat(names(output)).containsExactly("examples", "manifest.json");
  }

  @Test
  void preparesBesideWhatAnotherWritesOrHasLeft() throws IOException {
    String id = UUID.randomUUID().toString();
    Path theirs = Files.createDirectories(output.resolve("_examples." + id + "/split=train"));
    Files.writeString(output.resolve("_examples." + id + "/_manifest." + id + ".json"), "{}");
    assertThat(SplitDirectory.find(output.toString(), HADOOP)).isEmpty();
    List<String> log = new ArrayList<>();
    SplitDirectory split =
        Preparation.prepare(
            LocalSpark.session(),
            config,
            1,
            output.toString(),
            PreparationContext.plain(),
            log::add);
    assertThat(Splits.places(split)).hasSize(20);
    assertThat(log)
        .contains(
            output
                + " holds _examples."
                + id
                + " of a preparation that is running or was killed; remove it if none is running");
    assertThat(theirs).exists();
    assertThat(names(output)).containsExactly("_examples." + id, "examples", "manifest.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"examples", "tokens"})
  void neverRemovesWhatItHasNotMade(String folder) throws IOException {
    Path thesis = Files.createDirectories(output.resolve(folder)).resolve("thesis.txt");
    Files.writeString(thesis, "not ours");
    assertThatThrownBy(() -> Splits.prepare(config, 1, output))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot write a split to "
                + output
                + ": its folder "
                + folder
                + " holds something that no manifest.json there tells of; name another data.output,"
                + " or remove that folder");
    assertThat(thesis).exists();
    assertThat(names(output)).containsExactly(folder);
  }

  private interface Action {
    void run() throws IOException;
  }

  /** Prepares; when the corpus is dealt out and writing begins, something else happens first. */
  private SplitDirectory prepareWhile(Action action, long seed, List<String> log) {
    return Preparation.prepare(
        LocalSpark.session(),
        config,
        seed,
        output.toString(),
        PreparationContext.plain(),
        line -> {
          log.add(line);
          if (line.startsWith("Writing ")) {
            try {
              action.run();
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          }
        });
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .map(child -> child.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .sorted()
          .toList();
    }
  }
}
