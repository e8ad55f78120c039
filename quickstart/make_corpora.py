#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the two synthetic corpora of the quickstart; Python 3.9 or later, nothing to install.

    python3 quickstart/make_corpora.py            # both, beside this file
    python3 quickstart/make_corpora.py --check    # compares what lies there, writes nothing

pretrain/corpus.jsonl.gz  instruction records that give the model its language and its arithmetic:
                          sums, products, halves, stories of one step, facts to look up, paraphrases
data/train.jsonl          word problems in the layout of GSM8K (question, answer with calculator
data/test.jsonl           notes <<a+b=c>>, last line #### c); what the quickstart fine-tunes on

Every word is made by this file from the lists and patterns below, with a fixed seed: no text of
anybody else is in it. The two corpora share names, things and number range, as a language model's
pre-training shares its language with a task; they share no record, and the first one holds no
problem of two steps and no answer that reasons in steps. No test question is in train.jsonl, and
no test question differs from one there by names and things alone.
"""

import argparse
import gzip
import hashlib
import json
import random
import re
import sys
from pathlib import Path

SEED = 20
PRETRAIN_RECORDS = 30000
TRAIN_PROBLEMS = 1200
TEST_PROBLEMS = 200
LARGEST = 20  # no number in either corpus is above it

HERE = Path(__file__).resolve().parent

GIRLS = "Anna Emma Eva Lily Maria Mia Nora Sara".split()
BOYS = "Adam Ben Carl Hugo Leo Max Paul Tom".split()
# singular, plural
THINGS = [
    tuple(words.split("/"))
    for words in (
        "apple/apples pear/pears plum/plums egg/eggs cookie/cookies nut/nuts pen/pens book/books"
        " card/cards stamp/stamps coin/coins shell/shells ball/balls kite/kites button/buttons rose/roses"
    ).split()
]
HOLDERS = [tuple(w.split("/")) for w in "box/boxes bag/bags basket/baskets jar/jars".split()]
PRICED = [tuple(w.split("/")) for w in "pen/pens book/books kite/kites ball/balls card/cards cookie/cookies".split()]
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


class Cast:
    """The words of one record: two people, a thing, something that holds things."""

    def __init__(self, rng):
        people = [(n, "she", "her") for n in GIRLS] + [(n, "he", "his") for n in BOYS]
        (self.a, self.he, self.his), (self.b, self.he_b, self.his_b) = rng.sample(people, 2)
        self.c = rng.choice([n for n, _, _ in people if n not in (self.a, self.b)])
        (self.one, self.things), (self.other_one, self.others) = rng.sample(THINGS, 2)
        self.holder, self.holders = rng.choice(HOLDERS)
        self.priced, self.priced_many = rng.choice(PRICED)
        self.day = rng.choice(DAYS)
        self.He = self.he.capitalize()
        self.He_b = self.he_b.capitalize()


def sum_pair(rng, largest=LARGEST):
    """Two numbers of at least 2 whose sum is at most largest; all such pairs are equally likely."""
    while True:
        x, y = rng.randint(2, largest - 2), rng.randint(2, largest - 2)
        if x + y <= largest:
            return x, y


def difference_pair(rng, largest=LARGEST):
    """A number and a smaller one to take away; at least 2 are left."""
    y, rest = sum_pair(rng, largest)
    return y + rest, y


def product_pair(rng):
    """Two numbers of at least 2 whose product is below the largest."""
    while True:
        x, y = rng.randint(2, LARGEST // 2), rng.randint(2, LARGEST // 2)
        if x * y < LARGEST:
            return x, y


def note(left, kind, right, result, money=""):
    """A calculation in GSM8K's way of writing."""
    return f"{left}{kind}{right}={money}<<{left}{kind}{right}={result}>>{result}"


# ---- pre-training: each maker gives (category, instruction, output)


def arithmetic(rng):
    kind = rng.choice("++--*")
    x, y = {"+": sum_pair, "-": difference_pair, "*": product_pair}[kind](rng)
    result = {"+": x + y, "-": x - y, "*": x * y}[kind]
    words = {"+": "plus", "-": "minus", "*": "times"}[kind]
    return "arithmetic", *rng.choice(
        [
            (f"What is {x}{kind}{y}?", f"{result}"),
            (f"What is {x} {words} {y}?", f"{result}"),
            (f"Compute {x}{kind}{y}.", f"{x}{kind}{y}={result}"),
            (f"Compute {x} {words} {y}.", f"{x}{kind}{y}={result}"),
        ]
    )


def notes(rng):
    kind = rng.choice("+++---**/")
    if kind == "/":
        y, result = 2, rng.randint(2, LARGEST // 2)
        x = y * result
    else:
        x, y = {"+": sum_pair, "-": difference_pair, "*": product_pair}[kind](rng)
        result = {"+": x + y, "-": x - y, "*": x * y}[kind]
    asked = rng.choice(["Work out {} with a calculator note.", "Write a calculator note for {}.", "Calculator note: {}"])
    return "notes", asked.format(f"{x}{kind}{y}"), note(x, kind, y, result)


def halves(rng):
    x = rng.randint(1, LARGEST // 2)
    asked, answer = rng.choice(
        [
            (f"What is twice {x}?", 2 * x),
            (f"Double the number {x}.", 2 * x),
            (f"What is half of {2 * x}?", x),
            (f"Halve the number {2 * x}.", x),
        ]
    )
    return "halves", asked, str(answer)


def lookup(rng):
    c, x, y, z = Cast(rng), *(rng.randint(2, LARGEST) for _ in range(3))
    story, questions = rng.choice(
        [
            (
                f"{c.a} has {x} {c.things} and {y} {c.others}. {c.b} has {z} {c.things}.",
                [
                    (f"How many {c.things} does {c.a} have?", f"{c.a} has {x} {c.things}."),
                    (f"How many {c.others} does {c.a} have?", f"{c.a} has {y} {c.others}."),
                    (f"How many {c.things} does {c.b} have?", f"{c.b} has {z} {c.things}."),
                    (f"Who has {c.others}?", c.a),
                ],
            ),
            (
                f"There are {x} {c.holders} with {y} {c.things} in each {c.holder}. {c.a} takes {z} {c.things}.",
                [
                    (f"How many {c.holders} are there?", f"There are {x} {c.holders}."),
                    (f"How many {c.things} are in each {c.holder}?", f"There are {y} {c.things} in each {c.holder}."),
                    (f"How many {c.things} does {c.a} take?", f"{c.a} takes {z} {c.things}."),
                    (f"What is in the {c.holders}?", c.things),
                ],
            ),
            (
                f"A {c.priced} costs ${x}. {c.a} buys {y} {c.priced_many} on {c.day}.",
                [
                    (f"How much does a {c.priced} cost?", f"A {c.priced} costs ${x}."),
                    (f"How many {c.priced_many} does {c.a} buy?", f"{c.a} buys {y} {c.priced_many}."),
                    (f"When does {c.a} buy them?", c.day),
                    (f"Who buys {c.priced_many}?", c.a),
                ],
            ),
            (
                f"{c.a} reads {x} pages a day. {c.b} reads {y} pages on {c.day}.",
                [
                    (f"How many pages does {c.a} read a day?", f"{c.a} reads {x} pages a day."),
                    (f"How many pages does {c.b} read on {c.day}?", f"{c.b} reads {y} pages on {c.day}."),
                    (f"Who reads on {c.day}?", c.b),
                ],
            ),
        ]
    )
    asked, answer = rng.choice(questions)
    return "lookup", f"{story} {asked}", answer


def story(rng):
    """One step, answered at once or, if asked so, with the calculation written down."""
    c = Cast(rng)
    kind = rng.choice("more more less less less each twice half together pay".split())
    if kind == "more":
        x, y = sum_pair(rng)
        verb = rng.choice(["buys", "finds", "gets", "picks"])
        text = f"{c.a} has {x} {c.things}. {c.He} {verb} {y} more {c.things}."
        asked, answer = f"How many {c.things} does {c.a} have now?", f"{c.a} has {{}} {c.things} now."
        step = (x, "+", y, x + y)
    elif kind == "less":
        x, y = difference_pair(rng)
        verb = rng.choice(["loses", "sells", f"gives {c.b}", "uses"])
        text = f"{c.a} has {x} {c.things}. {c.He} {verb} {y} {c.things}."
        asked, answer = f"How many {c.things} does {c.a} have left?", f"{c.a} has {{}} {c.things} left."
        step = (x, "-", y, x - y)
    elif kind == "each":
        x, y = product_pair(rng)
        text = f"There are {x} {c.holders} with {y} {c.things} in each {c.holder}."
        asked, answer = f"How many {c.things} are there?", f"There are {{}} {c.things}."
        step = (x, "*", y, x * y)
    elif kind == "twice":
        x = rng.randint(2, LARGEST // 2)
        text = f"{c.a} has {x} {c.things}. {c.b} has twice as many {c.things}."
        asked, answer = f"How many {c.things} does {c.b} have?", f"{c.b} has {{}} {c.things}."
        step = (x, "*", 2, 2 * x)
    elif kind == "half":
        x = rng.randint(2, LARGEST // 2)
        text = f"{c.a} has {2 * x} {c.things}. {c.b} has half as many {c.things}."
        asked, answer = f"How many {c.things} does {c.b} have?", f"{c.b} has {{}} {c.things}."
        step = (2 * x, "/", 2, x)
    elif kind == "together":
        x, y = sum_pair(rng)
        text = f"{c.a} has {x} {c.things} and {c.b} has {y} {c.things}."
        asked, answer = f"How many {c.things} do they have together?", f"They have {{}} {c.things} together."
        step = (x, "+", y, x + y)
    else:
        x, y = product_pair(rng)
        text = f"A {c.priced} costs ${x}. {c.a} buys {y} {c.priced_many}."
        asked, answer = f"How much does {c.a} pay?", f"{c.a} pays {{}} dollars."
        step = (x, "*", y, x * y)
    if rng.random() < 0.4:
        return "story", f"{text} {asked}", answer.format(step[3])
    return "shown", f"{text} {asked} Show the calculation.", answer.format(note(*step))


def paraphrase(rng):
    c, x, y = Cast(rng), rng.randint(2, LARGEST), rng.randint(2, LARGEST)
    first, second = rng.choice(
        [
            (f"{c.a} gives {x} {c.things} to {c.b}.", f"{c.b} gets {x} {c.things} from {c.a}."),
            (f"{c.a} has {x} {c.things} and {y} {c.others}.", f"{c.a} has {y} {c.others} and {x} {c.things}."),
            (f"There are {x} {c.things} in the {c.holder}.", f"The {c.holder} holds {x} {c.things}."),
            (f"{c.a} pays ${x} for the {c.things}.", f"The {c.things} cost {c.a} ${x}."),
            (f"{c.a} has {x} more {c.things} than {c.b}.", f"{c.b} has {x} fewer {c.things} than {c.a}."),
        ]
    )
    return "paraphrase", f"Say it in other words. {first}", second


def repeat(rng):
    """Short and long texts to be said again: how a model learns to look things up in its prompt."""
    parts = []
    for _ in range(rng.randint(2, 5)):
        c, x = Cast(rng), rng.randint(1, LARGEST)
        parts.append(rng.choice([c.a, f"{x}", f"{x}", f"{x} {c.things}", f"{c.a} has {x} {c.things}", f"{c.things}"]))
    text = ", ".join(parts)
    return "repeat", f"Repeat: {text}", text


def listing(rng):
    c, x = Cast(rng), rng.randint(1, LARGEST - 5)
    items = [f"{rng.randint(2, LARGEST)} {many}" for _, many in rng.sample(THINGS, 3)]
    return "list", *rng.choice(
        [
            (f"Count from {x} to {x + 5}.", " ".join(str(n) for n in range(x, x + 6))),
            (f"Name the things in the list: {', '.join(items)}", ", ".join(i.split()[1] for i in items)),
            (f"Name the numbers in the list: {', '.join(items)}", ", ".join(i.split()[0] for i in items)),
            (f"What is one of the {c.things} called?", f"a {c.one}" if c.one[0] not in "aeo" else f"an {c.one}"),
        ]
    )


PRETRAINING = [(arithmetic, 20), (notes, 20), (halves, 4), (lookup, 12), (story, 34), (paraphrase, 4), (repeat, 3), (listing, 3)]


def pretraining_corpus():
    rng = random.Random(f"{SEED}/pretrain")
    makers, weights = zip(*PRETRAINING)
    for _ in range(PRETRAIN_RECORDS):
        category, instruction, output = rng.choices(makers, weights)[0](rng)
        yield {"instruction": instruction, "input": "", "output": output, "category": category}


# ---- the task: each maker gives (question, lines of the answer, result)


def buy_and_give(rng, c):
    s, z = difference_pair(rng)
    x = rng.randint(2, s - 2)
    y = s - x
    question = rng.choice(
        [
            f"{c.a} has {x} {c.things}. {c.He} buys {y} more and gives {z} of them to {c.b}. How many {c.things} does {c.a} have left?",
            f"{c.a} had {x} {c.things} and got {y} more on {c.day}. Then {c.he} gave {z} {c.things} to {c.b}. How many {c.things} are left?",
        ]
    )
    return question, [
        f"{c.a} has {note(x, '+', y, s)} {c.things} at first.",
        f"Then {c.he} has {note(s, '-', z, s - z)} {c.things} left.",
    ], s - z


def lose_and_find(rng, c):
    x, y = difference_pair(rng)
    z = rng.randint(2, LARGEST - (x - y))
    question = rng.choice(
        [
            f"{c.a} has {x} {c.things}. {c.He} loses {y} of them and finds {z} others. How many {c.things} does {c.a} have now?",
            f"There were {x} {c.things} in a {c.holder}. {c.a} took out {y} and {c.b} put in {z}. How many {c.things} are in the {c.holder} now?",
        ]
    )
    return question, [
        f"There are {note(x, '-', y, x - y)} {c.things} at first.",
        f"Then there are {note(x - y, '+', z, x - y + z)} {c.things}.",
    ], x - y + z


def holders_and_some(rng, c):
    x, y = product_pair(rng)
    z = rng.randint(2, LARGEST - x * y)
    question = rng.choice(
        [
            f"{c.a} has {x} {c.holders} with {y} {c.things} each and {z} {c.things} on the table. How many {c.things} does {c.a} have?",
            f"{c.a} fills {x} {c.holders}. There are {y} {c.things} in each {c.holder}. {c.b} brings {z} more. How many {c.things} are there in all?",
        ]
    )
    return question, [
        f"The {c.holders} hold {note(x, '*', y, x * y)} {c.things}.",
        f"In all there are {note(x * y, '+', z, x * y + z)} {c.things}.",
    ], x * y + z


def holders_less_some(rng, c):
    x, y = product_pair(rng)
    z = rng.randint(2, x * y - 2)
    verb, done = rng.choice([("sells", "sold"), ("uses", "used"), ("loses", "lost")])
    question = rng.choice(
        [
            f"{c.a} has {x} {c.holders} of {y} {c.things} each. {c.He} {verb} {z} {c.things}. How many {c.things} are left?",
            f"There were {x} {c.holders} with {y} {c.things} in each. On {c.day} {c.a} {done} {z} {c.things}. How many are left?",
        ]
    )
    return question, [
        f"The {c.holders} hold {note(x, '*', y, x * y)} {c.things}.",
        f"There are {note(x * y, '-', z, x * y - z)} {c.things} left.",
    ], x * y - z


def twice_together(rng, c):
    x = rng.randint(2, LARGEST // 3)
    question = rng.choice(
        [
            f"{c.a} has {x} {c.things}. {c.b} has twice as many. How many {c.things} do they have together?",
            f"{c.a} found {x} {c.things} and {c.b} found twice as many {c.things} as {c.a}. How many {c.things} did they find in all?",
        ]
    )
    return question, [
        f"{c.b} has {note(x, '*', 2, 2 * x)} {c.things}.",
        f"Together they have {note(x, '+', 2 * x, 3 * x)} {c.things}.",
    ], 3 * x


def more_together(rng, c):
    x = rng.randint(2, LARGEST // 2 - 2)
    y = rng.randint(2, LARGEST - 2 * x)
    question = rng.choice(
        [
            f"{c.a} has {x} {c.things}. {c.b} has {y} more than {c.a}. How many {c.things} do they have together?",
            f"{c.a} picked {x} {c.things}. {c.b} picked {y} more {c.things} than {c.a}. How many {c.things} did they pick in all?",
        ]
    )
    return question, [
        f"{c.b} has {note(x, '+', y, x + y)} {c.things}.",
        f"Together they have {note(x, '+', x + y, 2 * x + y)} {c.things}.",
    ], 2 * x + y


def half_and_more(rng, c):
    x = rng.randint(2, LARGEST // 2)
    y = rng.randint(2, LARGEST - x)
    question = rng.choice(
        [
            f"{c.a} has {2 * x} {c.things} and gives half of them to {c.b}. Then {c.he} buys {y} more. How many {c.things} does {c.a} have now?",
            f"{c.a} had {2 * x} {c.things} and sold half of them on {c.day}. {c.b} then gave {c.a} {y} {c.things}. How many {c.things} does {c.a} have now?",
        ]
    )
    return question, [
        f"{c.a} keeps {note(2 * x, '/', 2, x)} {c.things}.",
        f"Then {c.he} has {note(x, '+', y, x + y)} {c.things}.",
    ], x + y


def change(rng, c):
    x, y = product_pair(rng)
    z = rng.randint(x * y + 2, LARGEST)
    question = rng.choice(
        [
            f"A {c.priced} costs ${x}. {c.a} buys {y} {c.priced_many} and had ${z} before. How many dollars does {c.he} have left?",
            f"{c.a} has ${z} and buys {y} {c.priced_many} for ${x} each. How many dollars are left?",
        ]
    )
    return question, [
        f"The {c.priced_many} cost {note(x, '*', y, x * y, '$')}.",
        f"{c.a} has {note(z, '-', x * y, z - x * y, '$')} left.",
    ], z - x * y


def pages(rng, c):
    x, y = product_pair(rng)
    if rng.random() < 0.5:
        question = f"{c.a} reads {x} pages a day for {y} days. How many pages does {c.he} read?"
        return question, [f"{c.a} reads {note(x, '*', y, x * y)} pages."], x * y
    z = rng.randint(x * y + 2, LARGEST)
    question = f"{c.a} has a book of {z} pages and reads {x} pages a day. How many pages are left after {y} days?"
    return question, [
        f"{c.a} reads {note(x, '*', y, x * y)} pages.",
        f"There are {note(z, '-', x * y, z - x * y)} pages left.",
    ], z - x * y


def three_people(rng, c):
    x, y = sum_pair(rng, LARGEST - 2)
    z = rng.randint(2, LARGEST - x - y)
    question = rng.choice(
        [
            f"{c.a} has {x} {c.things}, {c.b} has {y} and {c.c} has {z}. How many {c.things} do they have in all?",
            f"{c.a} brings {x} {c.things}, {c.b} brings {y} and {c.c} brings {z} {c.things}. How many {c.things} are there in all?",
        ]
    )
    return question, [
        f"{c.a} and {c.b} have {note(x, '+', y, x + y)} {c.things}.",
        f"In all there are {note(x + y, '+', z, x + y + z)} {c.things}.",
    ], x + y + z


def gift(rng, c):
    """One step, as some problems of GSM8K have."""
    if rng.random() < 0.5:
        x, y = sum_pair(rng)
        question = f"{c.a} has {x} {c.things} and {c.b} gives {c.a} {y} more. How many {c.things} does {c.a} have now?"
        return question, [f"{c.a} has {note(x, '+', y, x + y)} {c.things} now."], x + y
    x, y = difference_pair(rng)
    question = f"{c.a} had {x} {c.things} and gave {y} of them to {c.b}. How many {c.things} does {c.a} have left?"
    return question, [f"{c.a} has {note(x, '-', y, x - y)} {c.things} left."], x - y


PROBLEMS = [
    gift, gift, buy_and_give, lose_and_find, holders_and_some, holders_less_some, twice_together, more_together, half_and_more,
    change, pages, three_people,
]


def skeleton(question):
    """A question without its names and things: two of one skeleton are one problem."""
    words = {w for many in (THINGS, HOLDERS, PRICED) for pair in many for w in pair} | {*GIRLS, *BOYS, *DAYS}
    return re.sub(r"[A-Za-z]+", lambda m: "_" if m.group() in words or m.group().lower() in ("he", "she") else m.group(), question)


def for_the_test(skeleton_):
    """Whether a problem is one of the sixth that is kept for the test, however it is dressed up."""
    return hashlib.sha256(f"{SEED}/{skeleton_}".encode()).digest()[0] < 256 // 6


def problems():
    """Train and test; a skeleton is in one of them only, and once in the test."""
    rng = random.Random(f"{SEED}/problems")
    test, train, seen = [], [], set()
    while len(train) < TRAIN_PROBLEMS or len(test) < TEST_PROBLEMS:
        question, lines, result = rng.choice(PROBLEMS)(rng, Cast(rng))
        assert 0 < result <= LARGEST
        bare = skeleton(question)
        kept, size, key = (test, TEST_PROBLEMS, bare) if for_the_test(bare) else (train, TRAIN_PROBLEMS, question)
        if len(kept) < size and key not in seen:
            seen.add(key)
            kept.append({"question": question, "answer": "\n".join([*lines, f"#### {result}"])})
    return train, test


def unpacked(file):
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


def main():
    parser = argparse.ArgumentParser(description="Writes the synthetic corpora of the quickstart.")
    parser.add_argument("--check", action="store_true", help="compare with the files there, write nothing")
    check = parser.parse_args().check
    train, test = problems()
    stale = []
    for name, records in [
        ("pretrain/corpus.jsonl.gz", pretraining_corpus()),
        ("data/train.jsonl", train),
        ("data/test.jsonl", test),
    ]:
        content = "".join(json.dumps(record) + "\n" for record in records).encode()
        file = HERE / name
        if check:
            if not file.is_file() or unpacked(file) != content:
                stale.append(name)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    if stale:
        sys.exit(f"Not what this script makes: {', '.join(stale)}; run it without --check")


if __name__ == "__main__":
    main()
