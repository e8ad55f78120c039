// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.PromptTemplate;
import dev.tributary.fl.text.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Tokenising all GSM8K or Dolly records of a file in the Alpaca template, prompt and answer: the
 * work of a preparation's tasks, with as many threads as it has tasks at a time. Nothing is read or
 * written meanwhile.
 */
public final class EncodeBench {
  /** Taken by a thread at a time. */
  private static final int PORTION = 64;

  /**
   * @param checkpoint directory with a tokenizer; no weights are needed
   * @param data JSON Lines of GSM8K or Dolly
   * @param maxTokens longest example; the rest is cut off
   * @param threads with a tokenizer of its own each; 0 for one a processor
   */
  public record Arguments(
      Path checkpoint, Path data, @Default("512") int maxTokens, @Default("0") int threads) {
    public Arguments {
      new Faults()
          .check(maxTokens >= 2, "max-tokens", maxTokens, "give 2 or more, e.g. 512")
          .check(threads >= 0, "threads", threads, "give 1 or more, or 0 for all processors")
          .throwIfAny();
    }
  }

  private EncodeBench() {}

  /**
   * @return {@code records_per_second}, {@code records}, {@code tokens}, {@code threads} and {@code
   *     seconds_min}
   * @throws InputException if tokenizer or data cannot be used
   */
  public static Map<String, Object> run(Arguments arguments) {
    List<BenchRecord> records = BenchRecord.first(arguments.data(), Integer.MAX_VALUE);
    int threads =
        arguments.threads() > 0 ? arguments.threads() : Runtime.getRuntime().availableProcessors();
    ExampleEncoder.Source source =
        new ExampleEncoder.Source(
            Tokenizer.Source.read(arguments.checkpoint()), new Given(), arguments.maxTokens());
    List<ExampleEncoder> encoders =
        IntStream.range(0, threads).mapToObj(i -> source.open()).toList();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      long start = System.nanoTime();
      AtomicInteger next = new AtomicInteger();
      List<Future<Long>> parts =
          encoders.stream().map(e -> pool.submit(() -> encode(e, records, next))).toList();
      long tokens = 0;
      for (Future<Long> part : parts) {
        tokens += part.get();
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("work", "encode");
      result.put("records", records.size());
      result.put("records_per_second", Timings.rounded(records.size() / seconds));
      result.put("tokens", tokens);
      result.put("threads", threads);
      result.put("seconds_min", Timings.rounded(seconds));
      return result;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while encoding", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("Cannot encode " + arguments.data(), e.getCause());
    } finally {
      pool.shutdownNow();
      encoders.forEach(encoder -> encoder.tokenizer().close());
    }
  }

  private static long encode(
      ExampleEncoder encoder, List<BenchRecord> records, AtomicInteger next) {
    long tokens = 0;
    for (int from = next.getAndAdd(PORTION);
        from < records.size();
        from = next.getAndAdd(PORTION)) {
      for (BenchRecord record : records.subList(from, Math.min(from + PORTION, records.size()))) {
        tokens +=
            encoder
                .encode(new InstructionExample("", "", record.prompt(), "", record.answer()))
                .tokens()
                .length;
      }
    }
    return tokens;
  }

  /** Records bring their prompt along. */
  private record Given() implements PromptTemplate {
    @Override
    public String prompt(InstructionExample example) {
      return example.instruction();
    }
  }
}
