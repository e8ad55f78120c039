// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.aggregation.FactorExchange;
import dev.tributary.fl.algorithm.ClientAnswer;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.LocalTraining;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.message.MessageHeader;
import dev.tributary.fl.message.MessagePipeline;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.training.LocalTrainer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One client's part of a round; runs on an executor, wherever the base model is. */
public final class ClientWork {
  /** What stands before the parts that a client keeps, in its answer. */
  static final String KEPT = "kept/";

  private static final String OPTIMIZER = "optimizer/";
  private static final String STEPS = "/steps";

  private ClientWork() {}

  static boolean isKept(String part) {
    return part.startsWith(KEPT);
  }

  /**
   * Trains one client by the order's algorithm.
   *
   * @param order what the round asks
   * @param client its number
   * @param kept as {@link ClientBackend.Receiver#kept} gives it
   * @param examples all its training examples, in the order of the split; those without a label are
   *     skipped and counted
   * @param model the base, shared with other clients of this JVM
   * @return the update as a message: the same bytes at any attempt, beside whatever neighbours
   * @throws dev.tributary.fl.training.DivergedException if loss, gradient or adapter is not finite
   * @throws dev.tributary.fl.config.InputException if it has no example with a label
   */
  public static byte[] run(
      RoundOrder order,
      int client,
      Optional<byte[]> kept,
      List<EncodedExample> examples,
      CausalLm model) {
    Work work = new Work(order, client, kept, examples, model);
    ClientAnswer answer = order.algorithm().train(work);
    Map<String, NamedTensors> parts = new LinkedHashMap<>(new TreeMap<>(answer.upload()));
    parts.computeIfPresent(
        FederatedAlgorithm.ADAPTER,
        (part, adapter) -> work.exchange.answered(adapter, client, order.round()));
    new TreeMap<>(answer.keep()).forEach((part, tensors) -> parts.put(KEPT + part, tensors));
    work.optimizers.forEach((part, tensors) -> parts.put(KEPT + part, tensors));
    return Message.encode(
        MessageHeader.update(order.round(), client, answer.report()),
        parts,
        MessagePipeline.of(order.training().messages().upload()),
        part -> !part.startsWith(KEPT),
        order.clientSeed(client).child("upload"));
  }

  private static final class Work implements LocalTraining {
    private final RoundOrder order;
    private final int client;
    private final Optional<Message> kept;
    private final FactorExchange exchange;
    private final LocalTrainer trainer;
    private final ServerState global;
    private final Map<String, NamedTensors> optimizers = new LinkedHashMap<>();
    private int trainings;

    Work(
        RoundOrder order,
        int client,
        Optional<byte[]> kept,
        List<EncodedExample> examples,
        CausalLm model) {
      this.order = order;
      this.client = client;
      String origin = "Client " + client + ", round " + order.round() + ": ";
      this.kept = kept.map(bytes -> Message.of(bytes, origin + "what it kept"));
      this.exchange = order.exchange();
      ServerState sent =
          ServerState.ofParts(
              Message.of(order.global(), origin + "the global state")
                  .expect(MessageHeader.Kind.GLOBAL, order.round() - 1, MessageHeader.SERVER)
                  .allParts());
      this.global =
          order
              .algorithm()
              .redistribute(sent.withAdapter(exchange.sent(sent.adapter(), client)), client);
      AdapterMethod adapter = order.adapter().create();
      this.trainer =
          new LocalTrainer(model, adapter, order.training(), order.round(), client, examples);
    }

    @Override
    public int round() {
      return order.round();
    }

    @Override
    public int client() {
      return client;
    }

    @Override
    public ServerState global() {
      return global;
    }

    @Override
    public Optional<NamedTensors> kept(String part) {
      return kept.filter(message -> message.parts().contains(part)).map(m -> m.part(part));
    }

    @Override
    public int localSteps() {
      return order.training().localSteps();
    }

    @Override
    public Trained train(NamedTensors start, Course course) {
      String part = OPTIMIZER + trainings;
      LocalTrainer.Result result =
          trainer.train(
              start,
              order.training().keepState() ? keptOptimizer(part) : Optional.empty(),
              course,
              exchange.trained(start, client, order.round()),
              order.clientSeed(client).child("training").child(trainings));
      result
          .optimizer()
          .ifPresent(
              optimizer -> {
                optimizers.put(part, optimizer.tensors());
                optimizers.put(part + STEPS, steps(optimizer.steps()));
              });
      trainings++;
      return new Trained(result.adapter(), result.report());
    }

    private Optional<LocalTrainer.OptimizerState> keptOptimizer(String part) {
      return kept(part + STEPS)
          .map(steps -> (long) steps.get("steps").values()[0])
          .map(
              steps ->
                  new LocalTrainer.OptimizerState(
                      kept(part).orElse(new NamedTensors(Map.of())), steps));
    }

    /** As a tensor, since a message has nothing else for each part; exact to 16 million. */
    private static NamedTensors steps(long steps) {
      return new NamedTensors(
          Map.of("steps", new NamedTensors.Tensor(List.of(), new float[] {steps})));
    }
  }
}
