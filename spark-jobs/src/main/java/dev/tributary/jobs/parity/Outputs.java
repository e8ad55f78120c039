// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.text.EncodedExample;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** The comparisons that models and adapters share: forward, gradients, generation. */
final class Outputs {
  private final Recording recording;
  private final Report report;
  private final JsonNode meta;
  private final RecordedBatch batch;

  /**
   * @param batchOf the folder whose batch it is: the base model's
   */
  Outputs(Recording recording, Recording batchOf, Report report) {
    this.recording = recording;
    this.report = report;
    this.meta = recording.meta("golden/meta.json");
    this.batch = RecordedBatch.read(batchOf.tensors("golden/batch.safetensors"));
  }

  JsonNode meta() {
    return meta;
  }

  PackedBatch packed() {
    return batch.packed();
  }

  double tolerance(String output) {
    JsonNode tolerance = meta.path("checks").path(output).path("tolerance");
    if (!tolerance.isNumber()) {
      throw new InputException(
          "golden/meta.json has no tolerance for " + output + "; the recording is not whole");
    }
    return tolerance.asDouble();
  }

  /** See {@link Report#attempt}. */
  void attempt(String what, Runnable comparison) {
    report.attempt(recording.name(), what, comparison);
  }

  void compare(String output, double difference, double tolerance) {
    report.compare(recording.name(), output, difference, tolerance);
  }

  // ---- forward

  void forward(CausalLm model, TrainedWeights weights) {
    SafetensorsFile forward = recording.tensors("golden/forward.safetensors");
    compare(
        "logits",
        logitsDifference(forward, model.logits(weights, batch.packed())),
        tolerance("logits"));

    double[] recorded = forward.doubles("label_logprobs");
    float[] computed = model.logProbabilities(weights, batch.packed());
    Difference labels = new Difference();
    double sum = 0;
    for (int i = 0; i < computed.length; i++) {
      labels.add(computed[i], recorded[batch.labelPlaces()[i]]);
      sum -= computed[i];
    }
    compare("label_logprobs", labels.largest(), tolerance("label_logprobs"));
    compare(
        "loss",
        Difference.between(sum / computed.length, meta.path("loss").asDouble(Double.NaN)),
        tolerance("loss"));
  }

  private double logitsDifference(SafetensorsFile forward, float[] computed) {
    List<Long> shape = forward.entry("logits").shape();
    int vocabulary = Math.toIntExact(shape.get(2));
    // PEFT gives logits of virtual tokens too, in front of each sequence's
    int virtual = Math.toIntExact(shape.get(1)) - batch.length();
    if (virtual < 0 || computed.length != batch.places().length * vocabulary) {
      throw new InputException(
          "computed are "
              + computed.length
              + " logits of "
              + batch.places().length
              + " tokens, recorded is the shape "
              + shape);
    }
    float[] recorded = forward.floats("logits");
    Difference logits = new Difference();
    for (int row = 0; row < batch.places().length; row++) {
      int place = batch.places()[row];
      int recordedRow = place + (place / batch.length() + 1) * virtual;
      for (int v = 0; v < vocabulary; v++) {
        logits.add(computed[row * vocabulary + v], recorded[recordedRow * vocabulary + v]);
      }
    }
    return logits.largest();
  }

  // ---- gradients

  /** Adds the mean loss's gradients to the weights'; gives the loss. */
  double addGradients(TrainedWeights weights) {
    int labels = batch.packed().labels();
    return weights.addGradients(batch.packed(), 1.0 / labels, 0) / labels;
  }

  /**
   * Compares loss, the recorded gradients and the norms, and clears the gradients.
   *
   * @param names from names in the file to those of the weights
   */
  void gradients(TrainedWeights weights, UnaryOperator<String> names) {
    double loss = addGradients(weights);
    compare(
        "training_loss",
        Difference.between(loss, meta.path("loss").asDouble(Double.NaN)),
        tolerance("loss"));
    NamedTensors computed = weights.gradients();
    SafetensorsFile recorded = recording.tensors("golden/gradients.safetensors");
    compare("gradients", difference(computed, recorded, names), tolerance("gradients"));
    compare(
        "gradient_norm",
        Difference.between(weights.gradientNorm(), meta.path("gradient_norm").asDouble(Double.NaN)),
        tolerance("gradients"));
    if (meta.has("gradient_norms")) {
      Difference norms = new Difference();
      meta.get("gradient_norms")
          .properties()
          .forEach(
              norm -> norms.add(norm(computed.get(norm.getKey())), norm.getValue().asDouble()));
      compare("gradient_norms", norms.largest(), tolerance("gradients"));
    }
    weights.clearGradients();
  }

  /** The largest difference over all tensors of a file. */
  static double difference(
      NamedTensors computed, SafetensorsFile recorded, UnaryOperator<String> names) {
    Difference all = new Difference();
    for (SafetensorsFile.Entry entry : recorded.entries().values()) {
      String name = names.apply(entry.name());
      NamedTensors.Tensor tensor = computed.byName().get(name);
      if (tensor == null) {
        throw new InputException(name + " is recorded, but not among what is trained here");
      }
      all.add(tensor, entry.shape(), recorded.floats(entry.name()), name);
    }
    return all.largest();
  }

