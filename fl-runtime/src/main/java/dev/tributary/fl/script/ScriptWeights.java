// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Trained tensors, gradients and optimiser state as float32 arrays of libtorch. */
final class ScriptWeights implements TrainedWeights {
  /** What torch.optim calls the optimisers' state. */
  private static final List<String> MOMENTUM = List.of("momentum_buffer");

  private static final List<String> MOMENTS = List.of("exp_avg", "exp_avg_sq");

  private final Optional<ScriptModel> model;
  private final NDManager manager;
  private final PtSymbolBlock optimisers;
  private final TrainedLayout layout;
  private final DropoutMasks dropout;
  private final LossScale lossScale;
  private final Map<String, NDArray> trained = new LinkedHashMap<>();
  private final Map<String, NDArray> gradients = new LinkedHashMap<>();

  /** Names of tensors of which nothing is trained. */
  private final Set<String> held = new LinkedHashSet<>();

  /** Where parts of tensors are held: 1 where a number is trained, else 0. */
  private final Map<String, NDArray> partly = new LinkedHashMap<>();

  /** What enters the script and its gradients, an encoder's output last. */
  private final List<NDArray> entering = new ArrayList<>();

  private final List<NDArray> enteringGradients = new ArrayList<>();

  /** Whether an encoder's tensors have changed since its output was computed. */
  private boolean stale = true;

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
    this.lossScale = new LossScale(model.filter(m -> m.type() == ComputeType.FLOAT16).isPresent());
    EngineThread.enter();
    state
        .byName()
        .forEach(
            (name, tensor) -> {
              trained.put(name, array(tensor, "t[]", manager));
              gradients.put(name, zeros(shape(tensor)));
            });
    if (model.isPresent()) {
      for (String name : layout.names()) {
        entering.add(known(trained, name));
        enteringGradients.add(known(gradients, name));
      }
    }
    layout
        .encoder()
        .ifPresent(
            encoder -> {
              Shape shape = shape(encoder.output().shape());
              NDArray output = manager.zeros(shape);
              output.setName("t[]");
              entering.add(output);
              enteringGradients.add(zeros(shape));
            });
  }

  private static NDArray known(Map<String, NDArray> arrays, String name) {
    NDArray array = arrays.get(name);
    if (array == null) {
      throw new IllegalArgumentException("There is no tensor " + name);
    }
    return array;
  }

  static NDArray array(NamedTensors.Tensor tensor, String listName, NDManager owner) {
    NDArray array = owner.create(tensor.values(), shape(tensor));
    array.setName(listName);
    return array;
  }

  private NDArray zeros(Shape shape) {
    NDArray array = manager.zeros(shape);
    array.setName("g[]");
    return array;
  }

  private static Shape shape(NamedTensors.Tensor tensor) {
    return shape(tensor.shape());
  }

  private static Shape shape(List<Long> extents) {
    return new Shape(extents.stream().mapToLong(Long::longValue).toArray());
  }

  // ---- gradients

  @Override
  public double addGradients(PackedBatch batch, double weight, long dropoutSeed) {
    return addGradients(onModel().gradients(layout), batch, weight, dropoutSeed);
  }

  /** As {@link #addGradients}, by autograd: what tests compare it with. */
  double addGradientsByAutograd(PackedBatch batch, double weight, long dropoutSeed) {
    return addGradients(ScriptModel.BY_AUTOGRAD, batch, weight, dropoutSeed);
  }

  private double addGradients(String method, PackedBatch texts, double weight, long dropoutSeed) {
    if (trained.isEmpty()) {
      throw new IllegalStateException("Nothing is trained in the bare base model");
    }
    ScriptModel on = onModel();
    if (dropout.active() && texts.lengths()[0] > 0) {
      throw new IllegalArgumentException(
          "Cannot train with dropout on a shared beginning, whose masks would be the same in every"
              + " example; pack the batch with Beginning.REPEATED");
    }
    encode();
    PackedBatch batch = texts.behind(layout.virtualTokens());
    try (Arguments call = on.arguments(batch)) {
      ScriptModel.labels(call, batch);
      if (lossScale.isOn()) {
        scale(enteringGradients, lossScale.factor());
      }
      call.numbers(weight * lossScale.factor()).numbers((double) on.recomputeEvery(method));
      call.vector(scales(dropout.keepScale())).vector(layout.places());
      call.vector(layout.masks().stream().mapToLong(TrainedLayout.Mask::slot).toArray());
      call.list(entering).list(enteringGradients);
      call.list(masks(batch, dropoutSeed, call.device()), "dropped[]");
      double loss = call.call(method).toDoubleArray()[0];
      if (lossScale.isOn()) {
        scale(enteringGradients, 1 / lossScale.factor());
      }
      encodeBack();
      clearHeld();
      return loss;
    }
  }

  /** Of each layer, dropout's included, and last dropout's own. */
  private double[] scales(double keepScale) {
    double[] scales = Arrays.copyOf(layout.scales(), layout.scales().length + 1);
    for (int i = 0; i < scales.length - 1; i++) {
      scales[i] *= keepScale;
    }
    scales[scales.length - 1] = keepScale;
    return scales;
  }

  /** Where dropout is: one a layer. */
  private List<NDArray> masks(PackedBatch batch, long dropoutSeed, NDManager owner) {
    Seed seed = Seed.of(dropoutSeed);
    return layout.masks().stream()
        .map(
            mask ->
                dropout.mask(
                    seed,
                    mask.layer().name(),
                    mask.labelRowsOnly() ? batch.labels() : batch.tokens().length,
                    mask.layer().inputs(),
                    owner))
        .toList();
  }

  /** Brings what an encoder gives up to date. */
  private void encode() {
    if (stale && layout.encoder().isPresent()) {
      PtSymbolBlock script = onModel().encoder(layout.encoder().get().script());
      try (Arguments call = new Arguments(script, manager)) {
        call.list(encoderArrays(entering, trained)).call("encode_");
      }
      stale = false;
    }
  }

  /** Leads the gradient of what an encoder gives on to its trained tensors. */
  private void encodeBack() {
    if (layout.encoder().isPresent()) {
      PtSymbolBlock script = onModel().encoder(layout.encoder().get().script());
      try (Arguments call = new Arguments(script, manager)) {
        call.list(encoderArrays(entering, trained));
        call.list(encoderArrays(enteringGradients, gradients)).call("gradients");
      }
    }
  }

  /** The output, then what is trained. */
  private List<NDArray> encoderArrays(List<NDArray> outputLast, Map<String, NDArray> arrays) {
    List<NDArray> all = new ArrayList<>();
    all.add(outputLast.get(outputLast.size() - 1));
    layout.encoderNames().forEach(name -> all.add(known(arrays, name)));
    return all;
  }

  @Override
  public int virtualTokens() {
    return layout.virtualTokens();
  }

  /** Adds the arguments with which the script's forward methods compute. */
  void enter(Arguments call) {
    encode();
    call.vector(scales(1)).vector(layout.places()).list(entering, "t[]");
  }

  boolean isOn(ScriptModel other) {
    return model.isPresent() && model.get() == other;
  }

  private ScriptModel onModel() {
    return model.orElseThrow(() -> new IllegalStateException("These tensors belong to no model"));
  }

  @Override
  public void hold(NamedTensors numbers) {
    numbers
        .byName()
        .forEach(
            (name, mask) -> {
              if (!shape(mask).equals(known(trained, name).getShape())) {
                throw new IllegalArgumentException(
                    "Tensor " + name + " cannot be held by a mask of shape " + mask.shape());
              }
              boolean none = true;
              for (float number : mask.values()) {
                none &= number == 0;
              }
              if (none) {
                held.add(name);
              } else {
                partly.put(name, array(mask, "masks[]", manager));
              }
            });
    clearHeld();
  }

  /** What is held has no gradients, whatever was added to them. */
  private void clearHeld() {
    if (!held.isEmpty()) {
      try (Arguments call = new Arguments(optimisers, manager)) {
        call.list(held.stream().map(name -> known(gradients, name)).toList()).call("clear_");
      }
    }
    if (!partly.isEmpty()) {
      try (Arguments call = new Arguments(optimisers, manager)) {
        call.list(partly.keySet().stream().map(name -> known(gradients, name)).toList());
        call.list(partly.values()).call("mask_");
      }
    }
  }

  /** Of those of which something is trained. */
  private List<NDArray> moving(Map<String, NDArray> arrays) {
    return arrays.entrySet().stream()
        .filter(array -> !held.contains(array.getKey()))
        .map(Map.Entry::getValue)
        .toList();
  }

  /** The optimiser's, likewise. */
  private List<NDArray> moving(List<NDArray> inOrder) {
    List<NDArray> moving = new ArrayList<>();
    int i = 0;
    for (String name : trained.keySet()) {
      if (!held.contains(name)) {
        moving.add(inOrder.get(i));
      }
      i++;
    }
    return moving;
  }

  private boolean nothingMoves() {
    return held.size() == trained.size();
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
  public boolean backOff() {
    clearGradients();
    return lossScale.lower();
  }

  @Override
  public void scaleGradients(double factor) {
    if (!trained.isEmpty()) {
      scale(gradients.values(), factor);
    }
  }

  private void scale(Collection<NDArray> arrays, double factor) {
    try (Arguments call = new Arguments(optimisers, manager)) {
      call.numbers(factor).list(arrays).call("scale_");
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
      clearHeld();
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
    clearHeld();
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
    stale = true;
    lossScale.stepTaken();
    if (step < 1) {
      throw new IllegalArgumentException("Steps are counted from 1, not " + step);
    }
    if (trained.isEmpty() || nothingMoves()) {
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
      call.list(moving(trained)).list(moving(gradients));
      // without momentum the script ignores its last list
      call.list(buffers.isEmpty() ? List.of() : moving(buffers.get(0)), "none[]");
      call.call("sgd_");
    }
  }

  private void adam(double... settings) {
    List<List<NDArray>> moments = state(MOMENTS);
    try (Arguments call = new Arguments(optimisers, manager)) {
      call.numbers(settings).list(moving(trained)).list(moving(gradients));
      call.list(moving(moments.get(0))).list(moving(moments.get(1))).call("adam_");
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

  /** Takes the values of another copy's tensors, as another step of its optimiser. */
  void become(NamedTensors state) {
    requireSameNames(state);
    stale = true;
    lossScale.stepTaken();
    if (!trained.isEmpty()) {
      try (Arguments call = new Arguments(optimisers, manager)) {
        call.list(trained.values()).list(arrays(state, "values[]", call.device())).call("copy_");
      }
    }
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

  static NamedTensors.Tensor tensor(NDArray array) {
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
