// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.text.EncodedExample;
import java.util.List;

/** A task on held-out examples of the run's own split, client by client. */
public non-sealed interface SplitTask extends Task {
  /**
   * Measures one client's examples; runs where the model is.
   *
   * @param examples all of the client's examples of {@link #split()}, in the order of the file
   * @return the same bits on any machine of a kind, whatever else runs there
   */
  SplitMeasurement measure(CausalLm model, TrainedWeights weights, List<EncodedExample> examples);

  /**
   * Folds the clients' measurements into rows, those of all clients together first.
   *
   * @param clients in ascending order of the client
   */
  List<EvaluationRow> rows(Measured run, List<ClientMeasurement> clients);

  /** What one client's examples gave. */
  record ClientMeasurement(int client, SplitMeasurement measurement) {}
}
