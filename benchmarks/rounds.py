#!/usr/bin/env python3
"""What a round costs beyond its clients' compute, and whether memory stays level over rounds.

    rounds.py [--rounds 40] [--clients 20] [--local-steps 2] [--workers 2] [--keep DIR]

Trains the quickstart's model from the repository's root, without evaluation and with fixed heaps: in local mode with two slots, or
with --workers N on a standalone cluster of N Workers with one core each, which it starts on loopback and ends again. Needs a built
Tributary (./tributary builds on first use).

Times are those of `tributary bench round`. Memory: resident set of each process, sampled four times a second; the median around the
last round against that around round 10. Prints one JSON line.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
JARS = ROOT / "spark-jobs/target/spark/jars"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    def __init__(self, workers, folder):
        self.processes, self.master = [], None
        if not workers:
            return
        port, ui = free_port(), free_port()
        self.master = f"spark://127.0.0.1:{port}"
        self.start("master.Master", folder, "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(ui))
        for w in range(workers):
            self.start("worker.Worker", folder, "--host", "127.0.0.1", "--webui-port", str(free_port()), "--cores", "1",
                       "--memory", "2g", "--work-dir", str(folder / f"worker{w}"), self.master)
        end = time.time() + 120
        while time.time() < end:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{ui}/json/") as page:
                    if json.load(page)["aliveworkers"] == workers:
                        return
            except OSError:
                pass
            time.sleep(1)
        self.close()
        raise SystemExit("the cluster did not come up within 120 s")

    def start(self, what, folder, *arguments):
        log = open(folder / f"{what}-{len(self.processes)}.log", "w")
        opens = [f"--add-opens=java.base/{p}=ALL-UNNAMED" for p in
                 ("java.lang", "java.lang.invoke", "java.io", "java.net", "java.nio", "java.util", "java.util.concurrent",
                  "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar")]
        environment = dict(os.environ, SPARK_LOCAL_IP="127.0.0.1", SPARK_HOME=str(ROOT / "spark-jobs/target/spark"),
                           SPARK_SCALA_VERSION="2.12", GOMP_SPINCOUNT="1000")
        self.processes.append(subprocess.Popen(
            ["java", "-Xmx512m", *opens, "-cp", f"{JARS}/*", f"org.apache.spark.deploy.{what}", *arguments],
            stdout=log, stderr=log, env=environment))

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def role(pid):
    try:
        line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return None
    if "CoarseGrainedExecutorBackend" in line:
        return "executor"
    return "driver" if "dev.tributary.Tributary" in line and "/java" in line.split(" ")[0] else None


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def processes():
    return {name for name in os.listdir("/proc") if name.isdigit()}


def watch(before, samples, done):
    """Adds (time, pid, role, resident MB) of this run's JVMs; those that were there before are not its."""
    while not done.is_set():
        for pid in processes() - before:
            try:
                kind = role(pid)
                if kind:
                    samples.append((time.time(), pid, kind, resident_mb(pid)))
            except OSError:
                pass
        done.wait(0.25)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--local-steps", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="0: local mode with two slots")
    parser.add_argument("--keep", help="run directory, left for a look; by default a temporary one")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rounds-"))
    output = pathlib.Path(args.keep).absolute() if args.keep else folder / "run"
    cluster = Cluster(args.workers, folder)
    samples, done = [], threading.Event()
    watcher = threading.Thread(target=watch, args=(processes(), samples, done))
    try:
        command = [str(ROOT / "tributary"), "bench", "round", "conf/quickstart.yaml",
                   f"data.splitter.clients={args.clients}", f"training.rounds={args.rounds}",
                   f"training.local-steps={args.local_steps}", f"output={output}", "--json",
                   "--master", cluster.master or "local[2]"]
        heap = "-Xms1g -XX:+AlwaysPreTouch"
        environment = dict(os.environ, TRIBUTARY_DRIVER_MEMORY="1g", SPARK_LOCAL_IP="127.0.0.1", MALLOC_ARENA_MAX="2",
                           TRIBUTARY_JAVA_OPTIONS=heap,
                           TRIBUTARY_SUBMIT_OPTIONS="--executor-memory 1g --executor-cores 1 --conf spark.driver.host=127.0.0.1"
                                                    " --conf spark.executor.extraJavaOptions=-Xms1g"
                                                    " --conf spark.executorEnv.JDK_JAVA_OPTIONS=-XX:+AlwaysPreTouch"
                                                    " --conf spark.executorEnv.MALLOC_ARENA_MAX=2")
        environment.pop("SPARK_HOME", None)
        watcher.start()
        text = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join()
        cluster.close()

    result = json.loads(text.strip().splitlines()[-1])
    ends = {number: (output / "ledger" / f"round={number:05d}" / "entry.json").stat().st_mtime
            for number in range(1, args.rounds + 1)}

    def memory(kind, number):
        low, high = ends[max(1, number - 2)], ends[min(args.rounds, number + 2)]
        return [statistics.median(m for t, p, k, m in samples if p == pid and low <= t <= high)
                for pid in sorted({p for t, p, k, _ in samples if k == kind and low <= t <= high})]

    early, late = min(10, args.rounds), args.rounds
    growth = {kind: [round(b / a, 4) for a, b in zip(memory(kind, early), memory(kind, late))]
              for kind in ("driver", "executor")}
    result.pop("command")
    result["resident_mb_round_10"] = {kind: [round(m) for m in memory(kind, early)] for kind in growth}
    result["resident_mb_last_round"] = {kind: [round(m) for m in memory(kind, late)] for kind in growth}
    result["resident_growth"] = growth
    print(json.dumps(result))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
