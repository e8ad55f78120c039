// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import java.util.ArrayList;
import java.util.List;

/** Rows with columns of equal width, two spaces apart; the first column is flush left. */
final class TextTable {
  private static final int LONGEST_CELL = 60;

  private final List<List<String>> rows = new ArrayList<>();

  TextTable(List<String> head) {
    rows.add(head);
  }

  /** Adds a row; long texts are shortened, and what would move the cursor is left out. */
  void add(List<String> row) {
    rows.add(row.stream().map(TextTable::shown).toList());
  }

  private static String shown(String cell) {
    String plain = cell.replaceAll("\\p{Cntrl}", " ");
    return plain.length() > LONGEST_CELL ? plain.substring(0, LONGEST_CELL - 1) + "…" : plain;
  }

  @Override
  public String toString() {
    int[] widths = new int[rows.get(0).size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String padding = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? row.get(i) + padding : "  " + padding + row.get(i));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
