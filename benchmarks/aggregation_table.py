#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of aggregation, equal and mixed ranks, even and uneven clients: one small run each.

    python3 benchmarks/aggregation_table.py [--rounds 10] [--out runs/aggregation-table]

The quickstart's model and word problems, six clients, three a round. Prints a table in Markdown: held-out loss
after training, the mean bias of the last round over layers (distance of the rule's update from the mean of the
clients' products, relative to it), that of factors averaged one by one, and bytes that a client sends a round.
Runs that are there already are not repeated.
"""
import argparse
import json
import pathlib
import statistics
import subprocess

HOME = pathlib.Path(__file__).resolve().parent.parent
RULES = [
    ("equal", "fedit", "{name: fedit}"),
    ("equal", "ffa", "{name: ffa}"),
    ("equal", "rolora", "{name: rolora}"),
    ("equal", "exact", "{name: exact}"),
    ("equal", "lora-fair", "{name: lora-fair}"),
    ("equal", "fedex", "{name: fedex}"),
    ("equal", "flora", "{name: flora}"),
    ("mixed", "flexlora", "{name: flexlora, ranks: [4, 8, 16]}"),
    ("mixed", "hetlora", "{name: hetlora, ranks: [4, 8, 16]}"),
]
SKEWS = [
    ("even", "{name: uniform, clients: 6}"),
    ("uneven", "{name: quantity, clients: 6, sizes: dirichlet, alpha: 0.1}"),
]


def run(name, rule, splitter, options):
    output = pathlib.Path(options.out).resolve() / name
    command = [
        str(HOME / "tributary"), "run", "conf/algorithms/fedavg.yaml", f"experiment={name}", f"output={output}",
        f"training.rounds={options.rounds}", f"training.aggregation={rule}", f"data.splitter={splitter}",
        f"data.output={pathlib.Path(options.out).resolve() / ('split-' + name.split('-')[-1])}",
        "evaluation.every=0", "evaluation.tasks=[{name: loss, split: validation}]", "--json",
    ]
    done = subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    entry = json.loads((output / "ledger" / f"round={options.rounds:05d}" / "entry.json").read_text())
    layers = entry["layers"]
    return {
        "loss": result["scores"]["loss"]["after"],
        "bias": statistics.mean(layer["bias"] for layer in layers),
        "factor_bias": statistics.mean(layer["factorBias"] for layer in layers),
        "discarded": statistics.mean(layer["discardedEnergy"] for layer in layers),
        "upload_kb": statistics.mean(client["uploadBytes"] for client in entry["clients"]) / 1024,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--out", default="runs/aggregation-table")
    options = parser.parse_args()
    print("| rule | ranks | clients | loss | bias | of factors | discarded | sent a client, KB |")
    print("|---|---|---|---|---|---|---|---|")
    for ranks, rule, choice in RULES:
        for skew, splitter in SKEWS:
            r = run(f"{rule}-{skew}", choice, splitter, options)
            print(
                f"| {rule} | {ranks} | {skew} | {r['loss']:.3f} | {r['bias']:.1e} | {r['factor_bias']:.2f}"
                f" | {r['discarded']:.2f} | {r['upload_kb']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
