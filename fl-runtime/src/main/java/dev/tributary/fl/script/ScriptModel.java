// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A checkpoint's frozen weights inside a compiled script. */
final class ScriptModel implements CausalLm {
  private static final Logger LOG = LoggerFactory.getLogger(ScriptModel.class);

  /**
   * Of the script: the weights, what 8-bit ones are multiplied by, the family's table of numbers.
   */
  private static final List<String> ATTRIBUTES = List.of("weights", "scales", "tables");

  private static final int LARGEST_MULTIPLE = 16;

  /** The script's method that gives any trained tensor's gradients. */
  static final String BY_AUTOGRAD = "gradients_by_autograd";

  private final ModelConfig config;
  private final NDManager manager;
  private final PtSymbolBlock block;
  private final PtSymbolBlock optimisers;

  private final ComputeType type;
  private final Computation computation;
  private final boolean lowRankBackward;
  private final Map<String, PtSymbolBlock> encoders = new ConcurrentHashMap<>();

  /** 0: not found out yet. */
  private Optional<GenerationBatch.Rows> rows = Optional.empty();

  private ScriptModel(
      ModelConfig config,
      ComputeType type,
      Computation computation,
      boolean lowRankBackward,
      NDManager manager,
      PtSymbolBlock block) {
    this.config = config;
    this.type = type;
    this.computation = computation;
    this.lowRankBackward = lowRankBackward;
    this.manager = manager;
    this.block = block;
    this.optimisers = compile(ScriptSource.optimisers(), manager, List.of());
  }

  /**
   * @param devices several where blocks are spread over them
   */
  static ScriptModel load(
      Checkpoint checkpoint, Computation computation, List<ai.djl.Device> devices) {
    return load(checkpoint, ComputeType.of(computation.dtype()), computation, devices);
  }

  /** On one device, in a format that only tests may ask for. */
  static ScriptModel load(Checkpoint checkpoint, ComputeType type, ai.djl.Device device) {
    return load(checkpoint, type, Computation.in(DType.FLOAT32), List.of(device));
  }

