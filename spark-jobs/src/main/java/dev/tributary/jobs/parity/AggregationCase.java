// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.aggregation.ExactProduct;
import dev.tributary.fl.aggregation.FedEx;
import dev.tributary.fl.aggregation.FedIt;
import dev.tributary.fl.aggregation.Flora;
import dev.tributary.fl.aggregation.Held;
import dev.tributary.fl.aggregation.LayerUpdates;
import dev.tributary.fl.aggregation.LoraAggregation;
import dev.tributary.fl.aggregation.LowRank;
import dev.tributary.fl.aggregation.LowRankAlgebra;
import dev.tributary.fl.aggregation.Scratch;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Low-rank updates of several clients, and what their exact mean, its nearest updates of lower rank
 * and the means of factors are, in float64. Products are compared, not factors, which are not
 * unique.
 */
record AggregationCase(Recording recording) implements ParityCase {
  private static final String TRUNCATED = ".truncated_product_rank_";

  @Override
  public String name() {
    return recording.name();
  }

  @Override
  public void run(Report report) {
    JsonNode meta = recording.meta("meta.json");
    SafetensorsFile expected = recording.tensors("expected.safetensors");
    List<SafetensorsFile> clients = new ArrayList<>();
    for (int k = 0; k < meta.path("weights").size(); k++) {
      clients.add(recording.tensors("client_" + k + ".safetensors"));
    }
    if (clients.isEmpty() || meta.path("scales").size() != clients.size()) {
      throw new InputException("meta.json must have weights and scales, one for each client");
    }
    TreeSet<String> modules = new TreeSet<>();
    clients.get(0).entries().keySet().forEach(n -> modules.add(n.replaceAll("\\.lora_[AB]$", "")));
    try (LowRankAlgebra algebra = TorchScript.lowRankAlgebra()) {
      for (String module : modules) {
        report.attempt(
            name(), module, () -> compare(module, meta, clients, expected, algebra, report));
      }
    }
  }

  private void compare(
      String module,
      JsonNode meta,
      List<SafetensorsFile> clients,
      SafetensorsFile expected,
      LowRankAlgebra algebra,
      Report report) {
    double tolerance = meta.path("tolerance").asDouble(1e-10);
    LayerUpdates layer = layer(module, meta, clients, algebra);
    double[] exact = expected.doubles(module + ".exact_product");
    compare(module, "exact_product", product(layer.productMean()), exact, tolerance, report);
    compare(
        module,
        "fedex_product",
        product(whole(new FedEx(new Held(Optional.empty())), layer)),
        exact,
        tolerance,
        report);
    compare(
        module,
        "stacked_product",
        product(whole(new Flora(new Held(Optional.empty())), layer)),
        exact,
        tolerance,
        report);

    LowRank means = new FedIt().merge(layer).trained();
    compare(
        module,
        "fedavg_lora_A",
        means.a(),
        expected.doubles(module + ".fedavg_lora_A"),
        tolerance,
        report);
    compare(
        module,
        "fedavg_scaled_lora_B",
        means.b(),
        expected.doubles(module + ".fedavg_scaled_lora_B"),
        tolerance,
        report);
    compare(
        module,
        "fedavg_product",
        product(means),
        expected.doubles(module + ".fedavg_product"),
        tolerance,
        report);

    JsonNode figures = meta.path("modules").path(module);
    double[][] products = algebra.products(List.of(layer.productMean(), means));
    double norm = Math.sqrt(products[0][0]);
    double apart = Math.sqrt(products[0][0] - 2 * products[0][1] + products[1][1]);
    figure(
        report,
        module + ".relative_aggregation_bias",
        apart / norm,
        figures.path("relative_aggregation_bias"),
        tolerance);

    double[] recordedValues = expected.doubles(module + ".singular_values");
    LowRankAlgebra.Truncated all = algebra.truncated(layer.productMean(), recordedValues.length);
    compare(
        module,
        "singular_values",
        Arrays.copyOf(all.singularValues(), recordedValues.length),
        recordedValues,
        tolerance,
        report);
    for (String tensor : expected.entries().keySet()) {
      if (tensor.startsWith(module + TRUNCATED)) {
        int rank = Integer.parseInt(tensor.substring((module + TRUNCATED).length()));
        LowRankAlgebra.Truncated found = algebra.truncated(layer.productMean(), rank);
        compare(
            module,
            tensor.substring(module.length() + 1),
            product(found.nearest()),
            expected.doubles(tensor),
            tolerance,
            report);
        figure(
            report,
            module + ".relative_truncation_error_rank_" + rank,
            Math.sqrt(found.discardedEnergy()),
            figures.path("relative_truncation_error").path(Integer.toString(rank)),
            tolerance);
      }
    }
    LoraAggregation.Merged merged = new ExactProduct(List.of()).merge(layer);
    compare(
        module,
        "exact_rule",
        product(merged.trained()),
        product(algebra.truncated(layer.productMean(), layer.before().rank()).nearest()),
        tolerance,
        report);
  }

