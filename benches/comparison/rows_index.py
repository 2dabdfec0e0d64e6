"""Rows about the index: building, searching at equal recall, bytes, loading."""

import json
from dataclasses import dataclass, field

from .arithmetic import Samples, interleave, least_setting, recall, rising, target_recall
from .child import Child, baseline
from .inputs import K
from .problem import Problem
from .table import Row

FLOOR = 0.99
HNSWLIB = "hnswlib"
# Additional baselines of the table's queries, besides the fastest setting of each library.
QUERY_AT_MOST = {HNSWLIB: 0.7, "annoy": 0.12}


@dataclass
class Baseline:
    """One of the other indexes, and its parameters."""

    name: str
    library: str
    parameters: dict
    # Settings for searching, rising; empty if there are none.
    settings: list
    # Additional baselines of the table's builds.
    build_at_most: float | None = None
    found: dict = field(default_factory=dict)


def baselines(plan):
    ef = rising(10, 2000, 1.1)
    return [
        Baseline(HNSWLIB, "hnswlib", {"m": 16, "ef_construction": 100}, ef, 0.8),
        Baseline("hnswlib efc=200", "hnswlib", {"m": 16, "ef_construction": 200}, ef),
        *(
            Baseline(f"Annoy, {trees} trees", "annoy", {"trees": trees}, rising(500, 200_000, 1.15))
            for trees in plan.annoy_trees
        ),
        Baseline("faiss HNSW", "faiss", {"m": 16, "ef_construction": 100}, ef),
        Baseline("faiss flat", "faiss", {}, []),
        Baseline("usearch", "usearch", {}, ef),
    ]


