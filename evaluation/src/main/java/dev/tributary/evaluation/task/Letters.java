// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Judges answers that are the name of a choice: a letter, or an index counted from 0. */
final class Letters {
  private Letters() {}

  /** Right if the first of the names that stands alone in the answer is the gold one. */
  static Verdict judge(Question question, String answer, List<String> names) {
    Matcher matcher =
        Pattern.compile("(?<![\\p{L}\\p{Nd}])(" + String.join("|", names) + ")(?![\\p{L}\\p{Nd}])")
            .matcher(answer);
    Optional<String> found = matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    return new Verdict(found, found.filter(question.gold()::equals).isPresent() ? 1 : 0);
  }
}
