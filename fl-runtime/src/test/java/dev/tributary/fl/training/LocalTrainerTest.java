// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.BigramModel;
import dev.tributary.fl.testing.TrainingConfigs;
import dev.tributary.fl.text.EncodedExample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LocalTrainerTest {
  private static final int VOCABULARY = 7;
  private static final Seed SEED = Seed.of(5);
  private static final BigramModel MODEL = new BigramModel(VOCABULARY);
  private static final BigramModel.Method PLAIN = new BigramModel.Method(VOCABULARY, 0);
  private static final NamedTensors START = PLAIN.initial(SEED.child("start"));

  private final TrainingConfigs settings = new TrainingConfigs();
  private final List<EncodedExample> examples =
      BigramModel.examples(9, VOCABULARY, SEED.child("data"));

  @Test
  void takesTheStepsThatItsReportCounts() {
    settings.localSteps = 5;
    settings.batchSize = 3;
    LocalTrainer.Result result = train(PLAIN, List.of());
    ClientReport report = result.report();
    assertThat(report.examplesSeen()).isEqualTo(15);
    assertThat(report.dataSize()).isEqualTo(9);
    assertThat(report.steps()).isEqualTo(5);
    assertThat(report.optimizerSteps()).isEqualTo(5);
    assertThat(report.skippedSteps()).isZero();
    assertThat(report.stepLosses()).hasSize(5);
    assertThat(report.firstLoss()).isEqualTo(report.stepLosses().get(0));
    assertThat(report.tokens()).isEqualTo(report.labels() + 2 * report.examplesSeen());
    assertThat(result.adapter().names()).isEqualTo(START.names());
  }

  @Test
  void learns() {
    settings.localSteps = 200;
    ClientReport report = train(PLAIN, List.of()).report();
    double last = report.stepLosses().subList(180, 200).stream().mapToDouble(l -> l).sum() / 20;
    assertThat(last).isLessThan(0.8 * report.firstLoss());
  }

  @Test
  void isOneStepOfPlainSgdByHand() {
    settings.localSteps = 1;
    settings.batchSize = 9;
    settings.optimizer = TrainingConfigs.sgd(0.5, 0);
    NamedTensors trained = train(PLAIN, List.of()).adapter();
    try (TrainedWeights weights = MODEL.weights(PLAIN, START)) {
      int labels = examples.stream().mapToInt(EncodedExample::labels).sum();
      weights.addGradients(PackedBatch.of(examples, Beginning.SHARED), 1.0 / labels, 0);
      float[] gradient = weights.gradients().get(BigramModel.TABLE).values();
      float[] before = START.get(BigramModel.TABLE).values();
      float[] after = trained.get(BigramModel.TABLE).values();
      for (int i = 0; i < before.length; i++) {
        assertThat(after[i]).isCloseTo(before[i] - 0.5f * gradient[i], within(1e-7f));
      }
    }
  }

  @Test
  void accumulationIsTheLargeBatch() {
    settings.batchSize = 6;
    LocalTrainer.Result large = train(PLAIN, List.of());
    settings.batchSize = 2;
    settings.gradientAccumulation = 3;
    LocalTrainer.Result accumulated = train(PLAIN, List.of());
    assertSame(accumulated.adapter(), large.adapter());
    assertThat(accumulated.report().examplesSeen()).isEqualTo(large.report().examplesSeen());
    for (int step = 0; step < 4; step++) {
      assertThat(accumulated.report().stepLosses().get(step))
          .isCloseTo(large.report().stepLosses().get(step), within(1e-12));
    }
  }

  @Test
  void comesBackFromItsSeedAlone() {
    BigramModel.Method dropping = new BigramModel.Method(VOCABULARY, 0.3);
    assertSame(train(dropping, List.of()).adapter(), train(dropping, List.of()).adapter());
    NamedTensors other =
        trainer(PLAIN).train(START, Optional.empty(), List.of(), SEED.child("other")).adapter();
    assertThat(other.get(BigramModel.TABLE).values())
        .isNotEqualTo(train(PLAIN, List.of()).adapter().get(BigramModel.TABLE).values());
  }

  @Test
  void computesSharedRowsForEachExampleUnderDropout() {
    List<EncodedExample> alike =
        List.of(
            new EncodedExample("a", new int[] {1, 2, 3, 4}, 3),
            new EncodedExample("b", new int[] {1, 2, 3, 5}, 3));
    // BigramModel refuses shared rows under dropout.
    assertThat(
            new LocalTrainer(
                    MODEL, new BigramModel.Method(VOCABULARY, 0.5), settings.make(), 1, 0, alike)
                .train(START, Optional.empty(), List.of(), SEED)
                .report()
                .steps())
        .isEqualTo(4);
  }

  @Test
  void clipsAsTorchDoes() {
    settings.localSteps = 1;
    settings.batchSize = 9;
    settings.optimizer = TrainingConfigs.sgd(1, 0);
    settings.clipNorm = Optional.of(0.01);
    LocalTrainer.Result clipped = train(PLAIN, List.of());
    assertThat(clipped.report().clippedSteps()).isEqualTo(1);
    double moved = 0;
    for (String name : START.names()) {
      for (int i = 0; i < START.get(name).values().length; i++) {
        double change =
            (double) clipped.adapter().get(name).values()[i] - START.get(name).values()[i];
        moved += change * change;
      }
    }
    assertThat(Math.sqrt(moved)).isCloseTo(0.01, within(1e-5));
    settings.clipNorm = Optional.of(1e6);
    LocalTrainer.Result free = train(PLAIN, List.of());
    settings.clipNorm = Optional.empty();
    assertSame(free.adapter(), train(PLAIN, List.of()).adapter());
    assertThat(free.report().clippedSteps()).isZero();
  }

  @Test
  void schedulesRunOverTheWholeRun() {
    settings.schedule =
        new Choice<>(new LinearSchedule.Provider(), new ScheduleConfig(2, Optional.empty()));
    TrainingConfig config = settings.make(); // 12 steps in all
    List<Double> rates = new ArrayList<>();
    TrainingHook recorder =
        new TrainingHook() {
          @Override
          public void afterUpdate(TrainingStep step) {
            assertThat(step.runStep()).isEqualTo(4 + step.step());
            rates.add(step.learningRate() / 0.05);
          }
        };
    new LocalTrainer(MODEL, PLAIN, config, 2, 0, examples)
        .train(START, Optional.empty(), List.of(recorder), SEED);
    assertThat(rates).hasSize(4);
    for (int step = 0; step < 4; step++) {
      assertThat(rates.get(step)).isCloseTo(0.8 - 0.1 * step, within(1e-12));
    }
  }

  @Test
  void goesOnWithAKeptOptimizer() {
    assertThat(train(PLAIN, List.of()).optimizer()).isEmpty();
    settings.keepState = true;
    settings.localSteps = 1;
    LocalTrainer.Result first = train(PLAIN, List.of());
    LocalTrainer.Result second =
        trainer(PLAIN).train(first.adapter(), first.optimizer(), List.of(), SEED.child("next"));
    assertThat(second.optimizer().orElseThrow().steps()).isEqualTo(2);
    LocalTrainer.Result fresh =
        trainer(PLAIN).train(first.adapter(), Optional.empty(), List.of(), SEED.child("next"));
    assertThat(second.adapter().get(BigramModel.TABLE).values())
        .isNotEqualTo(fresh.adapter().get(BigramModel.TABLE).values());
  }

  @Test
  void hooksChangeGradientsInTheirOrder() {
    settings.optimizer = TrainingConfigs.sgd(0.5, 0);
    TrainingHook twice = hook((step, gradients) -> gradients.scale(2));
    TrainingHook half = hook((step, gradients) -> gradients.scale(0.5));
    assertSame(train(PLAIN, List.of(twice, half)).adapter(), train(PLAIN, List.of()).adapter());
    assertThat(train(PLAIN, List.of(twice)).adapter().get(BigramModel.TABLE).values())
        .isNotEqualTo(train(PLAIN, List.of()).adapter().get(BigramModel.TABLE).values());
  }

  @Test
  void hooksSkipAndStop() {
    TrainingHook hook =
        new TrainingHook() {
          @Override
          public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
            return step.step() == 1
                ? Verdict.SKIP_STEP
                : step.step() == 2 ? Verdict.STOP : Verdict.CONTINUE;
          }
        };
    ClientReport report = train(PLAIN, List.of(hook)).report();
    assertThat(report.steps()).isEqualTo(3);
    assertThat(report.skippedSteps()).isEqualTo(2);
    assertThat(report.optimizerSteps()).isEqualTo(1);
  }

  /** Divides gradients by 4, chosen as a user's jar would have it. */
  record Quarter() implements TrainingHook {
    record Config() implements Serializable {}

    static final class Provider implements TrainingHook.Provider<Config> {
      @Override
      public String name() {
        return "quarter";
      }

      @Override
      public Class<Config> configType() {
        return Config.class;
      }

      @Override
      public TrainingHook create(Config config) {
        return new Quarter();
      }
    }

    @Override
    public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
      gradients.scale(0.25);
      return Verdict.CONTINUE;
    }
  }

  @Test
  void configuredHooksTakePart() {
    settings.optimizer = TrainingConfigs.sgd(0.8, 0);
    settings.hooks = List.of(new Choice<>(new Quarter.Provider(), new Quarter.Config()));
    NamedTensors hooked = train(PLAIN, List.of()).adapter();
    settings.optimizer = TrainingConfigs.sgd(0.2, 0);
    settings.hooks = List.of();
    assertSame(hooked, train(PLAIN, List.of()).adapter());
  }

  @Test
  void leavesOutExamplesWithoutALabelAndCountsThem() {
    List<EncodedExample> some = new ArrayList<>(examples);
    some.add(new EncodedExample("full", new int[] {1, 2, 3}, 3, 4));
    ClientReport report =
        new LocalTrainer(MODEL, PLAIN, settings.make(), 1, 0, some)
            .train(START, Optional.empty(), List.of(), SEED)
            .report();
    assertThat(report.skippedExamples()).isEqualTo(1);
    assertThat(report.dataSize()).isEqualTo(9);
    assertThat(report.cutExamples()).isZero();
  }

  @Test
  void refusesAClientWithNothingToLearn() {
    EncodedExample full = new EncodedExample("full", new int[] {1, 2, 3}, 3, 4);
    assertThatThrownBy(() -> new LocalTrainer(MODEL, PLAIN, settings.make(), 1, 4, List.of(full)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot train client 4: the prompt alone fills max-tokens in all of its 1 examples, so"
                + " nothing is left to learn; raise data.max-tokens");
    assertThatThrownBy(() -> new LocalTrainer(MODEL, PLAIN, settings.make(), 1, 4, List.of()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it has no training examples");
  }

  @Test
  void saysWhereTrainingDiverged() {
    settings.optimizer = TrainingConfigs.sgd(1e300, 0);
    assertThatThrownBy(() -> train(PLAIN, List.of()))
        .isInstanceOf(DivergedException.class)
        .hasMessageStartingWith("Client 3, round 1, step 2: training diverged (")
        .hasMessageContaining("lower training.optimizer.learning-rate")
        .hasMessageContaining("float32");
  }

  @Test
  void refusesAnAdapterThatIsNotFiniteAfterTheLastStep() {
    settings.optimizer = TrainingConfigs.sgd(1e300, 0);
    settings.localSteps = 1;
    assertThatThrownBy(() -> train(PLAIN, List.of()))
        .isInstanceOf(DivergedException.class)
        .hasMessageContaining("table holds");
  }

  @Test
  void drawsEveryExampleOnceBeforeAnyComesAgain() {
    List<Integer> numbers = List.of(0, 1, 2, 3, 4);
    Batches<Integer> batches = new Batches<>(numbers, SEED);
    List<Integer> drawn = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      drawn.addAll(batches.next(3));
    }
    for (int epoch = 0; epoch < 3; epoch++) {
      assertThat(drawn.subList(5 * epoch, 5 * epoch + 5))
          .containsExactlyInAnyOrderElementsOf(numbers);
    }
    assertThat(new Batches<>(numbers, SEED).next(5)).isEqualTo(drawn.subList(0, 5));
  }

  @Test
  void pinsTheOrderOfBatches() {
    // A change here changes every run that was ever recorded.
    assertThat(new Batches<>(List.of(0, 1, 2, 3, 4), Seed.of(17)).next(10))
        .containsExactly(4, 0, 3, 1, 2, 2, 1, 0, 3, 4);
  }

  private LocalTrainer trainer(BigramModel.Method method) {
    return new LocalTrainer(MODEL, method, settings.make(), 1, 3, examples);
  }

  private LocalTrainer.Result train(BigramModel.Method method, List<TrainingHook> terms) {
    return trainer(method).train(START, Optional.empty(), terms, SEED);
  }

  private interface Change {
    void apply(TrainingStep step, Gradients gradients);
  }

  private static TrainingHook hook(Change change) {
    return new TrainingHook() {
      @Override
      public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
        change.apply(step, gradients);
        return Verdict.CONTINUE;
      }
    };
  }

  private static void assertSame(NamedTensors actual, NamedTensors expected) {
    assertThat(actual.names()).isEqualTo(expected.names());
    for (String name : expected.names()) {
      assertThat(actual.get(name).values()).as(name).isEqualTo(expected.get(name).values());
    }
  }
}
