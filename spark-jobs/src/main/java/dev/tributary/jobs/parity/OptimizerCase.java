// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.Float64Parameter;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.training.ConstantSchedule;
import dev.tributary.fl.training.CosineSchedule;
import dev.tributary.fl.training.LinearSchedule;
import dev.tributary.fl.training.Schedule;
import dev.tributary.fl.training.ScheduleConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * torch.optim's optimisers on given gradients, in float32 (which training uses) and float64, and
 * transformers' schedules.
 */
record OptimizerCase(Recording recording, Device device) implements ParityCase {
  private static final double FLOAT32_TOLERANCE = 1e-6;
  private static final double FLOAT64_TOLERANCE = 1e-12;
  private static final String PARAMETER = "parameter";

  /** transformers' schedule and warm-up of an experiment's schedule. */
  private record Rates(Schedule schedule, long totalSteps, double base) {
    double at(long step) {
      return base * schedule.factor(step, totalSteps);
    }
  }

  @Override
  public String name() {
    return recording.name();
  }

  @Override
  public void run(Report report) {
    JsonNode schedules = recording.meta("schedules.json");
    SafetensorsFile tensors = recording.tensors("optimisers.safetensors");
    recording
        .meta("optimisers.json")
        .path("cases")
        .properties()
        .forEach(each -> run(each.getKey(), each.getValue(), schedules, tensors, report));
    schedules
        .path("learning_rates")
        .properties()
        .forEach(
            each ->
                report.attempt(
                    name(),
                    each.getKey() + ".schedule",
                    () -> {
                      Rates rates =
                          rates(each.getKey(), schedules, schedules.path("base_lr").asDouble());
                      report.compare(
                          name(),
                          each.getKey() + ".schedule",
                          difference(rates, each.getValue()),
                          FLOAT64_TOLERANCE);
                    }));
  }

  private void run(
      String optimizer,
      JsonNode recorded,
      JsonNode schedules,
      SafetensorsFile tensors,
      Report report) {
    report.attempt(
        name(),
        optimizer,
        () -> {
          JsonNode arguments = recorded.path("kwargs");
          OptimizerRule rule = rule(recorded.path("class").asText(), arguments);
          Rates rates =
              rates(
                  recorded.path("schedule").asText("constant"),
                  schedules,
                  arguments.path("lr").asDouble(Double.NaN));
          double clip = recorded.path("clip").asDouble(Double.POSITIVE_INFINITY);
          report.compare(
              name(),
              optimizer + ".learning_rates",
              difference(rates, recorded.path("learning_rates")),
              FLOAT64_TOLERANCE);
          report.compare(
              name(),
              optimizer + ".float32",
              float32(rule, rates, clip, tensors, tensors.floats(optimizer + ".float32")),
              FLOAT32_TOLERANCE);
          report.compare(
              name(),
              optimizer + ".float64",
              float64(rule, rates, clip, tensors, tensors.doubles(optimizer + ".float64")),
              FLOAT64_TOLERANCE);
        });
  }

  private static double difference(Rates rates, JsonNode recorded) {
    Difference all = new Difference();
    for (int step = 0; step < recorded.size(); step++) {
      all.add(rates.at(step), recorded.get(step).asDouble(Double.NaN));
    }
    return all.largest();
  }

  private double float32(
      OptimizerRule rule, Rates rates, double clip, SafetensorsFile tensors, float[] recorded) {
    NamedTensors.Tensor start = tensors.tensor("start");
    float[] gradients = tensors.floats("gradients");
    int size = start.values().length;
    Difference all = new Difference();
    try (TrainedWeights weights =
        TorchScript.tensors(new NamedTensors(Map.of(PARAMETER, start)), device)) {
      for (int step = 0; step < gradients.length / size; step++) {
        float[] gradient = Arrays.copyOfRange(gradients, step * size, (step + 1) * size);
        weights.addToGradients(
            1,
            new NamedTensors(Map.of(PARAMETER, new NamedTensors.Tensor(start.shape(), gradient))));
        if (Double.isFinite(clip)) {
          weights.scaleGradients(AdapterCase.clipping(clip, weights.gradientNorm()));
        }
        weights.update(rule, rates.at(step), step + 1L);
        float[] after = weights.state().get(PARAMETER).values();
        for (int i = 0; i < size; i++) {
          all.add(after[i], recorded[step * size + i]);
        }
      }
    }
    return all.largest();
  }

  private static double float64(
      OptimizerRule rule, Rates rates, double clip, SafetensorsFile tensors, double[] recorded) {
    double[] start = tensors.doubles("start");
    double[] gradients = tensors.doubles("gradients");
    int size = start.length;
    double[] after = start;
    Difference all = new Difference();
    try (Float64Parameter parameter = new Float64Parameter(start)) {
      for (int step = 0; step < gradients.length / size; step++) {
        double[] gradient = Arrays.copyOfRange(gradients, step * size, (step + 1) * size);
        if (Double.isFinite(clip)) {
          double norm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
          double factor = AdapterCase.clipping(clip, norm);
          gradient = Arrays.stream(gradient).map(g -> g * factor).toArray();
        }
        after = parameter.update(gradient, rule, rates.at(step), step + 1L);
        for (int i = 0; i < size; i++) {
          all.add(after[i], recorded[step * size + i]);
        }
      }
    }
    return all.largest();
  }

  private static OptimizerRule rule(String type, JsonNode arguments) {
    double decay = arguments.path("weight_decay").asDouble(type.equals("AdamW") ? 0.01 : 0);
    double beta1 = arguments.path("betas").path(0).asDouble(0.9);
    double beta2 = arguments.path("betas").path(1).asDouble(0.999);
    double epsilon = arguments.path("eps").asDouble(1e-8);
    for (String flag : List.of("amsgrad", "maximize")) {
      if (arguments.path(flag).asBoolean()) {
        throw new InputException(flag + " is not computed");
      }
    }
    if (arguments.path("dampening").asDouble() != 0) {
      throw new InputException("dampening is not computed");
    }
    return switch (type) {
      case "SGD" ->
          new OptimizerRule.Sgd(
              arguments.path("momentum").asDouble(), arguments.path("nesterov").asBoolean(), decay);
      case "Adam" -> new OptimizerRule.Adam(beta1, beta2, epsilon, decay);
      case "AdamW" -> new OptimizerRule.AdamW(beta1, beta2, epsilon, decay);
      default -> throw new InputException("the optimiser " + type + " is not computed");
    };
  }

  private static Rates rates(String kind, JsonNode options, double base) {
    long total = options.path("total_steps").asLong();
    int warmup = options.path("warmup_steps").asInt();
    ScheduleConfig config =
        new ScheduleConfig(kind.equals("constant") ? 0 : warmup, Optional.of(total));
    Schedule schedule =
        switch (kind) {
          case "constant", "constant_with_warmup" -> new ConstantSchedule(config);
          case "linear" -> new LinearSchedule(config);
          case "cosine" -> new CosineSchedule(config);
          default -> throw new InputException("the schedule " + kind + " is not computed");
        };
    return new Rates(schedule, total, base);
  }
}
