#!/usr/bin/env python3
"""How long `run` takes from its start to the first training step, the split being prepared already.

    start.py [--times 3] [--file conf/quickstart.yaml] [KEY=VALUE...]

Runs the experiment once, so that Tributary is built, the native library unpacked and the split prepared; then --times times for one
round of one client and one local step in local mode, without evaluation. The end of that first step is taken from the run's ledger:
when its only round was committed, less what the aggregation took. Prints one JSON line.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--file", default="conf/quickstart.yaml")
    parser.add_argument("keys", nargs="*", metavar="KEY=VALUE")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="start-"))
    seconds = []
    for attempt in range(args.times + 1):
        output = folder / f"run{attempt}"
        begin = time.time()
        subprocess.run(
            [str(ROOT / "tributary"), "run", args.file, *args.keys, "training.rounds=1", "training.local-steps=1",
             "training.clients-per-round=1", "evaluation={}",
             f"data.output={folder / 'split'}", f"output={output}", "--master", "local[2]"],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        entry = json.loads((output / "ledger/round=00001/entry.json").read_text())
        committed = datetime.datetime.fromisoformat(entry["committedAt"][:26].rstrip("Z") + "+00:00").timestamp()
        if attempt:
            seconds.append(round(committed - entry["aggregateSeconds"] - begin, 2))
    shutil.rmtree(folder)
    print(json.dumps({"work": "start", "file": args.file, "times": args.times, "seconds_to_first_step_min": min(seconds),
                      "seconds_to_first_step": seconds}))


if __name__ == "__main__":
    main()
