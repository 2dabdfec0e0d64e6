"""Rows about filters: the time of a search among matching images, compared with one among all."""

import json
from collections import Counter

import numpy as np

from .arithmetic import Samples, interleave, recall
from .inputs import K, least_of_nearest
from .table import Row

FLOOR = 0.99
# Maximum time relative to an unfiltered search.
AT_MOST = 3
SIZES, BRANDS = 20, 200


class Filter:
    """A filter, and the rows that it selects."""

    def __init__(self, inputs, what, text, selected, at_most):
        self.what, self.text, self.at_most = what, text, at_most
        self.rows = np.flatnonzero(selected)
        self.wanted = min(K, len(self.rows))
        self.least = least_of_nearest(inputs.vectors[self.rows], inputs.queries, self.wanted)


class FilterRows:
    """Searches an index like the one in the other rows, with attributes for each image."""

    def __init__(self, inputs, indexes, ours, plan):
        self.inputs, self.indexes, self.ours, self.plan = inputs, indexes, ours, plan
        self.folder = indexes.folder / "lookalike-filter"
        self.attributes_file = inputs.folder / "attributes.jsonl"

    def filters(self):
        """Returns filters: some independent of the images, such as stock and brand, and the most and the least
        frequent category, which depend on the pictures' content."""
        inputs, random = self.inputs, np.random.default_rng(4)
        rows = [line.split("\t") for line in inputs.rows_file.read_text().splitlines()]
        in_stock = random.integers(2, size=len(rows)) == 1
        size, brand = (random.integers(kinds, size=len(rows)) for kinds in (SIZES, BRANDS))
        with self.attributes_file.open("w") as file:
            for (_, product, *_), *values in zip(rows, in_stock, size, brand):
                names = zip(["in_stock", "size", "brand"], [bool(values[0]), *map(int, values[1:])])
                file.write(json.dumps({"sku": product} | dict(names)) + "\n")
        category = np.array([row[3] for row in rows])
        counts = Counter(category.tolist()).most_common()
        products = np.array([row[1] for row in rows])
        # A category in the middle.
        product = products[len(rows) // 2]
        yield Filter(inputs, "50 % match", "in_stock=true", in_stock, AT_MOST)
        yield Filter(inputs, "5 % match", "size=7", size == 7, AT_MOST)
        yield Filter(inputs, "0.5 % match", "brand=7", brand == 7, AT_MOST)
        yield Filter(inputs, "one product matches", f"sku={product}", products == product, AT_MOST)
        for name, count in (counts[0], counts[-1]):
            share = 100 * count / len(rows)
            yield Filter(inputs, f"category, {share:.2g} % match", f"category={name}", category == name, None)

    def search(self, of=None, **more):
        return self.matching(of.text if of else None, **more)

    def matching(self, text, **more):
        return self.ours.ask("search", queries=self.inputs.queries_file, k=K, filter=text, **more)

    def rows(self):
        filters = list(self.filters())
        self.indexes.build_ours(True, self.folder, attributes=self.attributes_file)
        self.ours.ask("open", folder=self.folder)
        # The very first filter parses the attributes of every row.
        self.matching("in_stock=false")

        def subject(of=None):
            def run():
                done = self.search(of)
                return [1e6 * done["seconds"] / done["queries"]]

            return run

        told = {of.what: self.told(of) for of in filters}
        subjects = {"none": subject()} | {of.what: subject(of) for of in filters}
        times = interleave(subjects, self.plan.query_rounds)
        for of in filters:
            failures, note = told[of.what]
            what = f"query {self.indexes.size} with a filter, {of.what}"
            ours, unfiltered = Samples(times[of.what]), Samples(times["none"])
            yield Row(what, "lookalike without", "us", ours, unfiltered, of.at_most, failures, note)

    def told(self, of):
        """Describes the recall among matching images, and the time to select these. If fewer are found than match,
        this is an error."""
        found = self.search(of, with_keys=True)
        rows = [[self.inputs.row_of_key[key] for key in keys] for keys in found["keys"]]
        strays = set().union(*rows) - set(of.rows.tolist())
        reached = recall(self.inputs.scores(rows), of.least, of.wanted)
        failures = [f"recall@10 {reached:.4f} is below {FLOOR}"] if reached < FLOOR else []
        failures += [f"{len(strays)} images found do not match"] if strays else []
        note = f"{len(of.rows):,} of {len(self.inputs.vectors):,} match, recall@10 {reached:.4f}; "
        selecting = 1e3 * found["selecting"]
        note += f"not counted: the first query with a filter takes {selecting:.2g} ms to find what matches"
        return failures, note