  /**
   * @param type in place of the computation's dtype
   */
  static ScriptModel load(
      Checkpoint checkpoint,
      ComputeType type,
      Computation computation,
      List<ai.djl.Device> devices) {
    long start = System.nanoTime();
    EngineThread.enter();
    ModelConfig config = checkpoint.config();
    StoredWeights stored = new StoredWeights(checkpoint, ScriptSource.weightNames(config));
    String source =
        ScriptSource.complete(
            checkpoint.family().script(), config, computation, devices, stored.statements());
    NDManager manager = newManager(devices.get(0));
    try {
      ScriptModel model =
          new ScriptModel(
              config,
              type,
              computation,
              checkpoint.family().hasLowRankBackward() && !computation.spreads(),
              manager,
              compile(source, manager, ATTRIBUTES));
      model.loadWeights(checkpoint, stored, type);
      LOG.info("Loaded {} in {} ms", checkpoint, (System.nanoTime() - start) / 1_000_000);
      return model;
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** Trained tensors that belong to no model. */
  static TrainedWeights withoutModel(NamedTensors state, ai.djl.Device device) {
    EngineThread.enter();
    NDManager manager = newManager(device);
    return new ScriptWeights(
        manager, compile(ScriptSource.optimisers(), manager, List.of()), state);
  }

  /** What an encoder gives, on the CPU. */
  static NamedTensors encoded(Placement.Encoder encoder, NamedTensors state) {
    EngineThread.enter();
    try (NDManager manager = newManager(ai.djl.Device.cpu())) {
      PtSymbolBlock script = compile(ScriptSource.encoder(encoder.script()), manager, List.of());
      try (Arguments call = new Arguments(script, manager)) {
        List<NDArray> tensors = new ArrayList<>();
        tensors.add(
            call.device()
                .zeros(
                    new Shape(
                        encoder.output().shape().stream().mapToLong(Long::longValue).toArray())));
        tensors.get(0).setName("t[]");
        for (String name : encoder.inputs().keySet()) {
          tensors.add(ScriptWeights.array(state.get(name), "t[]", call.device()));
        }
        NDArray output = call.list(tensors).call("encode_");
        return new NamedTensors(Map.of(encoder.output().name(), ScriptWeights.tensor(output)));
      }
    }
  }

  static NDManager newManager(ai.djl.Device device) {
    return Engine.getEngine(EngineThread.ENGINE).newBaseManager(device);
  }

  static PtSymbolBlock compile(String source, NDManager manager, List<String> lists) {
    try {
      Path archive = Files.createTempFile("tributary-script", ".pt");
      try {
        ScriptArchive.write(archive, source, lists);
        // The last argument says that weights are trained: else loading is in inference mode.
        return JniUtils.loadModule(
            (PtNDManager) manager, archive, false, new String[0], new String[0], true);
      } finally {
        Files.deleteIfExists(archive);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot compile a model's script in java.io.tmpdir ("
              + System.getProperty("java.io.tmpdir")
              + "); is it full?",
          e);
    }
  }

  private void loadWeights(Checkpoint checkpoint, StoredWeights stored, ComputeType type) {
    try (Arguments call = new Arguments(block, manager)) {
      long[] places = stored.places();
      call.numbers(places, new Shape(places.length / 4, 4));
      List<NDArray> copied = new ArrayList<>();
      for (String name : stored.copied()) {
        NDArray array = call.device().create(checkpoint.parameter(name).values());
        array.setName("copied[]");
        copied.add(array);
      }
      call.list(copied, "copied[]");
      call.table(config.scriptInputs().table(), type != ComputeType.FLOAT64);
      call.numbers(type.number()).call("load");
    }
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public TrainedWeights weights(AdapterMethod adapter, NamedTensors state) {
    Placement placement = adapter.fitting(state).placement(config);
    placement.check(state);
    if (computation.int8() && placement.isFull()) {
      throw new InputException(
          "Cannot train weights that are held as 8-bit integers; take model.int8: false, or an"
              + " adapter");
    }
    return new ScriptWeights(this, TrainedLayout.of(placement, config), state);
  }

  @Override
  public float[] logProbabilities(TrainedWeights weights, PackedBatch batch) {
    ScriptWeights own = mine(weights);
    PackedBatch whole = batch.behind(own.virtualTokens());
    try (Arguments call = arguments(whole)) {
      labels(call, whole);
      own.enter(call);
      return call.call("log_probabilities").toFloatArray();
    }
  }

  @Override
  public float[] logits(TrainedWeights weights, PackedBatch batch) {
    ScriptWeights own = mine(weights);
    try (Arguments call = arguments(batch.behind(own.virtualTokens()))) {
      own.enter(call);
      float[] all = call.call("logits").toFloatArray();
      int virtual = own.virtualTokens() * config.vocabularySize();
      return virtual == 0 ? all : Arrays.copyOfRange(all, virtual, all.length);
    }
  }

  @Override
  public List<int[]> generate(
      TrainedWeights weights,
      List<int[]> prompts,
      int maxNewTokens,
      List<int[]> stops,
      Sampling sampling,
      List<Seed> seeds) {
    ScriptWeights own = mine(weights);
    int[] virtual = PackedBatch.virtual(own.virtualTokens());
    List<int[]> whole =
        prompts.stream()
            .map(p -> IntStream.concat(Arrays.stream(virtual), Arrays.stream(p)).toArray())
            .toList();
    whole.forEach(prompt -> checkLength(prompt.length + maxNewTokens - 1));
    GenerationBatch.Rows rows = rows();
    List<int[]> all = new ArrayList<>();
    for (GenerationBatch batch :
        GenerationBatch.of(whole, maxNewTokens, stops, sampling, seeds, cacheBytesPerPosition())) {
      try (Arguments call = new Arguments(block, manager)) {
        batch.enter(call, rows);
        own.enter(call);
        all.addAll(batch.answers(call.call("generate").toLongArray()));
      }
    }
    return all;
  }

  @Override
  public void multiply(int rows) {
    try (Arguments call = new Arguments(block, manager)) {
      call.numbers(rows).call("multiply").toFloatArray(); // waits for the device
    }
  }

  /** Where positions are a table, the engine would read behind its end. */
  private void checkLength(int positions) {
    if (config.hasPositionTable() && positions > config.maxPositions()) {
      throw new InputException(
          "A text of "
              + positions
              + " tokens, virtual and new ones included, is longer than the "
              + config.maxPositions()
              + " positions of this "
              + config.modelType()
              + " model; cut the texts (data.max-tokens) or ask for fewer new tokens");
    }
  }

  /** Numbers of rows for which a row's result does not depend on their number. */
  private synchronized GenerationBatch.Rows rows() {
    if (rows.isEmpty()) {
      long[] found;
      try (Arguments call = new Arguments(block, manager)) {
        found = call.numbers(LARGEST_MULTIPLE).call("row_multiple").toLongArray();
      }
      int multiple = (int) found[0];
      if (multiple == 0) {
        LOG.warn(
            "On this device a row of a matrix product may depend on the number of rows: where two"
                + " tokens are nearly as likely, a prompt's answer may depend on the batch");
        multiple = LARGEST_MULTIPLE;
      }
      LOG.debug("Rows are filled up to multiples of {}, prompts read by {}", multiple, found[1]);
      rows = Optional.of(new GenerationBatch.Rows(multiple, (int) found[1]));
    }
    return rows.get();
  }

  /** Keys and values of a token in all blocks, in the format that the device computes with. */
  long cacheBytesPerPosition() {
    try (Arguments call = new Arguments(block, manager)) {
      long width = call.call("cache_width").toLongArray()[0];
      return 2L * config.layers() * config.keyValueHeads() * config.headSize() * width;
    }
  }

  @Override
  public void close() {
    manager.close();
  }

  // ---- for the weights on this model

  NDManager manager() {
    return manager;
  }

  /** The script of what is done with gradients, of no family. */
  PtSymbolBlock optimisers() {
    return optimisers;
  }

  ComputeType type() {
    return type;
  }

  /**
   * Of how many blocks only the first one's input is kept for the backward pass; 0: all is kept.
   *
   * @param method that computes gradients
   */
  int recomputeEvery(String method) {
    return method.equals(BY_AUTOGRAD)
        ? computation.recomputeByAutograd()
        : computation.recomputeEvery();
  }

  /** Which of the script's methods computes gradients. */
  String gradients(TrainedLayout layout) {
    return layout.lowRank() && lowRankBackward ? "gradients" : BY_AUTOGRAD;
  }

  /** The script of an adapter's encoder, compiled once. */
  PtSymbolBlock encoder(String resource) {
    return encoders.computeIfAbsent(
        resource, name -> compile(ScriptSource.encoder(name), manager, List.of()));
  }

  /** A call whose first arguments are the batch's rows. */
  Arguments arguments(PackedBatch batch) {
    if (config.hasPositionTable()) {
      checkLength(1 + Arrays.stream(batch.positions()).max().orElse(0));
    }
    return new Arguments(block, manager)
        .tensor(batch.tokens())
        .tensor(batch.positions())
        .numbers(batch.lengths());
  }

  static void labels(Arguments call, PackedBatch batch) {
    call.tensor(batch.labelRows()).tensor(batch.targets());
  }

  private ScriptWeights mine(TrainedWeights weights) {
    if (weights instanceof ScriptWeights own && own.isOn(this)) {
      return own;
    }
    throw new IllegalArgumentException("These weights were made by another model");
  }
}
