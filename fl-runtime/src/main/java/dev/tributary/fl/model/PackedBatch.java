// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.text.EncodedExample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Examples as one matrix of token rows, without padding: first the rows that all examples begin
 * with (the template), once, then each example's own rows. Attention stays inside an example,
 * positions restart in each, and the head runs where labels are. Plain Java; no native memory.
 *
 * @param tokens N token ids
 * @param positions N positions, counted from 0 in each example
 * @param lengths rows of the shared beginning (0: none), then rows of each example's own
 * @param labelRows M rows whose next token is a label, ascending inside each example
 * @param targets M tokens to predict there
 * @param labelsPerExample how many of the M belong to each example, in order
 */
public record PackedBatch(
    int[] tokens,
    int[] positions,
    int[] lengths,
    int[] labelRows,
    int[] targets,
    int[] labelsPerExample) {

  /** Whether the rows that all examples begin with are computed once. */
  public enum Beginning {
    SHARED,
    /** For layers whose result differs from example to example, as under dropout. */
    REPEATED
  }

  /**
   * Packs examples that have at least one label each.
   *
   * @throws IllegalArgumentException if there is no example, or one without labels
   */
  public static PackedBatch of(List<EncodedExample> examples, Beginning beginning) {
    if (examples.isEmpty()) {
      throw new IllegalArgumentException("A batch needs at least one example");
    }
    int shared = beginning == Beginning.SHARED ? commonBeginning(examples) : 0;
    int rows = shared;
    int labels = 0;
    for (EncodedExample example : examples) {
      if (example.labels() < 1) {
        throw new IllegalArgumentException("Example " + example.id() + " has no label");
      }
      rows += example.tokens().length - shared;
      labels += example.labels();
    }
    int[] tokens = new int[rows];
    int[] positions = new int[rows];
    int[] lengths = new int[examples.size() + 1];
    int[] labelRows = new int[labels];
    int[] targets = new int[labels];
    int[] labelsPerExample = new int[examples.size()];
    lengths[0] = shared;
    System.arraycopy(examples.get(0).tokens(), 0, tokens, 0, shared);
    for (int p = 0; p < shared; p++) {
      positions[p] = p;
    }
    int row = shared;
    int label = 0;
    for (int e = 0; e < examples.size(); e++) {
      int[] own = examples.get(e).tokens();
      int first = Math.max(examples.get(e).promptTokens(), 1);
      for (int t = first; t < own.length; t++) {
        labelRows[label] = row + t - 1 - shared; // commonBeginning leaves the row before a label
        targets[label++] = own[t];
      }
      for (int t = shared; t < own.length; t++) {
        tokens[row] = own[t];
        positions[row++] = t;
      }
      lengths[e + 1] = own.length - shared;
      labelsPerExample[e] = examples.get(e).labels();
    }
    return new PackedBatch(tokens, positions, lengths, labelRows, targets, labelsPerExample);
  }

  /**
   * The same with virtual tokens in front of each example, which all share: rows of the negative
   * token ids -1, -2, ...
   */
  public PackedBatch behind(int virtualTokens) {
    if (virtualTokens == 0) {
      return this;
    }
    int[] moved = lengths.clone();
    moved[0] += virtualTokens;
    return new PackedBatch(
        concatenated(virtual(virtualTokens), tokens),
        concatenated(
            IntStream.range(0, virtualTokens).toArray(), shifted(positions, virtualTokens)),
        moved,
        shifted(labelRows, virtualTokens),
        targets,
        labelsPerExample);
  }

  /**
   * The batch's examples in at most {@code count} batches, each with the rows that all share, and
   * about as many rows of its own.
   */
  public List<PackedBatch> parts(int count) {
    int examples = labelsPerExample.length;
    int shared = lengths[0];
    List<PackedBatch> parts = new ArrayList<>();
    int example = 0;
    int row = shared;
    int label = 0;
    while (example < examples) {
      int partsLeft = Math.max(1, count - parts.size());
      int target = (tokens.length - row + partsLeft - 1) / partsLeft;
      int end = example;
      int rows = 0;
      int labels = 0;
      // the last part takes the rest; others stop where the next example would overshoot by more
      while (end < examples
          && (end == example || partsLeft == 1 || rows + lengths[end + 1] / 2 <= target)) {
        rows += lengths[end + 1];
        labels += labelsPerExample[end];
        end++;
      }
      parts.add(part(example, end, row, rows, label, labels));
      example = end;
      row += rows;
      label += labels;
    }
    return parts;
  }

  private PackedBatch part(int first, int end, int row, int rows, int label, int labels) {
    int shared = lengths[0];
    int[] partLengths = new int[end - first + 1];
    partLengths[0] = shared;
    System.arraycopy(lengths, first + 1, partLengths, 1, end - first);
    return new PackedBatch(
        concatenated(Arrays.copyOf(tokens, shared), Arrays.copyOfRange(tokens, row, row + rows)),
        concatenated(
            Arrays.copyOf(positions, shared), Arrays.copyOfRange(positions, row, row + rows)),
        partLengths,
        shifted(Arrays.copyOfRange(labelRows, label, label + labels), shared - row),
        Arrays.copyOfRange(targets, label, label + labels),
        Arrays.copyOfRange(labelsPerExample, first, end));
  }

  /** Token ids that stand for virtual tokens. */
  public static int[] virtual(int virtualTokens) {
    return IntStream.range(0, virtualTokens).map(i -> -1 - i).toArray();
  }

  private static int[] shifted(int[] values, int by) {
    return Arrays.stream(values).map(value -> value + by).toArray();
  }

  private static int[] concatenated(int[] first, int[] second) {
    return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
  }

  /**
   * Prompts whose next token is one of a few: each candidate is a label behind each prompt. For
   * log-probabilities only.
   *
   * @param prompts at least one token each
   * @param candidates token ids
   */
  public static PackedBatch scoring(List<int[]> prompts, int[] candidates) {
    List<EncodedExample> examples = new ArrayList<>();
    for (int[] prompt : prompts) {
      int[] whole = Arrays.copyOf(prompt, prompt.length + 1);
      examples.add(new EncodedExample("prompt " + examples.size(), whole, prompt.length));
    }
    PackedBatch packed = of(examples, Beginning.SHARED);
    int count = candidates.length;
    int[] rows = new int[count * prompts.size()];
    int[] targets = new int[rows.length];
    int[] perExample = new int[prompts.size()];
    Arrays.fill(perExample, count);
    for (int label = 0; label < rows.length; label++) {
      rows[label] = packed.labelRows()[label / count];
      targets[label] = candidates[label % count];
    }
    return new PackedBatch(
        packed.tokens(), packed.positions(), packed.lengths(), rows, targets, perExample);
  }

  public int labels() {
    return targets.length;
  }

  /** Tokens that all examples begin with, short of the row that predicts any first label. */
  private static int commonBeginning(List<EncodedExample> examples) {
    if (examples.size() == 1) {
      return 0;
    }
    int[] first = examples.get(0).tokens();
    int common = first.length;
    for (EncodedExample example : examples) {
      int end = Math.min(common, Math.max(example.promptTokens(), 1) - 1);
      int p = 0;
      while (p < end && example.tokens()[p] == first[p]) {
        p++;
      }
      common = p;
    }
    return common;
  }
}
