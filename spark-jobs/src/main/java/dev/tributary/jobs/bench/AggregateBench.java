// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.aggregation.AggregatedCohort;
import dev.tributary.fl.aggregation.FactorExchange;
import dev.tributary.fl.aggregation.LoraAggregation;
import dev.tributary.fl.aggregation.LowRankAlgebra;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.algorithm.FedAvg;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.ledger.LocalStore;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageHeader;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * How long a server takes for a round's low-rank updates, which are on disk: for averaging, and for
 * a rule of aggregation. The files are written first, so they are in the disk cache.
 */
public final class AggregateBench {
  private static final ClientReport REPORT =
      new ClientReport(8, 8, 0, 0, 1, 0, 0, 1, 100, 50, 2, 2, List.of(2.0));

  /**
   * @param clients of the round
   * @param layers of the model; q and v of each are adapted
   * @param width of the model
   * @param rank of the updates
   * @param rule of aggregation that is timed beside averaging
   */
  public record Arguments(
      @Default("50") int clients,
      @Default("32") int layers,
      @Default("4096") int width,
      @Default("16") int rank,
      @Default("exact") Choice<LoraAggregation> rule) {
    public Arguments {
      new Faults()
          .check(clients >= 1, "clients", clients, "give 1 or more")
          .check(layers >= 1, "layers", layers, "give 1 or more")
          .check(width >= 1, "width", width, "give 1 or more")
          .check(rank >= 1, "rank", rank, "give 1 or more")
          .throwIfAny();
    }
  }

  private AggregateBench() {}

  /**
   * @return {@code read_seconds} (every file once, with its checksums), {@code average_seconds}
   *     (mean of the factors), {@code rule_seconds} (the rule, without what the tables tell),
   *     {@code measured_seconds} (with it), {@code resident_mb_before} and {@code resident_mb_peak}
   */
  public static Map<String, Object> run(Arguments arguments) {
    Path folder;
    try {
      folder = Files.createTempDirectory("tributary-bench");
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot make a folder for updates", e);
    }
    LocalStore store = new LocalStore(folder);
    try {
      return run(arguments, store);
    } finally {
      store.delete("");
    }
  }

  private static Map<String, Object> run(Arguments arguments, LocalStore store) {
    long bytes = 0;
    for (int client = 0; client < arguments.clients(); client++) {
      byte[] update =
          Message.encode(
              MessageHeader.update(1, client, REPORT),
              Map.of(FederatedAlgorithm.ADAPTER, adapter(arguments, Seed.of(client))));
      bytes += update.length;
      store.write(file(client), update);
    }
    OnDisk cohort = new OnDisk(arguments, store);
    ServerState before = ServerState.of(adapter(arguments, Seed.of(-1)));
    LoraConfig lora =
        new LoraConfig(
            arguments.rank(), 2.0 * arguments.rank(), 0, List.of("q_proj", "v_proj"), false);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("work", "aggregate");
    result.put("rule", arguments.rule().name());
    result.put("clients", arguments.clients());
    result.put("modules", 2 * arguments.layers());
    result.put("width", arguments.width());
    result.put("rank", arguments.rank());
    result.put("update_bytes", bytes / arguments.clients());
    try (LowRankAlgebra algebra = TorchScript.lowRankAlgebra()) {
      System.gc(); // what writing the files left is not the server's
      ResidentMemory.nowMegabytes().ifPresent(mb -> result.put("resident_mb_before", mb));
      result.put(
          "read_seconds",
          seconds(
              () -> {
                for (int client = 0; client < arguments.clients(); client++) {
                  cohort.answers.get(client).expectFinite();
                }
              }));
      result.put("average_seconds", seconds(() -> new FedAvg().aggregate(before, cohort)));
      FactorExchange exchange = new FactorExchange(arguments.rule().create(), new Lora(lora));
      for (boolean measured : new boolean[] {false, true}) {
        result.put(
            measured ? "measured_seconds" : "rule_seconds",
            seconds(
                () ->
                    new FedAvg()
                        .aggregate(
                            before,
                            new AggregatedCohort(
                                cohort, before, exchange, algebra, Seed.of(1), measured))));
      }
    }
    ResidentMemory.peakMegabytes().ifPresent(mb -> result.put("resident_mb_peak", mb));
    return result;
  }

  private static double seconds(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    return Timings.rounded((System.nanoTime() - begin) / 1e9);
  }

  private static String file(int client) {
    return "client=" + client + ".message";
  }

  private static NamedTensors adapter(Arguments arguments, Seed seed) {
    SplittableRandom random = seed.random();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int layer = 0; layer < arguments.layers(); layer++) {
      for (String module : List.of("q_proj", "v_proj")) {
        String name = "model.layers." + layer + ".self_attn." + module;
        long width = arguments.width();
        long rank = arguments.rank();
        tensors.put(name + Lora.A, tensor(List.of(rank, width), random));
        tensors.put(name + Lora.B, tensor(List.of(width, rank), random));
      }
    }
    return new NamedTensors(tensors);
  }

  private static Tensor tensor(List<Long> shape, SplittableRandom random) {
    float[] values = new float[Math.toIntExact(shape.get(0) * shape.get(1))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextDouble() - 0.5);
    }
    return new Tensor(shape, values);
  }

  private static final class OnDisk implements Cohort {
    private final List<Message> answers = new ArrayList<>();

    OnDisk(Arguments arguments, LocalStore store) {
      for (int client = 0; client < arguments.clients(); client++) {
        answers.add(Message.open(store.open(file(client)), "Update " + client));
      }
    }

    @Override
    public int round() {
      return 1;
    }

    @Override
    public int clients() {
      return answers.size();
    }

    @Override
    public List<Member> members() {
      return IntStream.range(0, answers.size()).mapToObj(k -> new Member(k, 8, REPORT)).toList();
    }

    @Override
    public Tensor tensor(int member, String part, String name) {
      return answers.get(member).tensor(part, name);
    }
  }
}
