#!/usr/bin/env python3
"""HELM's core in the 16 groups that FederatedScope-LLM reports, and their mean.

    python3 benchmarks/helm.py --checkpoint DIR --data FOLDER [--adapter DIR] [--limit 100] [--dtype bfloat16] [--threads 2] [--cache DIR]

FOLDER holds a folder for each benchmark with its published files: mmlu, imdb, raft, cnn_dailymail, truthfulqa, boolq, narrativeqa, natural_questions,
quac, hellaswag, openbookqa, xsum, civil_comments. A group is the mean over its run specs (MMLU's subjects, RAFT's tasks, CivilComments' demographics), the
last line the mean over groups. What cannot be run is left out of the mean and named with the reason; how many instances were asked stands beside each.
Prints a table in Markdown, and one JSON line with --json.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPECS = {"mmlu": 57, "raft": 11, "civil_comments": 9}  # all others have one
DEMOGRAPHICS = ["all", "male", "female", "LGBTQ", "christian", "muslim", "other_religions", "black", "white"]


def groups(data):
    """(group, run specs as (task, path, keys), why there are none)."""

    def files(folder, *patterns):
        for pattern in patterns:
            found = sorted((data / folder).glob(pattern))
            if found:
                return found[:1]
        return []

    def one(task, folder, *patterns):
        return [(task, path, []) for path in files(folder, *patterns)]

    narrative = [("narrativeqa", data / "narrativeqa", [])] if (data / "narrativeqa/qaps.csv").exists() else []
    civil = files("civil_comments", "all_data_with_identities.csv")
    missing = "no published file in {}"
    return [
        ("mmlu", [("mmlu", data / "mmlu", [])] if (data / "mmlu").exists() else [], missing.format("mmlu")),
        ("imdb", one("imdb", "imdb", "*.csv"), missing.format("imdb")),
        ("raft", [("raft", path.parent, []) for path in sorted(data.glob("raft/*/train.csv"))], missing.format("raft")),
        ("summarization_cnndm", one("cnn-dailymail", "cnn_dailymail", "*.csv"), missing.format("cnn_dailymail")),
        ("truthful_qa", one("truthfulqa", "truthfulqa", "*.csv"), missing.format("truthfulqa")),
        ("boolq", one("boolq", "boolq", "*.jsonl"), missing.format("boolq")),
        ("narrative_qa", narrative, "no qaps.csv in narrativeqa"),
        ("natural_qa openbook_longans", one("natural-questions-openbook", "natural_questions", "nq-dev-*.jsonl*"),
         "no nq-dev-NN.jsonl.gz in natural_questions"),
        ("natural_qa closedbook", one("natural-questions", "natural_questions", "NQ-open*.jsonl"), missing.format("natural_questions")),
        ("quac", one("quac", "quac", "val_v0.2.json"), "no val_v0.2.json in quac"),
        ("hellaswag", one("hellaswag", "hellaswag", "*.jsonl"), missing.format("hellaswag")),
        ("openbookqa", one("openbookqa", "openbookqa", "*.jsonl"), missing.format("openbookqa")),
        ("msmarco regular", [], "ranking passages is not there yet"),
        ("msmarco trec", [], "ranking passages is not there yet"),
        ("summarization_xsum", one("xsum", "xsum", "*0shot*.jsonl", "*.jsonl", "*.json"), missing.format("xsum")),
        ("civil_comments", [("civil-comments", path, [f"demographic={who}"]) for path in civil for who in DEMOGRAPHICS],
         "no all_data_with_identities.csv in civil_comments"),
    ]


def evaluate(args, task, path, keys):
    command = [str(ROOT / "tributary"), "evaluate", "--checkpoint", args.checkpoint, "--task", task, "--path", str(path), "--limit", str(args.limit),
               "--dtype", args.dtype, "--threads", str(args.threads), "--json", *keys]
    for option in ("adapter", "cache", "master"):
        if getattr(args, option):
            command += [f"--{option}", getattr(args, option)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, stderr=None if args.verbose else subprocess.DEVNULL)
    if done.returncode:
        return None, f"{task} on {path} ended with code {done.returncode} (--verbose shows why)"
    figures = json.loads(done.stdout.strip().splitlines()[-1])["figures"]
    subjects = [f for f in figures if f["task"].startswith("mmlu/") and f["published_instances"] is None]
    categories = {"mmlu/stem", "mmlu/humanities", "mmlu/social-sciences", "mmlu/other"}
    chosen = [f for f in subjects if f["task"] not in categories] if task == "mmlu" else figures[:1]
    if any(f["score"] is None for f in chosen):
        return None, "; ".join(f.get("notice", "no score") for f in chosen if f["score"] is None)
    return (chosen, figures[0]["metric"]), None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--cache")
    parser.add_argument("--master")
    parser.add_argument("--limit", type=int, default=100, help="questions of each run spec; FS-LLM's 100 unless given, 0 for all")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    rows, left_out = [], []
    for group, specs, why in groups(pathlib.Path(args.data)):
        figures, metric, reason = [], "", None if specs else why
        for task, path, keys in specs:
            found, reason = evaluate(args, task, path, keys)
            if reason:
                break
            figures += found[0]
            metric = found[1]
        if reason:
            left_out.append((group, reason))
        else:
            rows.append({"group": group, "metric": metric, "run_specs": len(figures), "instances": sum(f["instances"] for f in figures),
                         "score": sum(f["score"] for f in figures) / len(figures)})
        print(f"{group}: {reason or format(rows[-1]['score'], '.4f')}", file=sys.stderr)
    print("| group | metric | run specs | instances | score |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['group']} | {row['metric']} | {row['run_specs']} of {SPECS.get(row['group'], 1)} | {row['instances']} | {row['score']:.4f} |")
    mean = sum(row["score"] for row in rows) / len(rows) if rows else None
    print(f"| mean of {len(rows)} of 16 groups | | | {sum(row['instances'] for row in rows)} | {'' if mean is None else format(mean, '.4f')} |")
    for group, reason in left_out:
        print(f"\nLeft out of the mean: {group}: {reason}")
    if args.json:
        print(json.dumps({"groups": rows, "mean": mean, "left_out": dict(left_out)}))


if __name__ == "__main__":
    main()
