// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.ConfigException;
import dev.tributary.jobs.experiment.Tree.Mapping;
import java.util.List;

/** An experiment and the file it was read from, to show where later faults lie. */
public final class ExperimentFile {
  private final String source;
  private final Mapping tree;
  private final Experiment experiment;

  ExperimentFile(String source, Mapping tree, Experiment experiment) {
    this.source = source;
    this.tree = tree;
    this.experiment = experiment;
  }

  /** The file as the user named it. */
  public String source() {
    return source;
  }

  public Experiment experiment() {
    return experiment;
  }

  /**
   * Faults that were found when the configuration met a model or data, with file and line.
   *
   * @param group the group whose record was looked at, e.g. {@code adapter}; empty for the top
   */
  public List<LocatedFault> locate(String group, ConfigException refused) {
    RecordReader.Site top = new RecordReader.Site(new Place(source, 1), "");
    return refused.faults().stream()
        .map(fault -> group.isEmpty() ? fault : fault.under(group))
        .map(
            fault ->
                LocatedFault.at(
                    RecordReader.locate(tree, top, fault.key()).place(), fault.message()))
        .toList();
  }

  /** A fault with the line of a key. */
  LocatedFault locate(String key, String message) {
    RecordReader.Site top = new RecordReader.Site(new Place(source, 1), "");
    Place place = RecordReader.locate(tree, top, key).place();
    return LocatedFault.at(place, key + ": " + message);
  }
}
