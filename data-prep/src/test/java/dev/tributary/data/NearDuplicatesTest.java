// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NearDuplicatesTest {
  private static final StructType SCHEMA =
      new StructType()
          .add("rank", DataTypes.IntegerType, false)
          .add("text", DataTypes.StringType, false)
          .add("core", DataTypes.StringType, false);

  @Test
  void linksTextsThatAreSimilarEnough() {
    // 100 runs each; the last n words differ, and so do n runs: (100 - n) / (100 + n)
    List<String> texts =
        List.of(
            words(0, 104),
            words(0, 93) + " " + words(500, 11),
            words(0, 92) + " x " + words(600, 11));
    assertThat(jaccard(texts.get(0), texts.get(1))).isCloseTo(89 / 111.0, within(1e-12));
    assertThat(jaccard(texts.get(0), texts.get(2))).isCloseTo(88 / 112.0, within(1e-12));
    assertThat(dropped(texts, 0.8)).isEqualTo(bits(1));
    assertThat(dropped(texts, 89 / 111.0)).isEqualTo(bits(1));
    assertThat(dropped(texts, 89 / 111.0 + 1e-9)).isEqualTo(bits());
    assertThat(dropped(texts, 0.7)).isEqualTo(bits(1, 2));
  }

  @Test
  void neitherQuestionsAboutOnePassageNorOneQuestionAboutPassagesAreLinked() {
    String passage = words(0, 200);
    String question = words(1000, 10);
    List<Row> rows = new ArrayList<>();
    for (List<String> example :
        List.of(
            List.of(question, passage),
            List.of(words(2000, 10), passage),
            List.of(question, words(3000, 200)),
            List.of(question, passage + " more"))) {
      rows.add(
          RowFactory.create(rows.size(), example.get(0) + "\n" + example.get(1), example.get(0)));
    }
    Dataset<Row> examples = LocalSpark.session().createDataFrame(rows, SCHEMA);
    assertThat(NearDuplicates.dropped(examples, 0.8, rows.size())).isEqualTo(bits(3));
  }

  @Test
  void keepsTheFirstOfEachGroupThoughItsMembersAreLinkedOverOthers() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      texts.add(
          words(9 * i, 104)); // 91 of 109 runs shared with the next, 82 of 118 with the second next
    }
    Collections.swap(texts, 0, 5);
    assertThat(dropped(texts, 0.8)).isEqualTo(bits(1, 2, 3, 4, 5, 6, 7, 8, 9));
  }

  @Test
  void aSimilarityOfOneLinksTextsOfTheSameWordsOnly() {
    String text = words(0, 50);
    List<String> texts =
        List.of(text, text.toUpperCase(Locale.ROOT).replace(" ", ", "), text + " more", text);
    assertThat(dropped(texts, 1)).isEqualTo(bits(1, 3));
  }

  @Test
  void shortTextsAreLinkedWithTheirEqualsAndTextsWithoutWordsNever() {
    List<String> texts = List.of("", "Yes.", "yes", "yes yes", "", "...", "No", "YES!", "...", "?");
    for (double similarity : new double[] {0.01, 1}) {
      assertThat(dropped(texts, similarity)).isEqualTo(bits(2, 7));
    }
    assertThat(dropped(List.of(), 0.8)).isEqualTo(bits());
    assertThat(dropped(List.of("", "!"), 0.8)).isEqualTo(bits());
  }

  @Test
  void refusesSimilaritiesThatAreNone() {
    for (double similarity : new double[] {0, -1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> dropped(List.of("a"), similarity))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("Cannot look for texts of similarity " + similarity + "; give one in (0, 1]");
    }
  }

  /** Brute force over words as texts: nothing is linked wrongly, hardly anything is missed. */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.8, 0.95})
  void agreesWithBruteForceOnMutatedTexts(double similarity) {
    List<String> texts = mutated(new SplittableRandom(11), 600);
    Set<List<Integer>> similar = new HashSet<>();
    int[] groups = IntStream.range(0, texts.size()).toArray();
    List<Set<List<String>>> runs = texts.stream().map(NearDuplicatesTest::runs).toList();
    for (int i = 0; i < groups.length; i++) {
      for (int j = 0; j < i; j++) {
        if (jaccard(runs.get(i), runs.get(j)) >= similarity) {
          similar.add(List.of(j, i));
          int from = Math.max(groups[i], groups[j]);
          int to = Math.min(groups[i], groups[j]);
          IntStream.range(0, groups.length)
              .filter(k -> groups[k] == from)
              .forEach(k -> groups[k] = to);
        }
      }
    }
    BitSet wanted = new BitSet();
    IntStream.range(0, groups.length).filter(i -> groups[i] != i).forEach(wanted::set);
    assertThat(similar).hasSizeGreaterThan(50);
    BitSet dropped = dropped(texts, similarity);
    BitSet wrong = (BitSet) dropped.clone();
    wrong.andNot(wanted);
    assertThat(wrong).isEqualTo(bits());
    assertThat(dropped.cardinality()).isGreaterThanOrEqualTo((int) (0.99 * wanted.cardinality()));

    // Each pair alone, as what a group has in common could hide that a pair was missed.
    NearDuplicates.Bands bands = NearDuplicates.Bands.of(similarity);
    List<long[]> buckets = texts.stream().map(NearDuplicates::runs).map(bands::buckets).toList();
    long met =
        similar.stream().filter(p -> meet(buckets.get(p.get(0)), buckets.get(p.get(1)))).count();
    assertThat((double) met / similar.size()).isGreaterThanOrEqualTo(0.99);
  }

  private static boolean meet(long[] one, long[] other) {
    return IntStream.range(0, one.length).anyMatch(i -> one[i] == other[i]);
  }

  /** Over many pairs of one similarity, as often as the formula of banding says. */
  @Test
  void pairsMeetAsOftenAsTheFormulaSays() {
    SplittableRandom random = new SplittableRandom(3);
    NearDuplicates.Bands bands = NearDuplicates.Bands.of(0.8);
    assertThat(bands.rows()).isEqualTo(6);
    assertThat(bands.count()).isEqualTo(21);
    for (int shared : new int[] {40, 60, 70, 80, 90}) {
      int pairs = 4000;
      int met = 0;
      for (int i = 0; i < pairs; i++) {
        int[] all = random.ints(100).toArray(); // 100 runs, of which some are in both
        int half = (100 - shared) / 2;
        int[] one = Arrays.copyOf(all, shared + half);
        int[] other = Arrays.copyOf(all, 100);
        System.arraycopy(all, shared + half, other, shared, 100 - shared - half);
        met += meet(bands.buckets(one), bands.buckets(Arrays.copyOf(other, 100 - half))) ? 1 : 0;
      }
      double wanted = NearDuplicates.Bands.found(shared / 100.0, 6);
      assertThat((double) met / pairs)
          .as("pairs of similarity 0.%d", shared)
          .isCloseTo(wanted, within(4 * Math.sqrt(wanted * (1 - wanted) / pairs) + 0.002));
    }
  }

  @Test
  void bandsAreAsLongAsLetSimilarPairsMeet() {
    for (double similarity : new double[] {0.04, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99, 1}) {
      int rows = NearDuplicates.Bands.of(similarity).rows();
      assertThat(NearDuplicates.Bands.found(similarity, rows)).isGreaterThanOrEqualTo(0.99);
      assertThat(NearDuplicates.Bands.found(similarity, rows + 1))
          .isLessThan(similarity == 1 ? 2 : 0.99);
    }
  }

  @Test
  void doesNotHangOnTheOrderOfRowsOrOnPartitions() {
    List<String> texts = mutated(new SplittableRandom(2), 300);
    BitSet dropped = dropped(texts, 0.7);
    assertThat(dropped.cardinality()).isBetween(50, 250);
    List<Row> rows = new ArrayList<>(rows(texts));
    for (int partitions : new int[] {1, 3, 16}) {
      Collections.shuffle(rows, new Random(partitions));
      Dataset<Row> examples =
          LocalSpark.session().createDataFrame(rows, SCHEMA).repartition(partitions);
      assertThat(NearDuplicates.dropped(examples, 0.7, texts.size())).isEqualTo(dropped);
    }
  }

  @Test
  void thousandsOfEqualTextsAndOfTextsThatShareAPassageAreQuick() {
    List<String> texts = new ArrayList<>(Collections.nCopies(5000, words(0, 200)));
    for (int i = 0; i < 5000; i++) {
      texts.add(words(1000, 200) + " " + words(100_000 + 10 * i, 10)); // 196 of 216 runs shared
    }
    BitSet wanted = new BitSet();
    wanted.set(1, 5000);
    wanted.set(5001, 10_000);
    long start = System.nanoTime();
    assertThat(dropped(texts, 0.8)).isEqualTo(wanted);
    assertThat((System.nanoTime() - start) / 1e9).isLessThan(60); // a square of 5,000 takes longer
  }

  @Test
  void worksWhereASessionSerialisesWithKryo() {
    LocalSpark.session().stop();
    try (SparkSession kryo =
        LocalSpark.settings()
            .config("spark.serializer", KryoSerializer.class.getName())
            .getOrCreate()) {
      List<String> texts = List.of(words(0, 100), "b", words(0, 101), "B");
      assertThat(NearDuplicates.dropped(kryo.createDataFrame(rows(texts), SCHEMA), 0.8, 4))
          .isEqualTo(bits(2, 3));
    }
  }

  @Test
  void releasesWhatItKeeps() {
    assertThat(dropped(List.of("a", "a"), 0.8)).isEqualTo(bits(1));
    assertThat(LocalSpark.session().sparkContext().getPersistentRDDs().isEmpty()).isTrue();
  }

  @Test
  void findsWhatDollySaysTwice() throws IOException {
    List<Row> rows = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    for (String line :
        Files.readAllLines(SharedData.path("data/dolly/databricks-dolly-15k.jsonl"))) {
      JsonNode record = json.readTree(line);
      String core = record.path("instruction").asText() + "\n" + record.path("response").asText();
      rows.add(RowFactory.create(rows.size(), core + "\n" + record.path("context").asText(), core));
    }
    Dataset<Row> examples = LocalSpark.session().createDataFrame(rows, SCHEMA);
    // As many as comparing all pairs gives that share a run of their cores.
    assertThat(NearDuplicates.dropped(examples, 0.9, rows.size()).cardinality()).isEqualTo(22);
    assertThat(NearDuplicates.dropped(examples, 0.8, rows.size()).cardinality()).isEqualTo(30);
    assertThat(NearDuplicates.dropped(examples, 0.7, rows.size()).cardinality()).isEqualTo(36);
  }

  // ---- texts

  /** Numbers as words; runs of five are all different. */
  private static String words(int from, int count) {
    return String.join(" ", IntStream.range(from, from + count).mapToObj(i -> "w" + i).toList());
  }

  /** Random texts, and copies of them of which some words are replaced, left out or put in. */
  private static List<String> mutated(SplittableRandom random, int count) {
    List<String> texts = new ArrayList<>();
    while (texts.size() < count) {
      List<String> words = new ArrayList<>();
      random.ints(20 + random.nextInt(120), 0, 3000).forEach(w -> words.add("w" + w));
      texts.add(String.join(" ", words));
      int copies = random.nextInt(4);
      for (int copy = 0; copy < copies && texts.size() < count; copy++) {
        List<String> changed = new ArrayList<>(words);
        for (int change = random.nextInt(5); change > 0; change--) {
          int place = random.nextInt(changed.size());
          switch (random.nextInt(3)) {
            case 0 -> changed.set(place, "x" + random.nextInt(1000));
            case 1 -> changed.remove(place);
            default -> changed.add(place, "y" + random.nextInt(1000));
          }
        }
        texts.add(String.join(random.nextBoolean() ? " " : "\n", changed));
      }
    }
    Collections.shuffle(texts, new Random(random.nextLong()));
    return texts;
  }

  private static BitSet dropped(List<String> texts, double similarity) {
    return NearDuplicates.dropped(
        LocalSpark.session().createDataFrame(rows(texts), SCHEMA), similarity, texts.size());
  }

  private static List<Row> rows(List<String> texts) {
    return IntStream.range(0, texts.size())
        .mapToObj(rank -> RowFactory.create(rank, texts.get(rank), texts.get(rank)))
        .toList();
  }

  private static BitSet bits(int... set) {
    BitSet bits = new BitSet();
    Arrays.stream(set).forEach(bits::set);
    return bits;
  }

  private static double jaccard(String one, String other) {
    return jaccard(runs(one), runs(other));
  }

  private static double jaccard(Set<List<String>> one, Set<List<String>> other) {
    long shared = one.stream().filter(other::contains).count();
    return shared / (double) (one.size() + other.size() - shared);
  }

  private static Set<List<String>> runs(String text) {
    List<String> words = List.of(text.split("\\s+"));
    Set<List<String>> runs = new HashSet<>();
    for (int i = 0; i + 5 <= words.size(); i++) {
      runs.add(words.subList(i, i + 5));
    }
    return runs;
  }
}
