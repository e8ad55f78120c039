// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Trained tensors, gradients and optimiser state as float32 arrays of libtorch. */
final class ScriptWeights implements TrainedWeights {
  /** What torch.optim calls the optimisers' state. */
  private static final List<String> MOMENTUM = List.of("momentum_buffer");

  private static final List<String> MOMENTS = List.of("exp_avg", "exp_avg_sq");

  /** Linear layers of a block that come before its attention: q, k, v. */
  private static final int ATTENTION_INPUTS = 3;

  private final Optional<ScriptModel> model;
  private final NDManager manager;
  private final PtSymbolBlock optimisers;
  private final TrainedLayout layout;
  private final DropoutMasks dropout;
  private final Map<String, NDArray> trained = new LinkedHashMap<>();
  private final Map<String, NDArray> gradients = new LinkedHashMap<>();

  /** The two as the script's full-length lists. */
  private final List<NDArray> trainedSlots = new ArrayList<>();

  private final List<NDArray> gradientSlots = new ArrayList<>();

  /** By the state's kind, e.g. {@code exp_avg}; empty before the first step. */
  private final Map<String, List<NDArray>> optimizer = new LinkedHashMap<>();

  /** The tensors last handed to {@link #addDifferenceToGradients}: the same ones at every step. */
  private Optional<NamedTensors> reference = Optional.empty();

  private List<NDArray> referenceArrays = List.of();

  ScriptWeights(ScriptModel model, TrainedLayout layout, NamedTensors state) {
    this(Optional.of(model), model.manager().newSubManager(), model.optimisers(), layout, state);
  }

  /**
   * Tensors of no model.
   *
   * @param manager closed with these weights, and the script that it owns
   */
  ScriptWeights(NDManager manager, PtSymbolBlock optimisers, NamedTensors state) {
    this(Optional.empty(), manager, optimisers, TrainedLayout.withoutModel(state), state);
  }

  private ScriptWeights(
      Optional<ScriptModel> model,
      NDManager manager,
      PtSymbolBlock optimisers,
      TrainedLayout layout,
      NamedTensors state) {
    this.model = model;
    this.manager = manager;
    this.optimisers = optimisers;
    this.layout = layout;
    this.dropout = new DropoutMasks(layout.dropout(), manager);
    EngineThread.enter();
    String listName = layout.kind() == TrainedLayout.Kind.FULL ? "w[]" : "l[]";
    state
        .byName()
        .forEach(
            (name, tensor) -> {
              trained.put(name, array(tensor, listName, manager));
              gradients.put(name, zeros(tensor, "g[]"));
            });
    for (String name : layout.slots()) {
      if (name.isEmpty()) {
        trainedSlots.add(onModel().noAdapter());
        gradientSlots.add(onModel().noGradient());
      } else {
        trainedSlots.add(known(trained, name));
        gradientSlots.add(known(gradients, name));
      }
    }
  }

  private static NDArray known(Map<String, NDArray> arrays, String name) {
    NDArray array = arrays.get(name);
    if (array == null) {
      throw new IllegalArgumentException("There is no tensor " + name);
    }
    return array;
  }

  private static NDArray array(NamedTensors.Tensor tensor, String listName, NDManager owner) {
    NDArray array = owner.create(tensor.values(), shape(tensor));
    array.setName(listName);
    return array;
  }

  private NDArray zeros(NamedTensors.Tensor like, String listName) {
    NDArray array = manager.zeros(shape(like));
    array.setName(listName);
    return array;
  }

  private static Shape shape(NamedTensors.Tensor tensor) {
    return new Shape(tensor.shape().stream().mapToLong(Long::longValue).toArray());
  }

  // ---- gradients

  @Override
  public double addGradients(PackedBatch batch, double weight, long dropoutSeed) {
    return switch (layout.kind()) {
      case ADAPTER -> addAdapterGradients("gradients", batch, weight, dropoutSeed);
      case FULL -> addFullGradients(batch, weight);
      case NONE -> throw new IllegalStateException("These tensors belong to no model");
    };
  }

  /** As {@link #addGradients}, by autograd: what tests compare it with. */
  double addGradientsByAutograd(PackedBatch batch, double weight, long dropoutSeed) {
    return addAdapterGradients("oracle", batch, weight, dropoutSeed);
  }

  private double addAdapterGradients(
      String method, PackedBatch batch, double weight, long dropoutSeed) {
    if (trained.isEmpty()) {
      throw new IllegalStateException("Nothing is trained in the bare base model");
    }
    ScriptModel on = onModel();
    if (dropout.active() && batch.lengths()[0] > 0) {
      throw new IllegalArgumentException(
          "Cannot train with dropout on a shared beginning, whose masks would be the same in every"
              + " example; pack the batch with Beginning.REPEATED");
    }
    try (Arguments call = on.arguments(batch)) {
      ScriptModel.labels(call, batch);
      call.numbers(weight).numbers(layout.scale() * dropout.keepScale());
      call.list(trainedSlots).list(gradientSlots);
      call.list(dropout.active() ? masks(batch, dropoutSeed, call.device()) : on.noDropout());
      return call.call(method).toDoubleArray()[0];
    }
  }

