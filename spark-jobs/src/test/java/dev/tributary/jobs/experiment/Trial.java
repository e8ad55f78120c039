// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A file with a component of every type, for tests of the reader. */
record Trial(
    String trial,
    long seed,
    Shape shape,
    @Default("plain") Choice<Rule> rule,
    @Default("[]") List<Choice<Rule>> more,
    @Default("{}") Map<String, String> notes,
    Optional<Steps> steps) {
  Trial {
    new Faults().check(!trial.isBlank(), "trial", trial, "give a name").throwIfAny();
  }

  /** A group with keys that must be given. */
  record Shape(
      int width,
      double learningRate,
      @Default("float32") DType dtype,
      @Default("[q_proj, v_proj]") List<String> targetModules,
      @Default("false") boolean tied,
      Optional<Integer> layers) {
    Shape {
      targetModules = List.copyOf(targetModules);
      new Faults()
          .check(width >= 1, "width", width, "give 1 or more, e.g. 8")
          .check(learningRate > 0, "learning-rate", learningRate, "give a number above 0")
          .check(!targetModules.isEmpty(), "target-modules", targetModules, "name at least one")
          .throwIfAny();
    }
  }

  /** A group whose keys depend on each other. */
  record Steps(@Default("1") int first, @Default("2") int last) {
    Steps {
      new Faults()
          .check(first < last, "", first + " to " + last, "first must come before last")
          .throwIfAny();
    }
  }
}
