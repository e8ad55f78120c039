// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.ChosenBy;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/** Something chosen by name, for tests of the reader. */
public interface Rule {
  /** Chosen by {@code kind}. */
  @ChosenBy("kind")
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<Rule, C> {}

  /** Nothing to set. */
  record None() implements Serializable {}

  /** With settings. */
  record Pull(@Default("0.1") double mu, @Default("false") boolean squared)
      implements Serializable {
    public Pull {
      new Faults().check(mu >= 0, "mu", mu, "give 0 or more, e.g. 0.1").throwIfAny();
    }
  }

  /** {@code plain}. */
  final class Plain implements Provider<None> {
    private static final long serialVersionUID = 1;

    @Override
    public String name() {
      return "plain";
    }

    @Override
    public Class<None> configType() {
      return None.class;
    }

    @Override
    public Rule create(None config) {
      return new Rule() {};
    }
  }

  /** {@code pulling}. */
  final class Pulling implements Provider<Pull> {
    private static final long serialVersionUID = 1;

    @Override
    public String name() {
      return "pulling";
    }

    @Override
    public Class<Pull> configType() {
      return Pull.class;
    }

    @Override
    public Rule create(Pull config) {
      return new Rule() {};
    }
  }
}
