"""Times one of the other indexes, driven by lines like lookalike's worker.

    python -m comparison.baselines.neighbours hnswlib '{"m": 16}' DIMENSIONS
"""

import json
import sys
import time

import numpy as np

from .indexes import KINDS, bytes_of
from .lines import serve

kind, parameters, dimensions = KINDS[sys.argv[1]], json.loads(sys.argv[2]), int(sys.argv[3])
# The open index, and queries in its form.
opened, prepared = None, {}


def read(path):
    return np.fromfile(path, "<f4").reshape(-1, dimensions)


def build(vectors, threads, out):
    """Returns seconds from vectors in memory, in the form that it takes, to an index in memory, and the bytes of its
    file."""
    index = kind(dimensions, **parameters)
    vectors = index.storable(read(vectors))
    begun = time.perf_counter()
    index.build(vectors, threads)
    seconds = time.perf_counter() - begun
    index.save(out)
    return {"seconds": seconds, "bytes": bytes_of(out)}


def load(path):
    global opened
    opened = None
    begun = time.perf_counter()
    index = kind(dimensions, **parameters)
    index.load(path)
    opened = index
    return {"seconds": time.perf_counter() - begun}


def search(queries, k, setting=None, with_ids=False):
    """Searches one query after the other: returns seconds for all, and the results of each if requested."""
    if queries not in prepared:
        prepared[queries] = opened.prepare(read(queries))
    if setting:
        opened.set(setting)
    find, found = opened.find, []
    begun = time.perf_counter()
    for query in prepared[queries]:
        found.append(find(query, k))
    seconds = time.perf_counter() - begun
    ids = [[int(number) for number in one] for one in found] if with_ids else None
    return {"seconds": seconds, "queries": len(found), "ids": ids}


def search_at_once(queries, k, setting):
    """Searches all queries in one call on one thread."""
    queries = read(queries)
    opened.set(setting)
    begun = time.perf_counter()
    opened.find_all(queries, k)
    return {"seconds": time.perf_counter() - begun, "queries": len(queries)}


if __name__ == "__main__":
    serve({"build": build, "load": load, "search": search, "search_at_once": search_at_once})
