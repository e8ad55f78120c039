// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.sandbox.Sandbox.Ending;
import dev.tributary.evaluation.sandbox.Sandbox.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Hostile programs, by the strongest isolation that works here, or {@code
 * -Dtributary.isolation=NAME}.
 */
class SandboxTest {
  private static final Limits SHORT =
      new Limits(
          Duration.ofSeconds(2),
          Duration.ofSeconds(4),
          200L << 20,
          30,
          1L << 20,
          8L << 20,
          100_000);

  private final Sandbox sandbox =
      Optional.ofNullable(System.getProperty("tributary.isolation"))
          .flatMap(name -> Sandbox.with(Isolation.valueOf(name)))
          .orElseGet(Sandbox::ofThisMachine);

  private Outcome python(String program) {
    return run(sandbox, program);
  }

  private static Outcome run(Sandbox sandbox, String program) {
    return sandbox.run(
        Map.of("program.py", program), List.of("python3", "program.py"), Map.of(), SHORT);
  }

  @Test
  void runsAProgramWithItsFilesInADirectoryOfItsOwn() {
    Outcome outcome =
        sandbox.run(
            Map.of("main.py", "import part\nprint(part.NAME)", "part.py", "NAME = 'Ann'"),
            List.of("python3", "main.py"),
            Map.of(),
            SHORT);
    assertThat(outcome.succeeded()).isTrue();
    assertThat(outcome.output()).isEqualTo("Ann\n");
  }

  @Test
  void tellsTheExitCodeAndWhatWasSaidOfAnError() {
    Outcome outcome = python("import sys\nprint('no', file=sys.stderr)\nsys.exit(3)");
    assertThat(outcome.ending()).isEqualTo(Ending.EXITED);
    assertThat(outcome.exitCode()).isEqualTo(3);
    assertThat(outcome.output()).isEqualTo("no\n");
    assertThat(python("import os\nos.abort()").succeeded()).isFalse();
  }

  @Test
  void killsWhatSleepsForEverAndWhatItHasStarted() {
    Outcome outcome =
        python(
            """
            import os, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(86399)
            time.sleep(86399)
            """);
    assertThat(outcome.ending()).isEqualTo(Ending.TIME);
    assertThat(outcome.seconds()).isBetween(3.5, 15.0);
    assertThat(running("86399")).isEmpty();
  }

  @Test
  void killsWhatIsLeftBehindByAProgramThatEnds() {
    Outcome outcome =
        python(
            """
            import subprocess
            subprocess.Popen(['sleep', '86398'], start_new_session=True)
            """);
    assertThat(outcome.succeeded()).isTrue();
    assertThat(running("86398")).isEmpty();
  }

