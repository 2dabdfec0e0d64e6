"""Samples of the process, and what they and the operations say about a whole run."""

import bisect
import statistics
import threading
import time
from pathlib import Path

SAMPLED = 2.0
ROWS = 12
# Nothing is judged before the caches are full: this share of the time.
WARM_UP = 0.25
# Bounds. Memory grows by what the system has yet to see of an hour, so that a leak is what goes on for longer.
MAX_GROWTH, MAX_GROWTH_MB = 0.10, 24
MAX_SLOWER, MAX_SLOWER_MS = 2.5, 50


class Samples:
    """Memory, open files and threads of a process, from time to time."""

    def __init__(self, system):
        self.pid = system.process.pid
        self.times, self.memory, self.files, self.threads = [], [], [], []
        self._stop = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def close(self):
        """Ends it."""
        self._stop.set()

    def _run(self):
        while not self._stop.is_set():
            status = dict(
                line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if ":" in line
            )
            self.times.append(time.monotonic())
            self.memory.append(int(status["VmRSS"].split()[0]) / 1024)
            self.threads.append(int(status["Threads"]))
            self.files.append(len([*Path(f"/proc/{self.pid}/fd").iterdir()]))
            self._stop.wait(SAMPLED)


def percentile(values, share):
    """Returns a percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def slope(xs, ys):
    """Returns the growth of ys for each x, by least squares."""
    return statistics.linear_regression(xs, ys).slope if len(xs) > 2 else 0.0


class Run:
    """Everything that was measured between two times."""

    def __init__(self, done, samples, begin, end):
        self.done, self.samples = done, samples
        self.begin, self.end = begin, end

    def searches(self, begin, end):
        """Returns milliseconds of the searches that began in this time."""
        done = self.done
        chosen = [
            took * 1000
            for kind, began, took in zip(done.kinds, done.began, done.seconds)
            if kind.startswith("search") and begin <= began < end
        ]
        return chosen

    def table(self):
        """Returns rows of figures over time."""
        lines = [f"{'minutes':>10} {'ops/s':>7} {'searches':>9} {'p50 ms':>8} {'p99 ms':>8} {'memory MB':>10} {'files':>6} {'threads':>8}"]
        step = (self.end - self.begin) / ROWS
        for row in range(ROWS):
            begin, end = self.begin + row * step, self.begin + (row + 1) * step
            operations = sum(begin <= began < end for began in self.done.began)
            searches = self.searches(begin, end)
            first, last = (bisect.bisect(self.samples.times, at) for at in (begin, end))
            memory = statistics.mean(self.samples.memory[first:last] or [0])
            files, threads = (max(values[first:last], default=0) for values in (self.samples.files, self.samples.threads))
            lines.append(
                f"{(end - self.begin) / 60:>10.1f} {operations / step:>7.1f} {len(searches):>9} "
                f"{percentile(searches, 0.5):>8.1f} {percentile(searches, 0.99):>8.1f} {memory:>10.1f} {files:>6} {threads:>8}"
            )
        return lines

    def judge(self):
        """Returns what is out of bounds, and the figures that it was judged by."""
        warm = self.begin + WARM_UP * (self.end - self.begin)
        first = bisect.bisect(self.samples.times, warm)
        times, memory = self.samples.times[first:], self.samples.memory[first:]
        growth = slope(times, memory) * (self.end - warm)
        mean = statistics.mean(memory)
        third = (self.end - warm) / 3
        before = percentile(self.searches(warm, warm + third), 0.99)
        after = percentile(self.searches(self.end - third, self.end), 0.99)
        figures = [
            f"memory {mean:.0f} MB, growing by {growth:+.1f} MB in {(self.end - warm) / 60:.1f} minutes after the warm-up",
            f"p99 of searches {before:.0f} ms in the first third after the warm-up, {after:.0f} ms in the last",
        ]
        wrong = []
        if growth > max(MAX_GROWTH * mean, MAX_GROWTH_MB):
            wrong.append(f"memory grows: {figures[0]}")
        if after > MAX_SLOWER * before + MAX_SLOWER_MS:
            wrong.append(f"searches become slower: {figures[1]}")
        if (files := max(self.samples.files[-20:])) > 2 * max(self.samples.files[:first]):
            wrong.append(f"files stay open: {files}")
        return wrong, figures