  /** One a layer; behind the last block's attention only label rows are left. */
  private List<NDArray> masks(PackedBatch batch, long dropoutSeed, NDManager owner) {
    ScriptModel on = onModel();
    List<ModelConfig.LinearLayer> layers = on.config().linearLayers();
    int perBlock = layers.size() / on.config().layers();
    Seed seed = Seed.of(dropoutSeed);
    List<NDArray> masks = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      ModelConfig.LinearLayer layer = layers.get(i);
      boolean adapted = !layout.slots().get(2 * i).isEmpty();
      boolean labelsOnly = i >= layers.size() - perBlock + ATTENTION_INPUTS;
      int rows = labelsOnly ? batch.labels() : batch.tokens().length;
      masks.add(
          adapted
              ? dropout.mask(seed, layer.name(), rows, layer.inputs(), owner)
              : on.nothingDropped());
    }
    return masks;
  }

  private double addFullGradients(PackedBatch batch, double weight) {
    ScriptModel on = onModel();
    try (Arguments call = on.arguments(batch)) {
      ScriptModel.labels(call, batch);
      call.numbers(weight).list(trainedSlots).list(gradientSlots);
      call.list(noAdapters(on)).list(on.noDropout());
      return call.call("gradients_full").toDoubleArray()[0];
    }
  }

  private static List<NDArray> noAdapters(ScriptModel on) {
    return java.util.Collections.nCopies(2 * on.config().linearLayers().size(), on.noAdapter());
  }

  /** Adds the arguments with which the script's forward methods compute. */
  void enter(Arguments call, List<NDArray> dropped) {
    if (layout.kind() == TrainedLayout.Kind.FULL) {
      call.list(trainedSlots).list(noAdapters(onModel())).list(dropped);
    } else {
      call.numbers(layout.scale()).list(trainedSlots).list(dropped);
    }
  }

  /** What the names of the script's methods for these weights end with. */
  String suffix() {
    return layout.kind() == TrainedLayout.Kind.FULL ? "_full" : "";
  }

  boolean isOn(ScriptModel other) {
    return model.isPresent() && model.get() == other;
  }

  private ScriptModel onModel() {
    return model.orElseThrow(() -> new IllegalStateException("These tensors belong to no model"));
  }

  @Override
  public double gradientNorm() {
    if (trained.isEmpty()) {
      return 0;
    }
    try (Arguments call = new Arguments(optimisers, manager)) {
      return call.list(gradients.values()).call("norm").toDoubleArray()[0];
    }
  }

  @Override
  public void scaleGradients(double factor) {
    if (!trained.isEmpty()) {
      try (Arguments call = new Arguments(optimisers, manager)) {
        call.numbers(factor).list(gradients.values()).call("scale_");
      }
    }
  }

  @Override
  public void addToGradients(double factor, NamedTensors addend) {
    requireSameNames(addend);
    if (!trained.isEmpty()) {
      try (Arguments call = new Arguments(optimisers, manager)) {
        call.numbers(factor).list(gradients.values());
        call.list(arrays(addend, "addend[]", call.device())).call("add_");
      }
    }
  }

  @Override
  public void addDifferenceToGradients(double factor, NamedTensors to) {
    requireSameNames(to);
    if (trained.isEmpty()) {
      return;
    }
    if (reference.isEmpty() || reference.get() != to) {
      referenceArrays.forEach(NDArray::close);
      referenceArrays = arrays(to, "reference[]", manager);
      reference = Optional.of(to);
    }
    try (Arguments call = new Arguments(optimisers, manager)) {
      call.numbers(factor).list(gradients.values()).list(trained.values()).list(referenceArrays);
      call.call("add_difference_");
    }
  }

  private void requireSameNames(NamedTensors other) {
    if (!other.byName().keySet().equals(trained.keySet())) {
      throw new IllegalArgumentException(
          "Trained are " + trained.keySet() + ", given are " + other.names());
    }
  }

  /** In the order of the trained tensors. */
  private List<NDArray> arrays(NamedTensors tensors, String listName, NDManager owner) {
    return trained.keySet().stream()
        .map(name -> array(tensors.get(name), listName, owner))
        .toList();
  }

  @Override
  public void clearGradients() {
    if (!trained.isEmpty()) {
      try (Arguments call = new Arguments(optimisers, manager)) {
        call.list(gradients.values()).call("clear_");
      }
    }
  }

  // ---- optimisers

  @Override
  public void update(OptimizerRule rule, double learningRate, long step) {
    if (step < 1) {
      throw new IllegalArgumentException("Steps are counted from 1, not " + step);
    }
    if (trained.isEmpty()) {
      return;
    }
    if (rule instanceof OptimizerRule.Sgd sgd) {
      sgd(sgd, learningRate);
    } else if (rule instanceof OptimizerRule.Adam adam) {
      adam(
          learningRate,
          adam.weightDecay(),
          adam.beta1(),
          adam.beta2(),
          adam.epsilon(),
          (double) step,
          0);
    } else if (rule instanceof OptimizerRule.AdamW adamW) {
      adam(
          learningRate,
          adamW.weightDecay(),
          adamW.beta1(),
          adamW.beta2(),
          adamW.epsilon(),
          (double) step,
          1);
    }
  }

  private void sgd(OptimizerRule.Sgd rule, double learningRate) {
    boolean first = optimizer.isEmpty();
    List<String> kinds = rule.momentum() == 0 ? List.of() : MOMENTUM;
    List<List<NDArray>> buffers = state(kinds);
    try (Arguments call = new Arguments(optimisers, manager)) {
      call.numbers(
          learningRate,
          rule.weightDecay(),
          rule.momentum(),
          rule.nesterov() ? 1 : 0,
          first ? 1 : 0);
      call.list(trained.values()).list(gradients.values());
      // without momentum the script ignores its last list, which cannot be empty
      call.list(buffers.isEmpty() ? List.of(named(call, "none[]")) : buffers.get(0));
      call.call("sgd_");
    }
  }

  private static NDArray named(Arguments call, String listName) {
    NDArray nothing = call.device().zeros(new Shape(0));
    nothing.setName(listName);
    return nothing;
  }

  private void adam(double... settings) {
    List<List<NDArray>> moments = state(MOMENTS);
    try (Arguments call = new Arguments(optimisers, manager)) {
      call.numbers(settings).list(trained.values()).list(gradients.values());
      call.list(moments.get(0)).list(moments.get(1)).call("adam_");
    }
  }

  /** The optimiser's arrays of these kinds, zero at the first step. */
  private List<List<NDArray>> state(List<String> kinds) {
    if (optimizer.isEmpty()) {
      for (String kind : kinds) {
        List<NDArray> zeros = new ArrayList<>();
        for (NDArray array : trained.values()) {
          NDArray zero = manager.zeros(array.getShape());
          zero.setName(kind + "[]");
          zeros.add(zero);
        }
        optimizer.put(kind, zeros);
      }
    }
    if (!List.copyOf(optimizer.keySet()).equals(kinds)) {
      throw new IllegalStateException(
          "The optimiser's state is "
              + optimizer.keySet()
              + ", this rule needs "
              + kinds
              + "; restore an empty state before another rule");
    }
    return List.copyOf(optimizer.values());
  }

  @Override
  public NamedTensors optimizerState() {
    Map<String, NamedTensors.Tensor> state = new LinkedHashMap<>();
    optimizer.forEach(
        (kind, arrays) -> {
          int i = 0;
          for (String name : trained.keySet()) {
            state.put(name + "." + kind, tensor(arrays.get(i++)));
          }
        });
    return new NamedTensors(state);
  }

  @Override
  public void restoreOptimizerState(NamedTensors state) {
    Map<String, List<NDArray>> restored = new LinkedHashMap<>();
    List<String> kinds = kinds(state);
    for (String kind : kinds) {
      List<NDArray> arrays = new ArrayList<>();
      trained.forEach(
          (name, array) -> {
            NamedTensors.Tensor tensor = state.get(name + "." + kind);
            if (!shape(tensor).equals(array.getShape())) {
              throw new IllegalArgumentException(
                  "Tensor "
                      + name
                      + " has shape "
                      + array.getShape()
                      + ", its "
                      + kind
                      + " "
                      + tensor.shape());
            }
            arrays.add(array(tensor, kind + "[]", manager));
          });
      restored.put(kind, arrays);
    }
    optimizer.values().forEach(old -> old.forEach(NDArray::close));
    optimizer.clear();
    optimizer.putAll(restored);
  }

  private List<String> kinds(NamedTensors state) {
    for (List<String> kinds : List.of(List.<String>of(), MOMENTUM, MOMENTS)) {
      if (state.byName().size() == kinds.size() * trained.size()
          && kinds.stream()
              .allMatch(
                  kind -> state.names().stream().anyMatch(name -> name.endsWith("." + kind)))) {
        return kinds;
      }
    }
    throw new IllegalArgumentException(
        "This is no optimiser's state of " + trained.keySet() + ": " + state.names());
  }

  // ---- copies

  @Override
  public NamedTensors state() {
    return copies(trained);
  }

  @Override
  public NamedTensors gradients() {
    return copies(gradients);
  }

  private static NamedTensors copies(Map<String, NDArray> arrays) {
    Map<String, NamedTensors.Tensor> copies = new LinkedHashMap<>();
    arrays.forEach((name, array) -> copies.put(name, tensor(array)));
    return new NamedTensors(copies);
  }

  private static NamedTensors.Tensor tensor(NDArray array) {
    List<Long> shape = new ArrayList<>();
    for (long extent : array.getShape().getShape()) {
      shape.add(extent);
    }
    return new NamedTensors.Tensor(shape, array.toFloatArray());
  }

  @Override
  public void close() {
    manager.close();
  }
}
