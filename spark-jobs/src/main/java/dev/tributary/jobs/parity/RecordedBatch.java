// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.SafetensorsFile;
import java.util.ArrayList;
import java.util.List;

/**
 * A padded batch as the reference was given it, and the same as packed rows.
 *
 * @param sequences B
 * @param length T, padding included
 * @param packed the real tokens; a label at position 0 has nothing before it and is left out, as
 *     the shift inside the reference does
 * @param places of each packed row, {@code b * T + t}
 * @param labelPlaces of each label, {@code b * T + t}
 */
record RecordedBatch(
    int sequences, int length, PackedBatch packed, int[] places, int[] labelPlaces) {
  private static final long IGNORED = -100;

  static RecordedBatch read(SafetensorsFile file) {
    List<Long> shape = file.entry("input_ids").shape();
    int sequences = Math.toIntExact(shape.get(0));
    int length = Math.toIntExact(shape.get(1));
    long[] ids = file.longs("input_ids");
    long[] mask = file.longs("attention_mask");
    long[] labels = file.longs("labels");

    int[] lengths = new int[sequences + 1];
    int[] labelsPerExample = new int[sequences];
    List<Integer> places = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    List<Integer> labelRows = new ArrayList<>();
    List<Integer> labelPlaces = new ArrayList<>();
    for (int b = 0; b < sequences; b++) {
      for (int t = 0; t < length; t++) {
        int place = b * length + t;
        if (mask[place] == 0) {
          continue;
        }
        if (labels[place] != IGNORED && lengths[b + 1] > 0) {
          labelRows.add(places.size() - 1); // the row before predicts it
          labelPlaces.add(place);
          labelsPerExample[b]++;
        }
        positions.add(lengths[b + 1]++);
        places.add(place);
      }
    }
    PackedBatch packed =
        new PackedBatch(
            places.stream().mapToInt(place -> Math.toIntExact(ids[place])).toArray(),
            integers(positions),
            lengths,
            integers(labelRows),
            labelPlaces.stream().mapToInt(place -> Math.toIntExact(labels[place])).toArray(),
            labelsPerExample);
    return new RecordedBatch(sequences, length, packed, integers(places), integers(labelPlaces));
  }

  private static int[] integers(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }
}
