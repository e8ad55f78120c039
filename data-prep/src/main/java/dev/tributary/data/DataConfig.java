// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.util.Optional;

/**
 * Which data, and who holds what: the group {@code data} of an experiment file.
 *
 * @param corpus how its files are read
 * @param path file or folder; of this machine unless it is a URI such as {@code hdfs://...}
 * @param template how an example is put to the model: {@code alpaca}, {@code none}, {@code chat} or
 *     a file
 * @param maxTokens longest example in tokens; longer ones are cut at the right and counted
 * @param holdout shares that are trained on and held out
 * @param splitter how examples are dealt out to clients
 * @param output the split directory; {@code split} inside the run directory where left out
 * @param brokenRecords what is done with records that cannot be read
 * @param clean which examples are left out though they can be read
 */
public record DataConfig(
    Choice<Corpus> corpus,
    String path,
    @Default("alpaca") String template,
    @Default("512") int maxTokens,
    @Default("{}") Holdout holdout,
    Choice<Splitter> splitter,
    Optional<String> output,
    @Default("fail") BrokenRecords brokenRecords,
    @Default("{}") Cleaning clean) {

  /** What is done with records that cannot be read. */
  public enum BrokenRecords {
    /** The first one ends preparation, with file and line. */
    FAIL,
    /** They are left out and counted in the manifest. */
    SKIP
  }

  public DataConfig {
    new Faults()
        .check(!path.isBlank(), "path", path, "give a file or folder")
        .check(maxTokens >= 2, "max-tokens", maxTokens, "give 2 or more, e.g. 512")
        .throwIfAny();
  }
}
