// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.data.SplitDirectory;
import dev.tributary.evaluation.Answer;
import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.Answering;
import dev.tributary.evaluation.Answers;
import dev.tributary.evaluation.Batches;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Chunk;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Scored;
import dev.tributary.evaluation.SplitMeasurement;
import dev.tributary.evaluation.SplitTask;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.GivenAnswers;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Measures adapters on executors, all tasks of an evaluation in one Spark job: a piece is one
 * client's held-out examples, or a chunk of a benchmark's questions. Chunks do not depend on how
 * many executors there are, so neither do results.
 */
public final class SparkEvaluation {
  /**
   * Tasks with their questions.
   *
   * @param benchmarks by the place of their task; those that look at held-out data have none
   */
  public record ReadTasks(List<Choice<Task>> tasks, Map<Integer, Benchmark> benchmarks) {
    public ReadTasks {
      tasks = List.copyOf(tasks);
      benchmarks = Map.copyOf(benchmarks);
    }

    /**
     * Reads the benchmarks' files; done first, so that what is wrong with them is known before
     * anything is prepared or trained.
     *
     * @throws InputException if one cannot be read
     */
    public static ReadTasks of(List<Choice<Task>> tasks, TaskContext context) {
      Map<Integer, Benchmark> benchmarks = new LinkedHashMap<>();
      for (int t = 0; t < tasks.size(); t++) {
        if (tasks.get(t).create() instanceof BenchmarkTask benchmark) {
          benchmarks.put(t, benchmark.read(context));
        }
      }
      return new ReadTasks(tasks, benchmarks);
    }
  }

  /**
   * Held-out data of the run.
   *
   * @param counts examples by split and client
   */
  public record HeldOut(
      ExampleSource examples, Map<String, ? extends SortedMap<Integer, Long>> counts) {}

  /**
   * What was measured.
   *
   * @param figures of one task
   * @param answers in the order of the questions
   * @param complete false where failures of machines left questions without an answer
   */
  public record Outcome(List<EvaluationRow> figures, List<AnswerRow> answers, boolean complete) {
    public Outcome {
      figures = List.copyOf(figures);
      answers = List.copyOf(answers);
    }
  }

  private sealed interface Piece extends Serializable {}

  private record ClientPiece(int task, int client) implements Piece {}

  private record ChunkPiece(int task, Chunk chunk) implements Piece {}

  /** A piece and what it costs, in examples read. */
  private record Planned(Piece piece, long cost) {}

  /** What became of a chunk whose every attempt failed. */
  private record Lost(String reason) implements Serializable {}

  private final Pieces work;
  private final String device;
  private final BaseModel base;
  private final Tokenizer.Source tokenizer;
  private final List<Choice<Task>> tasks;
  private final Map<Integer, Benchmark> benchmarks;
  private final Map<Integer, String> questions = new TreeMap<>();
  private final Optional<HeldOut> heldOut;
  private final Batches batches;
  private final Optional<GivenAnswers> given;

  /**
   * @param executors that answer
   * @param given answers of before; empty where each is asked anew
   * @param heldOut the run's data; empty where only benchmarks are asked
   */
  public SparkEvaluation(
      Executors executors,
      BaseModel base,
      Tokenizer.Source tokenizer,
      ReadTasks tasks,
      Optional<HeldOut> heldOut,
      Batches batches,
      Optional<GivenAnswers> given) {
    this.device = Executors.hasGpus(executors.spark().getConf()) ? "gpu" : "cpu";
    this.work = new Pieces(executors, failure -> false);
    this.base = base;
    this.tokenizer = tokenizer;
    this.tasks = tasks.tasks();
    this.benchmarks = tasks.benchmarks();
    benchmarks.forEach((task, benchmark) -> questions.put(task, hash(benchmark)));
    this.heldOut = heldOut;
    this.batches = batches;
    this.given = given;
  }

  /**
   * A hash of what a task asks, with the right answers: another file or prompt is another hash.
   *
   * @return empty text for a task that looks at held-out data
   */
  public String questions(int task) {
    return questions.getOrDefault(task, "");
  }

