// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.evaluation.Answer;
import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Chunk;
import dev.tributary.evaluation.Question;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.ledger.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers that models have given, so that none is asked the same twice: another limit, judge or
 * label costs only what was not asked before. A file for each model; what a model is (content of
 * checkpoint and adapter, way of computing) and what it was asked (prompt, decoding) are hashes. By
 * one thread, on the driver.
 */
public final class GivenAnswers {
  private static final Logger LOG = LoggerFactory.getLogger(GivenAnswers.class);
  private static final String FOLDER = "answers";

  /** An answer without its place in a benchmark; the prompt is that of the question. */
  record Entry(
      String question,
      int sample,
      String output,
      int droppedDemonstrations,
      long promptTokens,
      long newTokens,
      int lackingTokens) {}

  private final Store store;
  private final Map<String, Map<String, List<Entry>>> byModel = new HashMap<>();

  /**
   * @param store holds the folder {@value #FOLDER}
   */
  public GivenAnswers(Store store) {
    this.store = store;
  }

  /**
   * What the model answered to a question before.
   *
   * @param model hash of all that its answers depend on
   * @return all samples, with the question's place now; empty unless all are known
   */
  public List<Answer> find(String model, Chunk.Placed placed) {
    Question question = placed.question();
    List<Entry> known = of(model).getOrDefault(key(question), List.of());
    if (known.size() < question.asked().samples()) {
      return List.of();
    }
    List<Answer> answers = new ArrayList<>();
    int shots = question.demonstrations().size();
    for (Entry entry : known.subList(0, question.asked().samples())) {
      answers.add(
          new Answer.Given(
              placed.place(),
              entry.sample(),
              question.text(shots - entry.droppedDemonstrations()),
              entry.output(),
              entry.droppedDemonstrations(),
              entry.promptTokens(),
              entry.newTokens(),
              entry.lackingTokens()));
    }
    return answers;
  }

  /**
   * Notes new answers; on disk when this returns. What was not run is not noted.
   *
   * @param questions by place
   */
  public void put(String model, List<Question> questions, List<Answer> answers) {
    Map<String, List<Entry>> known = of(model);
    Map<String, List<Entry>> found = new HashMap<>();
    for (Answer answer : answers) {
      if (answer instanceof Answer.Given given) {
        String key = key(questions.get(given.place()));
        found
            .computeIfAbsent(key, k -> new ArrayList<>())
            .add(
                new Entry(
                    key,
                    given.sample(),
                    given.output(),
                    given.droppedDemonstrations(),
                    given.promptTokens(),
                    given.newTokens(),
                    given.lackingTokens()));
      }
    }
    if (found.isEmpty()) {
      return;
    }
    found.forEach(
        (key, entries) -> {
          entries.sort(Comparator.comparingInt(Entry::sample));
          known.put(key, entries);
        });
    List<Entry> all = new ArrayList<>();
    known.keySet().stream().sorted().forEach(key -> all.addAll(known.get(key)));
    store.write(file(model), JsonRecords.lines(all));
  }

  /** Those of one model are held at a time: a run measures an adapter after each round. */
  private Map<String, List<Entry>> of(String model) {
    byModel.keySet().retainAll(Set.of(model));
    return byModel.computeIfAbsent(model, this::read);
  }

  private Map<String, List<Entry>> read(String model) {
    Map<String, List<Entry>> known = new HashMap<>();
    if (!store.exists(file(model))) {
      return known;
    }
    try {
      for (Entry entry : JsonRecords.rows(store.read(file(model)), Entry.class)) {
        known.computeIfAbsent(entry.question(), k -> new ArrayList<>()).add(entry);
      }
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "The answers in {} are damaged ({}); they are asked again", file(model), e.getMessage());
      known.clear();
    }
    return known;
  }

  private static String file(String model) {
    return FOLDER + "/" + model + ".jsonl";
  }

  /**
   * Of what is asked, not of who asks: neither the right answer nor, unless it is drawn, the id.
   */
  private static String key(Question question) {
    boolean drawn =
        question.asked() instanceof Asked.Continuation asked && asked.sampling().draws();
    List<String> parts = new ArrayList<>(question.demonstrations());
    parts.add(question.prompt());
    parts.add(question.asked().toString());
    parts.add(question.specials().name());
    parts.add(drawn ? question.id() : "");
    StringBuilder text = new StringBuilder();
    for (String part : parts) {
      text.append(part.length()).append(':').append(part);
    }
    return Sha256.of(text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
