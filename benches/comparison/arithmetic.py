"""The arithmetic of the table: samples, ratios, recall, smallest setting. Needs only the standard library."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Samples:
    """Measurements of one side, in one unit."""

    values: list = field(default_factory=list)
    # Times are better when lower, requests per second when higher.
    higher_is_better: bool = False

    def add(self, values):
        self.values.extend(values)

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def best(self):
        return max(self.values) if self.higher_is_better else min(self.values)


def ratio(ours, baselines):
    """Returns the ratio of lookalike to the baseline: below 1 lookalike is better, for every unit."""
    if ours <= 0 or baselines <= 0:
        raise ValueError(f"a ratio needs two numbers over 0, found {ours} and {baselines}")
    return ours / baselines


def ratio_of(ours, baselines, what="median"):
    """Returns the ratio of two samples, by their medians or by their best values."""
    mine, theirs = getattr(ours, what), getattr(baselines, what)
    return ratio(theirs, mine) if ours.higher_is_better else ratio(mine, theirs)


def recall(found, least, k):
    """Returns the share of the true k nearest that were found.

    `found` holds, per query, the exact similarities of what was found, `least` that of the true k-th
    nearest: whatever is at least as near counts, so that of equal vectors none is preferred.
    """
    if len(found) != len(least) or not found:
        raise ValueError(f"expected answers to {len(least)} queries, found {len(found)}")
    right = 0
    for scores, bound in zip(found, least):
        # Similarities are computed in single precision, in which equal ones differ a little.
        right += min(k, sum(score >= bound - 1e-6 for score in scores))
    return right / (k * len(found))


def target_recall(ours, floor=0.99, slack=0.0005):
    """Returns the recall that baselines must reach: that of lookalike, less what 10,000 neighbours cannot distinguish,
    and never below the floor."""
    return max(floor, ours - slack)


def least_setting(settings, measure, target):
    """Returns the first of the rising `settings` whose measured recall reaches the target, and that recall.

    Returns `(None, best)` when none does.
    """
    best = 0.0
    for setting in settings:
        reached = measure(setting)
        best = max(best, reached)
        if reached >= target:
            return setting, reached
    return None, best


def rising(first, last, factor):
    """Returns whole numbers from first to last, each about `factor` times the previous one."""
    numbers, next_one = [], float(first)
    while next_one < last:
        if not numbers or int(next_one) > numbers[-1]:
            numbers.append(int(next_one))
        next_one *= factor
    return numbers + [last]


def interleave(subjects, rounds):
    """Runs every subject once per round, in alternating order; each returns a list of numbers.

    Whatever disturbs the machine for a while then disturbs all of them.
    """
    names = list(subjects)
    collected = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            collected[name].extend(subjects[name]())
    return collected
