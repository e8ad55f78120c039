#!/usr/bin/env python3
"""Makes a corpus in CodeSearchNet's layout and of its size, with functions that no program ever had, to time preparation on.

    make_codesearchnet.py FOLDER [--share 1.0] [--seed 17] [--processes 2]

Writes FOLDER/LANGUAGE/final/jsonl/train/LANGUAGE_train_N.jsonl.gz: six languages with the published numbers of functions and files,
1,880,853 records, about 2 GB before compression; --share takes that part of each file. The same seed gives the same records. Python 3.9 or
later, standard library only.
"""
import argparse
import gzip
import hashlib
import json
import multiprocessing
import pathlib
import random

# language: functions, files (train, as published)
SIZES = {"go": (317832, 11), "java": (454451, 16), "javascript": (123889, 5), "php": (523712, 18), "python": (412178, 14),
         "ruby": (48791, 2)}
WORDS = ("return value list index name node tree map file path key count size parse read write open close buffer string number token "
         "user request response error check create update delete find first last next item element field type class method query "
         "result cache load store sort merge split join filter group batch start stop begin end line text data state config option "
         "default current previous total average minimum maximum").split()


def function(language, number, draw):
    words = draw.choices(WORDS, k=60)
    name = "_".join(words[:3])
    documentation = " ".join(words[3:3 + 6 + number % 17]).capitalize() + "."
    body = "\n".join(f"    {words[i]}_{i} = {words[i + 1]}({words[i + 2]}, {number % (i + 7)})" for i in range(20, 20 + 2 + number % 4))
    code = f"function {name}({words[7]}, {words[8]}) {{\n{body}\n    return {words[9]}\n}}"
    sha = hashlib.sha1(f"{language}{number}".encode()).hexdigest()
    return {"repo": f"{words[10]}/{words[11]}-{number % 5000}", "path": f"src/{words[12]}/{words[13]}.x", "func_name": name,
            "original_string": code, "language": language, "code": code, "code_tokens": code.split()[:20], "docstring": documentation,
            "docstring_tokens": documentation.split(), "sha": sha, "url": f"https://example.org/{sha}", "partition": "train"}


def write(job):
    folder, language, shard, first, last, seed = job
    place = pathlib.Path(folder) / language / "final/jsonl/train" / f"{language}_train_{shard}.jsonl.gz"
    place.parent.mkdir(parents=True, exist_ok=True)
    draw = random.Random(f"{seed} {language} {shard}")
    with gzip.GzipFile(place, "wb", compresslevel=4, mtime=0) as out:
        for number in range(first, last):
            out.write(json.dumps(function(language, number, draw)).encode() + b"\n")
    return last - first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    jobs = []
    for language, (functions, files) in SIZES.items():
        for shard in range(files):
            first, after = functions * shard // files, functions * (shard + 1) // files
            jobs.append((args.folder, language, shard, first, first + round((after - first) * args.share), args.seed))
    with multiprocessing.Pool(args.processes) as pool:
        print(f"{sum(pool.imap_unordered(write, jobs)):,} records in {args.folder}")


if __name__ == "__main__":
    main()
