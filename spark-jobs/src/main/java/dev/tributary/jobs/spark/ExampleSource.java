// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.text.EncodedExample;
import java.io.Serializable;
import java.util.List;

/** Where executors find the examples of a client, as token ids. */
public interface ExampleSource extends Serializable {
  /** Names the content: sources of equal keys give equal examples. */
  String key();

  /** All examples of a client in the order of the split; empty if it has none. */
  List<EncodedExample> read(String split, int client);
}
