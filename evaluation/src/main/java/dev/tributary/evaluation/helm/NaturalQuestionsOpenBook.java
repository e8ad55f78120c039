// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.helm;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.JsonLines;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.InputException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.commons.text.StringEscapeUtils;

/**
 * NaturalQuestions with the long answer as passage ("open book, long answers"): Kwiatkowski et al.
 * 2019. A published file {@code nq-dev-NN.jsonl.gz}: {@code document_html}, {@code question_text}
 * and {@code annotations}, whose answers are ranges of the page's bytes. Records without a short
 * answer are passed over; of the others those at even places are for demonstrations, those at odd
 * ones are asked, as in HELM. The passage is the long answer of the first annotation that has a
 * short one, where HELM draws one.
 *
 * <p>{@code Passage: LONG ANSWER⏎⏎Question: QUESTION?⏎Answer: ...}; 300 tokens up to the line's
 * end, F1 against the nearest short answer.
 */
public record NaturalQuestionsOpenBook(ScenarioConfig config) implements Scenario {
  private static final Pattern TAG = Pattern.compile("<[^>]*>");

  /** Chosen by {@code name: natural-questions-openbook}. */
  public static final class Provider implements Task.Provider<ScenarioConfig> {
    @Override
    public String name() {
      return "natural-questions-openbook";
    }

    @Override
    public Class<ScenarioConfig> configType() {
      return ScenarioConfig.class;
    }

    @Override
    public Task create(ScenarioConfig config) {
      return new NaturalQuestionsOpenBook(config);
    }
  }

  @Override
  public String name() {
    return "natural-questions-openbook";
  }

  /** The five files together hold more than one of them does. */
  @Override
  public int published() {
    return 0;
  }

  @Override
  public Format format() {
    return new Format("", "", "Answer: ");
  }

  @Override
  public Matches match() {
    return Matches.F1;
  }

  @Override
  public int answerTokens() {
    return 300;
  }

  @Override
  public List<Instance> instances(BenchmarkFiles files, String path) {
    List<Instance> asked = everySecond(answered(files, path), 1);
    if (asked.isEmpty()) {
      throw new InputException(path + " has fewer than two records with a short answer");
    }
    return asked;
  }

  @Override
  public List<Instance> setApart(BenchmarkFiles files) {
    return everySecond(answered(files, config.path()), 0);
  }

  private static List<Instance> everySecond(List<Instance> all, int first) {
    List<Instance> some = new ArrayList<>();
    for (int i = first; i < all.size(); i += 2) {
      some.add(all.get(i));
    }
    return some;
  }

  private static List<Instance> answered(BenchmarkFiles files, String path) {
    return JsonLines.read(files, path, NaturalQuestionsOpenBook::instance).stream()
        .flatMap(Optional::stream)
        .toList();
  }

  private static Optional<Instance> instance(JsonLines.Line line) {
    byte[] page = line.text("document_html").getBytes(StandardCharsets.UTF_8);
    Set<String> golds = new LinkedHashSet<>();
    String passage = "";
    for (JsonNode annotation : line.fields().path("annotations")) {
      for (JsonNode answer : annotation.path("short_answers")) {
        if (golds.isEmpty()) {
          passage = text(page, annotation.path("long_answer"));
        }
        golds.add(text(page, answer));
      }
    }
    if (golds.isEmpty()) {
      return Optional.empty();
    }
    String input =
        "Passage: "
            + passage
            + "\n\nQuestion: "
            + NaturalQuestions.asked(line.text("question_text"));
    return Optional.of(
        new Instance("natural-questions-openbook/" + line.record(), input, List.copyOf(golds)));
  }

  /** Without tags and entities. */
  private static String text(byte[] page, JsonNode range) {
    int from = range.path("start_byte").asInt(-1);
    int to = range.path("end_byte").asInt(-1);
    if (from < 0 || to < from || to > page.length) {
      throw new InputException(
          "an answer's bytes " + from + " to " + to + " are not in the page of " + page.length);
    }
    String html = new String(Arrays.copyOfRange(page, from, to), StandardCharsets.UTF_8);
    String plain = StringEscapeUtils.unescapeHtml4(html.replace('\u00A0', ' '));
    return TAG.matcher(plain).replaceAll("").strip();
  }
}
