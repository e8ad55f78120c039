// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Uniformly among the clients that a recorded trace says are there in the round. The trace is a CSV
 * file: a header {@code client,from_round,to_round}, then one line for each stretch of rounds, both
 * ends included. A round has fewer clients than asked for where no more are there.
 */
public record TraceSampling(String path) implements ClientSampler {
  private static final String HEADER = "client,from_round,to_round";

  /**
   * {@code sampling: {name: trace, path: availability.csv}}.
   *
   * @param path of a file on the driver's machine
   */
  public record Config(String path) implements Serializable {
    public Config {
      new Faults()
          .check(!path.isBlank(), "path", path, "give the trace's file, e.g. availability.csv")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: trace}. */
  public static final class Provider implements ClientSampler.Provider<Config> {
    @Override
    public String name() {
      return "trace";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public ClientSampler create(Config config) {
      return new TraceSampling(config.path());
    }
  }

  @Override
  public void check() {
    read();
  }

  private record Stretch(int client, int from, int to) {}

  @Override
  public List<Integer> sample(
      int round, List<Candidate> clients, int size, SplittableRandom random) {
    List<Integer> there =
        read().stream()
            .filter(stretch -> stretch.from() <= round && round <= stretch.to())
            .map(Stretch::client)
            .distinct()
            .toList();
    List<Candidate> available =
        clients.stream().filter(client -> there.contains(client.number())).toList();
    if (available.isEmpty()) {
      throw new InputException(
          "Cannot train round "
              + round
              + ": by "
              + path
              + " no client with training examples is there; add lines for it, or train fewer"
              + " rounds");
    }
    return new UniformSampling().sample(round, available, size, random);
  }

  /**
   * @throws InputException if it cannot be read; names file, line and value
   */
  private List<Stretch> read() {
    List<String> lines;
    try {
      lines = Files.readAllLines(Path.of(path));
    } catch (NoSuchFileException e) {
      throw new InputException(
          "Cannot sample clients by " + path + ": there is no such file; check the path", e);
    } catch (IOException e) {
      throw new InputException("Cannot read " + path + ": " + e.getMessage(), e);
    }
    if (lines.isEmpty() || !lines.get(0).trim().equals(HEADER)) {
      throw new InputException(path + ":1: the first line must be " + HEADER);
    }
    List<Stretch> stretches = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        stretches.add(stretch(lines.get(i), i + 1));
      }
    }
    return stretches;
  }

  private Stretch stretch(String line, int number) {
    String[] cells = line.split(",", -1);
    try {
      Stretch stretch =
          new Stretch(
              Integer.parseInt(cells[0].trim()),
              Integer.parseInt(cells[1].trim()),
              Integer.parseInt(cells[2].trim()));
      if (cells.length == 3 && stretch.from() >= 1 && stretch.from() <= stretch.to()) {
        return stretch;
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new InputException(fault(line, number), e);
    }
    throw new InputException(fault(line, number));
  }

  private String fault(String line, int number) {
    return "%s:%d: \"%s\" is no stretch of rounds; give client, first and last round, e.g. 3,1,20"
        .formatted(path, number, line);
  }
}
