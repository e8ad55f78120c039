// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What is measured and when: the group {@code evaluation} of an experiment file.
 *
 * @param every rounds between evaluations; the untrained adapter (round 0) and the last round are
 *     always evaluated, and with 0 only they
 * @param tasks what is measured; no two with the same label on the same split
 * @param maxNotRun share of a task's instances that may be left without an answer by failures, in
 *     [0, 1]; beyond it the score is refused
 * @param fineTuneSteps local steps that each client takes on its adapter before an evaluation,
 *     which training knows nothing of; with 0 none. What comes of it is measured as the client's
 *     own
 */
public record EvaluationConfig(
    @Default("0") int every,
    @Default("[]") List<Choice<Task>> tasks,
    @Default("0.01") double maxNotRun,
    @Default("0") int fineTuneSteps) {
  public EvaluationConfig {
    tasks = List.copyOf(tasks);
    Faults faults =
        new Faults()
            .check(every >= 0, "every", every, "give a number of rounds, or 0 for the end only")
            .check(
                fineTuneSteps >= 0,
                "fine-tune-steps",
                fineTuneSteps,
                "give a number of local steps, or 0 for none")
            .check(
                maxNotRun >= 0 && maxNotRun <= 1,
                "max-not-run",
                maxNotRun,
                "give a share from 0 to 1, e.g. 0.01");
    Set<String> seen = new HashSet<>();
    for (Choice<Task> choice : tasks) {
      Task task = choice.create();
      faults.check(
          seen.add(task.label() + " on " + task.split()),
          "tasks",
          task.label() + " on " + task.split(),
          "it stands there twice; give one of them another label");
    }
    faults.throwIfAny();
  }

  /** Whether the adapter after a round is evaluated; round 0 is the untrained one. */
  public boolean due(int round, int rounds) {
    return round == 0 || round == rounds || (every > 0 && round % every == 0);
  }
}
