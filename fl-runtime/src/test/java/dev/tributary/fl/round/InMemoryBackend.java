// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.text.EncodedExample;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;

/** Clients as threads of this JVM, over one base model: what tests have in Spark's place. */
final class InMemoryBackend implements ClientBackend {
  private record Answer(int client, byte[] message, Attempt attempt) {}

  private static final class Failure extends Exception {
    private static final long serialVersionUID = 1;

    final int client;
    final transient RuntimeException why;

    Failure(int client, RuntimeException why) {
      super(why);
      this.client = client;
      this.why = why;
    }
  }

  private final CausalLm model;
  private final IntFunction<List<EncodedExample>> examples;
  private final ExecutorService threads;

  /**
   * @param model shared by all clients; stays open
   * @param examples all training examples of a client, by its number; asked in each round, by
   *     several threads
   * @param atOnce clients that train at the same time, at least 1
   */
  InMemoryBackend(CausalLm model, IntFunction<List<EncodedExample>> examples, int atOnce) {
    this.model = model;
    this.examples = examples;
    this.threads =
        Executors.newFixedThreadPool(
            atOnce,
            work -> {
              Thread thread = new Thread(work, "client");
              thread.setDaemon(true);
              return thread;
            });
  }

  @Override
  public void train(RoundOrder order, List<Integer> cohort, Receiver receiver) {
    CompletionService<Answer> answers = new ExecutorCompletionService<>(threads);
    var running =
        cohort.stream()
            .map(client -> answers.submit(() -> train(order, client, receiver)))
            .toList();
    try {
      for (int i = 0; i < cohort.size(); i++) {
        Answer answer;
        try {
          answer = answers.take().get();
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Failure failure
              && order.training().participation().onFailure() == Participation.OnFailure.DROP) {
            receiver.failed(failure.client, String.valueOf(failure.why.getMessage()), failure.why);
            continue;
          }
          throw e;
        }
        receiver.receive(answer.client(), answer.message(), answer.attempt());
      }
    } catch (ExecutionException e) {
      throw failed(order, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClientFailedException("Round " + order.round() + " was interrupted", e);
    } finally {
      running.forEach(client -> client.cancel(true)); // those not yet begun, after a failure
    }
  }

  private Answer train(RoundOrder order, int client, Receiver receiver) throws Failure {
    long began = System.nanoTime();
    try {
      byte[] message =
          ClientWork.run(order, client, receiver.kept(client), examples.apply(client), model);
      double seconds = (System.nanoTime() - began) / 1e9;
      return new Answer(client, message, new Attempt("driver", seconds, 0));
    } catch (RuntimeException e) {
      throw new Failure(client, e);
    }
  }

  private static RuntimeException failed(RoundOrder order, ExecutionException thrown) {
    String round = "Cannot finish round " + order.round() + ": ";
    if (!(thrown.getCause() instanceof Failure failure)) {
      return new ClientFailedException(round + thrown.getMessage(), thrown);
    }
    if (failure.why instanceof InputException input) {
      return input;
    }
    return new ClientFailedException(
        round + "client " + failure.client + " failed: " + failure.why.getMessage(), failure.why);
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
