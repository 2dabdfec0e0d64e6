"""Compares lookalike with other libraries and prints a table. `make bench` and `make bench-quick` run this."""

import argparse
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .machine import REPOSITORY, head, warn_if_busy
from .problem import Problem


@dataclass
class Plan:
    """Sizes and repetitions of a run."""

    quick: bool
    # Number of photos: more are better, but drawing them takes too long.
    pictures: int = 100_000
    drawn_pictures: int = 3000
    vectors: int = 100_000
    queries: int = 1000
    network_rounds: int = 40
    picture_rounds: int = 20
    large_rounds: int = 20
    pictures_at_once: int = 100
    at_once_rounds: int = 7
    annoy_trees: tuple = (50, 100, 200)
    build_rounds: int = 3
    query_rounds: int = 20
    load_rounds: int = 10
    start_rounds: int = 20
    load_test_rounds: int = 4
    load_test_seconds: float = 5.0

    @classmethod
    def quickly(cls):
        return cls(
            quick=True,
            pictures=1000,
            drawn_pictures=1000,
            vectors=20_000,
            queries=300,
            network_rounds=10,
            picture_rounds=4,
            large_rounds=4,
            pictures_at_once=60,
            at_once_rounds=3,
            annoy_trees=(50,),
            build_rounds=2,
            query_rounds=8,
            load_rounds=5,
            start_rounds=10,
            load_test_rounds=2,
            load_test_seconds=1.5,
        )


def main():
    parser = argparse.ArgumentParser(prog="comparison", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer vectors and repetitions, under 3 minutes")
    parser.add_argument("--only", choices=["encoder", "index"], help="leave out all other rows")
    arguments = parser.parse_args()
    try:
        measure(Plan.quickly() if arguments.quick else Plan(quick=False), arguments.only)
    except Problem as problem:
        sys.exit(f"error: {problem}")


def measure(plan, only):
    work, programs, logs = places()
    program = programs / "comparison"
    check(program)
    warn_if_busy()

    # Modules that need a baseline are imported late, so that a missing one is reported with advice.
    try:
        from . import rows_encoder, rows_start
        from .child import Child
        from .inputs import Inputs
        from .pictures import Pictures
        from .rows_filter import FilterRows
        from .rows_index import IndexRows
        from .rows_service import ServiceRows
        from .table import as_json, markdown
    except ImportError as error:
        raise Problem(f"{error}: run `make bench`, which installs benches/requirements.txt") from error

    rows = []
    with Child([program, "worker"], logs, "lookalike", threads=2) as ours:
        pictures = Pictures(work, programs / "lookalike", plan.pictures, plan.drawn_pictures)
        inputs = Inputs(work, ours, pictures, plan.vectors, plan.queries)
        described = head(inputs, plan.quick)
        if only != "index":
            rows += told("encoder", lambda: rows_encoder.rows(inputs, ours, logs, plan))
        if only != "encoder":
            indexes = IndexRows(inputs, ours, logs, work, plan)
            rows += told("index", lambda: indexes.rows())
            rows += told("filter", lambda: FilterRows(inputs, indexes, ours, plan).rows())
            if indexes.left_out:
                described["left out"] = "; ".join(indexes.left_out)
    if not only:
        rows += told("start", lambda: rows_start.rows(inputs, indexes, program, logs, plan))
        rows += told("service", lambda: ServiceRows(inputs, indexes, program, logs, plan).rows())
    # A partial run must not replace the results of a complete one.
    results = work / (f"results-{only}" if only else "results")
    results.with_suffix(".json").write_text(as_json(rows, described))
    results.with_suffix(".md").write_text(markdown(rows, described))
    print(markdown(rows, described))
    print(f"written to {results}.md and {results}.json", file=sys.stderr)


def places():
    """Paths of inputs, results and programs, and of the programs' logs."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve()
    work = target / "bench"
    logs = work / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return work, target / "release", logs


def check(program):
    if not program.exists():
        raise Problem(f"{program} is missing: build it with `cargo build --release --bin comparison`")
    if not shutil.which("taskset"):
        raise Problem("taskset is missing: install util-linux")
    if len(os.sched_getaffinity(0)) < 2:
        raise Problem("this process may use one core only: comparing on two takes two")


def told(what, make):
    """Returns the rows as a list; prints each one as it is measured, and the total time."""
    begun, rows = time.monotonic(), []
    for row in make():
        rows.append(row)
        print(f"  {row.what}: {row.ratio:.3f} of {row.baseline}", file=sys.stderr)
    print(f"{what}: {len(rows)} rows in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
