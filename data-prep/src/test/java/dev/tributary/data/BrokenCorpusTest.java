// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.data.splitter.Meta;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is wrong with a corpus is said with file and line, or counted where the file asks for it.
 */
class BrokenCorpusTest {
  private static final String GOOD = "{\"instruction\": \"q\", \"output\": \"a\"}\n";

  @TempDir Path scratch;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"instruction\": \"q\", \"output\": | broken JSON | broken-json",
        "{\"instruction\": \"q\"} {} | goes on after its JSON object | broken-json",
        "not json | broken JSON at column 5: Unrecognized token 'not' | broken-json",
        "[1, 2] | the line is no JSON object | broken-json",
        "{\"instruction\": \"q\", \"answer\": \"a\"} | field 'output' is missing or null (the record"
            + " has [answer] besides); is data.corpus the right one? | missing-field",
        "{\"instruction\": null, \"output\": \"a\"} | field 'instruction' is missing or null |"
            + " missing-field",
        "{\"instruction\": \"q\", \"output\": 5} | field 'output' is a number where text is needed |"
            + " wrong-type",
        "{\"instruction\": [\"q\"], \"output\": \"a\"} | field 'instruction' is a list | wrong-type",
        "{\"instruction\": \"\\ud83d\", \"output\": \"a\"} | half a surrogate pair | invalid-text"
      })
  void saysWhichLineIsBrokenOrCountsIt(String line, String what, String reason) throws IOException {
    Path file = scratch.resolve("corpus.jsonl");
    Files.writeString(file, GOOD + "\n" + GOOD + line + "\n" + GOOD);
    assertThatThrownBy(() -> prepare(file, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":4: ")
        .hasMessageContaining(what)
        .hasMessageEndingWith("or count and skip such records with data.broken-records: skip");
    Manifest manifest = prepare(file, DataConfig.BrokenRecords.SKIP).manifest();
    assertThat(manifest.skipped()).isEqualTo(Map.of(reason, 1L));
    assertThat(manifest.records()).isEqualTo(4);
    assertThat(manifest.total()).isEqualTo(3);
    assertThat(manifest.brokenRecords()).isEqualTo("skip");
  }

  @Test
  void countsLinesOfTheFileInEveryPiece() throws IOException {
    Path file = long5000(Map.of(4321, "{"));
    assertThatThrownBy(() -> inPieces(file, DataConfig.BrokenRecords.FAIL, line -> {}))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":4321: broken JSON");
  }

  @Test
  void tellsOfAFewSkippedRecordsOfEachReason() throws IOException {
    Map<Integer, String> broken = new HashMap<>();
    for (int line = 250; line <= 5000; line += 250) {
      broken.put(line, "{");
    }
    broken.put(4900, "{}");
    long5000(broken);
    Path folder = scratch.resolve("corpus");
    Files.writeString(folder.resolve("before.jsonl"), GOOD + GOOD);
    List<String> told = new ArrayList<>();
    SplitDirectory split = inPieces(folder, DataConfig.BrokenRecords.SKIP, told::add);
    assertThat(split.manifest().skipped())
        .isEqualTo(Map.of("broken-json", 20L, "missing-field", 1L));
    told.removeIf(line -> !line.startsWith("Skipped "));
    assertThat(told.stream().map(line -> line.replaceAll("Skipped .*:(\\d+): (\\w+).*", "$1 $2")))
        .containsExactly("250 broken", "500 broken", "750 broken", "4900 field");
  }

  private static SplitDirectory inPieces(
      Path file, DataConfig.BrokenRecords brokenRecords, Consumer<String> log) {
    return Preparation.prepare(
        LocalSpark.session(),
        Splits.config(Splits.JSONL, file, Splits.uniform(2), brokenRecords),
        1,
        file.resolveSibling("split").toString(),
        PreparationContext.plain(),
        log,
        4);
  }

  /** 5 MB of records, five pieces, some lines replaced. */
  private Path long5000(Map<Integer, String> broken) throws IOException {
    StringBuilder text = new StringBuilder();
    String filler = "x".repeat(1000);
    for (int line = 1; line <= 5000; line++) {
      String whole = "{\"instruction\": \"" + line + filler + "\", \"output\": \"a\"}";
      text.append(broken.getOrDefault(line, whole)).append('\n');
    }
    Path folder = Files.createDirectory(scratch.resolve("corpus"));
    return Files.writeString(folder.resolve("long.jsonl"), text);
  }

  @Test
  void refusesBytesThatAreNotUtf8() throws IOException {
    Path file = scratch.resolve("latin1.jsonl");
    Files.write(file, (GOOD + GOOD.replace("q", "\u00e9")).getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> prepare(file, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":2: the line is not UTF-8");
    assertThat(prepare(file, DataConfig.BrokenRecords.SKIP).manifest().skipped())
        .isEqualTo(Map.of("invalid-text", 1L));
  }

  @Test
  void refusesATruncatedGzipEvenWhereBrokenRecordsMayBeSkipped() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      for (int i = 0; i < 2000; i++) {
        out.write(GOOD.replace("q", "q" + i * 31).getBytes(StandardCharsets.UTF_8));
      }
    }
    Path file = scratch.resolve("corpus.jsonl.gz");
    Files.write(file, Arrays.copyOf(bytes.toByteArray(), bytes.size() / 2));
    for (DataConfig.BrokenRecords records : DataConfig.BrokenRecords.values()) {
      assertThatThrownBy(() -> prepare(file, records))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("corpus.jsonl.gz:")
          .hasMessageContaining("the gzip file is cut off here; fetch it again")
          .hasMessageContaining("skip cannot help, as the rest of the file is lost");
    }
  }

  @Test
  void namesTheLineInJsonArraysToo() throws IOException {
    String element = GOOD.strip();
    Path file = scratch.resolve("corpus.json");
    Files.writeString(file, "[\n" + element + ",\n{\"instruction\": \"q\"},\n7\n]\n");
    assertThatThrownBy(() -> prepare(file, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":3: field 'output' is missing");
    assertThat(prepare(file, DataConfig.BrokenRecords.SKIP).manifest().skipped())
        .isEqualTo(Map.of("missing-field", 1L, "wrong-type", 1L));
    for (String broken :
        new String[] {
          "[\n" + element + ",\n" + element + "\n" + element + "]",
          "[\n" + element + ",\n\n" + element.substring(0, 20),
          "[\n" + element + "\n,"
        }) {
      Files.writeString(file, broken);
      for (DataConfig.BrokenRecords records : DataConfig.BrokenRecords.values()) {
        assertThatThrownBy(
                () ->
                    Splits.prepare(
                        Splits.config(Splits.JSONL, file, Splits.uniform(1), records),
                        1,
                        scratch.resolve("other")))
            .isInstanceOf(InputException.class)
            .hasMessageMatching("(?s).*corpus.json:[34]: broken JSON.*rest of the file is lost.*");
      }
    }
  }

  @Test
  void refusesCorporaWithoutExamplesAndMoreClientsThanThereAre() throws IOException {
    Path empty = Files.writeString(scratch.resolve("empty.jsonl"), "\n \n");
    assertThatThrownBy(() -> prepare(empty, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("empty.jsonl is not valid; there is no example in it");
    Path few = Files.writeString(scratch.resolve("few.jsonl"), GOOD + GOOD);
    assertThatThrownBy(
            () ->
                Splits.prepare(
                    Splits.config(Splits.JSONL, few, Splits.uniform(3)),
                    1,
                    scratch.resolve("split")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("splitter.clients = 3 is not valid; the corpus has only 2 examples");
    assertThat(scratch.resolve("split")).doesNotExist();
  }

  @Test
  void refusesPathsWithNothingToRead() throws IOException {
    Path missing = scratch.resolve("missing.jsonl");
    assertThatThrownBy(() -> prepare(missing, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is no such file or folder");
    Path folder = Files.createDirectory(scratch.resolve("folder"));
    Files.writeString(folder.resolve("notes.txt"), "none");
    assertThatThrownBy(() -> prepare(folder, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the folder has no file *.json, *.jsonl or *.ndjson");
    Path zip = Files.write(scratch.resolve("corpus.zip"), new byte[] {'P', 'K', 3, 4, 0, 0});
    assertThatThrownBy(() -> prepare(zip, DataConfig.BrokenRecords.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("corpus.zip: the zip archive is damaged")
        .hasMessageContaining("unpack it by hand, or fetch it again");
    assertThatThrownBy(
            () ->
                Splits.prepare(
                    Splits.config(Splits.GSM8K, zip, Splits.meta(0)), 1, scratch.resolve("s")))
        .isInstanceOf(InputException.class);
  }

  @Test
  void refusesLabelsThatAreNotThere() throws IOException {
    Path file = Files.writeString(scratch.resolve("corpus.jsonl"), GOOD + GOOD);
    assertThatThrownBy(
            () ->
                Splits.prepare(
                    Splits.config(Splits.JSONL, file, Splits.meta(0)), 1, scratch.resolve("s")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("splitter meta: no record of the corpus has a category");
    assertThatThrownBy(
            () ->
                Splits.prepare(
                    Splits.config(
                        Splits.JSONL,
                        file,
                        new Choice<>(new Meta.Provider(), new Meta.Config("site", 0))),
                    1,
                    scratch.resolve("s")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("splitter.by = site is not valid; corpus jsonl has the columns")
        .hasMessageContaining("keep: [site]");
  }

  private SplitDirectory prepare(Path file, DataConfig.BrokenRecords brokenRecords) {
    return Splits.prepare(
        Splits.config(Splits.JSONL, file, Splits.uniform(1), brokenRecords),
        1,
        scratch.resolve("split"));
  }
}
