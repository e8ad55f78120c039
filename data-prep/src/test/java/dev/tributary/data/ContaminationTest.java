// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.Serializer;
import org.junit.jupiter.api.Test;
import scala.reflect.ClassTag;

class ContaminationTest {
  private static final String QUESTION =
      "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in"
          + " May. How many clips did Natalia sell altogether in April and May?";

  @Test
  void findsThirteenWordsInARowWhateverStandsBetween() {
    Contamination benchmark = Contamination.of(List.of(QUESTION));
    assertThat(benchmark.touches(QUESTION)).isTrue();
    assertThat(
            benchmark.touches(
                "As they say: \"48 OF HER\n\tfriends; in April -- and then she sold half as many"
                    + " clips\"; so be it"))
        .isTrue();
    assertThat(benchmark.grams()).isEqualTo(31 - 12);
    assertThat(benchmark.tooShort()).isZero();
  }

  @Test
  void twelveWordsAreNotEnough() {
    Contamination benchmark = Contamination.of(List.of(QUESTION));
    assertThat(benchmark.touches("to 48 of her friends in April, and then she sold half of them"))
        .isFalse();
    assertThat(benchmark.touches("then she sold half as many clips in May. How many clips sold"))
        .isFalse();
    assertThat(benchmark.touches("")).isFalse();
    assertThat(benchmark.touches("a")).isFalse();
  }

  @Test
  void runsDoNotGoFromOneTextToTheNext() {
    String[] halves = QUESTION.split(" and then ", -1);
    Contamination benchmark = Contamination.of(List.of(halves[0] + " and then", halves[1]));
    assertThat(benchmark.touches(QUESTION)).isTrue(); // the second half has 18 words
    assertThat(benchmark.touches(QUESTION.replace("altogether", ""))).isTrue();
    assertThat(
            benchmark.touches(
                "48 of her friends in April, and then she sold half as many clips. In May? None."))
        .isFalse();
  }

  @Test
  void countsTextsThatAreTooShortToBeFound() {
    Contamination benchmark = Contamination.of(List.of(QUESTION, "What is 2 + 2?", "", "a b c"));
    assertThat(benchmark.tooShort()).isEqualTo(3);
    assertThat(benchmark.touches("What is 2 + 2?")).isFalse();
    Contamination nothing = Contamination.of(List.of());
    assertThat(nothing.grams()).isZero();
    assertThat(nothing.touches(QUESTION)).isFalse();
  }

  @Test
  void thirteenLettersThatAreWordsEachAreLongEnough() {
    String text = "a b c d e f g h i j k l m";
    assertThat(Contamination.of(List.of(text)).touches(text)).isTrue();
    String chinese = "北京是中华人民共和国的首都";
    assertThat(Contamination.of(List.of(chinese)).touches("我说" + chinese)).isTrue();
  }

  @Test
  void itsIdentityIsThatOfItsRunsNotOfTheirOrder() {
    Contamination one = Contamination.of(List.of(QUESTION, "x".repeat(3), QUESTION + " Why?"));
    Contamination other =
        Contamination.of(List.of(QUESTION.toUpperCase(Locale.ROOT) + "\n\n  why"));
    assertThat(one.sha256()).isEqualTo(other.sha256()).matches("[0-9a-f]{64}");
    assertThat(Contamination.of(List.of(QUESTION)).sha256()).isNotEqualTo(one.sha256());
  }

  /** Chance would find one gram in 10^11 of these; so none is found, and all that is planted is. */
  @Test
  void findsWhatIsPlantedAndNothingElseAmongRandomTexts() {
    SplittableRandom random = new SplittableRandom(5);
    List<String> benchmark = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      benchmark.add(text(random, 13 + random.nextInt(40)));
    }
    Contamination contamination = Contamination.of(benchmark);
    int found = 0;
    int planted = 0;
    for (int i = 0; i < 20_000; i++) {
      String text = text(random, 60);
      if (i % 10 == 0) {
        String[] words = benchmark.get(random.nextInt(benchmark.size())).split(" ", -1);
        int from = random.nextInt(words.length - 12);
        text +=
            " "
                + String.join(", ", List.of(words).subList(from, from + 13))
                + " "
                + text(random, 5);
        planted++;
      }
      found += contamination.touches(text) ? 1 : 0;
    }
    assertThat(found).isEqualTo(planted);
  }

  private static String text(SplittableRandom random, int words) {
    List<String> text = new ArrayList<>();
    for (int i = 0; i < words; i++) {
      text.add("w" + random.nextInt(500));
    }
    return String.join(" ", text);
  }

  @Test
  void canBeBroadcastByEitherSerializer() {
    Contamination benchmark = Contamination.of(List.of(QUESTION));
    for (Serializer serializer :
        List.of(new KryoSerializer(new SparkConf()), new JavaSerializer(new SparkConf()))) {
      ClassTag<Contamination> type = ClassTag.apply(Contamination.class);
      Contamination there =
          serializer
              .newInstance()
              .deserialize(serializer.newInstance().serialize(benchmark, type), type);
      assertThat(there.sha256()).isEqualTo(benchmark.sha256());
      assertThat(there.touches(QUESTION)).isTrue();
      assertThat(there.touches(Collections.nCopies(20, "word").toString())).isFalse();
    }
  }

  @Test
  void fewTrainingQuestionsOfGsm8kHoldTextOfItsTestQuestions() throws IOException {
    Contamination test = Contamination.of(questions(SharedData.path("data/gsm8k/test.jsonl")));
    assertThat(test.tooShort()).isEqualTo(0);
    List<String> train = questions(SharedData.path("data/gsm8k/train.jsonl"));
    assertThat(train.stream().filter(test::touches).map(text -> text.substring(0, 24)))
        .containsExactlyInAnyOrder(
            "Bella bought stamps at t",
            "Joseph and his friends w",
            "A train travels 270 mile",
            "A train travels 360 mile");
    assertThat(questions(SharedData.path("data/gsm8k/test.jsonl")))
        .filteredOn(t -> !test.touches(t))
        .isEmpty();
  }

  private static List<String> questions(Path file) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<String> questions = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      JsonNode record = json.readTree(line);
      questions.add(record.path("question").asText());
    }
    return questions;
  }
}
