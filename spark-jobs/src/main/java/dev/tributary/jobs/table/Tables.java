// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.jobs.table.Table.Subject;
import java.util.List;
import java.util.Map;

/**
 * Every table that a run directory or a split directory has in {@code tables/}, with its columns.
 * {@code notebooks/README.md} says the same; a test holds them together.
 */
public final class Tables {
  public static final Table<RunRow> RUNS =
      Table.of(
          Subject.RUN,
          "runs",
          "one row: what was run, on what, and how far it is",
          RunRow.class,
          Map.ofEntries(
              Map.entry("identity", "hash of all settings that the adapter depends on"),
              Map.entry("seed", "all randomness of the run hangs on it"),
              Map.entry("scenario", "`federated`, `global` or `local`"),
              Map.entry("algorithm", "name of the federated algorithm"),
              Map.entry("adapter_method", "`lora`, `full` ..."),
              Map.entry("checkpoint", "directory of the base model, as the file names it"),
              Map.entry("checkpoint_sha256", "hash of the base model's content"),
              Map.entry("dtype", "number format of the base in compute"),
              Map.entry("corpus", "name of the corpus reader"),
              Map.entry("splitter", "name of the splitter"),
              Map.entry("data_sha256", "hash of the split's content"),
              Map.entry("clients", "clients in the split"),
              Map.entry("train_examples", "training examples of all clients"),
              Map.entry("trained_parameters", "numbers that are trained and sent"),
              Map.entry("rounds", "rounds that the file asks for"),
              Map.entry("committed_rounds", "rounds in the ledger"),
              Map.entry("chosen_round", "round whose adapter is the result"),
              Map.entry("adapter_sha256", "hash of adapter_model.safetensors of the chosen round"),
              Map.entry("device", "what clients computed on: `cpu`, `gpu`"),
              Map.entry("threads_per_client", "computing threads of a client"),
              Map.entry("master", "the cluster, as Spark names it"),
              Map.entry("host", "machine of the driver"),
              Map.entry("git_commit", "commit that was checked out where the command ran"),
              Map.entry("tributary_version", "of Tributary"),
              Map.entry("spark_version", "of Spark"),
              Map.entry("java_version", "of the driver's Java machine"),
              Map.entry("started_at", "when the run began, first of all"),
              Map.entry("finished_at", "when its last round was evaluated; empty before that")));

  public static final Table<RoundRow> ROUNDS =
      Table.of(
          Subject.RUN,
          "rounds",
          "one row for each round in the ledger",
          RoundRow.class,
          Map.ofEntries(
              Map.entry("round", "counted from 1"),
              Map.entry("clients", "clients whose answers count"),
              Map.entry("absent", "sampled clients whose answers do not"),
              Map.entry(
                  "first_loss",
                  "training loss per label before any step of the round: that of the adapter that"
                      + " clients were sent"),
              Map.entry("mean_loss", "training loss per label over all batches of the round"),
              Map.entry("examples_seen", "examples that entered steps, as often as they did"),
              Map.entry("steps", "local steps of all clients"),
              Map.entry("tokens", "tokens of the examples seen"),
              Map.entry("labels", "tokens that they were trained to predict"),
              Map.entry("download_bytes", "sent to clients"),
              Map.entry("upload_bytes", "sent by clients"),
              Map.entry("train_seconds", "from the order to the last answer"),
              Map.entry(
                  "idle_share",
                  "of the time between order and last answer that training slots had nothing to do,"
                      + " 0 to 1"),
              Map.entry("aggregate_seconds", "from there to the new adapter"),
              Map.entry("adapter_sha256", "hash of the global adapter's values after the round"),
              Map.entry("committed_at", "when the round was in the ledger")));

  public static final Table<ClientRow> CLIENTS =
      Table.of(
          Subject.RUN,
          "clients",
          "one row for each client of each round",
          ClientRow.class,
          Map.ofEntries(
              Map.entry("round", "counted from 1"),
              Map.entry("client", "its number in the split"),
              Map.entry("weight", "what its share is proportional to"),
              Map.entry("share", "of the aggregate, 0 to 1; 0 where nothing is aggregated"),
              Map.entry("examples_seen", "examples that entered steps, as often as they did"),
              Map.entry("data_size", "examples it can train on"),
              Map.entry(
                  "skipped_examples",
                  "examples it holds beyond those: their prompt alone fills max-tokens"),
              Map.entry("cut_examples", "examples that were cut to fit max-tokens"),
              Map.entry("steps", "local steps, skipped ones included"),
              Map.entry("skipped_steps", "steps that a hook skipped, e.g. a gradient not finite"),
              Map.entry("clipped_steps", "steps whose gradient was scaled down"),
              Map.entry("tokens", "tokens of the examples seen"),
              Map.entry("labels", "tokens that they were trained to predict"),
              Map.entry("first_loss", "loss per label of its first batch, before any step"),
              Map.entry("mean_loss", "loss per label over all its batches"),
              Map.entry("download_bytes", "sent to it"),
              Map.entry("upload_bytes", "sent by it"),
              Map.entry("executor", "where it ran; empty if not known"),
              Map.entry("wall_seconds", "of the attempt that succeeded; 0 if not known"),
              Map.entry(
                  "peak_memory_bytes", "most memory of the process it ran in; 0 if not known")));

