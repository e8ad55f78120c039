// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static java.util.Objects.requireNonNull;

import dev.tributary.fl.config.InputException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction0;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Runs independent pieces of work on executors, one Spark task each, and hands every result to the
 * calling thread as it arrives; so the driver need not hold them all.
 *
 * <p>A piece whose task or executor is lost runs again, {@code spark.task.maxFailures} times in
 * all; a piece that was run twice or speculated is handed over once. A failure that would come back
 * at every attempt ({@link #lasting}) ends the job at the first. Where what all pieces share was
 * lost with the machines that held it, it is sent again, and pieces that have no result yet run.
 */
public final class Pieces {
  /**
   * What is done with each piece; sent once to each executor.
   *
   * @param <P> a piece
   * @param <R> its result; both serialisable, optional values in records allowed
   */
  @FunctionalInterface
  public interface Work<P, R> extends Serializable {
    R run(P piece);
  }

  /** Takes results in, on the thread that called {@link #run}. */
  @FunctionalInterface
  public interface Receiver<R> {
    /**
     * @param piece its place in the list of pieces
     */
    void receive(int piece, R result);
  }

  /** A piece failed for good. The message is the failure's own, without Spark's frame. */
  public static final class PieceFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int piece;
    private final String reason;

    PieceFailedException(int piece, String reason, Throwable cause) {
      super(reason, cause);
      this.piece = piece;
      this.reason = reason;
    }

    /**
     * @param places of the job's pieces in the whole list
     */
    private PieceFailedException inPlaceOf(List<Integer> places) {
      return piece < 0
          ? this
          : new PieceFailedException(places.get(piece), reason, requireNonNull(getCause()));
    }

    private boolean lostBroadcast() {
      for (Throwable e = this; e != null; e = e.getCause()) {
        if (String.valueOf(e.getMessage()).contains(LOST_BROADCAST)) {
          return true;
        }
      }
      return false;
    }

    /** The message. */
    public String reason() {
      return reason;
    }

    /** Place in the list of pieces; -1 where Spark does not say. */
    public int piece() {
      return piece;
    }
  }

  /** Failures that a second attempt cannot cure; on executors. */
  @FunctionalInterface
  public interface Lasting extends Serializable {
    boolean lasting(Throwable failure);
  }

  private static final Logger LOG = LoggerFactory.getLogger(Pieces.class);
  private static final Pattern TASK = Pattern.compile("[Tt]ask (\\d+)(\\.\\d+)? in stage");
  private static final String LOST_BROADCAST = "Failed to get broadcast_"; // Spark's words
  private static final int SENT_AGAIN_AT_MOST = 2;

  private final Executors executors;
  private final JavaSparkContext spark;
  private final Lasting lasting;

  /**
   * @param executors that the pieces go to
   * @param lasting failures for which no other attempt is made, beside {@link InputException}
   */
  public Pieces(Executors executors, Lasting lasting) {
    this.executors = executors;
    this.spark = executors.spark();
    this.lasting = lasting;
  }

  /**
   * Runs all pieces and returns when each has been received.
   *
   * @param description what progress pages call the job
   * @param pieces in the order in which they shall start, the longest first
   * @throws PieceFailedException if a piece failed for good; others may have been received
   */
  public <P, R> void run(
      String description,
      List<? extends P> pieces,
      Class<P> pieceType,
      Class<R> resultType,
      Work<P, R> work,
      Receiver<? super R> receiver) {
    Order<P, R> order = new Order<>(work, pieceType, lasting);
    Set<Integer> open = new TreeSet<>();
    List<byte[]> sent = new ArrayList<>();
    for (P piece : pieces) {
      open.add(sent.size());
      sent.add(Travelling.bytes(piece));
    }
    for (int again = 0; !open.isEmpty(); again++) {
      List<Integer> places = List.copyOf(open);
      try {
        runJob(
            description,
            order,
            places.stream().map(sent::get).toList(),
            (place, result) -> {
              open.remove(places.get(place));
              receiver.receive(places.get(place), resultType.cast(result));
            });
      } catch (PieceFailedException e) {
        PieceFailedException failure = e.inPlaceOf(places);
        if (!e.lostBroadcast() || again == SENT_AGAIN_AT_MOST) {
          throw failure;
        }
        LOG.warn(
            "What all tasks of '{}' share was lost and is sent to executors again: {}",
            description,
            e.reason());
      }
    }
  }

  private void runJob(
      String description, Order<?, ?> order, List<byte[]> sent, Receiver<Object> receiver) {
    Broadcast<Shared> shared = spark.broadcast(new Shared(Travelling.bytes(order)));
    BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    spark.setJobDescription(description);
    SimpleFutureAction<BoxedUnit> job =
        spark
            .sc()
            .submitJob(
                executors.place(sent),
                new Task(shared),
                JavaConverters.asScalaBuffer(boxedRange(sent.size())).toSeq(),
                new Handover(arrivals),
                new Done());
    try {
      for (int received = 0; received < sent.size(); received++) {
        Arrival arrival = next(job, arrivals);
        Outcome outcome = Travelling.value(arrival.outcome(), Outcome.class);
        if (outcome instanceof Failure failure) {
          throw failed(arrival.piece(), failure.reason());
        }
        Success success = (Success) outcome;
        executors.answered(success.executor());
        receiver.receive(arrival.piece(), success.result());
      }
    } finally {
      if (!job.isCompleted()) {
        job.cancel();
      }
      spark.setJobDescription(null);
      shared.destroy();
    }
  }

  /** On an executor: whether Spark will not try this task again if it fails. */
  static boolean lastAttempt() {
    TaskContext task = TaskContext.get();
    int attempts = SparkEnv.get().conf().getInt("spark.task.maxFailures", 4);
    return task == null || task.attemptNumber() + 1 >= attempts;
  }

  private static Arrival next(SimpleFutureAction<?> job, BlockingQueue<Arrival> arrivals) {
    try {
      while (true) {
        boolean over = job.isCompleted(); // asked first: what came before is in the queue by then
        Arrival arrival = arrivals.poll(over ? 0 : 50, TimeUnit.MILLISECONDS);
        if (arrival != null) {
          return arrival;
        }
        if (over) {
          throw failed(job.value().get().failed().get());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PieceFailedException(-1, "interrupted while waiting for executors", e);
    }
  }

  private static PieceFailedException failed(int piece, Throwable failure) {
    return new PieceFailedException(piece, described(failure), failure);
  }

  /** Takes a failure out of what Spark wraps around it. */
  private static PieceFailedException failed(Throwable job) {
    String message = String.valueOf(job.getMessage());
    Matcher task = TASK.matcher(message);
    int piece = task.find() ? Integer.parseInt(task.group(1)) : -1;
    Throwable cause = job;
    while (cause instanceof SparkException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    // Where an executor died there is no exception of ours; Spark's first line says what happened.
    return cause == job
        ? new PieceFailedException(piece, message.lines().findFirst().orElse(message), job)
        : new PieceFailedException(piece, described(cause), job);
  }

  private static String described(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getName() : message;
  }

  private static List<Object> boxedRange(int size) {
    List<Object> range = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      range.add(i);
    }
    return range;
  }

  private record Arrival(int piece, byte[] outcome) {}

  private sealed interface Outcome extends Serializable {}

  /**
   * @param executor that gave it
   */
  private record Success(Object result, String executor) implements Outcome {}

  private record Failure(Throwable reason) implements Outcome {}

  private record Order<P, R>(Work<P, R> work, Class<P> pieceType, Lasting lasting)
      implements Serializable {
    byte[] run(byte[] piece) {
      try {
        Object result = work.run(Travelling.value(piece, pieceType));
        return Travelling.bytes(new Success(result, ExecutorProcess.id()));
      } catch (RuntimeException e) {
        if (!(e instanceof InputException) && !lasting.lasting(e)) {
          throw e;
        }
        return failure(e);
      }
    }

    private static byte[] failure(RuntimeException reason) {
      try {
        return Travelling.bytes(new Failure(reason));
      } catch (UncheckedIOException holdsWhatCannotTravel) {
        return Travelling.bytes(new Failure(new IllegalStateException(reason.toString())));
      }
    }
  }

  /** The order as an executor holds it: read once, used by all its tasks. */
  private static final class Shared implements Serializable {
    private static final long serialVersionUID = 1;

    private final byte[] bytes;
    private transient @Nullable Order<?, ?> order;

    Shared(byte[] bytes) {
      this.bytes = bytes;
    }

    synchronized Order<?, ?> order() {
      Order<?, ?> known = order;
      if (known == null) {
        known = Travelling.value(bytes, Order.class);
        order = known;
      }
      return known;
    }
  }

  private static final class Task extends AbstractFunction1<Iterator<byte[]>, byte[]>
      implements Serializable {
    private static final long serialVersionUID = 1;

    private final Broadcast<Shared> shared;

    Task(Broadcast<Shared> shared) {
      this.shared = shared;
    }

    @Override
    public byte[] apply(Iterator<byte[]> pieces) {
      return shared.value().order().run(pieces.next());
    }
  }

  /** Runs on the scheduler's thread, so it only puts aside. */
  private static final class Handover extends AbstractFunction2<Object, byte[], BoxedUnit> {
    private final BlockingQueue<Arrival> arrivals;

    Handover(BlockingQueue<Arrival> arrivals) {
      this.arrivals = arrivals;
    }

    @Override
    public BoxedUnit apply(Object partition, byte[] outcome) {
      arrivals.add(new Arrival((Integer) partition, outcome));
      return BoxedUnit.UNIT;
    }
  }

  private static final class Done extends AbstractFunction0<BoxedUnit> {
    @Override
    public BoxedUnit apply() {
      return BoxedUnit.UNIT;
    }
  }
}
