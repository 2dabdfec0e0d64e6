"""The result: rows, a Markdown table of them, and JSON. Needs only the standard library."""

import json
from dataclasses import dataclass, field

from .arithmetic import Samples, ratio_of


@dataclass
class Row:
    """One comparison."""

    what: str
    baseline: str
    unit: str
    ours: Samples
    theirs: Samples
    # The required ratio; None if the row is only informative.
    at_most: float | None = None
    # Unmet further conditions, such as a recall.
    failures: list = field(default_factory=list)
    note: str = ""

    @property
    def ratio(self):
        return ratio_of(self.ours, self.theirs)

    @property
    def reached(self):
        """True if the required ratio is reached; None if none is required."""
        if self.at_most is None:
            return None
        return self.ratio <= self.at_most and not self.failures

    def as_json(self):
        return {
            "what": self.what,
            "peer": self.baseline,
            "unit": self.unit,
            "lookalike": side(self.ours),
            "other": side(self.theirs),
            "ratio": self.ratio,
            "ratio_of_best": ratio_of(self.ours, self.theirs, "best"),
            "at_most": self.at_most,
            "reached": self.reached,
            "failures": self.failures,
            "note": self.note,
        }


def side(samples):
    return {
        "median": samples.median,
        "best": samples.best,
        "samples": len(samples.values),
        "higher_is_better": samples.higher_is_better,
        "values": samples.values,
    }


def number(value):
    """Formats three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1)
    if abs(value) < 1:
        text = f"{value:.3g}"
        return text if "e" not in text else f"{value:.6f}"
    return f"{value:,.{digits}f}"


def cell(samples, unit):
    if len(samples.values) == 1:
        return f"{number(samples.median)} {unit}"
    return f"{number(samples.median)} ({number(samples.best)}) {unit}"


def markdown(rows, head):
    """Formats rows with a required ratio first, then informative ones, then the notes."""
    lines = [f"- {name}: {value}" for name, value in head.items()]
    lines += [
        "",
        "Medians, in brackets the best. The ratio is what lookalike takes of what the baseline takes (of "
        "requests per second, baseline / lookalike): lower is better.",
        "",
    ]
    lines += table([row for row in rows if row.at_most is not None], True)
    inform = [row for row in rows if row.at_most is None]
    if inform:
        lines += ["", "To inform:", ""] + table(inform, False)
    return "\n".join(lines) + "\n"


def table(rows, asked):
    heads = ["what", "lookalike", "baseline", "", "ratio", "of the best"]
    heads += ["at most", "reached"] if asked else []
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    notes = []
    for row in rows:
        cells = [row.what, cell(row.ours, row.unit), row.baseline, cell(row.theirs, row.unit)]
        cells += [f"{row.ratio:.3f}", f"{ratio_of(row.ours, row.theirs, 'best'):.3f}"]
        if asked:
            cells += [f"{row.at_most:g}", "yes" if row.reached else "**no**"]
        lines.append("| " + " | ".join(cells) + " |")
        told = "; ".join(filter(None, [row.note, *row.failures]))
        if told:
            notes.append(f"- {row.what}, {row.baseline}: {told}")
    return lines + ([""] + notes if notes else [])


def as_json(rows, head):
    return json.dumps({"head": head, "rows": [row.as_json() for row in rows]}, indent=1) + "\n"