  private static String hash(Benchmark benchmark) {
    StringBuilder all = new StringBuilder();
    for (Question question : benchmark.questions()) {
      all.append(question).append('\n'); // a record's: all its values
    }
    return Sha256.of(all.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Measures one adapter; returns when all is done.
   *
   * @param which of the tasks, by their place
   * @param only the one client whose held-out examples count; empty for all
   * @param progress is told how far it is
   * @return by task, in their order
   * @throws Pieces.PieceFailedException if a client's examples cannot be measured
   */
  public SortedMap<Integer, Outcome> measure(
      Measured run,
      AdapterMethod method,
      NamedTensors state,
      List<Integer> which,
      Optional<Integer> only,
      Progress progress) {
    Map<Integer, List<Answers>> answers = new TreeMap<>();
    Adapter adapter = Adapter.of(method, state);
    String model = model(adapter);
    List<Planned> plan = plan(which, only, model, answers);
    plan.sort(Comparator.comparingLong(Planned::cost).reversed()); // stable
    List<Piece> pieces = plan.stream().map(Planned::piece).toList();
    Map<Integer, SortedMap<Integer, SplitMeasurement>> measurements = new TreeMap<>();
    Map<Integer, List<Answer>> asked = new TreeMap<>();
    ExampleSource examples = heldOut.map(HeldOut::examples).orElseGet(None::new);
    Set<Integer> failed = new TreeSet<>();
    long total = plan.stream().mapToLong(Planned::cost).sum();
    String whose = run.adapter().equals(Measured.GLOBAL) ? "" : ", " + run.adapter();
    try (Progress.Task task = progress.task("Evaluate round " + run.round() + whose, total)) {
      work.run(
          "Evaluation after round " + run.round() + " (" + run.adapter() + ")",
          pieces,
          Piece.class,
          Serializable.class,
          new Measurement(base, tokenizer, tasks, examples, adapter, batches),
          (place, result) -> {
            if (pieces.get(place) instanceof ClientPiece piece) {
              measurements
                  .computeIfAbsent(piece.task(), t -> new TreeMap<>())
                  .put(piece.client(), (SplitMeasurement) result);
            } else if (pieces.get(place) instanceof ChunkPiece piece) {
              List<Answers> received =
                  answers.computeIfAbsent(piece.task(), t -> new ArrayList<>());
              if (result instanceof Lost lost) {
                failed.add(piece.task());
                received.add(piece.chunk().notRun(lost.reason())); // never scored as wrong
              } else {
                Answers now = (Answers) result;
                received.add(now);
                asked.computeIfAbsent(piece.task(), t -> new ArrayList<>()).addAll(now.answers());
              }
            }
            task.advance(plan.get(place).cost());
          });
    }
    given.ifPresent(
        known ->
            asked.forEach(
                (task, found) -> {
                  Benchmark benchmark = benchmarks.get(task);
                  if (benchmark != null) {
                    known.put(model, benchmark.questions(), found);
                  }
                }));
    return fold(run, which, measurements, answers, failed);
  }

  /** A hash of all that an answer depends on beside the question. */
  private String model(Adapter adapter) {
    String what =
        String.join(
            "\n",
            base.sha256(),
            base.computation().toString(),
            "" + base.threads(),
            device,
            adapter.method().toString(),
            Sha256.of(adapter.state()));
    return Sha256.of(what.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * @param answers takes what is known already
   */
  private List<Planned> plan(
      List<Integer> which,
      Optional<Integer> only,
      String model,
      Map<Integer, List<Answers>> answers) {
    List<Planned> plan = new ArrayList<>();
    for (int task : which) {
      if (tasks.get(task).create() instanceof SplitTask split) {
        counts(split.split())
            .forEach(
                (client, examples) -> {
                  // Anybody's adapter is measured on what the server holds.
                  boolean wanted =
                      client == SplitDirectory.SERVER || only.map(client::equals).orElse(true);
                  if (examples > 0 && wanted) {
                    plan.add(new Planned(new ClientPiece(task, client), examples));
                  }
                });
      } else {
        Benchmark benchmark = benchmarks.get(task);
        if (benchmark != null) {
          // Whole batches, whatever the cluster: a chunk's questions are answered side by side.
          List<Chunk.Placed> unknown = new ArrayList<>();
          for (int place = 0; place < benchmark.questions().size(); place++) {
            Chunk.Placed placed = new Chunk.Placed(place, benchmark.questions().get(place));
            List<Answer> known = given.map(g -> g.find(model, placed)).orElse(List.of());
            if (known.isEmpty()) {
              unknown.add(placed);
            } else {
              answers.computeIfAbsent(task, t -> new ArrayList<>()).add(new Answers(known, 0));
            }
          }
          for (Chunk chunk : Answering.planOf(unknown, batches.prompts())) {
            long newTokens = 100; // generating takes longer than reading as many examples
            plan.add(
                new Planned(new ChunkPiece(task, chunk), chunk.questions().size() * newTokens));
          }
        }
      }
    }
    return plan;
  }

  private SortedMap<Integer, Long> counts(String split) {
    SortedMap<Integer, Long> none = new TreeMap<>();
    if (heldOut.isEmpty()) {
      return none;
    }
    SortedMap<Integer, Long> counts = heldOut.get().counts().get(split);
    return counts == null ? none : counts;
  }

  private SortedMap<Integer, Outcome> fold(
      Measured run,
      List<Integer> which,
      Map<Integer, SortedMap<Integer, SplitMeasurement>> measurements,
      Map<Integer, List<Answers>> answers,
      Set<Integer> failed) {
    SortedMap<Integer, Outcome> outcomes = new TreeMap<>();
    for (int t : which) {
      Task task = tasks.get(t).create();
      Benchmark benchmark = benchmarks.get(t);
      if (task instanceof SplitTask split) {
        List<SplitTask.ClientMeasurement> clients = new ArrayList<>();
        measurements
            .getOrDefault(t, new TreeMap<>())
            .forEach((c, m) -> clients.add(new SplitTask.ClientMeasurement(c, m)));
        outcomes.put(t, new Outcome(split.rows(run, clients), List.of(), true));
      } else if (task instanceof BenchmarkTask asking && benchmark != null) {
        Scored scored = Scored.of(run, asking, benchmark, answers.getOrDefault(t, List.of()));
        outcomes.put(t, new Outcome(scored.figures(), scored.answers(), !failed.contains(t)));
      }
    }
    return outcomes;
  }

  private record Measurement(
      BaseModel base,
      Tokenizer.Source tokenizer,
      List<Choice<Task>> tasks,
      ExampleSource examples,
      Adapter adapter,
      Batches batches)
      implements Pieces.Work<Piece, Serializable> {
    @Override
    public Serializable run(Piece piece) {
      try (BaseModels.Borrowed borrowed = base.borrow();
          TrainedWeights weights = borrowed.model().weights(adapter.method(), adapter.tensors())) {
        if (piece instanceof ClientPiece split) {
          SplitTask task = (SplitTask) tasks.get(split.task()).create();
          return task.measure(
              borrowed.model(),
              weights,
              ExampleCache.OF_THIS_JVM.of(examples, task.split(), split.client()));
        }
        return Answering.answer(
            ((ChunkPiece) piece).chunk(),
            borrowed.model(),
            weights,
            OpenTokenizers.of(tokenizer),
            batches);
      } catch (RuntimeException e) {
        if (piece instanceof ChunkPiece && !(e instanceof InputException) && Pieces.lastAttempt()) {
          return new Lost(String.valueOf(e.getMessage()));
        }
        throw e;
      }
    }
  }

  /** No data of a run. */
  private record None() implements ExampleSource {
    @Override
    public String key() {
      return "none";
    }

    @Override
    public List<dev.tributary.fl.text.EncodedExample> read(String split, int client) {
      return List.of();
    }
  }
}
