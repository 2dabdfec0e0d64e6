"""The other indexes behind one interface: build, save, load, set, and search for one query at a time."""

import os

import numpy as np


class Hnswlib:
    """hnswlib on inner products, which equal cosine for vectors of unit length."""

    def __init__(self, dimensions, m=16, ef_construction=100):
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=dimensions)
        self.m, self.ef_construction = m, ef_construction

    def storable(self, vectors):
        return vectors

    def build(self, vectors, threads):
        self.index.init_index(
            len(vectors), ef_construction=self.ef_construction, M=self.m, random_seed=100
        )
        self.index.add_items(vectors, num_threads=threads)

    def save(self, path):
        self.index.save_index(path)

    def load(self, path):
        self.index.load_index(path)
        self.index.set_num_threads(1)

    def set(self, setting):
        self.index.set_ef(setting)

    def prepare(self, queries):
        return [query[None] for query in queries]

    def find(self, query, k):
        return self.index.knn_query(query, k, num_threads=1)[0][0]

    def find_all(self, queries, k):
        """Searches all queries in one call, on one thread, without Python between queries."""
        return self.index.knn_query(queries, k, num_threads=1)[0]


class Annoy:
    """Annoy on angles; the setting is `search_k`."""

    def __init__(self, dimensions, trees=100):
        from annoy import AnnoyIndex

        self.index = AnnoyIndex(dimensions, "angular")
        self.index.set_seed(100)
        self.trees, self.setting = trees, -1

    def storable(self, vectors):
        # Lists are faster than arrays here.
        return vectors.tolist()

    def build(self, vectors, threads):
        for number, vector in enumerate(vectors):
            self.index.add_item(number, vector)
        self.index.build(self.trees, n_jobs=threads)

    def save(self, path):
        self.index.save(path)

    def load(self, path):
        self.index.load(path)

    def set(self, setting):
        self.setting = setting

    def prepare(self, queries):
        return queries.tolist()

    def find(self, query, k):
        return self.index.get_nns_by_vector(query, k, self.setting)


class Faiss:
    """faiss: a graph if it has links; otherwise every vector is compared."""

    def __init__(self, dimensions, m=None, ef_construction=100):
        import faiss

        self.faiss = faiss
        if m:
            self.index = faiss.IndexHNSWFlat(dimensions, m, faiss.METRIC_INNER_PRODUCT)
            self.index.hnsw.efConstruction = ef_construction
        else:
            self.index = faiss.IndexFlatIP(dimensions)

    def storable(self, vectors):
        return vectors

    def build(self, vectors, threads):
        self.faiss.omp_set_num_threads(threads)
        self.index.add(vectors)

    def save(self, path):
        self.faiss.write_index(self.index, path)

    def load(self, path):
        self.faiss.omp_set_num_threads(1)
        self.index = self.faiss.read_index(path)

    def set(self, setting):
        self.index.hnsw.efSearch = setting

    def prepare(self, queries):
        return [query[None] for query in queries]

    def find(self, query, k):
        return self.index.search(query, k)[1][0]


class Usearch:
    """usearch on inner products, in single precision: in the half one that it takes by itself, rounding
    alone keeps recall@10 below 0.99."""

    def __init__(self, dimensions, ef_construction=128):
        from usearch.index import Index

        self.index = Index(ndim=dimensions, metric="ip", dtype="f32", expansion_add=ef_construction)

    def storable(self, vectors):
        return vectors

    def build(self, vectors, threads):
        self.index.add(np.arange(len(vectors)), vectors, threads=threads)

    def save(self, path):
        self.index.save(path)

    def load(self, path):
        self.index.load(path)

    def set(self, setting):
        self.index.expansion_search = setting

    def prepare(self, queries):
        return list(queries)

    def find(self, query, k):
        return self.index.search(query, k, threads=1).keys


KINDS = {"hnswlib": Hnswlib, "annoy": Annoy, "faiss": Faiss, "usearch": Usearch}


def bytes_of(path):
    return os.path.getsize(path)