  public static final Table<AbsenceRow> ABSENCES =
      Table.of(
          Subject.RUN,
          "absences",
          "one row for each sampled client whose answer does not count in a round",
          AbsenceRow.class,
          Map.ofEntries(
              Map.entry("round", "counted from 1"),
              Map.entry("client", "its number in the split"),
              Map.entry(
                  "cause",
                  "`dropped_out`, `late`, `surplus` (simulated); `failed`, `refused` (not)"),
              Map.entry("reason", "for people"),
              Map.entry("simulated_seconds", "that it would have taken; 0 if not simulated")));

  public static final Table<MessageRow> MESSAGES =
      Table.of(
          Subject.RUN,
          "messages",
          "one row for each stage of each message: bytes before and after each operator",
          MessageRow.class,
          Map.ofEntries(
              Map.entry("round", "counted from 1"),
              Map.entry("client", "its number in the split"),
              Map.entry("direction", "`download` to the client, `upload` from it"),
              Map.entry("stage", "counted from 0, in the order of encoding"),
              Map.entry(
                  "after",
                  "`numbers` in float32; then each operator by its name; `kept`: what the client"
                      + " keeps for itself; `message`: all, with the header"),
              Map.entry("bytes", "after it")));

  public static final Table<LayerRow> LAYERS =
      Table.of(
          Subject.RUN,
          "layers",
          "one row for each layer and round: how its low-rank updates became one",
          LayerRow.class,
          Map.ofEntries(
              Map.entry("round", "counted from 1"),
              Map.entry("layer", "its name in the checkpoint"),
              Map.entry("rank", "that clients train"),
              Map.entry("held_rank", "beside it, as a change of the base"),
              Map.entry(
                  "update_norm",
                  "Frobenius norm of the clients' mean product B A, without the adapter's scale"),
              Map.entry(
                  "bias",
                  "distance of the new update from that mean, relative to its norm; 0 is exact"),
              Map.entry("factor_bias", "the same of factors averaged one by one"),
              Map.entry(
                  "discarded_energy",
                  "share of the squared norm that was cut off to keep the rank, 0 to 1")));

  public static final Table<EvaluationRow> EVALUATIONS =
      Table.of(
          Subject.RUN,
          "evaluations",
          "one row for each figure: a metric of a task on a split after a round",
          EvaluationRow.class,
          Map.ofEntries(
              Map.entry("round", "after which it was measured; 0 before training"),
              Map.entry(
                  "adapter",
                  "`global`, or `client=K` for a client's own; `client=K+N` after N steps of fine"
                      + " tuning"),
              Map.entry("task", "its label"),
              Map.entry("split", "`validation`, `test`, or `server`: those of no client"),
              Map.entry("client", "whose examples; empty for all together and for benchmarks"),
              Map.entry("metric", "`loss_per_token`, `loss_per_example`, `accuracy` ..."),
              Map.entry("value", "empty where too many instances could not be run"),
              Map.entry("low", "lower end of the 95 % interval, where there is one"),
              Map.entry("high", "upper end"),
              Map.entry("instances", "examples or questions that the value is about"),
              Map.entry("not_run", "those that failures left without an answer"),
              Map.entry("skipped", "those that cannot be measured, e.g. too long prompts"),
              Map.entry("published_instances", "size of the benchmark as published"),
              Map.entry("notice", "what must be said with the value"),
              Map.entry("seconds", "computing time, summed over machines")));

  public static final Table<FairnessRow> FAIRNESS =
      Table.of(
          Subject.RUN,
          "fairness",
          "one row for each figure that several clients have: how alike they fare",
          FairnessRow.class,
          Map.ofEntries(
              Map.entry("round", "after which it was measured; 0 before training"),
              Map.entry(
                  "adapters",
                  "`global`: the one for all on each client's data; `personal`: each client's own"),
              Map.entry("task", "its label"),
              Map.entry("split", "`validation`, `test`"),
              Map.entry("metric", "`loss_per_token`, `accuracy` ..."),
              Map.entry("clients", "that have the figure"),
              Map.entry("mean", "over clients, which count alike"),
              Map.entry("deviation", "standard deviation over clients"),
              Map.entry("worst_decile", "mean of the tenth of the clients that fares worst"),
              Map.entry("best_decile", "mean of the tenth that fares best")));

