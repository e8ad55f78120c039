// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.generation.TextWriter;
import dev.tributary.fl.generation.Writing;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code generate}: continues texts, or scores given continuations; in this process, without Spark.
 */
public final class GenerateJob {
  /**
   * What is asked.
   *
   * @param checkpoint a Hugging Face directory, or a model by its name on a hub
   * @param adapter a PEFT directory; empty for the checkpoint as it is
   * @param dtype number format of the base in compute
   * @param threads computing threads
   * @param device where it is computed
   * @param prompts texts, taken as they are
   * @param writing how they are continued
   * @param samples for each prompt, at least 1
   * @param seed of all samples, which have one of their own each
   */
  public record Request(
      String checkpoint,
      Optional<String> adapter,
      DType dtype,
      int threads,
      Device device,
      List<String> prompts,
      Writing writing,
      int samples,
      long seed) {}

  /**
   * What was written.
   *
   * @param texts after each prompt, without the end-of-text: all samples of the first prompt, then
   *     of the second
   * @param tokens of all of them together
   */
  public record Result(List<String> texts, long tokens) {}

  /**
   * A continuation that was given.
   *
   * @param logProbability of all its tokens together, natural logarithm
   * @param tokens log-probability of each
   */
  public record Scored(
      String prompt, String continuation, double logProbability, List<Double> tokens) {}

  private interface Work<T> {
    T with(TextWriter writer);
  }

  private GenerateJob() {}

  /**
   * Continues all prompts, as one batch; each as it would be alone.
   *
   * @throws InputException if the model cannot be used, or a prompt leaves no room
   */
  public static Result run(Request request, Progress progress) {
    return opened(
        request,
        progress,
        writer -> {
          List<String> prompts = new ArrayList<>();
          List<Seed> seeds = new ArrayList<>();
          for (int prompt = 0; prompt < request.prompts().size(); prompt++) {
            for (int sample = 0; sample < request.samples(); sample++) {
              prompts.add(request.prompts().get(prompt));
              seeds.add(sampleSeed(request, prompt, sample));
            }
          }
          List<TextWriter.Written> written = writer.write(prompts, request.writing(), seeds);
          return new Result(
              written.stream().map(TextWriter.Written::text).toList(),
              written.stream().mapToLong(TextWriter.Written::tokens).sum());
        });
  }

  /** By the prompt's text and how often it came before, so that other prompts change nothing. */
  private static Seed sampleSeed(Request request, int prompt, int sample) {
    String text = request.prompts().get(prompt);
    long before = request.prompts().subList(0, prompt).stream().filter(text::equals).count();
    return Seed.of(request.seed()).child(text).child(before).child(sample);
  }

  /**
   * Log-probabilities of continuations after each prompt.
   *
   * @param continuations texts, each behind each prompt
   * @return all continuations of the first prompt, then of the second
   * @throws InputException if the model cannot be used, or a text is empty or too long
   */
  public static List<Scored> score(Request request, List<String> continuations, Progress progress) {
    return opened(
        request,
        progress,
        writer -> {
          List<Scored> scored = new ArrayList<>();
          for (String prompt : request.prompts()) {
            for (String continuation : continuations) {
              List<Double> tokens = new ArrayList<>();
              for (float logProbability : writer.logProbabilities(prompt, continuation)) {
                tokens.add((double) logProbability);
              }
              double sum = tokens.stream().mapToDouble(Double::doubleValue).sum();
              scored.add(new Scored(prompt, continuation, sum, tokens));
            }
          }
          return scored;
        });
  }

  private static <T> T opened(Request request, Progress progress, Work<T> work) {
    BaseCheckpoint base = BaseCheckpoint.open(request.checkpoint(), request.dtype(), progress);
    PeftDirectory.Contents adapter = EvaluateJob.adapter(base, request.adapter());
    TorchScript.setThreads(request.threads());
    try (Tokenizer tokenizer = base.tokenizer().open();
        CausalLm model = TorchScript.load(base.checkpoint(), request.dtype(), request.device());
        TrainedWeights weights = model.weights(adapter.method(), adapter.state())) {
      return work.with(new TextWriter(model, weights, tokenizer));
    }
  }
}
