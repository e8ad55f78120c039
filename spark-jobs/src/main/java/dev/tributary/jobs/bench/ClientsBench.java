// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.PackedBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Many clients over one base in one JVM, some at once: how many examples they train together, what
 * it costs to change from one to the next, and whether memory holds more than their adapters.
 */
public final class ClientsBench {
  /**
   * @param data JSON Lines of GSM8K or Dolly; every client trains the same first records
   * @param clients each with an adapter of its own, which stays in memory between rounds
   * @param atOnce clients that train at the same time
   * @param batch examples of a step
   * @param steps of a client in a round
   * @param maxTokens longest example; the rest is cut off
   * @param targets layers that LoRA adapts
   * @param recompute keep no activations but each block's input
   * @param threads intra-op threads of each client
   * @param device cpu, gpu or gpu:N
   */
  public record Arguments(
      Path checkpoint,
      Path data,
      @Default("float32") DType dtype,
      @Default("2") int clients,
      @Default("2") int atOnce,
      @Default("1") int rounds,
      @Default("4") int batch,
      @Default("30") int steps,
      @Default("512") int maxTokens,
      @Default("[q_proj, k_proj, v_proj, o_proj]") List<String> targets,
      @Default("0.0") double dropout,
      @Default("false") boolean recompute,
      @Default("1") int threads,
      @Default("cpu") String device) {
    public Arguments {
      targets = List.copyOf(targets);
      new Faults()
          .check(clients >= 1, "clients", clients, "give 1 or more, e.g. 2")
          .check(
              atOnce >= 1 && atOnce <= clients,
              "at-once",
              atOnce,
              "give 1 to --clients, " + clients)
          .check(rounds >= 1, "rounds", rounds, "give 1 or more, e.g. 3")
          .throwIfAny();
    }

    private SftBench.Arguments ofOne() {
      return new SftBench.Arguments(
          checkpoint,
          data,
          dtype,
          batch,
          steps,
          maxTokens,
          targets,
          dropout,
          recompute,
          threads,
          device);
    }
  }

  private ClientsBench() {}

  /**
   * @return {@code examples_per_second} of all clients together; {@code switch_seconds}, the median
   *     from the end of one client's steps to the beginning of the next one's, with both adapters'
   *     copies; {@code adapters_mb} of all clients; {@code peak_resident_mb_of_one}, after the
   *     first clients that train at once; and what {@link Timings#result} adds, whose seconds are
   *     those of a step
   * @throws InputException if checkpoint or data cannot be used
   */
  public static Map<String, Object> run(Arguments arguments) {
    SftBench.Arguments one = arguments.ofOne();
    List<PackedBatch> batches = SftBench.packed(SftBench.batches(one), arguments.dropout());
    List<PackedBatch> warmUp = batches.subList(0, SftBench.WARM_UP);
    List<PackedBatch> timed = batches.subList(SftBench.WARM_UP, batches.size());
    try (LoraBase base =
        LoraBase.load(
            arguments.checkpoint(),
            arguments.dtype(),
            arguments.recompute(),
            arguments.targets(),
            arguments.dropout(),
            arguments.threads(),
            Device.of(arguments.device()))) {
      ExecutorService threads = Executors.newFixedThreadPool(arguments.atOnce());
      try {
        return measured(arguments, base, threads, warmUp, timed);
      } finally {
        stop(threads); // before the base goes: after a failure the others may still compute on it
      }
    }
  }

  private static Map<String, Object> measured(
      Arguments arguments,
      LoraBase base,
      ExecutorService threads,
      List<PackedBatch> warmUp,
      List<PackedBatch> timed) {
    NamedTensors[] adapters = new NamedTensors[arguments.clients()];
    Arrays.fill(adapters, base.initial());
    // as many as train at once have trained all batches: the most that a round of them needs
    all(threads, arguments.atOnce(), slot -> train(base, adapters, slot, warmUp));
    all(threads, arguments.atOnce(), slot -> train(base, adapters, slot, timed));
    long peakOfOne = ResidentMemory.peakMegabytes().orElse(0);
    List<Trained> trained = new ArrayList<>();
    long start = System.nanoTime();
    for (int round = 0; round < arguments.rounds(); round++) {
      trained.addAll(
          all(threads, arguments.clients(), client -> train(base, adapters, client, timed)));
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Timings steps =
        new Timings(trained.stream().flatMapToDouble(c -> Arrays.stream(c.steps())).toArray());
    Map<String, Object> result = steps.result("clients", arguments.dtype(), arguments.batch());
    result.put("clients", arguments.clients());
    result.put("at_once", arguments.atOnce());
    result.put("rounds", arguments.rounds());
    result.put(
        "examples_per_second",
        (double) trained.size() * arguments.steps() * arguments.batch() / seconds);
    result.put(
        "switch_seconds",
        Timings.rounded(
            new Timings(trained.stream().mapToDouble(Trained::change).toArray()).median()));
    result.put("adapters_mb", arguments.clients() * bytes(base.initial()) / (1 << 20));
    result.put("peak_resident_mb_of_one", peakOfOne);
    return result;
  }

  private static void stop(ExecutorService threads) {
    threads.shutdownNow();
    boolean interrupted = false;
    while (!threads.isTerminated()) {
      try {
        threads.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true; // steps in native code end first
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * @param steps seconds of each
   * @param change seconds before the first step and behind the last
   */
  private record Trained(double[] steps, double change) {}

  /** Takes up a client's adapter, trains it and leaves it in its place, which no other touches. */
  private static Trained train(
      LoraBase base, NamedTensors[] adapters, int client, List<PackedBatch> batches) {
    long start = System.nanoTime();
    double[] steps;
    try (LoraTrainer trainer = base.client(adapters[client])) {
      steps = Timings.of(batches.size(), 0, i -> trainer.step(batches.get(i))).seconds();
      adapters[client] = trainer.state();
    }
    double all = (System.nanoTime() - start) / 1e9;
    return new Trained(steps, all - Arrays.stream(steps).sum());
  }

  private interface Work {
    Trained of(int client);
  }

  private static List<Trained> all(ExecutorService threads, int count, Work work) {
    List<Future<Trained>> running = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int client = i;
      running.add(threads.submit(() -> work.of(client)));
    }
    List<Trained> all = new ArrayList<>();
    try {
      for (Future<Trained> future : running) {
        all.add(future.get());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("A client failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while clients train", e);
    }
    return all;
  }

  private static long bytes(NamedTensors adapter) {
    return adapter.byName().values().stream()
        .mapToLong(tensor -> (long) Float.BYTES * tensor.values().length)
        .sum();
  }
}
