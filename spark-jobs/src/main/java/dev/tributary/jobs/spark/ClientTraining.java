// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.round.ClientWork;
import dev.tributary.fl.round.RoundOrder;
import java.util.Optional;

/**
 * A client's part of a round, on an executor: its examples, the base that the executor holds, and
 * {@link ClientWork}.
 *
 * @param split the part of the data that is trained on
 */
public record ClientTraining(BaseModel base, ExampleSource examples, String split)
    implements SparkBackend.ClientTask {
  @Override
  public byte[] train(RoundOrder order, int client, Optional<byte[]> kept) {
    try (BaseModels.Borrowed borrowed = base.borrow()) {
      return ClientWork.run(
          order,
          client,
          kept,
          ExampleCache.OF_THIS_JVM.of(examples, split, client),
          borrowed.model());
    }
  }
}
