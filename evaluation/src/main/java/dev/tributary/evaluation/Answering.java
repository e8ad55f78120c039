// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.model.CacheBudget;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.text.StopTokens;
import dev.tributary.fl.text.TextEncoding;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Asks a model the questions of a benchmark: {@link #plan} on the driver, {@link #answer} where the
 * model is, {@link Scored#of} on the driver again.
 *
 * <p>A prompt's tokens come from its whole text, its new tokens from the prompt alone ({@link
 * CausalLm#generate}), and demonstrations are dropped by its own length: an answer is the same in
 * any chunk, batch and company. What is arranged here is speed: questions with the same beginning
 * stand together, so that it is computed once a batch, and those of like length, so that a batch
 * ends together.
 */
public final class Answering {
  private static final Comparator<Chunk.Placed> LONGEST_FIRST =
      Comparator.comparingInt((Chunk.Placed q) -> q.question().prompt().length())
          .reversed()
          .thenComparingInt(Chunk.Placed::place);

  private final CausalLm model;
  private final TrainedWeights weights;
  private final TextEncoding encoding;
  private final Batches batches;
  private final List<Answer> answers = new ArrayList<>();
  private final Map<List<String>, List<int[]>> stopTokens = new HashMap<>();

  private Answering(
      CausalLm model, TrainedWeights weights, TextEncoding encoding, Batches batches) {
    this.model = model;
    this.weights = weights;
    this.encoding = encoding;
    this.batches = batches;
  }

  /**
   * Deals questions out in chunks, long ones first, so that no long chunk starts last.
   *
   * @param questionsPerChunk at most so many in a chunk, at least 1. Each chunk computes its shared
   *     beginning anew, so not less than a batch unless machines would stand idle.
   */
  public static List<Chunk> plan(List<Question> questions, int questionsPerChunk) {
    if (questionsPerChunk < 1) {
      throw new IllegalArgumentException(
          "A chunk holds at least 1 question, not " + questionsPerChunk);
    }
    Map<List<String>, List<Chunk.Placed>> byBeginning = new LinkedHashMap<>();
    for (int place = 0; place < questions.size(); place++) {
      Question question = questions.get(place);
      byBeginning
          .computeIfAbsent(question.demonstrations(), key -> new ArrayList<>())
          .add(new Chunk.Placed(place, question));
    }
    List<Chunk.Placed> order = new ArrayList<>();
    List<Chunk.Placed> alone = new ArrayList<>(); // share their beginning with nobody
    for (List<Chunk.Placed> group : byBeginning.values()) {
      if (group.size() == 1) {
        alone.add(group.get(0));
      } else {
        group.sort(LONGEST_FIRST);
        order.addAll(group);
      }
    }
    alone.sort(LONGEST_FIRST);
    order.addAll(alone);
    int chunks = (order.size() + questionsPerChunk - 1) / questionsPerChunk;
    List<Chunk> plan = new ArrayList<>();
    for (int c = 0; c < chunks; c++) { // sizes differ by one at most
      int from = (int) ((long) order.size() * c / chunks);
      int to = (int) ((long) order.size() * (c + 1) / chunks);
      plan.add(new Chunk(order.subList(from, to)));
    }
    return plan;
  }

  /**
   * Answers a chunk's questions; runs where the model is, on one thread.
   *
   * <p>A prompt that leaves too little room for the new tokens in the model's {@code maxPositions}
   * goes without its last demonstrations; with none left, the answer gets what room there is. A
   * batch that fails is tried again in halves; a question that fails alone, twice, is not run.
   *
   * @return one answer for each question; they do not depend on {@code batches}
   */
  public static Answers answer(
      Chunk chunk, CausalLm model, TrainedWeights weights, TextEncoding encoding, Batches batches) {
    long start = System.nanoTime();
    Answering answering = new Answering(model, weights, encoding, batches);
    answering.answerAll(chunk.questions());
    return new Answers(answering.answers, (System.nanoTime() - start) * 1e-9);
  }

  /**
   * A question as the model gets it.
   *
   * @param shots demonstrations kept
   * @param newTokens room for the answer
   */
  private record Prompt(
      Chunk.Placed placed,
      Asked.Continuation asked,
      int shots,
      String text,
      int[] tokens,
      int newTokens) {}

  private void answerAll(List<Chunk.Placed> questions) {
    List<Prompt> prompts = new ArrayList<>();
    for (Chunk.Placed placed : questions) {
      Prompt prompt = prompt(placed);
      if (prompt.newTokens() < 1) {
        answers.add(
            new Answer.NotRun(
                placed.place(),
                "the prompt has "
                    + prompt.tokens().length
                    + " tokens and leaves no room in the model's "
                    + positions()));
      } else {
        prompts.add(prompt);
      }
    }
    for (List<Prompt> batch : batches(prompts)) {
      Halving.run(
          batch,
          this::generate,
          (prompt, reason) -> answers.add(new Answer.NotRun(prompt.placed().place(), reason)));
    }
  }

  /** The prompt with as many demonstrations as fit. */
  private Prompt prompt(Chunk.Placed placed) {
    Question question = placed.question();
    // The only kind there is; others will be answered by methods of their own.
    Asked.Continuation asked = (Asked.Continuation) question.asked();
    for (int shots = question.demonstrations().size(); ; shots--) {
      String text = question.text(shots);
      int[] tokens =
          switch (question.specials()) {
            case ADDED -> encoding.encode(text);
            case SPELT_OUT -> encoding.encodePlain(text);
          };
      int room = positions() - tokens.length;
      if (room >= asked.maxNewTokens() || shots == 0) {
        return new Prompt(placed, asked, shots, text, tokens, Math.min(room, asked.maxNewTokens()));
      }
    }
  }

  /** That a text and its answer may take. */
  private int positions() {
    return model.config().maxPositions() - weights.virtualTokens();
  }

  /** Prompts that get the same room and stops, in batches of bounded size. */
  private List<List<Prompt>> batches(List<Prompt> prompts) {
    Map<List<Object>, List<Prompt>> groups = new LinkedHashMap<>();
    for (Prompt prompt : prompts) {
      List<Object> same = List.of(prompt.newTokens(), prompt.asked().stops());
      groups.computeIfAbsent(same, key -> new ArrayList<>()).add(prompt);
    }
    CacheBudget budget = new CacheBudget(batches.prompts(), batches.tokens(), 1);
    List<List<Prompt>> found = new ArrayList<>();
    for (List<Prompt> group : groups.values()) {
      // The plan's order, but those that lost demonstrations among themselves: they share less.
      group.sort(Comparator.comparingInt(Prompt::shots).reversed());
      budget
          .batches(group, Prompt::tokens, group.get(0).newTokens())
          .forEach(batch -> found.add(batch.prompts()));
    }
    return found;
  }

  private void generate(List<Prompt> batch) {
    Prompt first = batch.get(0);
    List<int[]> stops =
        stopTokens.computeIfAbsent(
            first.asked().stops(),
            texts -> StopTokens.of(texts, model.config().endOfText(), encoding));
    List<int[]> written =
        model.generate(
            weights, batch.stream().map(Prompt::tokens).toList(), first.newTokens(), stops);
    List<Answer> given = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      Prompt prompt = batch.get(i);
      int[] tokens = written.get(i);
      given.add(
          new Answer.Given(
              prompt.placed().place(),
              prompt.text(),
              prompt.asked().cut(encoding.decode(tokens)),
              prompt.placed().question().demonstrations().size() - prompt.shots(),
              prompt.tokens().length,
              tokens.length,
              prompt.asked().maxNewTokens() - prompt.newTokens()));
    }
    answers.addAll(given); // all or none: a batch that fails half-way is tried again
  }
}
