#!/usr/bin/env python3
"""Times Tributary and a peer side by side: the same work, in turns, each in a process of its own.

    compare.py [--times 3] [--tributary "./tributary"] --peer "VENV/bin/python peer.py" WORK ARGUMENTS...

WORK and ARGUMENTS are those of `tributary bench`, which the peer takes too:

    compare.py --peer "$PEER" sft --checkpoint DIR --data train.jsonl --dtype bfloat16

Both run --times times in turns, each with OMP_WAIT_POLICY as it is without being set (libgomp spins) and
with PASSIVE; the best of each is compared, and the spread printed. Peak memory is the largest resident set
of any of its processes. Prints a line a run (with the CPU time of the whole process, start included, and the
machine's load before it), then one JSON line.
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile

# work -> (key of the result, whether more is better)
MEASURES = {
    "step": [("seconds_min", False)],
    "sft": [("examples_per_second", True)],
    "generate": [("new_tokens_per_second", True), ("decode_tokens_per_second", True),
                 ("prefill_tokens_per_second", True)],
    "choose": [("questions_per_second", True)],
    "encode": [("records_per_second", True)],
}


def run(command, policy):
    """The last line of standard output as JSON, with the process's peak resident memory in MB."""
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    if policy == "passive":
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
    with tempfile.TemporaryFile("w+") as noise:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=noise, text=True)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            noise.seek(0)
            sys.exit(f"{shlex.join(command)} ended with {process.returncode}:\n{noise.read()[-2000:]}")
    result = json.loads(text.strip().splitlines()[-1])
    result["cpu_seconds"] = round(usage.ru_utime + usage.ru_stime, 1)
    result["peak_resident_mb"] = max(result.get("peak_resident_mb", 0), usage.ru_maxrss // 1024)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--policies", type=lambda text: text.split(","), default=["unset", "passive"],
                        help="unset, passive or both, with a comma between")
    parser.add_argument("--tributary", default=os.environ.get("TRIBUTARY", "./tributary"))
    parser.add_argument("--peer", default=os.environ.get("PEER"), required="PEER" not in os.environ)
    parser.add_argument("work", choices=MEASURES)
    args, rest = parser.parse_known_args()

    commands = {
        "tributary": shlex.split(args.tributary) + ["bench", args.work, *rest, "--json"],
        "peer": shlex.split(args.peer) + [args.work, *rest],
    }
    results = {name: [] for name in commands}
    for time in range(args.times):
        for policy in args.policies:
            for name, command in commands.items():
                load = os.getloadavg()[0]
                result = run(command, policy)
                results[name].append(result)
                values = ", ".join(f"{key} {result[key]:.4g}" for key, _ in MEASURES[args.work])
                print(f"{name:9} {policy:7} {values}, peak {result['peak_resident_mb']} MB, "
                      f"CPU {result['cpu_seconds']} s, load before {load:.1f}",
                      file=sys.stderr, flush=True)

    summary = {"work": args.work, "arguments": rest, "times": args.times * len(args.policies)}
    for key, more_is_better in MEASURES[args.work]:
        best = {}
        for name, runs in results.items():
            values = sorted(r[key] for r in runs)
            best[name] = values[-1] if more_is_better else values[0]
            summary[f"{name}_{key}"] = best[name]
            summary[f"{name}_{key}_range"] = [values[0], values[-1]]
        ratio = best["tributary"] / best["peer"] if more_is_better else best["peer"] / best["tributary"]
        summary[f"times_the_peer_{key}"] = round(ratio, 3)
    peaks = {name: max(r["peak_resident_mb"] for r in runs) for name, runs in results.items()}
    summary.update({f"{name}_peak_mb": peak for name, peak in peaks.items()})
    summary["peak_of_the_peers"] = round(peaks["tributary"] / peaks["peer"], 3)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