  public static final Table<AnswerRow> ANSWERS =
      Table.of(
          Subject.RUN,
          "answers",
          "one row for each answer to each question",
          AnswerRow.class,
          Map.ofEntries(
              Map.entry("round", "after which it was given; 0 before training"),
              Map.entry("adapter", "`global`, or `client=K`"),
              Map.entry("task", "its label"),
              Map.entry("id", "the question's: `gsm8k/0`"),
              Map.entry("sample", "counted from 0, where one question is answered several times"),
              Map.entry("prompt", "all text that the model was given"),
              Map.entry("output", "text after the prompt"),
              Map.entry("extracted", "what the scorer took from the output"),
              Map.entry("gold", "the right answer"),
              Map.entry("score", "0 (wrong) to 1 (right); empty where not run"),
              Map.entry("not_run", "why there is no answer"),
              Map.entry(
                  "dropped_demonstrations",
                  "few-shot examples left out because the prompt was too long"),
              Map.entry("prompt_tokens", "tokens that the model read"),
              Map.entry("new_tokens", "tokens that the model wrote")));

  public static final Table<SplitRow> SPLITS =
      Table.of(
          Subject.SPLIT,
          "splits",
          "one row: where a split is from, and how unlike its clients are",
          SplitRow.class,
          Map.ofEntries(
              Map.entry("seed", "that examples were dealt out by"),
              Map.entry("corpus", "name of the corpus reader"),
              Map.entry("corpus_path", "as the experiment file named it"),
              Map.entry("corpus_sha256", "hash of the content of its files"),
              Map.entry("splitter", "name of the splitter"),
              Map.entry("splitter_arguments", "all of them, as JSON"),
              Map.entry("clients", "clients in the split"),
              Map.entry("records", "records of the corpus; each is an example or skipped"),
              Map.entry("examples", "of all clients and splits"),
              Map.entry("skipped_records", "records that are no examples"),
              Map.entry("label_column", "the column whose values are the labels"),
              Map.entry(
                  "label_distance_mean",
                  "mean over clients of the total variation distance between a client's shares of"
                      + " the labels and the whole's, 0 to 1"),
              Map.entry("label_distance_mean_by_examples", "the same, weighted by examples"),
              Map.entry("label_distance_max", "that of the most unlike client"),
              Map.entry("size_gini", "Gini coefficient of the clients' sizes, 0 (equal) to 1"),
              Map.entry("tokenizer", "where it is from; empty where tokens were not counted"),
              Map.entry("tokenizer_sha256", "hash of its content"),
              Map.entry("template", "how examples are put to the model"),
              Map.entry("max_tokens", "what longer examples are cut to"),
              Map.entry("tokens", "of all examples, after the cut"),
              Map.entry("whole_tokens", "before it")));

  public static final Table<SplitClientRow> SPLIT_CLIENTS =
      Table.of(
          Subject.SPLIT,
          "split_clients",
          "one row for each client and split",
          SplitClientRow.class,
          Map.ofEntries(
              Map.entry("client", "its number; -1 for the server"),
              Map.entry("client_name", "what people call it"),
              Map.entry("split", "`train`, `validation`, `test`, `server`"),
              Map.entry("examples", "that it holds there"),
              Map.entry(
                  "label_distance",
                  "total variation distance between its shares of the labels and the whole's, over"
                      + " all splits together, 0 to 1"),
              Map.entry("tokens", "after the cut to max-tokens; empty where not counted"),
              Map.entry("labels", "tokens that can be learnt from"),
              Map.entry("cut_examples", "examples that max-tokens cuts"),
              Map.entry("unusable_examples", "those whose prompt alone fills max-tokens"),
              Map.entry("whole_tokens", "before any cut"),
              Map.entry("longest_tokens", "of the longest example, before any cut")));

  public static final Table<SplitCategoryRow> SPLIT_CATEGORIES =
      Table.of(
          Subject.SPLIT,
          "split_categories",
          "one row for each category that a client holds in a split",
          SplitCategoryRow.class,
          Map.ofEntries(
              Map.entry("client", "its number; -1 for the server"),
              Map.entry("category", "empty text for examples without one"),
              Map.entry("split", "`train`, `validation`, `test`, `server`"),
              Map.entry("examples", "of the category that the client holds there, 1 or more")));

  public static final Table<SplitLengthRow> SPLIT_LENGTHS =
      Table.of(
          Subject.SPLIT,
          "split_lengths",
          "one row for each range of lengths that examples of a split have, prompt and answer"
              + " together, before any cut; none where tokens were not counted",
          SplitLengthRow.class,
          Map.ofEntries(
              Map.entry("split", "`train`, `validation`, `test`, `server`"),
              Map.entry("from_tokens", "shortest length of the range: 1, 17, 33 ..."),
              Map.entry("to_tokens", "longest length of the range: 16, 32, 48 ..."),
              Map.entry("examples", "that are so long, 1 or more")));

  private Tables() {}

  /** All of them. */
  public static List<Table<?>> all() {
    return List.of(
        RUNS,
        ROUNDS,
        CLIENTS,
        ABSENCES,
        MESSAGES,
        LAYERS,
        EVALUATIONS,
        FAIRNESS,
        ANSWERS,
        SPLITS,
        SPLIT_CLIENTS,
        SPLIT_CATEGORIES,
        SPLIT_LENGTHS);
  }
}
