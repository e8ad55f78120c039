// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What a run came to: {@code result.json}, written when all its rounds are trained and evaluated. A
 * run that goes on with more rounds has a new one in the end.
 *
 * @param rounds trained
 * @param chosenRound whose adapter is the result
 * @param sha256 of its adapter_model.safetensors; of all clients' where each has its own
 * @param finishedAt ISO-8601, UTC
 */
public record RunResult(int rounds, int chosenRound, String sha256, String finishedAt) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Whether it is the same but for the time. */
  boolean isSameAs(RunResult other) {
    return rounds == other.rounds
        && chosenRound == other.chosenRound
        && sha256.equals(other.sha256);
  }

  byte[] json() {
    try {
      return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers is JSON", e);
    }
  }

  /** What {@link #json} wrote; empty if it is damaged. */
  static Optional<RunResult> read(byte[] json) {
    try {
      return Optional.of(JSON.readValue(json, RunResult.class));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
