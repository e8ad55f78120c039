#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Personalised methods on clients by programming language, and under Dirichlet splits: one small run each.

    python3 benchmarks/personal_study.py --code FOLDER [--checkpoint quickstart/model] [--rounds 6] [--out DIR]

FOLDER holds a JSON Lines file for each language, named by it, whose records have `prompt` (or `instruction`) and
`canonical_solution` (or `output`), as McEval's. FS-LLM's paper (KDD 2024, section 5.4) compares pFedMe with FedAvg
on nine clients by language, finds pFedMe below FedAvg, and blames float16; beside its arms stand Ditto and local
training. Prints a table in Markdown: held-out loss per token, of the global adapter, and of clients' own adapters on
their own data, averaged over clients; lines for the base and for training on all data in one place.
Runs that are there already are not repeated.
"""
import argparse
import json
import pathlib
import subprocess

HOME = pathlib.Path(__file__).resolve().parent.parent
PFEDME = "{name: pfedme, lambda: 15, inner-steps: 3, learning-rate: 0.02}"
ARMS = [
    ("fedavg", ["training.algorithm=fedavg"]),
    ("pfedme", [f"training.algorithm={PFEDME}"]),
    ("pfedme-float16", [f"training.algorithm={PFEDME}", "model.dtype=float16",
                        "training.messages={upload: [float16], download: [float16]}"]),
    ("ditto", ["training.algorithm={name: ditto, lambda: 0.1}"]),
    ("local", ["training.scenario=local"]),
]
SPLITS = [("language", "{name: meta, by: category}")] + [
    (f"alpha-{alpha}", f"{{name: dirichlet, by: category, alpha: {alpha}, clients: 9, min-size: 5}}")
    for alpha in (0.05, 0.5, 5, 50)
]


def corpus(folder, into):
    lines = []
    for file in sorted(pathlib.Path(folder).glob("*.jsonl")):
        for line in file.read_text().splitlines():
            record = json.loads(line)
            lines.append(json.dumps({
                "category": file.stem,
                "instruction": record.get("prompt", record.get("instruction", "")),
                "output": record.get("canonical_solution", record.get("output", "")),
            }))
    if not lines:
        raise SystemExit(f"{folder} has no *.jsonl; give a folder with a file for each language")
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text("\n".join(lines) + "\n")


def run(name, keys, split, splitter, options, out):
    command = [
        str(HOME / "tributary"), "run", "conf/algorithms/fedavg.yaml", f"experiment={name}", f"output={out / name}",
        f"model.checkpoint={options.checkpoint}", "data.corpus=jsonl", f"data.path={out / 'code.jsonl'}",
        f"data.splitter={splitter}", f"data.output={out / ('split-' + split)}", "data.max-tokens=512", "data.clean={over-long: true}",
        "data.holdout={train: 0.7, validation: 0.3, test: 0.0}",
        f"training.rounds={options.rounds}", "training.clients-per-round=null", "training.local-steps=10",
        "training.batch-size=4", "training.optimizer.learning-rate=2.0e-3", "training.weighting=examples-seen",
        "evaluation.every=0", "evaluation.tasks=[{name: loss, split: validation}]", *keys, "--json",
    ]
    done = subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])["scores"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", required=True)
    parser.add_argument("--checkpoint", default="quickstart/model")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--out", default="runs/personal-study")
    options = parser.parse_args()
    out = pathlib.Path(options.out).resolve()
    corpus(options.code, out / "code.jsonl")
    print("| clients | method | global | personal |")
    print("|---|---|---|---|")
    for split, splitter in SPLITS:
        base = None
        for arm, keys in ARMS:
            scores = run(f"{arm}-{split}", keys, split, splitter, options, out)
            if base is None:
                base = scores["loss"]["before"]
                print(f"| {split} | base | {base:.3f} | |")
            own = scores.get("loss personal", scores["loss"] if arm == "local" else None)
            common = "" if arm == "local" else f"{scores['loss']['after']:.3f}"
            print(f"| {split} | {arm} | {common} | {'' if own is None else format(own['after'], '.3f')} |", flush=True)
        scores = run(f"global-{split}", ["training.scenario=global"], split, splitter, options, out)
        print(f"| {split} | all data in one place | {scores['loss']['after']:.3f} | |", flush=True)


if __name__ == "__main__":
    main()
