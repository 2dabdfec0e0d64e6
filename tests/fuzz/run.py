"""Builds the fuzz targets with instrumentation and runs them, two at a time, from corpora of small files.

    python tests/fuzz/run.py [--seconds 600] [--seed 1] [TARGET ...]

Every input in regressions/<target> is run first, dictionaries/<target>.dict has the words of a format.

Exits with 1 when an input breaks what src/lib.rs asks; the input is kept in target/fuzz/findings. Needs a C++ compiler
for libFuzzer; without one it says so and exits with 0, or with 1 where LOOKALIKE_FUZZ is `required`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from samples import write_samples

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "target" / "fuzz"
IMAGES = ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "embed"]
# The seconds that each target runs by default: texts and small files show most of what they have soon.
SECONDS = dict.fromkeys([*IMAGES, "table"], 60) | dict.fromkeys(
    ["segment", "body", "manifest", "cursor", "filter", "events"], 10
)
# Files of the tests that targets start from.
GOLDEN = [ROOT / "crates" / "encoder" / "tests", ROOT / "crates" / "index" / "tests" / "assets", ROOT / "infra" / "events"]
ENDINGS = {
    "table": [".csv", ".xml"],
    "jpeg": [".jpg", ".jpeg"],
    "tiff": [".tif", ".tiff"],
    "segment": [".seg"],
    "manifest": [".manifest", ".json"],
    "events": [".json"],
}
# The folder of the targets that share an ending.
FOLDERS = {"manifest": "assets", "events": "events"}
AT_ONCE = 2
# Larger ones take long and show little more. A graph that is walked has 650 nodes.
MAX_BYTES = dict.fromkeys(SECONDS, 40_000) | {"segment": 80_000}
# Coverage that libFuzzer reads, as cargo-fuzz has it.
INSTRUMENTED = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=16",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=list(SECONDS), metavar="TARGET", help=", ".join(SECONDS))
    parser.add_argument("--seconds", type=int, help="how long each target runs; images 60, stored formats 10 by default")
    parser.add_argument("--seed", type=int, default=1, help="where libFuzzer's randomness starts")
    arguments = parser.parse_args()
    if not any(map(shutil.which, ["c++", "g++", "clang++"])):
        print("fuzzing is skipped: libFuzzer needs a C++ compiler (Debian: apt-get install g++)")
        return os.environ.get("LOOKALIKE_FUZZ") == "required"
    programs = build()
    samples = WORK / "samples"
    write_samples(samples)
    write_segments(programs / "segment", samples)

    def run(target):
        return fuzz(target, programs / target, samples, arguments)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, arguments.targets))
    return 0 if all(results) else 1


def build():
    """The folder of the instrumented programs."""
    host = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    host = re.search(r"host: (\S+)", host)[1]
    # With a target named, what runs while building is not instrumented.
    command = ["cargo", "build", "--bins", "--target", host, "--target-dir", WORK / "build"]
    flags = {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(INSTRUMENTED)}
    subprocess.run(command, check=True, cwd=HERE, env=os.environ | flags)
    return WORK / "build" / host / "debug"


def write_segments(program, folder):
    """Writes segments to start from."""
    subprocess.run([program], check=True, env=os.environ | {"LOOKALIKE_FUZZ_SEEDS": str(folder)}, stderr=subprocess.DEVNULL)


def corpus_of(target, samples):
    """A folder with the files that a target starts from, and with what it found before."""
    corpus = WORK / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for folder in [*GOLDEN, samples]:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and is_wanted(target, path) and path.stat().st_size <= MAX_BYTES[target]:
                shutil.copyfile(path, corpus / f"{folder.name}-{path.name}")
    for path in sorted((HERE / "regressions" / target).glob("*")):
        shutil.copyfile(path, corpus / f"regression-{path.name}")
    return corpus


def is_wanted(target, path):
    """True if a target starts from this file."""
    if target == "embed":
        return path.suffix.lstrip(".") in ["jpg", "tif", *IMAGES]
    if path.suffix == ".json":
        return path.suffix in ENDINGS.get(target, []) and path.parent.name == FOLDERS[target]
    return path.suffix in ENDINGS.get(target, [f".{target}"])


def fuzz(target, program, samples, arguments):
    """Whether no input broke anything; prints what was run."""
    findings = WORK / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    seconds = arguments.seconds or SECONDS[target]
    command = [
        program,
        corpus_of(target, samples),
        f"-seed={arguments.seed}",
        f"-max_total_time={seconds}",
        f"-max_len={MAX_BYTES[target]}",
        f"-artifact_prefix={findings}/{target}-",
        # Of a hang. What work may take is checked in processor time, whatever else the machine does.
        "-timeout=300",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    words = HERE / "dictionaries" / f"{target}.dict"
    if words.exists():
        command.append(f"-dict={words}")
    log = WORK / f"{target}.log"
    with log.open("w") as output:
        ended = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    coverage = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", text)
    runs = re.findall(r"stat::number_of_executed_units: (\d+)", text)
    covered = "{} edges, {} features, corpus of {}".format(*coverage[-1]) if coverage else "nothing covered"
    print(f"{target}: {runs[-1] if runs else '?'} runs in {seconds} s, {covered}", flush=True)
    if ended.returncode:
        print("\n".join(text.splitlines()[-40:]))
        print(f"{target}: FAILED, see {log.relative_to(ROOT)}", flush=True)
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
