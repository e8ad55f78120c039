#!/usr/bin/env python3
"""Loads adapters and merged checkpoints of every family and kind with PEFT and transformers, and compares logits.

    check_exports.py FOLDER

FOLDER is what dev.tributary.fl.testing.Exports writes: FAMILY/base, and for each kind of adapter FAMILY/KIND/adapter,
KIND/merged where a merge is possible, and KIND/logits.safetensors, what Tributary computes. check_exports.sh makes the
folder and installs what this script needs. Prints a line for each comparison and for each that PEFT cannot make, with the
reason; exit code 1 if logits differ by more than 2e-4 anywhere, or a tensor is missing or left over.
"""
import argparse
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

TOLERANCE = 2e-4
# PEFT's own limits, by (family, kind); None stands for every family
NOT_IN_PEFT = {
    (None, "full"): "PEFT has no such adapter; the merged checkpoint is compared",
    ("opt-350m", "prompt"): "PEFT takes the blocks' width for the embeddings'",
    ("opt-350m", "p-tuning-mlp"): "PEFT takes the blocks' width for the embeddings'",
    ("opt-350m", "p-tuning-lstm"): "PEFT takes the blocks' width for the embeddings'",
}


def model_of(directory):
    model, report = AutoModelForCausalLM.from_pretrained(
        directory, torch_dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    wrong = [f"{kind} {report[kind]}" for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") if report[kind]]
    if wrong:
        raise ValueError("; ".join(wrong))
    return model.eval()


def adapted(base, directory):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(model_of(base), str(directory)).eval()
    missing = [str(w.message) for w in said if "missing adapter keys" in str(w.message)]
    if missing:
        raise ValueError("; ".join(missing)[:300])
    return model


def logits(model, tokens):
    with torch.no_grad():
        return model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits.float()[0][-tokens.size(1):]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    compared, skipped, missed = 0, 0, []
    for recorded in sorted(folder.glob("*/*/logits.safetensors")):
        kind = recorded.parent
        family, name = kind.parent.name, kind.name
        ours = load_file(str(recorded))
        tokens = ours["tokens"].long().unsqueeze(0)
        for way in ("adapter", "merged"):
            reason = NOT_IN_PEFT.get((family, name)) or NOT_IN_PEFT.get((None, name))
            if way == "adapter" and reason:
                print(f"SKIP {family} {name} {way}: {reason}")
                skipped += 1
                continue
            if not (kind / way).is_dir():
                continue
            try:
                model = adapted(kind.parent / "base", kind / way) if way == "adapter" else model_of(kind / way)
                difference = (logits(model, tokens) - ours["logits"]).abs().max().item()
                result = f"{difference:.1e}"
            except Exception as e:  # whatever PEFT says, the other comparisons go on
                difference, result = float("inf"), f"{type(e).__name__}: {e}"
            compared += 1
            if not difference <= TOLERANCE:
                missed.append(f"{family} {name} {way}")
            print(f"{'OK' if difference <= TOLERANCE else 'MISS'} {family} {name} {way} {result}")
    print(f"{compared} compared, {len(missed)} missed, {skipped} that PEFT cannot load")
    sys.exit(1 if missed or not compared else 0)


if __name__ == "__main__":
    main()
