// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.config.InputException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A benchmark file, read.
 *
 * @param questions what is asked, in the order of the file, after any limit
 * @param beyondLimit ids of the file's further questions, which a limit leaves out
 * @param publishedInstances size of the benchmark as published
 * @param notice what must be said with the score, e.g. that the file is only a part
 */
public record Benchmark(
    List<Question> questions,
    Set<String> beyondLimit,
    Optional<Long> publishedInstances,
    Optional<String> notice) {
  public Benchmark {
    questions = List.copyOf(questions);
    beyondLimit = Set.copyOf(beyondLimit);
    Set<String> ids = new HashSet<>();
    for (Question question : questions) {
      if (!ids.add(question.id())) {
        throw new InputException(
            "Cannot ask the questions: two of them have the id "
                + question.id()
                + "; take one of them out of the file");
      }
    }
  }
}
