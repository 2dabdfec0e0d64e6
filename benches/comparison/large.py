"""One base of a million vectors, without baselines, which would take hours: `make bench-large`."""

import argparse
import sys

from .__main__ import Plan, check, places
from .arithmetic import Samples
from .child import Child
from .inputs import K, Inputs
from .machine import warn_if_busy
from .pictures import Pictures
from .problem import Problem
from .rows_index import FLOOR, IndexRows

ROUNDS = 5


def main():
    parser = argparse.ArgumentParser(prog="comparison.large", description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    vectors = parser.parse_args().vectors
    try:
        measure(Plan(quick=False), vectors)
    except Problem as problem:
        sys.exit(f"error: {problem}")


def measure(plan, vectors):
    work, programs, logs = places()
    program = programs / "comparison"
    check(program)
    warn_if_busy()
    with Child([program, "worker"], logs, "lookalike", threads=2) as ours:
        pictures = Pictures(work, programs / "lookalike", plan.pictures, plan.drawn_pictures)
        inputs = Inputs(work, ours, pictures, vectors, plan.queries)
        index = IndexRows(inputs, ours, logs, work, plan)
        built = index.build_ours(True, index.graph)
        found = index.recall_of_ours(index.graph)
        opened = [ours.ask("open", folder=index.graph)["seconds"] for _ in range(ROUNDS)]
        queries = [ours.ask("search", queries=inputs.queries_file, k=K) for _ in range(ROUNDS)]
    taken = Samples([1e6 * done["seconds"] / done["queries"] for done in queries])
    graph = "a graph" if built["has_graph"] else "no graph"
    print(f"{index.size}: built with {graph} in {built['seconds']:.0f} s, {built['bytes'] / 1e6:,.0f} MB")
    print(f"opened in {1e3 * Samples(opened).median:.0f} ms; a query takes {taken.median:.0f} ({taken.best:.0f}) us")
    print(f"recall@{K} of {len(inputs.queries)} photos outside of the index: {found:.4f}")
    if found < FLOOR:
        raise Problem(f"that is below {FLOOR}")


if __name__ == "__main__":
    main()
