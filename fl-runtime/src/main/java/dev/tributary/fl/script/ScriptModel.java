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
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.LlamaConfig;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A checkpoint's frozen weights inside a compiled script. */
final class ScriptModel implements CausalLm {
  private static final Logger LOG = LoggerFactory.getLogger(ScriptModel.class);

  /** Of the script: the weights, and the table of rotary frequencies. */
  private static final List<String> ATTRIBUTES = List.of("weights", "tables");

  private static final int LARGEST_MULTIPLE = 16;

  private final ModelConfig config;
  private final NDManager manager;
  private final PtSymbolBlock block;
  private final PtSymbolBlock optimisers;

  /** Stand where a layer has no adapter, no gradient, no dropout. */
  private final NDArray noAdapter;

  private final NDArray noGradient;
  private final NDArray noDropout;

  /** 0: not found out yet. */
  private int rowMultiple;

  private ScriptModel(ModelConfig config, NDManager manager, PtSymbolBlock block) {
    this.config = config;
    this.manager = manager;
    this.block = block;
    this.optimisers = compile(ScriptSource.optimisers(), manager, List.of());
    this.noAdapter = empty("l[]");
    this.noGradient = empty("g[]");
    this.noDropout = empty("dropped[]");
  }

  private NDArray empty(String listName) {
    NDArray array = manager.zeros(new Shape(0));
    array.setName(listName);
    return array;
  }

  static ScriptModel load(Checkpoint checkpoint, ComputeType type, ai.djl.Device device) {
    long start = System.nanoTime();
    EngineThread.enter();
    ModelConfig config = checkpoint.config();
    StoredWeights stored = new StoredWeights(checkpoint, weightNames(config));
    String source =
        ScriptSource.complete(checkpoint.family().script(), config, stored.statements());
    NDManager manager = newManager(device);
    try {
      ScriptModel model = new ScriptModel(config, manager, compile(source, manager, ATTRIBUTES));
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
    LlamaConfig llama = (LlamaConfig) config;
    double[] frequencies = llama.rotaryFrequencies();
    try (Arguments call = new Arguments(block, manager)) {
      long[] places = stored.places();
      call.numbers(places, new Shape(places.length / 4, 4));
      List<NDArray> copied = new ArrayList<>();
      for (String name : stored.copied()) {
        copied.add(call.device().create(checkpoint.parameter(name).values()));
      }
      if (copied.isEmpty()) {
        copied.add(call.device().zeros(new Shape(0)));
      }
      copied.forEach(array -> array.setName("copied[]"));
      call.list(copied);
      // transformers has them in float32
      if (type == ComputeType.FLOAT64) {
        call.tensor(frequencies);
      } else {
        float[] narrow = new float[frequencies.length];
        for (int i = 0; i < narrow.length; i++) {
          narrow[i] = (float) frequencies[i];
        }
        call.tensor(narrow);
      }
      call.numbers(type.number()).call("load");
    }
  }

  /** The weights in the script's order. */
  static List<String> weightNames(ModelConfig config) {
    List<String> names = new ArrayList<>();
    names.add("model.embed_tokens.weight");
    names.add("model.norm.weight");
    names.add(
        config.parameters().containsKey("lm_head.weight")
            ? "lm_head.weight"
            : "model.embed_tokens.weight");
    for (int layer = 0; layer < config.layers(); layer++) {
      String prefix = "model.layers." + layer + ".";
      for (String name :
          List.of(
              "input_layernorm",
              "self_attn.q_proj",
              "self_attn.k_proj",
              "self_attn.v_proj",
              "self_attn.o_proj",
              "post_attention_layernorm",
              "mlp.gate_proj",
              "mlp.up_proj",
              "mlp.down_proj")) {
        names.add(prefix + name + ".weight");
      }
    }
    return names;
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public TrainedWeights weights(AdapterMethod adapter, NamedTensors state) {
    return new ScriptWeights(this, TrainedLayout.of(adapter, config, state), state);
  }

  @Override
  public float[] logProbabilities(TrainedWeights weights, PackedBatch batch) {
    ScriptWeights own = mine(weights);
    try (Arguments call = arguments(batch)) {
      labels(call, batch);
      own.enter(call, noDropout());
      return call.call("log_probabilities" + own.suffix()).toFloatArray();
    }
  }

  @Override
  public float[] logits(TrainedWeights weights, PackedBatch batch) {
    ScriptWeights own = mine(weights);
    try (Arguments call = arguments(batch)) {
      own.enter(call, noDropout());
      return call.call("logits" + own.suffix()).toFloatArray();
    }
  }

  @Override
  public List<int[]> generate(
      TrainedWeights weights, List<int[]> prompts, int maxNewTokens, List<int[]> stops) {
    ScriptWeights own = mine(weights);
    int multiple = rowMultiple();
    List<int[]> all = new ArrayList<>();
    for (GreedyBatch batch :
        GreedyBatch.of(prompts, maxNewTokens, stops, cacheBytesPerPosition())) {
      try (Arguments call = new Arguments(block, manager)) {
        batch.enter(call, multiple);
        own.enter(call, noDropout());
        all.addAll(batch.answers(call.call("generate" + own.suffix()).toLongArray()));
      }
    }
    return all;
  }

  /** What rows are filled up to so that a row's result does not depend on their number. */
  private synchronized int rowMultiple() {
    if (rowMultiple == 0) {
      try (Arguments call = new Arguments(block, manager)) {
        rowMultiple = (int) call.numbers(LARGEST_MULTIPLE).call("row_multiple").toLongArray()[0];
      }
      if (rowMultiple == 0) {
        LOG.warn(
            "On this device a row of a matrix product may depend on the number of rows: where two"
                + " tokens are nearly as likely, a prompt's answer may depend on the batch");
        rowMultiple = LARGEST_MULTIPLE;
      }
      LOG.debug("Rows are filled up to multiples of {}", rowMultiple);
    }
    return rowMultiple;
  }

  /** Keys and values of a token in all blocks, in the format that the device computes with. */
  long cacheBytesPerPosition() {
    LlamaConfig llama = (LlamaConfig) config;
    try (Arguments call = new Arguments(block, manager)) {
      long width = call.call("cache_width").toLongArray()[0];
      return 2L * llama.layers() * llama.keyValueHeads() * llama.headSize() * width;
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

  NDArray noAdapter() {
    return noAdapter;
  }

  NDArray noGradient() {
    return noGradient;
  }

  /** Nothing is dropped in any layer. */
  List<NDArray> noDropout() {
    return Collections.nCopies(config.linearLayers().size(), noDropout);
  }

  NDArray nothingDropped() {
    return noDropout;
  }

  /** A call whose first arguments are the batch's rows. */
  Arguments arguments(PackedBatch batch) {
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
