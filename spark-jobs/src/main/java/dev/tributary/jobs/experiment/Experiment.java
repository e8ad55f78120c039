// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.data.DataConfig;
import dev.tributary.evaluation.EvaluationConfig;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.ModelChoice;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import java.util.Optional;

/**
 * One experiment, end to end.
 *
 * @param experiment names it in tables and reports: lower-case letters, digits, {@code . _ -}
 * @param seed all randomness hangs on it
 * @param output the run directory
 * @param note what a reader of the results must know, e.g. that the data is synthetic; printed with
 *     them
 */
public record Experiment(
    String experiment,
    long seed,
    ModelChoice model,
    DataConfig data,
    Choice<AdapterMethod> adapter,
    TrainingConfig training,
    @Default("{}") EvaluationConfig evaluation,
    String output,
    Optional<String> note) {
  public Experiment {
    Faults faults = new Faults();
    faults
        .check(
            experiment.matches("[A-Za-z0-9][A-Za-z0-9._-]*"),
            "experiment",
            experiment,
            "give letters, digits, '.', '_' or '-', e.g. gsm8k-fedavg-lora")
        .check(!output.isBlank(), "output", output, "give the run directory, e.g. runs/NAME");
    faults.check(
        evaluation.fineTuneSteps() == 0 || training.scenario() != Scenario.GLOBAL,
        "evaluation.fine-tune-steps",
        evaluation.fineTuneSteps(),
        "in the scenario global one client holds all data, so there is nobody to fine-tune for;"
            + " leave it out");
    training.aggregationFaults(adapter.create()).forEach(faults::note);
    faults.throwIfAny();
  }
}
