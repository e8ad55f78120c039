// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How examples are dealt out to clients.
 *
 * <p>A splitter decides how many examples of each label a client gets. Which ones, and which of
 * them are held out, follows from their identity and the seed alone, for train, validation and test
 * by the same plan: a client is evaluated on its own distribution, and every example is in exactly
 * one place. Runs on the driver.
 */
public interface Splitter {
  /** The column whose values are the labels; empty where all examples are alike. */
  Optional<String> by();

  /**
   * Deals all examples out.
   *
   * @param labels with one label, of any name, where {@link #by()} is empty
   * @param seed the same seed gives the same shares
   * @return the clients in the order of their numbers; of every label as many as there are
   * @throws InputException if that cannot be done; with the numbers and the way out
   */
  List<ClientShare> deal(LabelCounts labels, Seed seed);

  /**
   * What one client gets.
   *
   * @param name what people call it, e.g. its category
   * @param examples number of them by label, in the order of {@link LabelCounts#names()}
   */
  record ClientShare(String name, int[] examples) {
    public int total() {
      return IntStream.of(examples).sum();
    }
  }

  /**
   * The labels of a corpus.
   *
   * @param column where they stand
   * @param names in alphabetical order; the empty label is that of examples without one
   * @param counts examples of each
   */
  record LabelCounts(String column, List<String> names, int[] counts) {
    public LabelCounts {
      names = List.copyOf(names);
    }

    public int total() {
      return IntStream.of(counts).sum();
    }

    /**
     * @throws InputException if there are more clients than examples
     */
    public void checkEnoughFor(int clients) {
      if (clients > total()) {
        throw new InputException(
            "data.splitter.clients = "
                + clients
                + " is not valid; the corpus has only "
                + total()
                + " examples: give at most as many clients");
      }
    }

    /**
     * @throws InputException if examples do not differ in their label
     */
    public void checkThereAreLabels(String splitter) {
      if (names.size() == 1 && names.get(0).isEmpty()) {
        throw new InputException(
            "splitter "
                + splitter
                + ": no record of the corpus has a "
                + column
                + "; name another column in splitter.by, or take the splitter uniform");
      }
    }
  }

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code splitter.name}. */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<Splitter, C> {}
}
