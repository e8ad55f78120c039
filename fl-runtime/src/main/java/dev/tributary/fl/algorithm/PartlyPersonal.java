// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.model.OptimizerRule;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Some tensors of the adapter are each client's own and never leave it; the others are averaged.
 *
 * <p>FedSA-LoRA (Guo et al. 2025, <a href="https://arxiv.org/abs/2410.01463">Selective Aggregation
 * for Low-Rank Adaptation in Federated Learning</a>): all are trained at once, and {@code A} is
 * shared. FedRep (Collins et al. 2021, <a href="https://arxiv.org/abs/2102.07078">Exploiting Shared
 * Representations for Personalized Federated Learning</a>, algorithm 1): a round's first steps
 * train the client's own tensors, the others those that are shared.
 *
 * <p>The global adapter has the personal tensors as they were before training, so that of FedSA is
 * the base until a client puts its own in their place: look at the personal scores.
 *
 * @param patterns regular expressions; a tensor in whose name one is found is personal
 * @param personalSteps steps of a round for personal tensors alone, before those for shared ones
 *     alone; empty where all are trained at once
 */
public record PartlyPersonal(List<String> patterns, OptionalInt personalSteps)
    implements FederatedAlgorithm {
  /** The part of what is kept that holds the personal tensors. */
  static final String PERSONAL = "personal";

  public PartlyPersonal {
    patterns = List.copyOf(patterns);
  }

  /**
   * {@code algorithm: {name: fedsa, ...}}.
   *
   * @param personal patterns of tensors that stay with the client
   */
  public record FedSaConfig(@Default("[lora_B]") List<String> personal) implements Serializable {
    public FedSaConfig {
      personal = List.copyOf(personal);
      faults(personal).throwIfAny();
    }
  }

  /**
   * {@code algorithm: {name: fedrep, ...}}.
   *
   * @param personal patterns of tensors that stay with the client, e.g. of the last layers
   * @param personalSteps of a round's local steps, at least 1 and less than all; half of them where
   *     it is left out
   */
  public record FedRepConfig(List<String> personal, Optional<Integer> personalSteps)
      implements Serializable {
    public FedRepConfig {
      personal = List.copyOf(personal);
      faults(personal)
          .check(
              personalSteps.isEmpty() || personalSteps.get() >= 1,
              "personal-steps",
              personalSteps.orElse(null),
              "give 1 or more, or leave it out for half of local-steps")
          .throwIfAny();
    }

    private Object writeReplace() {
      return Portable.of(this);
    }
  }

  private static Faults faults(List<String> personal) {
    Faults faults =
        new Faults()
            .check(
                !personal.isEmpty(),
                "personal",
                personal,
                "give at least one pattern of tensors' names, e.g. [lora_B]");
    for (String pattern : personal) {
      boolean sound = true;
      try {
        Pattern.compile(pattern);
      } catch (PatternSyntaxException e) {
        sound = false;
      }
      faults.check(
          sound,
          "personal",
          pattern,
          "it is no regular expression; escape special characters, e.g. layers\\.29\\.");
    }
    return faults;
  }

  /** Chosen by {@code name: fedsa}. */
  public static final class FedSa implements FederatedAlgorithm.Provider<FedSaConfig> {
    @Override
    public String name() {
      return "fedsa";
    }

    @Override
    public Class<FedSaConfig> configType() {
      return FedSaConfig.class;
    }

    @Override
    public FederatedAlgorithm create(FedSaConfig config) {
      return new PartlyPersonal(config.personal(), OptionalInt.empty());
    }
  }

  /** Chosen by {@code name: fedrep}. */
  public static final class FedRep implements FederatedAlgorithm.Provider<FedRepConfig> {
    @Override
    public String name() {
      return "fedrep";
    }

    @Override
    public Class<FedRepConfig> configType() {
      return FedRepConfig.class;
    }

    @Override
    public FederatedAlgorithm create(FedRepConfig config) {
      return new PartlyPersonal(
          config.personal(), OptionalInt.of(config.personalSteps().orElse(0)));
    }
  }

  private Predicate<String> isPersonal() {
    List<Pattern> compiled = patterns.stream().map(Pattern::compile).toList();
    return name -> compiled.stream().anyMatch(pattern -> pattern.matcher(name).find());
  }

  private static NamedTensors only(NamedTensors adapter, Predicate<String> wanted) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(adapter.byName());
    tensors.keySet().removeIf(wanted.negate());
    return new NamedTensors(tensors);
  }

  @Override
  public boolean averages() {
    return false;
  }

  @Override
  public boolean sharesAll() {
    return false;
  }

  @Override
  public boolean personalises() {
    return true;
  }

  @Override
  public boolean clientsRemember() {
    return true;
  }

  @Override
  public NamedTensors personal(NamedTensors global, Map<String, NamedTensors> kept) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(global.byName());
    Optional.ofNullable(kept.get(PERSONAL))
        .ifPresent(own -> own.byName().forEach((name, tensor) -> tensors.replace(name, tensor)));
    return new NamedTensors(tensors);
  }

  @Override
  public Optional<String> objection(OptimizerRule local, int localSteps) {
    if (personalSteps.isPresent() && localSteps < 2) {
      return Optional.of("it takes turns in a round; give training.local-steps 2 or more");
    }
    return personalSteps.orElse(0) >= localSteps
        ? Optional.of(
            "its personal-steps leave none for what is shared; give fewer than the "
                + localSteps
                + " of training.local-steps")
        : Optional.empty();
  }

  @Override
  public void checkTensors(List<String> tensors) {
    long own = tensors.stream().filter(isPersonal()).count();
    if (own == 0 || own == tensors.size()) {
      throw new ConfigException(
          "training.algorithm.personal",
          patterns,
          (own == 0 ? "no tensor of the adapter fits" : "all tensors of the adapter fit")
              + "; name some of "
              + tensors.stream().limit(4).toList()
              + " ...");
    }
  }

  @Override
  public ServerState initial(NamedTensors adapter) {
    checkTensors(adapter.names());
    return ServerState.of(adapter);
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    Predicate<String> personal = isPersonal();
    Map<String, NamedTensors> kept =
        client.kept(PERSONAL).map(own -> Map.of(PERSONAL, own)).orElse(Map.of());
    NamedTensors start = personal(client.global().adapter(), kept);
    LocalTraining.Trained trained =
        personalSteps.isEmpty() ? client.train(start, List.of()) : inTurns(client, start, personal);
    return new ClientAnswer(
        Map.of(ADAPTER, only(trained.adapter(), personal.negate())),
        Map.of(PERSONAL, only(trained.adapter(), personal)),
        trained.report());
  }

  private LocalTraining.Trained inTurns(
      LocalTraining client, NamedTensors start, Predicate<String> personal) {
    int all = client.localSteps();
    int given = personalSteps.orElseThrow();
    int first = given == 0 ? all / 2 : given;
    LocalTraining.Trained own =
        client.train(start, new LocalTraining.Course(0, first, 1, List.of(), personal.negate()));
    LocalTraining.Trained common =
        client.train(
            own.adapter(), new LocalTraining.Course(first, all - first, 1, List.of(), personal));
    return new LocalTraining.Trained(common.adapter(), own.report().and(common.report()));
  }

  @Override
  public void check(ServerState before, Message answer) {
    answer.expectShapes(ADAPTER, only(before.adapter(), isPersonal().negate()));
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    Predicate<String> personal = isPersonal();
    Map<String, Tensor> next = new LinkedHashMap<>();
    before
        .adapter()
        .byName()
        .forEach(
            (name, tensor) ->
                next.put(name, personal.test(name) ? tensor : cohort.weightedMean(ADAPTER, name)));
    return before.withAdapter(new NamedTensors(next));
  }
}
