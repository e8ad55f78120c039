#!/usr/bin/env python3
"""Records ROUGE of the reference implementation: pip install rouge-score==0.1.2

    record_rouge.py CNN_DAILYMAIL.csv > ../resources/rouge/cnn_dailymail.json

For each row the first 60 words of `text` are a summary of `y`: F-measures of rouge1, rouge2 and rougeL with stemming.
"""
import csv
import json
import sys

from rouge_score import rouge_scorer

KINDS = ["rouge1", "rouge2", "rougeL"]
scorer = rouge_scorer.RougeScorer(KINDS, use_stemmer=True)
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
scores = [scorer.score(row["y"], " ".join(row["text"].split()[:60])) for row in rows]
print(json.dumps([[score[kind].fmeasure for kind in KINDS] for score in scores]))