class IndexRows:
    """Builds all indexes, then compares them. The following rows use its files."""

    def __init__(self, inputs, ours, logs, folder, plan):
        self.inputs, self.ours, self.logs, self.plan = inputs, ours, logs, plan
        self.folder = folder / f"index-{inputs.folder.name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.graph, self.flat = self.folder / "lookalike", self.folder / "lookalike-exact"
        self.size = f"{inputs.count:,} x {inputs.dimensions}"
        self.baselines = baselines(plan)
        self.children = {}
        # Baselines without a query row, with the reason.
        self.left_out = []

    def path(self, other):
        return self.folder / other.name.replace(" ", "-").replace(",", "").replace("=", "-")

    @property
    def served(self):
        """The hnswlib index for the service and the first answer: the fastest of those that reach lookalike's
        recall."""
        able = (p for p in self.baselines if p.library == HNSWLIB and p.found["setting"])
        return min(able, key=lambda p: p.found["microseconds"])

    @property
    def hnswlib(self):
        """File of that index."""
        return self.path(self.served)

    @property
    def ef(self):
        """Setting of that index for equal recall."""
        return self.served.found["setting"]

    def rows(self):
        try:
            for other in self.baselines:
                command = baseline(
                    "neighbours", other.library, json.dumps(other.parameters), self.inputs.dimensions
                )
                name = self.path(other).name
                self.children[other.name] = Child(command, self.logs, name, threads=2)
            built = self.build()
            return [*built, *self.search(), *self.bytes(), *self.load()]
        finally:
            for child in self.children.values():
                child.close()

    def build_ours(self, graph, folder, attributes=None):
        files = self.inputs
        return self.ours.ask(
            "build",
            vectors=files.vectors_file,
            rows=files.rows_file,
            attributes=attributes,
            dimensions=files.dimensions,
            fingerprint=files.fingerprint,
            threads=2,
            graph=graph,
            folder=folder,
        )

    def build(self):
        """Builds those of the table interleaved, as often as planned; the others once."""

        def subject(other):
            def run():
                child, out = self.children[other.name], self.path(other)
                built = child.ask("build", vectors=self.inputs.vectors_file, threads=2, out=out)
                other.found["bytes"] = built["bytes"]
                return [built["seconds"]]

            return run

        def ours():
            built = self.build_ours(True, self.graph)
            if not built["has_graph"]:
                raise Problem(f"{self.inputs.count} vectors are too few for a graph")
            self.bytes_of_ours = built["bytes"]
            return [built["seconds"]]

        measured = [other for other in self.baselines if other.build_at_most]
        subjects = {"ours": ours} | {other.name: subject(other) for other in measured}
        times = interleave(subjects, self.plan.build_rounds)
        for other in self.baselines:
            if other not in measured:
                times[other.name] = subject(other)()
        self.build_ours(False, self.flat)
        what = f"build {self.size}, 2 threads"
        for other in self.baselines:
            yield Row(
                what, other.name, "s", Samples(times["ours"]), Samples(times[other.name]),
                other.build_at_most, note=told(other.parameters),
            )

    def recall(self, rows):
        return recall(self.inputs.scores(rows), self.inputs.least, K)

    def recall_of_ours(self, folder):
        self.ours.ask("open", folder=folder)
        found = self.ours.ask("search", queries=self.inputs.queries_file, k=K, with_keys=True)
        row_of = self.inputs.row_of_key
        return self.recall([[row_of[key] for key in keys] for keys in found["keys"]])

    def set_to_equal_recall(self, target):
        """Sets every baseline to its smallest setting that reaches the target."""
        queries = self.inputs.queries_file
        for other in self.baselines:
            child = self.children[other.name]
            child.ask("load", path=self.path(other))

            def measure(setting):
                found = child.ask("search", queries=queries, k=K, setting=setting, with_ids=True)
                return self.recall(found["ids"])

            settings = other.settings or [None]
            other.found["setting"], other.found["recall"] = least_setting(settings, measure, target)
        for library in (HNSWLIB, "annoy"):
            same = [other for other in self.baselines if other.library == library]
            if not any(other.found["setting"] for other in same):
                raise Problem(f"{too_little(max(same, key=recall_of))}: build it with more work, in rows_index.py")

    def search(self):
        exact = self.recall_of_ours(self.flat)
        mine = self.recall_of_ours(self.graph)
        self.set_to_equal_recall(target_recall(mine, FLOOR))
        queries = self.inputs.queries_file

        def ours():
            done = self.ours.ask("search", queries=queries, k=K)
            return [1e6 * done["seconds"] / done["queries"]]

        def subject(other, op="search"):
            setting = other.found["setting"]

            def run():
                done = self.children[other.name].ask(op, queries=queries, k=K, setting=setting)
                return [1e6 * done["seconds"] / done["queries"]]

            return run

        able = [other for other in self.baselines if other.found["setting"] or not other.settings]
        subjects = {"ours": ours} | {other.name: subject(other) for other in able}
        at_once = {f"{other.name}, all queries in one call": other for other in able if other.library == HNSWLIB}
        for name, other in at_once.items():
            subjects[name] = subject(other, "search_at_once")
            subjects[name]()
        times = interleave(subjects, self.plan.query_rounds)
        for other in able:
            other.found["microseconds"] = Samples(times[other.name]).median
        self.ours.ask("open", folder=self.flat)
        scans = interleave({"ours": ours}, max(2, self.plan.query_rounds // 4))["ours"]
        yield from self.query_rows({other.name: other for other in able} | at_once, times, mine)
        if "faiss flat" in times:
            yield Row(
                f"query {self.size}, every vector compared, 1 thread", "faiss flat", "us",
                Samples(scans), Samples(times["faiss flat"]), note=f"our recall@10 {exact:.4f}",
            )

    def query_rows(self, ways, times, mine):
        """Returns rows of all baselines at equal recall, in every way of calling them; of hnswlib and Annoy the fastest
        way counts."""
        counts = {}
        for library, at_most in QUERY_AT_MOST.items():
            names = [name for name, other in ways.items() if other.library == library]
            counts[min(names, key=lambda name: Samples(times[name]).median)] = at_most
        for name, other in ways.items():
            if other.settings:
                note = f"set to {other.found['setting']}, recall@10 {other.found['recall']:.4f}"
                yield self.query_row(times["ours"], times[name], name, counts.get(name), mine, note)
        self.left_out += [too_little(other) for other in self.baselines if other not in ways.values()]

    def query_row(self, ours, theirs, name, at_most, mine, note):
        what = f"query {self.size}, 1 thread, equal recall"
        failures = [f"recall@10 {mine:.4f} is below {FLOOR}"] if mine < FLOOR else []
        note = f"lookalike's recall@10 {mine:.4f}; the baseline's: {note}"
        return Row(what, name, "us", Samples(ours), Samples(theirs), at_most, failures, note)

    def bytes(self):
        for other in self.baselines:
            at_most = 0.6 if other.name == HNSWLIB else None
            megabytes = [Samples([n / 1e6]) for n in (self.bytes_of_ours, other.found["bytes"])]
            note = "ours with keys, products, ETags and attributes" if at_most else ""
            yield Row(f"stored index {self.size}", other.name, "MB", *megabytes, at_most, note=note)

    def load(self):
        """Measures the time from a file in the page cache to a searchable index."""
        child, path = self.children[self.served.name], self.hnswlib
        subjects = {
            "ours": lambda: [self.ours.ask("open", folder=self.graph)["seconds"]],
            "baseline": lambda: [child.ask("load", path=path)["seconds"]],
        }
        times = interleave(subjects, self.plan.load_rounds)
        ours, theirs = (Samples([1e3 * s for s in times[side]]) for side in ("ours", "baseline"))
        yield Row(f"load {self.size} from disk", self.served.name, "ms", ours, theirs)


def recall_of(other):
    return other.found["recall"]


def too_little(other):
    return f"{other.name} reaches recall@10 {recall_of(other):.4f} at most with any setting"


def told(parameters):
    return ", ".join(f"{name} {value}" for name, value in parameters.items())