  /** All that a rule's next update does. */
  private static LowRank whole(LoraAggregation rule, LoraAggregation.Layer layer) {
    LoraAggregation.Merged merged = rule.merge(layer);
    return LowRank.sum(List.of(merged.trained(), merged.held()));
  }

  private static LayerUpdates layer(
      String module, JsonNode meta, List<SafetensorsFile> clients, LowRankAlgebra algebra) {
    List<LowRank> updates = new ArrayList<>();
    List<LoraAggregation.Layer.Share> weights = new ArrayList<>();
    for (int k = 0; k < clients.size(); k++) {
      SafetensorsFile client = clients.get(k);
      List<Long> b = client.entry(module + ".lora_B").shape();
      List<Long> a = client.entry(module + ".lora_A").shape();
      updates.add(
          new LowRank(
                  Math.toIntExact(b.get(0)),
                  Math.toIntExact(b.get(1)),
                  Math.toIntExact(a.get(1)),
                  client.doubles(module + ".lora_B"),
                  client.doubles(module + ".lora_A"))
              .times(meta.path("scales").get(k).asDouble()));
      weights.add(new LoraAggregation.Layer.Share(k, meta.path("weights").get(k).asDouble()));
    }
    LowRank first = updates.get(0);
    int rank = updates.stream().mapToInt(LowRank::rank).max().orElseThrow();
    LowRank before =
        new LowRank(
            first.outputs(),
            rank,
            first.inputs(),
            new double[first.outputs() * rank],
            new double[rank * first.inputs()]);
    return new LayerUpdates(
        module,
        before,
        before.part(0, 0),
        weights,
        updates::get,
        Seed.of(0),
        algebra,
        new Scratch());
  }

  private static double[] product(LowRank update) {
    double[] product = new double[update.outputs() * update.inputs()];
    for (int o = 0; o < update.outputs(); o++) {
      for (int r = 0; r < update.rank(); r++) {
        double b = update.b()[o * update.rank() + r];
        for (int i = 0; i < update.inputs(); i++) {
          product[o * update.inputs() + i] += b * update.a()[r * update.inputs() + i];
        }
      }
    }
    return product;
  }

  private void compare(
      String module,
      String output,
      double[] computed,
      double[] recorded,
      double tolerance,
      Report report) {
    if (computed.length != recorded.length) {
      report.miss(
          name(),
          module + "." + output,
          computed.length + " numbers, recorded are " + recorded.length);
      return;
    }
    Difference all = new Difference();
    for (int i = 0; i < computed.length; i++) {
      all.add(computed[i], recorded[i]);
    }
    report.compare(name(), module + "." + output, all.largest(), tolerance);
  }

  private void figure(
      Report report, String output, double computed, JsonNode recorded, double tolerance) {
    if (recorded.isNumber()) {
      report.compare(name(), output, Difference.between(computed, recorded.asDouble()), tolerance);
    }
  }
}
