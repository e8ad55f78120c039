// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/** All examples that are to be dealt out, wherever they are read from. Used by the driver. */
interface Examples {
  Population population();

  /** Records of the corpus that are not among them, by reason. */
  Map<String, Long> skipped();

  /** Columns of the split's files, in order. */
  List<String> columns();

  /** Writes every example to its place, in the layout of {@link ClientFiles}. */
  void write(Assignment assignment, Path folder);
}
