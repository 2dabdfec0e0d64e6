"""Runs a local system at 80 % of what it can do for a long time, and looks whether it stays as it is.

    python tests/soak/run.py [--minutes 60] [--load 0.8] [--seed 1]

Images come, change and go, prices change, an operator rebuilds the index, and shoppers search. At the end, memory must
not have grown, searches must not have become slower, nothing may have failed, and `lookalike index verify` must find
nothing. Exits with 1 otherwise. The images are those of LOOKALIKE_DATASET, or drawn.
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

# The command line, the catalog of images and so on are shared with the end-to-end tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from support.catalog import Catalog
from support.system import System

from figures import Run, Samples
from operations import MIX, Done, Operations

ANCHORS = 150
POOL = 200
# How often the throughput is measured, and for how long.
MEASUREMENTS, MEASURED = 3, 6.0
REBUILD_PAUSE = 20.0
SETTLED = 300.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60, help="how long the load lasts")
    parser.add_argument("--load", type=float, default=0.8, help="share of the throughput that is measured first")
    parser.add_argument("--seed", type=int, default=1, help="decides which operations there are")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookalike-soak-") as folder:
        folder = Path(folder)
        system = System(folder / "system", {"LOOKALIKE_FILTERABLE": "category,price"})
        try:
            return soak(system, folder, arguments)
        finally:
            system.dispose()


def soak(system, folder, arguments):
    """Returns the exit code."""
    catalog = Catalog.open(folder / "drawn")
    pictures = catalog.sample(ANCHORS + POOL, seed=arguments.seed)
    anchors = pictures[:ANCHORS]
    table = catalog.write_table(anchors, folder / "products.csv")
    system.start("--catalog", catalog.copy(anchors, folder / "pictures"), "--metadata", table)
    pool = [picture.bytes for picture in pictures[ANCHORS:]]
    operations = Operations(system, {picture.key: picture.bytes for picture in anchors}, pool, arguments.seed)
    throughput = measure(system, operations)
    pace = arguments.load * throughput
    print(f"{throughput:.1f} operations a second at most; {pace:.1f} for {arguments.minutes:g} minutes", flush=True)
    operations.done = Done()

    begin = time.monotonic()
    samples, rebuilds = Samples(system), Rebuilds(system)
    operations.run(arguments.minutes * 60, pace)
    end = time.monotonic()
    rebuilds.close()
    samples.close()
    caught_up = settle(system)

    run = Run(operations.done, samples, begin, end)
    wrong, figures = run.judge()
    wrong += [f"failed: {error}" for error in operations.done.errors + rebuilds.errors]
    wrong += check(system)
    kinds = ", ".join(f"{operations.done.kinds.count(kind)} x {kind}" for kind in MIX)
    print("\n".join(run.table()))
    print(f"{kinds}; {rebuilds.count} rebuilds; generation {system.index()['generation']}")
    print("\n".join(figures))
    print(f"caught up {caught_up:.1f} s after the end")
    for line in wrong[:20]:
        print(f"error: {line[:500]}")
    print(f"{len(wrong)} errors" if wrong else "everything is as it was")
    return 1 if wrong else 0


def measure(system, operations):
    """Returns how many operations a second the machine does, with the indexing of images that they cause."""
    # Everything is loaded and connected by then.
    operations.run(3.0)
    best = 0.0
    # Other work on the machine only ever makes it slower.
    for _ in range(MEASUREMENTS):
        system.until(lambda: waiting(system) == 0, SETTLED, "an empty queue")
        begin = time.monotonic()
        count = operations.run(MEASURED)
        system.until(lambda: waiting(system) == 0, SETTLED, "an empty queue")
        best = max(best, count / (time.monotonic() - begin))
    return best


def waiting(system):
    """Returns how many changes wait or are being handled."""
    url = system.environment["LOOKALIKE_QUEUE_URL"]
    counts = system.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(count) for name, count in counts.items() if name.startswith("ApproximateNumberOfMessages"))


def settle(system):
    """Waits until the index has every change; returns how long it took."""
    begin = time.monotonic()
    command = ("index", "verify", "--json")
    system.until(lambda: system.lookalike(*command).code == 0, SETTLED, "the index agrees with bucket and table")
    return time.monotonic() - begin


def check(system):
    """Returns what is wrong with the index after all."""
    report = system.lookalike("index", "verify", "--json").expect().json()
    wrong = [f"verify: {problem}" for problem in report["verify"]["problems"]]
    stored, indexed = len(system.stored()), report["verify"]["images"]
    if stored != indexed:
        wrong.append(f"{stored} images are stored, {indexed} are in the index")
    if failed := system.index()["failed"]:
        wrong.append(f"{failed} images failed")
    if "panicked" in system.whole_log():
        wrong.append("the log tells of a panic")
    return wrong


class Rebuilds:
    """An operator who rebuilds the index again and again."""

    def __init__(self, system):
        self.system = system
        self.count, self.errors = 0, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """Ends it after the current rebuild."""
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(REBUILD_PAUSE):
            outcome = self.system.lookalike("index", "rebuild", "--json")
            self.count += 1
            if outcome.code != 0:
                self.errors.append(f"rebuild: {outcome.stdout} {outcome.stderr}")


if __name__ == "__main__":
    sys.exit(main())
