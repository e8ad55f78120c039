// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class BaseModelsTest {
  private final List<String> loads = Collections.synchronizedList(new ArrayList<>());
  private final BaseModels models =
      new BaseModels(
          (base, device) -> {
            loads.add(base.sha256() + " " + device);
            return new Loaded();
          });

  @Test
  void loadsAModelOnceHoweverManyTasksAskAtOnce() throws Exception {
    ExecutorService tasks = Executors.newFixedThreadPool(8);
    try {
      List<Future<CausalLm>> lent = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        lent.add(
            tasks.submit(
                () -> {
                  try (BaseModels.Borrowed borrowed =
                      models.borrow(base("a"), List.of(Device.cpu()))) {
                    return borrowed.model();
                  }
                }));
      }
      CausalLm first = lent.get(0).get();
      for (Future<CausalLm> other : lent) {
        assertThat(other.get()).isSameAs(first);
      }
    } finally {
      tasks.shutdownNow();
    }
    assertThat(loads).containsExactly("a [cpu]");
  }

  @Test
  void keepsAModelBetweenTasksAndLoadsOnePerDevice() {
    models.borrow(base("a"), List.of(Device.gpu(0))).close();
    models.borrow(base("a"), List.of(Device.gpu(0))).close();
    try (BaseModels.Borrowed first = models.borrow(base("a"), List.of(Device.gpu(0)));
        BaseModels.Borrowed second = models.borrow(base("a"), List.of(Device.gpu(1)))) {
      assertThat(first.model()).isNotSameAs(second.model());
    }
    assertThat(loads).containsExactly("a [gpu:0]", "a [gpu:1]");
  }

  @Test
  void closesAnIdleModelForAnotherOneButNoneInUse() {
    Loaded idle;
    try (BaseModels.Borrowed a = models.borrow(base("a"), List.of(Device.cpu()))) {
      idle = (Loaded) a.model();
      models.borrow(base("b"), List.of(Device.cpu())).close();
      assertThat(idle.closed).isFalse();
    }
    try (BaseModels.Borrowed c = models.borrow(base("c"), List.of(Device.cpu()))) {
      assertThat(idle.closed).isTrue();
      assertThat(((Loaded) c.model()).closed).isFalse();
    }
  }

  @Test
  void triesAgainAfterAFailedLoad() {
    List<Boolean> broken = new ArrayList<>(List.of(true));
    BaseModels once =
        new BaseModels(
            (base, device) -> {
              if (!broken.isEmpty()) {
                broken.clear();
                throw new CheckpointException("the disk is away");
              }
              return new Loaded();
            });
    assertThatThrownBy(() -> once.borrow(base("a"), List.of(Device.cpu())))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("the disk is away");
    assertThat(once.borrow(base("a"), List.of(Device.cpu())).model()).isNotNull();
  }

  @Test
  void refusesAPathThatThisMachineDoesNotSee() {
    assertThatThrownBy(() -> base("a").load(List.of(Device.cpu())))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("Cannot load checkpoint /nowhere on ")
        .hasMessageEndingWith(
            "there is no such directory; put the checkpoint on a file system that driver and"
                + " executors see under the same path, or copy it to every machine");
  }

  private static BaseModel base(String sha256) {
    return new BaseModel(
        "/nowhere",
        List.of("config.json"),
        sha256,
        Computation.in(DType.FLOAT32),
        1,
        Optional.empty());
  }

  /** A model that is only held. */
  private static final class Loaded implements CausalLm {
    boolean closed;

    @Override
    public ModelConfig config() {
      throw new UnsupportedOperationException();
    }

    @Override
    public TrainedWeights weights(AdapterMethod adapter, NamedTensors state) {
      throw new UnsupportedOperationException();
    }

    @Override
    public float[] logProbabilities(TrainedWeights weights, PackedBatch batch) {
      throw new UnsupportedOperationException();
    }

    @Override
    public float[] logits(TrainedWeights weights, PackedBatch batch) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<int[]> generate(
        TrainedWeights weights,
        List<int[]> prompts,
        int maxNewTokens,
        List<int[]> stops,
        Sampling sampling,
        List<Seed> seeds) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
