// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;

/**
 * Makes the model that is trained out of the one that is named: with fewer blocks, distilled, with
 * other weights. Once for a run, on the driver, before anything is sent; the result lies in the run
 * directory as {@code prepared-model}.
 */
public interface ModelPreparation {
  /**
   * Writes a Hugging Face directory: config.json, safetensors files, and the tokenizer's.
   *
   * @param base the model that is named; stays as it is
   * @param into an empty folder; it is given its name only when this has returned
   */
  void prepare(Checkpoint base, Path into) throws IOException;

  /** Whether the named model is trained as it is. */
  default boolean changesNothing() {
    return false;
  }

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code model.preparation.name}. */
  interface Provider<C extends Record>
      extends dev.tributary.fl.config.Provider<ModelPreparation, C> {}

  /** Chosen by {@code preparation: none}: the model as it is. */
  final class None implements Provider<None.Config> {
    /** {@code preparation: none} has no further keys. */
    public record Config() implements Serializable {}

    @Override
    public String name() {
      return "none";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public ModelPreparation create(Config config) {
      return new ModelPreparation() {
        @Override
        public void prepare(Checkpoint base, Path into) {
          throw new UnsupportedOperationException("there is nothing to prepare");
        }

        @Override
        public boolean changesNothing() {
          return true;
        }
      };
    }
  }
}
