#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the quickstart's tokenizer: byte-level BPE, in which every number below 100 is one token.

    python3 -m venv .venv && .venv/bin/pip install tokenizers==0.21.4
    .venv/bin/python quickstart/make_tokenizer.py

Learns from the pre-training corpus and data/train.jsonl, which make_corpora.py writes, in the
prompt template they are trained in. Any text can be encoded (the 256 bytes are tokens). Writes
tokenizer.json, tokenizer_config.json and special_tokens_map.json into pretrain/; the same versions
give the same bytes.
"""

import gzip
import json
import sys
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TOKENIZERS = "0.21.4"
VOCABULARY = 1024
LONGEST_TEXT = 512  # tokens; max_position_embeddings of config.json
END_OF_TEXT = "<|endoftext|>"
PADDING = "<|pad|>"

HERE = Path(__file__).resolve().parent
ALPACA = "Below is an instruction that describes a task{}. Write a response that appropriately completes the request.\n\n### Instruction:\n{}\n\n"
WITH_INPUT = ", paired with an input that provides further context"


def texts():
    yield ALPACA.format(WITH_INPUT, "") + "### Input:"
    yield from ["\n".join(map(str, range(100)))] * 3  # each of them becomes one token
    with gzip.open(HERE / "pretrain/corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            yield ALPACA.format("", record["instruction"])
            yield "### Response:" + record["output"]
    with open(HERE / "data/train.jsonl", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            yield ALPACA.format("", record["question"])
            yield "### Response:" + record["answer"].replace("####", "The answer is")


def main():
    if tokenizers.__version__ != TOKENIZERS:
        sys.exit(f"tokenizers {tokenizers.__version__} is installed; for the same bytes take {TOKENIZERS}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts(),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END_OF_TEXT, PADDING],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    target = HERE / "pretrain"
    tokenizer.save(str(target / "tokenizer.json"))
    special = {"eos_token": END_OF_TEXT, "pad_token": PADDING}
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    write(target / "special_tokens_map.json", special)
    write(
        target / "tokenizer_config.json",
        {
            "added_tokens_decoder": {
                str(tokenizer.token_to_id(token)): {"content": token, **flags} for token in (END_OF_TEXT, PADDING)
            },
            "clean_up_tokenization_spaces": False,
            **special,
            "model_input_names": ["input_ids", "attention_mask"],
            "model_max_length": LONGEST_TEXT,
            "tokenizer_class": "PreTrainedTokenizerFast",
        },
    )
    print(f"{tokenizer.get_vocab_size()} tokens")


def write(file, content):
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
