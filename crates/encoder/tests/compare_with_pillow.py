"""Compares the encoder with Pillow + onnxruntime on images of your own.

    cargo build -p lookalike-encoder --example embed
    python crates/encoder/tests/compare_with_pillow.py target/debug/examples/embed FOLDER_OR_PICTURE...

Prints one JSON object and fails when a cosine is under --least. Needs golden/requirements.txt.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from pillow_reference import Reference

ENDINGS = {".gif", ".jpeg", ".jpg", ".png", ".webp"}


def pictures(arguments, limit):
    """Returns every image named or below a named folder, in a fixed order, evenly reduced to the limit."""
    found = []
    for argument in map(Path, arguments):
        inside = sorted(argument.rglob("*")) if argument.is_dir() else [argument]
        found += [path for path in inside if path.suffix.lower() in ENDINGS]
    if limit and len(found) > limit:
        found = [found[index * len(found) // limit] for index in range(limit)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the built example `embed`, or another with its output")
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--least", type=float, default=0.999, help="least cosine that passes")
    parser.add_argument("--limit", type=int, default=0, help="compare at most this many")
    arguments = parser.parse_args()

    paths = pictures(arguments.pictures, arguments.limit)
    if not paths:
        sys.exit("no image found")
    reference = Reference()
    cosines = {}
    for start in range(0, len(paths), 100):
        names = [str(path) for path in paths[start : start + 100]]
        output = subprocess.run(
            [arguments.program, "--no-trim", *names], check=True, stdout=subprocess.PIPE
        ).stdout
        for name, line in zip(names, output.splitlines(), strict=True):
            found = json.loads(line)
            if "error" in found:
                sys.exit(f"{name}: {found['reason']}")
            cosines[name] = float(np.dot(reference.embedding(name), found["embedding"]))
    worst = min(cosines, key=cosines.get)
    values = list(cosines.values())
    print(
        json.dumps(
            {
                "pictures": len(values),
                "least": cosines[worst],
                "worst": worst,
                "mean": float(np.mean(values)),
            }
        )
    )
    if cosines[worst] < arguments.least:
        sys.exit(1)


if __name__ == "__main__":
    main()