  private static List<String> running(String argument) {
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                process.info().arguments().stream()
                    .flatMap(Stream::of)
                    .anyMatch(a -> a.equals(argument)))
        .map(process -> process.info().commandLine().orElse(""))
        .toList();
  }

  @Test
  void stopsComputingWithoutEnd() {
    assertThat(python("while True: pass").ending()).isEqualTo(Ending.TIME);
  }

  /** By a limit of the kernel's: what only looks on comes too late. */
  @ParameterizedTest
  @EnumSource(Isolation.class)
  void stopsAForkBomb(Isolation isolation) {
    Sandbox.with(isolation)
        .ifPresent(
            here -> {
              String bomb =
                  """
                  import os
                  most = 0
                  for attempt in range(100):
                      try:
                          if os.fork() == 0:
                              import time
                              time.sleep(60)
                              os._exit(0)
                          most += 1
                      except OSError:
                          break
                  print(most)
                  while True:
                      try:
                          os.fork()
                      except OSError:
                          pass
                  """;
              Outcome outcome = run(here, bomb);
              assertThat(outcome.ending()).isNotEqualTo(Ending.EXITED);
              int most =
                  outcome.output().isBlank() ? 0 : Integer.parseInt(outcome.output().strip());
              assertThat(most).isLessThanOrEqualTo(SHORT.processes() + (Isolation.root() ? 0 : 70));
              assertThat(run(here, "print(1)").succeeded()).isTrue();
            });
  }

  @Test
  void limitsTheMemoryOfAllItsProcessesTogether() {
    assertThat(python("x = bytearray(400 << 20)\nimport time\ntime.sleep(60)").ending())
        .isEqualTo(Ending.MEMORY);
    Outcome together =
        python(
            """
            import os, time
            for _ in range(4):
                if os.fork() == 0:
                    x = bytearray(80 << 20)
                    time.sleep(60)
            time.sleep(60)
            """);
    assertThat(together.ending()).isEqualTo(Ending.MEMORY);
    // Address space is not memory.
    assertThat(python("import mmap\nm = mmap.mmap(-1, 4 << 30)\nprint(len(m))").succeeded())
        .isTrue();
  }

  @Test
  void stopsEndlessOutputAndKeepsTheBeginning() {
    Outcome outcome = python("while True: print('all work and no play')");
    assertThat(outcome.ending()).isEqualTo(Ending.OUTPUT);
    assertThat(outcome.output()).startsWith("all work and no play\n").hasSizeLessThan(70_000);
  }

  @Test
  void limitsAFileAndItsDisk() {
    assertThat(python("open('big', 'wb').write(bytes(2 << 20))").succeeded()).isFalse();
    assertThat(python("for i in range(20): open(str(i), 'wb').write(bytes(1000000))").succeeded())
        .isEqualTo(sandbox.isolation() == Isolation.PROCESS);
    assertThat(python("import os\nprint(sorted(os.listdir('.')))").output())
        .isEqualTo("['program.py']\n");
  }

  @Test
  void keepsItFromWritingElsewhere(@TempDir Path directory) throws IOException {
    Path mine = Files.writeString(directory.resolve("mine"), "kept");
    mine.toFile().setWritable(true, false);
    directory.toFile().setExecutable(true, false);
    Outcome outcome =
        python(
            """
            import os
            for path in ['%s', '/etc/tributary-was-here', os.path.expanduser('~') + '/../x', '/var/tmp/tributary-was-here']:
                try:
                    open(path, 'w').write('broken')
                except OSError:
                    pass
            """
                .formatted(mine));
    assertThat(outcome.ending()).isEqualTo(Ending.EXITED);
    assertThat(mine).hasContent("kept");
    assertThat(Path.of("/etc/tributary-was-here")).doesNotExist();
    assertThat(Path.of("/var/tmp/tributary-was-here")).doesNotExist();
  }

  @Test
  void hidesTheEnvironmentOfThisProcess() {
    Outcome outcome =
        python(
            """
            import glob, os
            print(sorted(os.environ))
            for path in glob.glob('/proc/[0-9]*/environ'):
                try:
                    print(open(path).read())
                except OSError:
                    pass
            """);
    assertThat(outcome.succeeded()).isTrue();
    assertThat(outcome.output()).contains("PATH").doesNotContain("JAVA", "MAVEN");
    System.getenv()
        .forEach(
            (name, value) -> {
              if (value.length() > 30 && !name.equals("PATH")) {
                assertThat(outcome.output()).doesNotContain(value);
              }
            });
  }

  @Test
  void keepsItFromKillingItsParents() {
    Outcome outcome =
        python(
            """
            import os, signal
            for pid in [os.getppid(), 1, %d]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            print('alive')
            """
                .formatted(ProcessHandle.current().pid()));
    assertThat(outcome.succeeded()).isTrue();
    assertThat(outcome.output()).isEqualTo("alive\n");
  }

  @Test
  void givesItNoNetwork() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Outcome outcome =
          python(
              """
              import socket
              s = socket.create_connection(('127.0.0.1', %d), timeout=1)
              print('connected')
              """
                  .formatted(server.getLocalPort()));
      assertThat(outcome.succeeded()).isFalse();
      assertThat(outcome.output()).doesNotContain("connected\n");
    }
  }

  @Test
  void verdictsDoNotDependOnNeighbours() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Outcome>> good = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        int number = i;
        threads.execute(() -> python("import os\nwhile True: os.fork()"));
        good.add(threads.submit(() -> python("print(sum(range(1000000)) + " + number + ")")));
      }
      for (int i = 0; i < good.size(); i++) {
        Outcome outcome = good.get(i).get();
        assertThat(outcome.succeeded()).as(outcome.toString()).isTrue();
        assertThat(outcome.output()).isEqualTo((499999500000L + i) + "\n");
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void saysWhatIsMissing() {
    assertThatThrownBy(
            () -> sandbox.run(Map.of(), List.of("no-such-compiler"), Map.of(), Limits.SCRIPT))
        .isInstanceOf(Sandbox.CannotRunException.class)
        .hasMessage("there is no no-such-compiler here");
  }

  @Test
  void runsAsAUserWhoOwnsNothingWhereItCan() {
    Outcome outcome = python("import os\nprint(os.getuid())");
    if (Isolation.root()) {
      assertThat(Long.parseLong(outcome.output().strip())).isGreaterThan(1_000_000_000L);
    } else {
      assertThat(outcome.succeeded()).isTrue();
    }
  }

  @Test
  void thePlainProcessKeepsItsLimits() {
    Sandbox plain = Sandbox.with(Isolation.PROCESS).orElseThrow();
    Outcome outcome =
        plain.run(
            Map.of("p.py", "while True: print('x' * 1000)"),
            List.of("python3", "p.py"),
            Map.of(),
            SHORT);
    assertThat(outcome.ending()).isEqualTo(Ending.OUTPUT);
    assertThat(
            plain
                .run(Map.of("p.py", "print(2)"), List.of("python3", "p.py"), Map.of(), SHORT)
                .output())
        .isEqualTo("2\n");
  }
}
