#!/usr/bin/env python3
"""Puts one deliberate bug after another into the code and expects the exploration of schedules to find each.

Each bug replaces a text that occurs once in a file. The file is restored afterwards, whatever happens. For every bug
the table shows how many schedules were explored until it was found, and the seed that repeats it.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bugs import BUGS

ROOT = Path(__file__).resolve().parents[2]
TEST = ["cargo", "test", "--workspace", "--test", "use_cases"]
SEED = re.compile(r"LOOKALIKE_SEED=(\d+)")
REASON = re.compile(r"panicked at [^\n]*\n([^\n]*)")


@dataclass(frozen=True)
class Found:
    """What the exploration said of a bug."""

    seed: str
    reason: str
    seconds: float


def build():
    """Builds the tests; a bug that does not compile is a mistake here."""
    subprocess.run([*TEST, "--no-run"], cwd=ROOT, check=True, capture_output=True)


def explore(schedules):
    """Runs the exploration; returns the first failure, or nothing."""
    begun = time.monotonic()
    done = subprocess.run(
        [*TEST, "every_schedule"],
        cwd=ROOT,
        env=os.environ | {"LOOKALIKE_SCHEDULES": str(schedules), "RUST_BACKTRACE": "0"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode == 0:
        return None
    output = done.stdout + done.stderr
    seed, reason = SEED.search(output), REASON.search(output)
    if not seed:
        raise SystemExit(f"the tests fail without a seed:\n{output[-3000:]}")
    return Found(seed[1], reason[1] if reason else "", time.monotonic() - begun)


def try_bug(bug, schedules):
    """Explores with a bug in place."""
    path = ROOT / bug.file
    before = path.read_text(encoding="utf-8")
    if before.count(bug.text) != 1:
        raise SystemExit(f"{bug.file} must contain this text once, for {bug.name!r}:\n{bug.text}")
    try:
        path.write_text(before.replace(bug.text, bug.instead), encoding="utf-8")
        build()
        return explore(schedules)
    finally:
        path.write_text(before, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=12_000, help="explored at most for each bug (default: %(default)s)")
    parser.add_argument("names", nargs="*", help="only bugs whose names contain one of these texts")
    arguments = parser.parse_args()
    chosen = [bug for bug in BUGS if not arguments.names or any(name in bug.name for name in arguments.names)]
    missed = 0
    for bug in chosen:
        found = try_bug(bug, arguments.schedules)
        if found:
            print(f"found   {bug.name}: seed {found.seed}, {found.seconds:.0f} s: {found.reason}", flush=True)
        else:
            missed += 1
            print(f"MISSED  {bug.name}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} bugs were found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
