// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.progress.Progress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code generate}: continues texts greedily; in this process, without Spark. */
public final class GenerateJob {
  /**
   * What is asked.
   *
   * @param checkpoint a Hugging Face directory, or a model by its name on a hub
   * @param adapter a PEFT directory; empty for the checkpoint as it is
   * @param dtype number format of the base in compute
   * @param threads computing threads
   * @param prompts texts, taken as they are
   * @param newTokens at most so many for each
   */
  public record Request(
      String checkpoint,
      Optional<String> adapter,
      DType dtype,
      int threads,
      List<String> prompts,
      int newTokens) {}

  /**
   * What was written.
   *
   * @param texts after each prompt, without the end-of-text
   * @param tokens of all of them together
   */
  public record Result(List<String> texts, long tokens) {}

  private GenerateJob() {}

  /**
   * Continues all prompts, as one batch.
   *
   * @throws InputException if the model cannot be used, or a prompt leaves no room
   */
  public static Result run(Request request, Progress progress) {
    BaseCheckpoint base = BaseCheckpoint.open(request.checkpoint(), request.dtype(), progress);
    PeftDirectory.Contents adapter = EvaluateJob.adapter(base, request.adapter());
    TorchScript.setThreads(request.threads());
    try (Tokenizer tokenizer = base.tokenizer().open();
        CausalLm model = TorchScript.load(base.checkpoint(), request.dtype(), Device.cpu());
        TrainedWeights weights = model.weights(adapter.method(), adapter.state())) {
      List<int[]> prompts = new ArrayList<>();
      for (String prompt : request.prompts()) {
        prompts.add(encoded(prompt, tokenizer, model, request.newTokens()));
      }
      List<int[]> written =
          model.generate(weights, prompts, request.newTokens(), stops(tokenizer, model));
      return new Result(
          written.stream().map(tokenizer::decode).toList(),
          written.stream().mapToLong(tokens -> tokens.length).sum());
    }
  }

  private static int[] encoded(String prompt, Tokenizer tokenizer, CausalLm model, int newTokens) {
    int[] tokens = tokenizer.encode(prompt);
    int most = model.config().maxPositions();
    if (tokens.length == 0) {
      throw new InputException("Cannot continue an empty prompt; give a text");
    }
    if (tokens.length + newTokens > most) {
      throw new InputException(
          "Cannot continue a prompt of "
              + tokens.length
              + " tokens by "
              + newTokens
              + ": the model takes "
              + most
              + " in all; shorten the prompt or lower --new-tokens");
    }
    return tokens;
  }

  private static List<int[]> stops(Tokenizer tokenizer, CausalLm model) {
    Set<Integer> ends = new LinkedHashSet<>(model.config().endOfText());
    ends.add(tokenizer.endOfTextToken());
    return ends.stream().map(end -> new int[] {end}).toList();
  }
}
