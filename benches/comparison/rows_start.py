"""Rows about the start: time from nothing to the first answer, and its memory."""

import os

from .arithmetic import Samples, interleave
from .child import first_line, baseline
from .problem import Problem
from .table import Row

BASELINE = "Python + onnxruntime + hnswlib"


def rows(inputs, indexes, program, logs, plan):
    """Returns rows for two cores, as in the table, and for one, as in a small function: both sides on the same cores,
    with as many threads."""
    mine = sorted(os.sched_getaffinity(0))[:2]
    picture = inputs.pictures.small(1)[0]
    commands = {
        "ours": [program, "first-answer", indexes.graph, picture],
        "baseline": baseline("first_answer", indexes.hnswlib, inputs.ids_file, picture, indexes.ef),
    }
    size = f"{inputs.count:,}-row index"
    for cores, at_most in [(mine, (0.15, 0.5)), (mine[:1], (None, None))]:
        where = ", 1 core" if len(cores) == 1 else ""
        times, peaks = measure(commands, logs, plan.start_rounds, cores)
        yield Row(
            f"process start -> first answer, {size} from disk{where}", BASELINE, "ms",
            times["ours"], times["baseline"], at_most[0], note="files in the page cache",
        )
        yield Row(
            f"peak memory of the same{where}", BASELINE, "MB", peaks["ours"], peaks["baseline"], at_most[1]
        )


def measure(commands, logs, rounds, cores):
    """Returns samples of milliseconds and of megabytes, by side."""
    answers, peaks = {}, {name: Samples() for name in commands}

    def subject(name):
        def run():
            log = f"first-answer-{name}"
            seconds, answer, peak = first_line(commands[name], len(cores), logs, log, cores)
            answers[name] = answer["products"]
            peaks[name].add([peak / 1e6])
            return [1e3 * seconds]

        return run

    subjects = {name: subject(name) for name in commands}
    # One unmeasured run, so that the files of both are in the page cache.
    for run in subjects.values():
        run()
    for samples in peaks.values():
        samples.values.clear()
    times = interleave(subjects, rounds)
    both = [set(products) for products in answers.values()]
    if len(both[0] & both[1]) < 8:
        raise Problem(f"the first answers of both sides share too little: {answers}")
    return {name: Samples(values) for name, values in times.items()}, peaks