  static double norm(NamedTensors.Tensor tensor) {
    double squares = 0;
    for (float value : tensor.values()) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }

  /** A file's tensors under the names that weights have. */
  static NamedTensors named(SafetensorsFile file, UnaryOperator<String> names) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    for (String name : file.entries().keySet()) {
      tensors.put(names.apply(name), file.tensor(name));
    }
    return new NamedTensors(tensors);
  }

  // ---- generation

  /** Greedy tokens of each prompt alone and of all together, with and without an end token. */
  void generation(CausalLm model, TrainedWeights weights) {
    JsonNode recorded = recording.meta("golden/generate.json");
    List<int[]> prompts = rows(recorded.path("prompts"));
    List<int[]> tokens = rows(recorded.path("tokens"));
    int newTokens = tokens.stream().mapToInt(row -> row.length).max().orElse(0);

    List<int[]> alone =
        prompts.stream()
            .map(p -> model.generate(weights, List.of(p), newTokens, List.of()).get(0))
            .toList();
    compare("greedy", wrong(alone, tokens), 0);

    // Where the reference's own batch differs from its single prompts, one at a time is right.
    JsonNode together = recorded.path("left_padded");
    boolean same = together.path("equals_one_by_one").asBoolean(true);
    compare(
        "greedy_batched",
        wrong(
            model.generate(weights, prompts, newTokens, List.of()),
            same ? rows(together.path("tokens")) : tokens),
        0);

    JsonNode stopping = recorded.path("left_padded_with_eos");
    int eos = stopping.path("eos_token_id").asInt();
    int pad = recorded.path("pad_token_id").asInt();
    List<int[]> stopped =
        model.generate(weights, prompts, newTokens, List.of(new int[] {eos})).stream()
            .map(row -> filled(row, eos, pad, newTokens))
            .toList();
    List<int[]> expected =
        same
            ? rows(stopping.path("tokens")).stream()
                .map(row -> extended(row, pad, newTokens))
                .toList()
            : tokens.stream().map(row -> cut(row, eos, pad)).toList();
    compare("greedy_batched_with_eos", wrong(stopped, expected), 0);

    compare(
        "greedy_logprobs",
        logProbabilities(model, weights, prompts, tokens, recorded.path("logprobs")),
        tolerance("label_logprobs"));
  }

  /** How far the log-probabilities of the recorded continuations are from the recorded ones. */
  private static double logProbabilities(
      CausalLm model,
      TrainedWeights weights,
      List<int[]> prompts,
      List<int[]> tokens,
      JsonNode recorded) {
    Difference all = new Difference();
    for (int i = 0; i < prompts.size(); i++) {
      int[] prompt = prompts.get(i);
      int[] whole = IntStream.concat(Arrays.stream(prompt), Arrays.stream(tokens.get(i))).toArray();
      EncodedExample example = new EncodedExample("prompt " + i, whole, prompt.length);
      float[] computed =
          model.logProbabilities(
              weights, PackedBatch.of(List.of(example), PackedBatch.Beginning.SHARED));
      for (int t = 0; t < computed.length; t++) {
        all.add(computed[t], recorded.path(i).path(t).asDouble(Double.NaN));
      }
    }
    return all.largest();
  }

  /** A row that stopped early has met the end token, which the result leaves out. */
  private static int[] filled(int[] row, int eos, int pad, int length) {
    int[] full = extended(row, pad, length);
    if (row.length < length) {
      full[row.length] = eos;
    }
    return full;
  }

  /** A reference batch whose rows have all stopped is shorter. */
  private static int[] extended(int[] row, int pad, int length) {
    int[] full = Arrays.copyOf(row, length);
    Arrays.fill(full, Math.min(row.length, length), length, pad);
    return full;
  }

  private static int[] cut(int[] row, int eos, int pad) {
    int end = 0;
    while (end < row.length && row[end] != eos) {
      end++;
    }
    return end < row.length ? extended(Arrays.copyOf(row, end + 1), pad, row.length) : row;
  }

  /** Tokens that differ, lengths included. */
  private static int wrong(List<int[]> computed, List<int[]> recorded) {
    int wrong = Math.abs(computed.size() - recorded.size());
    for (int i = 0; i < Math.min(computed.size(), recorded.size()); i++) {
      int[] a = computed.get(i);
      int[] b = recorded.get(i);
      wrong += Math.abs(a.length - b.length);
      for (int t = 0; t < Math.min(a.length, b.length); t++) {
        wrong += a[t] == b[t] ? 0 : 1;
      }
    }
    return wrong;
  }

  private static List<int[]> rows(JsonNode lists) {
    return StreamSupport.stream(lists.spliterator(), false)
        .map(row -> StreamSupport.stream(row.spliterator(), false).mapToInt(JsonNode::asInt))
        .map(IntStream::toArray)
        .toList();
  }
}
