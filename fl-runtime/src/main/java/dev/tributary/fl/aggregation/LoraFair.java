// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * {@code A} is averaged, and {@code B} corrected so that the product comes near the mean of the
 * products: {@code B' = (sum p_k B_k A_k A^T + lambda B)(A A^T + lambda I)^-1}, which minimises
 * {@code ||sum p_k B_k A_k - B' A||^2 + lambda ||B' - B||^2} with the means {@code A} and {@code
 * B}.
 *
 * <p>Bian et al. 2025, <a href="https://arxiv.org/abs/2411.14961">LoRA-FAIR: Federated LoRA
 * Fine-Tuning with Aggregation and Initialization Refinement</a>. Deviation: the paper minimises a
 * cosine distance step by step; this is the solution for the squared distance.
 */
public record LoraFair(double lambda) implements LoraAggregation {
  /**
   * {@code aggregation: {name: lora-fair, lambda: ...}}.
   *
   * @param lambda how much the mean of {@code B} counts, above 0
   */
  public record Config(@Default("0.01") double lambda) implements Serializable {
    public Config {
      new Faults()
          .check(
              lambda > 0 && Double.isFinite(lambda),
              "lambda",
              lambda,
              "give a number above 0, e.g. 0.01")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: lora-fair}. */
  public static final class Provider implements LoraAggregation.Provider<Config> {
    @Override
    public String name() {
      return "lora-fair";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public LoraAggregation create(Config config) {
      return new LoraFair(config.lambda());
    }
  }

  @Override
  public void check(Setting training, Faults faults) {
    Objections.unlessAveraged(
        training, "what it adds to the mean is not what B was corrected for", faults);
  }

  @Override
  public Merged merge(Layer layer) {
    LowRank means = layer.factorMeans();
    int r = means.rank();
    double[] target = new double[means.b().length];
    for (int i = 0; i < target.length; i++) {
      target[i] = lambda * means.b()[i];
    }
    for (int m = 0; m < layer.shares().size(); m++) {
      LowRank update = layer.update(m);
      double[] inMean = products(update, means); // A_k A^T
      double weight = layer.shares().get(m).weight();
      for (int o = 0; o < means.outputs(); o++) {
        for (int k = 0; k < update.rank(); k++) {
          double scaled = weight * update.b()[o * update.rank() + k];
          for (int j = 0; j < r; j++) {
            target[o * r + j] += scaled * inMean[k * r + j];
          }
        }
      }
    }
    double[] corrected = layer.algebra().ridge(target, products(means, means), r, lambda);
    return Merged.of(new LowRank(means.outputs(), r, means.inputs(), corrected, means.a()), layer);
  }

  private static double[] products(LowRank rows, LowRank columns) {
    int n = rows.inputs();
    double[] products = new double[rows.rank() * columns.rank()];
    for (int i = 0; i < rows.rank(); i++) {
      for (int j = 0; j < columns.rank(); j++) {
        double sum = 0;
        for (int x = 0; x < n; x++) {
          sum += rows.a()[i * n + x] * columns.a()[j * n + x];
        }
        products[i * columns.rank() + j] = sum;
      }
    }
    return products;
  }
}
