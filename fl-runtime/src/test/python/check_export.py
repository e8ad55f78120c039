#!/usr/bin/env python3
"""Loads what Tributary exports with PEFT and transformers, and compares logits.

    check_export.py --base DIR --adapter DIR [--merged DIR] [--golden DIR]

base, adapter: the adapter must load on the base with no tensor missing or left over. Its README.md must
    have a front matter that names the base.
merged: the checkpoint of `export --merged`; it must answer as base + adapter.
golden: recorded outputs of the same adapter (batch.safetensors of the base beside forward.safetensors);
    both must answer as recorded.

Needs torch, transformers and peft. Prints the largest differences; exit code 1 if any is too large.
"""
import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

failures = []


def check(what, difference, tolerance):
    print(f"{'OK' if difference <= tolerance else 'MISS'} {what} {difference:.1e} <= {tolerance:.1e}")
    if not difference <= tolerance:
        failures.append(what)


def model_of(directory):
    model, report = AutoModelForCausalLM.from_pretrained(
        directory, torch_dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[kind]:
            failures.append(f"{directory}: {kind} {report[kind]}")
    return model.eval()


def adapted(base, directory):
    model = PeftModel.from_pretrained(model_of(base), str(directory)).eval()
    wanted = {name.replace(".default", "") for name, _ in model.named_parameters() if "lora_" in name}
    stored = set(load_file(str(directory / "adapter_model.safetensors")))
    if wanted != stored:
        failures.append(f"{directory}: tensors {sorted(wanted ^ stored)[:4]} are not in both model and file")
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("base", "adapter"):
        parser.add_argument("--" + name, type=Path, required=True)
    for name in ("merged", "golden"):
        parser.add_argument("--" + name, type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)

    config = json.loads((args.adapter / "adapter_config.json").read_text())
    card = (args.adapter / "README.md").read_text()
    if config["base_model_name_or_path"] not in card.split("---")[1]:
        failures.append("README.md: the front matter does not name the base model")

    if args.golden:
        batch = load_file(str(args.base / "golden" / "batch.safetensors"))
        expected = load_file(str(args.golden / "forward.safetensors"))["logits"]
        real = batch["attention_mask"].bool()
        tolerance = json.loads((args.golden / "meta.json").read_text())["checks"]["logits"]["tolerance"]
    else:
        vocabulary = json.loads((args.base / "config.json").read_text())["vocab_size"]
        batch = {"input_ids": torch.randint(0, vocabulary, (3, 24))}
        expected, real = None, torch.ones(3, 24, dtype=torch.bool)

    def logits(model):
        with torch.no_grad():
            return model(**{k: v for k, v in batch.items() if k != "labels"}).logits.float()[real]

    through_peft = logits(adapted(args.base, args.adapter))
    print(f"adapter moves logits by {(through_peft - logits(model_of(args.base))).abs().max():.1e}")
    if expected is not None:
        check("PEFT on the exported adapter", (through_peft - expected[real]).abs().max().item(), tolerance)
    if args.merged:
        stored = json.loads((args.merged / "config.json").read_text()).get("torch_dtype", "float32")
        # merged weights are rounded to the base's number format: 24, 11 or 8 significant bits
        size = through_peft.abs().max().item()
        allowed = size * {"float32": 1e-5, "float16": 2e-2, "bfloat16": 4e-2}[stored]
        check("merged checkpoint", (logits(model_of(args.merged)) - through_peft).abs().max().item(), allowed)
    for failure in failures:
        print("failed:", failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
