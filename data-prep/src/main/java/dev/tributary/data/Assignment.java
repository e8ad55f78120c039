// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.Splitter.ClientShare;
import dev.tributary.data.Splitter.LabelCounts;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Where every example goes: one plan for train, validation and test together, and for what the
 * server holds.
 *
 * <p>Examples stand in an order that hangs on their identity and the seed alone. Along that order,
 * category by category, every so-many-th is held out, so that each category, and each client's part
 * of it, is held out in its share, to within one example. Label by label, clients then take their
 * shares from the same order. Where a client would be left with held-out examples of a label that
 * it has no other of, those are trained on: no client is tested on what it cannot have learnt. What
 * the server holds is taken along the same order before anything is dealt out, and never all that
 * there is of a label.
 *
 * @param names of the clients
 * @param clients by example, in the order of the files; {@link Part#NO_CLIENT} for the server's
 * @param parts codes of {@link Part}, by example
 */
record Assignment(List<String> names, int[] clients, byte[] parts) {

  /**
   * @throws InputException if the splitter cannot deal this corpus out
   */
  static Assignment of(
      Population population, Splitter splitter, String splitterName, Holdout holdout, Seed seed) {
    boolean labelled = splitter.by().isPresent();
    int size = population.size();
    long[] keys = population.keys(seed.child("order"));
    int[] dealt = labelled ? population.labels() : new int[size];
    int[] all = population.ordered(dealt, keys);
    int[] even = labelled ? all : population.ordered(population.categories(), keys);
    byte[] parts = new byte[size];
    holdForServer(
        even,
        labelled ? dealt : population.categories(),
        holdout.server(),
        seed.child("server").random(),
        parts);
    holdOut(notOfServer(even, parts), holdout, seed.child("holdout").random(), parts);
    int[] order = notOfServer(all, parts);

    LabelCounts labels =
        labelled
            ? new LabelCounts(
                splitter.by().get(),
                population.labelNames(),
                counts(order, dealt, population.labelNames().size()))
            : new LabelCounts("", List.of(""), new int[] {order.length});
    List<ClientShare> shares = splitter.deal(labels, seed.child("splitter"));
    check(shares, labels, splitterName);
    int[] clients = new int[size];
    Arrays.fill(clients, Part.NO_CLIENT);
    int from = 0;
    for (int label = 0; label < labels.names().size(); label++) {
      for (int client = 0; client < shares.size(); client++) {
        int to = from + shares.get(client).examples()[label];
        boolean trained = false;
        for (int i = from; i < to; i++) {
          clients[order[i]] = client;
          trained |= parts[order[i]] == Part.TRAIN.code();
        }
        for (int i = from; i < to && !trained; i++) {
          parts[order[i]] = (byte) Part.TRAIN.code();
        }
        from = to;
      }
    }
    return new Assignment(shares.stream().map(ClientShare::name).toList(), clients, parts);
  }

  /** An example's client and part in one number, 0 or more. */
  int target(int example) {
    return (clients[example] - Part.NO_CLIENT) * Part.COUNT + parts[example];
  }

  /** The client in a {@link #target}. */
  static int client(int target) {
    return target / Part.COUNT + Part.NO_CLIENT;
  }

  /** The part in a {@link #target}. */
  static Part part(int target) {
    return Part.at(target % Part.COUNT);
  }

  /** How many folders hold examples, at most. */
  int folders() {
    return names.size() * (Part.COUNT - 1) + 1;
  }

  /** Splitters may be users' own. */
  private static void check(List<ClientShare> shares, LabelCounts labels, String splitter) {
    int[] dealt = new int[labels.names().size()];
    for (ClientShare share : shares) {
      if (share.examples().length != dealt.length
          || IntStream.of(share.examples()).anyMatch(n -> n < 0)) {
        throw new IllegalStateException(
            "Splitter " + splitter + " must give client " + share.name() + " a count per label");
      }
      for (int label = 0; label < dealt.length; label++) {
        dealt[label] += share.examples()[label];
      }
    }
    for (int label = 0; label < dealt.length; label++) {
      if (dealt[label] != labels.counts()[label]) {
        throw new IllegalStateException(
            "Splitter "
                + splitter
                + " deals out "
                + dealt[label]
                + " of "
                + labels.counts()[label]
                + " examples labelled '"
                + labels.names().get(label)
                + "'");
      }
    }
    for (int client = 0; client < shares.size(); client++) {
      if (shares.get(client).total() == 0) {
        throw new InputException(
            "splitter "
                + splitter
                + ": client "
                + client
                + " ("
                + shares.get(client).name()
                + ") would get no examples; give fewer clients");
      }
    }
  }

  private static int[] notOfServer(int[] order, byte[] parts) {
    return IntStream.of(order).filter(i -> parts[i] != Part.SERVER.code()).toArray();
  }

  private static int[] counts(int[] examples, int[] labels, int size) {
    int[] counts = new int[size];
    for (int i : examples) {
      counts[labels[i]]++;
    }
    return counts;
  }

  /** Takes each so-many-th along an order, but leaves one of every group at least. */
  private static void holdForServer(
      int[] order, int[] groups, double share, SplittableRandom random, byte[] parts) {
    double phase = random.nextDouble();
    for (int i = 0; i < order.length; i++) {
      boolean taken = Math.floor((i + 1L) * share + phase) > Math.floor(i * share + phase);
      boolean alone =
          (i == 0 || groups[order[i - 1]] != groups[order[i]])
              && (i + 1 == order.length || groups[order[i + 1]] != groups[order[i]]);
      if (taken && !alone) {
        parts[order[i]] = (byte) Part.SERVER.code();
      }
    }
  }

  /** Systematic sampling along an order: each stretch of it is held out in its share. */
  private static void holdOut(int[] order, Holdout holdout, SplittableRandom random, byte[] parts) {
    double share = (holdout.validation() + holdout.test()) / (1 - holdout.server());
    double testShare = share > 0 ? holdout.test() / (holdout.validation() + holdout.test()) : 0;
    double phase = random.nextDouble();
    double testPhase = random.nextDouble();
    long held = 0;
    for (int i = 0; i < order.length; i++) {
      if (Math.floor((i + 1L) * share + phase) > Math.floor(i * share + phase)) {
        boolean test =
            Math.floor((held + 1) * testShare + testPhase)
                > Math.floor(held * testShare + testPhase);
        parts[order[i]] = (byte) (test ? Part.TEST : Part.VALIDATION).code();
        held++;
      }
    }
  }
}
