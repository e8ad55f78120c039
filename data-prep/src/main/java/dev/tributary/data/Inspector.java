// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the blemishes of examples, of those that are looked for; for one thread. */
final class Inspector implements AutoCloseable {
  private final @Nullable ExampleEncoder encoder;
  private final @Nullable Contamination benchmarks;

  /**
   * @param encoder closed with this
   */
  Inspector(@Nullable ExampleEncoder encoder, @Nullable Contamination benchmarks) {
    this.encoder = encoder;
    this.benchmarks = benchmarks;
  }

  Set<Blemish> blemishes(InstructionExample example) {
    EnumSet<Blemish> found = EnumSet.noneOf(Blemish.class);
    if (example.output().isBlank()) {
      found.add(Blemish.EMPTY_ANSWER);
    }
    if (encoder != null && encoder.encode(example).cut()) {
      found.add(Blemish.OVER_LONG);
    }
    if (benchmarks != null
        && (benchmarks.touches(example.instruction())
            || benchmarks.touches(example.input())
            || benchmarks.touches(example.output()))) {
      found.add(Blemish.CONTAMINATED);
    }
    return found;
  }

  @Override
  public void close() {
    if (encoder != null) {
      encoder.tokenizer().close();
    }
  }
}
