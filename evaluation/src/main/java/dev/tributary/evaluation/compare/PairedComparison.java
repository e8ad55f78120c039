// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.compare;

import dev.tributary.evaluation.Interval;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;
import org.apache.commons.math3.stat.inference.TTest;

/**
 * Two ways compared on the questions that both answered, question by question; with several seeds
 * of each, seed by seed.
 *
 * @param questions that both answered, of one block
 * @param onlyFirst questions that only the first answered, of all blocks
 * @param onlySecond the same of the second
 * @param first mean score of the first way
 * @param second of the second
 * @param firstDeviation standard deviation of the first way's score over its seeds; 0 for one
 * @param secondDeviation of the second's
 * @param difference second less first
 * @param interval of the difference, 95 %: a paired bootstrap over questions, and over seeds where
 *     there are several, each seed with questions of its own
 * @param test what {@code pValue} is of
 * @param pValue how often a difference at least as large comes about by chance where there is none
 * @param flips questions whose score differs, of all blocks
 */
public record PairedComparison(
    int questions,
    int onlyFirst,
    int onlySecond,
    double first,
    double second,
    double firstDeviation,
    double secondDeviation,
    double difference,
    Interval interval,
    String test,
    double pValue,
    List<Flip> flips) {
  private static final int RESAMPLES = 10_000;

  /**
   * A question that came out differently.
   *
   * @param block which pair of runs, counted from 0
   */
  public record Flip(int block, String id, double first, double second) {}

  private record Block(double[] first, double[] second) {
    double difference(int[] questions) {
      double sum = 0;
      for (int question : questions) {
        sum += second[question] - first[question];
      }
      return sum / questions.length;
    }
  }

  /**
   * Compares.
   *
   * @param first runs of the first way, one for each seed
   * @param second runs of the second, pair by pair with the same seed
   * @throws InputException if the runs do not pair, or a pair has no question in common
   */
  public static PairedComparison of(List<Scores> first, List<Scores> second) {
    if (first.size() != second.size() || first.isEmpty()) {
      throw new InputException(
          "Cannot compare "
              + first.size()
              + " runs with "
              + second.size()
              + ": give as many of each, pair by pair with the same seed");
    }
    List<Block> blocks = new ArrayList<>();
    List<Flip> flips = new ArrayList<>();
    int onlyFirst = 0;
    int onlySecond = 0;
    for (int b = 0; b < first.size(); b++) {
      Map<String, double[]> both = new LinkedHashMap<>();
      Map<String, Double> other = second.get(b).byQuestion();
      for (Map.Entry<String, Double> entry : first.get(b).byQuestion().entrySet()) {
        Double score = other.get(entry.getKey());
        if (score == null) {
          onlyFirst++;
          continue;
        }
        both.put(entry.getKey(), new double[] {entry.getValue(), score});
        if (!score.equals(entry.getValue())) {
          flips.add(new Flip(b, entry.getKey(), entry.getValue(), score));
        }
      }
      onlySecond += other.size() - both.size();
      if (both.isEmpty()) {
        throw new InputException(
            "Cannot compare "
                + first.get(b).name()
                + " with "
                + second.get(b).name()
                + ": no question was answered by both");
      }
      blocks.add(
          new Block(
              both.values().stream().mapToDouble(pair -> pair[0]).toArray(),
              both.values().stream().mapToDouble(pair -> pair[1]).toArray()));
    }
    double[] firsts = blocks.stream().mapToDouble(block -> mean(block.first())).toArray();
    double[] seconds = blocks.stream().mapToDouble(block -> mean(block.second())).toArray();
    String test = blocks.size() == 1 ? ofOne(blocks.get(0)) : "paired t over seeds";
    return new PairedComparison(
        blocks.get(0).first().length,
        onlyFirst,
        onlySecond,
        mean(firsts),
        mean(seconds),
        deviation(firsts),
        deviation(seconds),
        mean(seconds) - mean(firsts),
        interval(blocks),
        test,
        blocks.size() == 1 ? pValue(blocks.get(0)) : overSeeds(firsts, seconds),
        flips);
  }

  private static String ofOne(Block block) {
    return rightOrWrong(block) ? "McNemar, exact" : "paired t over questions";
  }

  private static boolean rightOrWrong(Block block) {
    return Arrays.stream(block.first()).allMatch(s -> s == 0 || s == 1)
        && Arrays.stream(block.second()).allMatch(s -> s == 0 || s == 1);
  }

  /**
   * McNemar 1947, in its exact form: among the questions that only one of both got right, either is
   * as likely. Else Student's t of the differences.
   */
  private static double pValue(Block block) {
    if (!rightOrWrong(block)) {
      return overSeeds(block.first(), block.second());
    }
    int gained = 0;
    int lost = 0;
    for (int q = 0; q < block.first().length; q++) {
      gained += block.second()[q] > block.first()[q] ? 1 : 0;
      lost += block.second()[q] < block.first()[q] ? 1 : 0;
    }
    // Twice the smaller tail; Commons Math's own two-sided test is off where counts are near.
    double tail =
        new BinomialDistribution(gained + lost, 0.5).cumulativeProbability(Math.min(gained, lost));
    return Math.min(1, 2 * tail);
  }

  private static double overSeeds(double[] first, double[] second) {
    double[] differences =
        IntStream.range(0, first.length).mapToDouble(i -> second[i] - first[i]).toArray();
    if (differences.length < 2) {
      return 1; // one difference tells nothing of its spread
    }
    boolean allAlike = Arrays.stream(differences).distinct().count() == 1;
    if (allAlike) { // t divides by their spread
      return differences[0] == 0 ? 1 : 0;
    }
    return new TTest().tTest(0, differences);
  }

  private static Interval interval(List<Block> blocks) {
    SplittableRandom random = Seed.of(0).child("paired-bootstrap").random();
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int b = 0; b < blocks.size(); b++) {
        Block block = blocks.get(blocks.size() == 1 ? 0 : random.nextInt(blocks.size()));
        int[] questions = new int[block.first().length];
        for (int q = 0; q < questions.length; q++) {
          questions[q] = random.nextInt(questions.length);
        }
        sum += block.difference(questions);
      }
      means[r] = sum / blocks.size();
    }
    Percentile percentile = new Percentile().withEstimationType(EstimationType.R_7);
    percentile.setData(means);
    return new Interval(percentile.evaluate(2.5), percentile.evaluate(97.5));
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  private static double deviation(double[] values) {
    SummaryStatistics statistics = new SummaryStatistics();
    Arrays.stream(values).forEach(statistics::addValue);
    return values.length < 2 ? 0 : statistics.getStandardDeviation();
  }
}
