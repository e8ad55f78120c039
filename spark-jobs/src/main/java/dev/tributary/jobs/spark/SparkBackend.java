// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.round.Attempt;
import dev.tributary.fl.round.ClientBackend;
import dev.tributary.fl.round.ClientFailedException;
import dev.tributary.fl.round.RoundOrder;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.training.DivergedException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Clients as Spark tasks: a round is one job, a client one task. The order is broadcast once a
 * round, every answer goes to the receiver as it arrives; executors add nothing up.
 *
 * <p>Clients that take longest start first: by the seconds that they took in their last round here,
 * before that by how much they hold.
 */
public final class SparkBackend implements ClientBackend {
  /** What an executor does for one client. */
  @FunctionalInterface
  public interface ClientTask extends Serializable {
    /**
     * @param kept what the client kept from its last round, if clients remember
     * @return the client's answer in the format of {@code dev.tributary.fl.message}
     */
    byte[] train(RoundOrder order, int client, Optional<byte[]> kept);
  }

  /** What clients keep is sent with their tasks, so much of it at once; more makes further jobs. */
  private static final long MOST_KEPT_BYTES = 256L << 20;

  private record Client(int number, Optional<byte[]> kept) implements Serializable {}

  /**
   * @param failure why there is no message; empty where there is one
   */
  private record Answer(
      byte[] message, String failure, String executor, double seconds, long peakMemoryBytes)
      implements Serializable {}

  private record ClientRun(RoundOrder order, ClientTask task)
      implements Pieces.Work<Client, Answer> {
    @Override
    public Answer run(Client client) {
      long begin = System.nanoTime();
      byte[] message = new byte[0];
      String failure = "";
      try {
        message = task.train(order, client.number(), client.kept());
      } catch (RuntimeException e) {
        if (!drops(order) || !(isLasting(e) || Pieces.lastAttempt())) {
          throw e; // ends the round, or is tried again
        }
        failure = e.getMessage() == null ? e.toString() : e.getMessage();
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      return new Answer(
          message, failure, ExecutorProcess.name(), seconds, ExecutorProcess.peakMemoryBytes());
    }

    private static boolean isLasting(RuntimeException e) {
      return e instanceof DivergedException || e instanceof InputException;
    }
  }

  private final Executors executors;
  private final Pieces pieces;
  private final ClientTask task;
  private final Map<Integer, Long> examples;
  private final Map<Integer, Double> lastSeconds = new HashMap<>();

  /**
   * @param executors that clients train on
   * @param task what is done for each client
   * @param examples how many training examples each client holds
   */
  public SparkBackend(Executors executors, ClientTask task, Map<Integer, Long> examples) {
    this.executors = executors;
    this.pieces = new Pieces(executors, failure -> failure instanceof DivergedException);
    this.task = task;
    this.examples = Map.copyOf(examples);
  }

  @Override
  public void train(RoundOrder order, List<Integer> cohort, Receiver receiver) {
    List<Client> wave = new ArrayList<>();
    long bytes = 0;
    for (int number : longestFirst(cohort)) {
      Optional<byte[]> kept = order.clientsRemember() ? receiver.kept(number) : Optional.empty();
      wave.add(new Client(number, kept));
      bytes += kept.map(k -> k.length).orElse(0);
      if (bytes > MOST_KEPT_BYTES) {
        train(order, List.copyOf(wave), receiver, cohort.size());
        wave.clear();
        bytes = 0;
      }
    }
    train(order, wave, receiver, cohort.size());
  }

  @Override
  public int slots() {
    return executors.slots();
  }

  private static boolean drops(RoundOrder order) {
    return order.training().participation().onFailure() == Participation.OnFailure.DROP;
  }

  private void train(RoundOrder order, List<Client> wave, Receiver receiver, int cohortSize) {
    List<Client> left = new ArrayList<>(wave);
    while (!left.isEmpty()) {
      try {
        trainAll(order, left, receiver, cohortSize);
        return;
      } catch (LostClientException lost) { // with its executor, as often as Spark tries
        left.removeIf(client -> client.number() == lost.client);
        receiver.failed(lost.client, String.valueOf(lost.getMessage()), lost.getCause());
      }
    }
  }

  /** A client's executors ended under it, and the round may go on without it. */
  private static final class LostClientException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int client;

    LostClientException(int client, String reason, Throwable cause) {
      super(reason, cause);
      this.client = client;
    }
  }

  /**
   * @param wave those that have answered are taken out of it
   */
  private void trainAll(RoundOrder order, List<Client> wave, Receiver receiver, int cohortSize) {
    List<Client> sent = List.copyOf(wave);
    try {
      pieces.run(
          "Round " + order.round() + ": " + cohortSize + " clients",
          sent,
          Client.class,
          Answer.class,
          new ClientRun(order, task),
          (piece, answer) -> {
            int client = sent.get(piece).number();
            wave.remove(sent.get(piece));
            if (!answer.failure().isEmpty()) {
              receiver.failed(client, answer.failure(), null);
              return;
            }
            lastSeconds.put(client, answer.seconds());
            receiver.receive(
                client,
                answer.message(),
                new Attempt(answer.executor(), answer.seconds(), answer.peakMemoryBytes()));
          });
    } catch (Pieces.PieceFailedException e) {
      if (drops(order) && e.piece() >= 0) {
        throw new LostClientException(sent.get(e.piece()).number(), e.reason(), e);
      }
      if (e.getCause() instanceof InputException) {
        throw new InputException(e.reason(), e);
      }
      if (e.getCause() instanceof DivergedException) { // names client and round itself
        throw new ClientFailedException(e.reason(), e);
      }
      String who = e.piece() < 0 ? "A client" : "Client " + sent.get(e.piece()).number();
      throw new ClientFailedException(
          who + " failed in round " + order.round() + ": " + e.reason(), e);
    }
  }

  /**
   * Seconds where all of the cohort were measured, else examples; as in the cohort among equals.
   */
  private List<Integer> longestFirst(List<Integer> cohort) {
    boolean measured = lastSeconds.keySet().containsAll(cohort);
    List<Integer> clients = new ArrayList<>(cohort);
    clients.sort(
        Comparator.comparingDouble(
                (Integer client) ->
                    measured ? lastSeconds.get(client) : examples.getOrDefault(client, 0L))
            .reversed());
    return clients;
  }

  /** Leaves the Spark session as it is; it belongs to the caller. */
  @Override
  public void close() {}
}
