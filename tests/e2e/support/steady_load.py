"""Continuous searches of a catalog that does not change, while its base moves from one engine to another."""

from collections import Counter
from functools import partial

import pytest

from support.load import Load

ROUNDING = 5e-5
PAGES = 3


class SteadyLoad(Load):
    """Threads that repeat searches whose answers are known, one thread for each kind.

    Whichever base answers, the results must be those of before, from one base alone, and no thread may see an older
    index than it has seen.
    """

    def __init__(self, system, pictures, requests):
        """`requests` has a function by kind that makes the path and the body of a POST, or None, for an image."""
        self._requests = requests
        self._newest = Counter()
        self.by_base = Counter()
        super().__init__(system, pictures)
        self._expected = {
            (kind, picture.key): summary(self._pages(system.http, kind, picture))
            for kind in requests
            for picture in pictures
        }

    def _kinds(self):
        return {kind: partial(self._repeated, kind) for kind in self._requests}

    def _pages(self, session, kind, picture):
        """Returns the first pages of a search, all of them of the generation of the first."""
        path, body = self._requests[kind](picture)
        found, more = [], ""
        while len(found) < PAGES and more is not None:
            send = {"url": f"{self.url}{path}{more}", "timeout": 60}
            reply = session.get(**send) if body is None else session.post(**send, data=body)
            if reply.status_code != 200:
                raise ValueError(f"page {len(found) + 1}: {reply.status_code} {reply.text}")
            found.append(reply.json())
            cursor = found[-1].get("next_cursor")
            more = f"&cursor={cursor}" if cursor else None
        return found

    def _repeated(self, kind, session, picture):
        pages = self._pages(session, kind, picture)
        found, expected = summary(pages), self._expected[kind, picture.key]
        generations = {page["index"]["generation"] for page in pages}
        wrong = []
        if [line[:-1] for line in found] != [line[:-1] for line in expected]:
            wrong.append(f"found {found}, expected {expected}")
        elif [line[-1] for line in found] != pytest.approx([line[-1] for line in expected], abs=ROUNDING):
            wrong.append(f"scores of {found}, expected {expected}")
        if len(generations) > 1:
            wrong.append(f"pages of generations {generations}")
        if max(generations) < self._newest[kind]:
            wrong.append(f"generation {generations} after {self._newest[kind]}")
        if any("stale" in page["index"] or "complete" in page for page in pages):
            wrong.append(f"stale or incomplete: {[page['index'] for page in pages]}")
        # A vector base counts no products.
        bases = {"segments" if "products" in page["index"] else "vector base" for page in pages}
        if len(bases) > 1 or any(page["exact"] and "vector base" in bases for page in pages):
            wrong.append(f"pages of {bases}")
        self._newest[kind] = max(generations)
        with self._lock:
            self.by_base.update(bases)
        return "; ".join(wrong)


def summary(pages):
    """Returns what the results of pages say, with the score at the end."""
    results = [result for page in pages for result in page["results"]]
    return [(one["product_id"], one["image"]["key"], one.get("match"), one["score"]) for one in results]
