package org.example;

import dev.tributary.data.Splitter;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A user's splitter: the first client gets twice as much as the others. */
public record FirstTwice(int clients) implements Splitter {
  public record Config(int clients) {}

  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "first-twice";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new FirstTwice(config.clients());
    }
  }

  @Override
  public Optional<String> by() {
    return Optional.empty();
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    int part = labels.total() / (clients + 1);
    List<ClientShare> shares = new ArrayList<>();
    int left = labels.total();
    for (int k = clients - 1; k > 0; k--) {
      shares.add(0, new ClientShare("client " + k, new int[] {part}));
      left -= part;
    }
    shares.add(0, new ClientShare("client 0", new int[] {left}));
    return shares;
  }
}
