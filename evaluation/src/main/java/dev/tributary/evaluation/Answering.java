// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.model.CacheBudget;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.text.StopTokens;
import dev.tributary.fl.text.TextEncoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    List<Chunk.Placed> placed = new ArrayList<>();
    questions.forEach(question -> placed.add(new Chunk.Placed(placed.size(), question)));
    return planOf(placed, questionsPerChunk);
  }

  /** The same of some of a benchmark's questions. */
  public static List<Chunk> planOf(List<Chunk.Placed> questions, int questionsPerChunk) {
    if (questionsPerChunk < 1) {
      throw new IllegalArgumentException(
          "A chunk holds at least 1 question, not " + questionsPerChunk);
    }
    Map<List<String>, List<Chunk.Placed>> byBeginning = new LinkedHashMap<>();
    for (Chunk.Placed placed : questions) {
      byBeginning
          .computeIfAbsent(placed.question().demonstrations(), key -> new ArrayList<>())
          .add(placed);
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
   * @param room for what comes behind it, as much as was asked for at most
   */
  private record Prompt(Chunk.Placed placed, int shots, String text, int[] tokens, int room) {
    int droppedDemonstrations() {
      return placed.question().demonstrations().size() - shots;
    }

    Asked.Continuation continuation() {
      return (Asked.Continuation) placed.question().asked();
    }
  }

  /** One of the answers that a prompt gets. */
  private record Sample(Prompt prompt, int number) {
    /** The same in any run and company: of the question, whatever else is asked. */
    Seed seed() {
      return Seed.of(0).child("sample").child(prompt.placed().question().id()).child(number);
    }
  }

  private void answerAll(List<Chunk.Placed> questions) {
    List<Prompt> continued = new ArrayList<>();
    List<Chosen> chosen = new ArrayList<>();
    for (Chunk.Placed placed : questions) {
      if (placed.question().asked() instanceof Asked.Choice choice) {
        chosen(placed, choice).ifPresent(chosen::add);
      } else {
        prompt(placed, ((Asked.Continuation) placed.question().asked()).maxNewTokens(), 1)
            .ifPresent(continued::add);
      }
    }
    for (List<Sample> batch : batches(continued)) {
      Halving.run(
          batch,
          this::generate,
          (sample, reason) ->
              answers.add(new Answer.NotRun(sample.prompt().placed().place(), reason)));
    }
    for (List<Chosen> batch : choiceBatches(chosen)) {
      Halving.run(
          batch,
          this::choose,
          (each, reason) -> answers.add(new Answer.NotRun(each.prompt().placed().place(), reason)));
    }
  }

  /**
   * The prompt with as many demonstrations as fit.
   *
   * @param wanted tokens that shall fit behind it
   * @param least tokens that must
   * @return empty where even those do not fit; then the question is not run
   */
  private Optional<Prompt> prompt(Chunk.Placed placed, int wanted, int least) {
    Question question = placed.question();
    for (int shots = question.demonstrations().size(); ; shots--) {
      String text = question.text(shots);
      int[] tokens = tokens(question, text);
      int room = positions() - tokens.length;
      if (room >= wanted || (shots == 0 && room >= least)) {
        return Optional.of(new Prompt(placed, shots, text, tokens, Math.min(room, wanted)));
      }
      if (shots == 0) {
        answers.add(
            new Answer.NotRun(
                placed.place(),
                "the prompt has "
                    + tokens.length
                    + " tokens and leaves no room in the model's "
                    + positions()));
        return Optional.empty();
      }
    }
  }

  private int[] tokens(Question question, String text) {
    return switch (question.specials()) {
      case ADDED -> encoding.encode(text);
      case SPELT_OUT -> encoding.encodePlain(text);
    };
  }

  /** That a text and its answer may take. */
  private int positions() {
    return model.config().maxPositions() - weights.virtualTokens();
  }

  /** Samples that get the same room, stops and sampling, in batches of bounded size. */
  private List<List<Sample>> batches(List<Prompt> prompts) {
    Map<List<Object>, List<Sample>> groups = new LinkedHashMap<>();
    for (Prompt prompt : prompts) {
      Asked.Continuation asked = prompt.continuation();
      List<Object> same = List.of(prompt.room(), asked.stops(), asked.sampling());
      List<Sample> group = groups.computeIfAbsent(same, key -> new ArrayList<>());
      for (int number = 0; number < asked.samples(); number++) {
        group.add(new Sample(prompt, number));
      }
    }
    CacheBudget budget = new CacheBudget(batches.prompts(), batches.tokens(), 1);
    List<List<Sample>> found = new ArrayList<>();
    for (List<Sample> group : groups.values()) {
      // The plan's order, but those that lost demonstrations among themselves: they share less.
      group.sort(Comparator.comparingInt((Sample s) -> s.prompt().shots()).reversed());
      budget
          .batches(group, sample -> sample.prompt().tokens(), group.get(0).prompt().room())
          .forEach(batch -> found.add(batch.prompts()));
    }
    return found;
  }

  private void generate(List<Sample> batch) {
    Prompt first = batch.get(0).prompt();
    Asked.Continuation asked = first.continuation();
    List<int[]> stops =
        stopTokens.computeIfAbsent(
            asked.stops(), texts -> StopTokens.of(texts, model.config().endOfText(), encoding));
    List<int[]> written =
        model.generate(
            weights,
            batch.stream().map(sample -> sample.prompt().tokens()).toList(),
            first.room(),
            stops,
            asked.sampling(),
            asked.sampling().draws() ? batch.stream().map(Sample::seed).toList() : List.of());
    List<Answer> given = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      Prompt prompt = batch.get(i).prompt();
      int[] tokens = written.get(i);
      given.add(
          new Answer.Given(
              prompt.placed().place(),
              batch.get(i).number(),
              prompt.text(),
              prompt.continuation().cut(encoding.decode(tokens)),
              prompt.droppedDemonstrations(),
              prompt.tokens().length,
              tokens.length,
              prompt.continuation().maxNewTokens() - prompt.room()));
    }
    answers.addAll(given); // all or none: a batch that fails half-way is tried again
  }

  // ---- choices

  /**
   * A prompt and the tokens of each text that may follow it.
   *
   * @param behindNothing the same texts behind the unconditional prompt; empty unless calibrated
   */
  private record Chosen(Prompt prompt, List<Continued> texts, List<Continued> behindNothing) {
    Asked.Choice choice() {
      return (Asked.Choice) prompt.placed().question().asked();
    }

    /** The one token that each text is, where all follow the prompt's own tokens; else empty. */
    Optional<List<Integer>> letters() {
      if (!behindNothing.isEmpty()
          || texts.stream().anyMatch(text -> text.count() != 1)
          || texts.stream().anyMatch(text -> text.from() != prompt.tokens().length)) {
        return Optional.empty();
      }
      return Optional.of(texts.stream().map(text -> text.tokens()[text.from()]).toList());
    }
  }

  /**
   * A text behind a prompt.
   *
   * @param tokens of both
   * @param from where the text's own begin
   */
  private record Continued(int[] tokens, int from) {
    int count() {
      return tokens.length - from;
    }
  }

  private Optional<Chosen> chosen(Chunk.Placed placed, Asked.Choice choice) {
    int longest = 0;
    for (String text : choice.texts()) {
      longest = Math.max(longest, encoding.encodePlain(text).length + 1);
    }
    Optional<Prompt> prompt = prompt(placed, longest, longest);
    return prompt.map(
        given -> {
          List<Continued> behindNothing = new ArrayList<>();
          if (choice.rule() == Asked.Choice.Rule.CALIBRATED) {
            int[] nothing = tokens(placed.question(), choice.unconditional());
            choice
                .texts()
                .forEach(
                    text ->
                        behindNothing.add(
                            continued(placed.question(), choice.unconditional(), nothing, text)));
          }
          return new Chosen(
              given,
              choice.texts().stream()
                  .map(text -> continued(placed.question(), given.text(), given.tokens(), text))
                  .toList(),
              behindNothing);
        });
  }

  /**
   * The text's tokens as those of both together have them behind the prompt's; of the text alone
   * where the tokenizer joins the two at their border.
   */
  private Continued continued(Question question, String prompt, int[] before, String text) {
    int[] both = tokens(question, prompt + text);
    if (both.length > before.length && Arrays.mismatch(both, before) == before.length) {
      return new Continued(both, before.length);
    }
    int[] alone = encoding.encodePlain(text);
    int[] whole = Arrays.copyOf(before, before.length + alone.length);
    System.arraycopy(alone, 0, whole, before.length, alone.length);
    return new Continued(whole, before.length);
  }

  /** Questions with the same single-token choices together, others alone with their choices. */
  private List<List<Chosen>> choiceBatches(List<Chosen> all) {
    Map<List<Integer>, List<Chosen>> groups = new LinkedHashMap<>();
    List<List<Chosen>> found = new ArrayList<>();
    for (Chosen each : all) {
      each.letters()
          .ifPresentOrElse(
              letters -> groups.computeIfAbsent(letters, key -> new ArrayList<>()).add(each),
              () -> found.add(List.of(each)));
    }
    CacheBudget budget = new CacheBudget(batches.prompts(), batches.tokens(), 1);
    for (List<Chosen> group : groups.values()) {
      group.sort(Comparator.comparingInt((Chosen c) -> c.prompt().shots()).reversed());
      budget
          .batches(group, each -> each.prompt().tokens(), 1)
          .forEach(batch -> found.add(batch.prompts()));
    }
    return found;
  }

  /** One batch that {@link #choiceBatches} made, or a half of one. */
  private void choose(List<Chosen> batch) {
    Optional<List<Integer>> letters = batch.get(0).letters();
    List<Answer> given = new ArrayList<>();
    if (letters.isPresent()) {
      int[] candidates = letters.get().stream().mapToInt(Integer::intValue).toArray();
      float[] found =
          model.logProbabilities(
              weights,
              PackedBatch.scoring(
                  batch.stream().map(each -> each.prompt().tokens()).toList(), candidates));
      for (int i = 0; i < batch.size(); i++) {
        double[] scores = new double[candidates.length];
        for (int c = 0; c < scores.length; c++) {
          scores[c] = found[i * candidates.length + c];
        }
        given.add(answer(batch.get(i), scores));
      }
    } else {
      for (Chosen each : batch) {
        given.add(answer(each, scores(each)));
      }
    }
    answers.addAll(given);
  }

  private double[] scores(Chosen chosen) {
    double[] sums = sums(chosen.texts());
    switch (chosen.choice().rule()) {
      case SUM -> {}
      case MEAN -> {
        for (int c = 0; c < sums.length; c++) {
          sums[c] /= chosen.texts().get(c).count();
        }
      }
      case CALIBRATED -> {
        double[] behindNothing = sums(chosen.behindNothing());
        for (int c = 0; c < sums.length; c++) {
          sums[c] -= behindNothing[c];
        }
      }
    }
    return sums;
  }

  private double[] sums(List<Continued> texts) {
    List<EncodedExample> examples = new ArrayList<>();
    for (Continued text : texts) {
      examples.add(new EncodedExample("choice " + examples.size(), text.tokens(), text.from()));
    }
    float[] found =
        model.logProbabilities(weights, PackedBatch.of(examples, PackedBatch.Beginning.SHARED));
    double[] sums = new double[texts.size()];
    int label = 0;
    for (int c = 0; c < sums.length; c++) {
      for (int token = 0; token < texts.get(c).count(); token++) {
        sums[c] += found[label++];
      }
    }
    return sums;
  }

  /** The first of the best. */
  private static Answer answer(Chosen chosen, double[] scores) {
    int best = 0;
    for (int c = 1; c < scores.length; c++) {
      if (scores[c] > scores[best]) {
        best = c;
      }
    }
    Prompt prompt = chosen.prompt();
    return new Answer.Given(
        prompt.placed().place(),
        0,
        prompt.text(),
        chosen.choice().names().get(best),
        prompt.droppedDemonstrations(),
        prompt.tokens().length,
        0,
        0);
  }
}
