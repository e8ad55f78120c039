// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * @param rank width r of the update, at least 1
 * @param alpha the update is multiplied by {@code alpha / rank}
 * @param dropout probability on the adapter's input, in [0, 1); 0 turns it off
 * @param targetModules checkpoint names of the layers adapted, or the ends of them after a dot,
 *     e.g. {@code q_proj} or {@code mlp.c_proj}; {@code all-linear} means all; at least one
 * @param useRslora multiply by {@code alpha / sqrt(rank)} instead (Kalajdzievski 2023)
 * @param useDora split weights into magnitude and direction, and train both (Liu et al. 2024)
 * @param bias which biases of the model are trained too
 * @param rankPattern other ranks for some layers: by the end of their names, or a pattern for it,
 *     the first that fits
 * @param alphaPattern other alphas, likewise
 */
public record LoraConfig(
    @Default("8") int rank,
    @Default("16") double alpha,
    @Default("0.0") double dropout,
    @Default("[q_proj, v_proj]") List<String> targetModules,
    @Default("false") boolean useRslora,
    @Default("false") boolean useDora,
    @Default("none") Bias bias,
    @Default("{}") Map<String, Integer> rankPattern,
    @Default("{}") Map<String, Double> alphaPattern)
    implements Serializable {
  /** What stands for every linear layer of the blocks. */
  public static final String ALL_LINEAR = "all-linear";

  /** Which biases of the model are trained beside the updates. */
  public enum Bias {
    NONE,
    /** Of the adapted layers. */
    LORA_ONLY,
    /** Every one, those of norms included. */
    ALL
  }

  public LoraConfig {
    targetModules = List.copyOf(targetModules);
    rankPattern = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
    alphaPattern = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
    Faults faults =
        new Faults()
            .check(rank >= 1, "rank", rank, "give 1 or more, e.g. 8")
            .check(
                Double.isFinite(alpha) && alpha > 0,
                "alpha",
                alpha,
                "give a number above 0, e.g. 16")
            .check(dropout >= 0 && dropout < 1, "dropout", dropout, "give a probability in [0, 1)")
            .check(
                !targetModules.isEmpty(),
                "target-modules",
                targetModules,
                "name at least one layer, e.g. [q_proj, v_proj]")
            .check(
                new LinkedHashSet<>(targetModules).size() == targetModules.size(),
                "target-modules",
                targetModules,
                "name each layer once");
    rankPattern.forEach(
        (key, value) -> {
          check(faults, "rank-pattern", key);
          faults.check(value >= 1, "rank-pattern." + key, value, "give 1 or more, e.g. 8");
        });
    alphaPattern.forEach(
        (key, value) -> {
          check(faults, "alpha-pattern", key);
          faults.check(
              Double.isFinite(value) && value > 0,
              "alpha-pattern." + key,
              value,
              "give a number above 0, e.g. 16");
        });
    faults.throwIfAny();
  }

  /** Neither magnitudes nor biases, one rank for all layers. */
  public LoraConfig(
      int rank, double alpha, double dropout, List<String> targetModules, boolean useRslora) {
    this(rank, alpha, dropout, targetModules, useRslora, false, Bias.NONE, Map.of(), Map.of());
  }

  private static void check(Faults faults, String key, String pattern) {
    boolean sound = true;
    try {
      Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      sound = false;
    }
    faults.check(sound, key, pattern, "it is no regular expression; escape special characters");
  }

  /** Rank of a layer's update. */
  public int rank(String layer) {
    return matching(rankPattern, layer, rank);
  }

  /** What a layer's update is multiplied by. */
  public double scale(String layer) {
    int r = rank(layer);
    double a = matching(alphaPattern, layer, alpha);
    return useRslora ? a / Math.sqrt(r) : a / r;
  }

  /** As PEFT 0.16 matches: the whole name, or the end of it after a dot. */
  private static <T> T matching(Map<String, T> patterns, String layer, T otherwise) {
    return patterns.entrySet().stream()
        .filter(entry -> Pattern.matches("(.*\\.)?(" + entry.getKey() + ")", layer))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(otherwise);
  }

  /**
   * With other ranks for some layers, and alphas that leave their scales as they are.
   *
   * @param ranks of all adapted layers, by their whole names
   */
  LoraConfig withRanks(Map<String, Integer> ranks) {
    Set<Integer> distinct = new LinkedHashSet<>(ranks.values());
    if (distinct.size() == 1 && rankPattern.isEmpty() && alphaPattern.isEmpty()) {
      int r = distinct.iterator().next();
      double a = scale("") * (useRslora ? Math.sqrt(r) : r);
      return new LoraConfig(
          r, a, dropout, targetModules, useRslora, useDora, bias, Map.of(), Map.of());
    }
    Map<String, Integer> allRanks = new LinkedHashMap<>();
    Map<String, Double> allAlphas = new LinkedHashMap<>();
    ranks.forEach(
        (layer, r) -> { // before the patterns: the first that fits counts
          if (r == rank(layer)) {
            return;
          }
          String pattern = layer.replace(".", "\\.");
          allRanks.put(pattern, r);
          allAlphas.put(pattern, scale(layer) * (useRslora ? Math.sqrt(r) : r));
        });
    rankPattern.forEach(allRanks::putIfAbsent);
    alphaPattern.forEach(allAlphas::putIfAbsent);
    return new LoraConfig(
        rank, alpha, dropout, targetModules, useRslora, useDora, bias, allRanks, allAlphas);
  }

  LoraConfig withDropout(double probability) {
    return new LoraConfig(
        rank,
        alpha,
        probability,
        targetModules,
        useRslora,
        useDora,
        bias,
        rankPattern,
        alphaPattern);
  }
}
