"""The vectors that both sides are given, kept between runs by encoder and images.

Real embeddings of the images, some of which are held out as queries. To reach the number that is asked
for, more are made: between an image and one of its ten nearest, at a random place, with noise a third
as long as the two are apart. So they lie where real images lie, as near to each other, and in as many
directions. Made vectors are never queries.
"""

import json
import uuid

import numpy as np

NEIGHBOURS = 10
NOISE = 1 / 3
K = 10


class Inputs:
    """Files for one encoder, one set of images and one number of vectors."""

    def __init__(self, work, ours, pictures, count, queries):
        encoder = ours.ask("encoder")
        self.fingerprint, self.dimensions = encoder["fingerprint"], encoder["dimensions"]
        self.pictures, self.source, self.count = pictures, pictures.source, count
        self.folder = work / f"vectors-{self.fingerprint[:12]}-{pictures.digest}-{count}"
        self.folder.mkdir(parents=True, exist_ok=True)
        held_out = min(queries, len(pictures.all) // 3)
        # Every n-th image is held out, so that every category is in both parts.
        places = set(place * len(pictures.all) // held_out for place in range(held_out))
        self.query_pictures = [pictures.all[place] for place in sorted(places)]
        self.vectors_file = self.folder / "vectors.f32"
        self.queries_file = self.folder / "queries.f32"
        self.rows_file = self.folder / "rows.tsv"
        self.products_file = self.folder / "products.jsonl"
        self.ids_file = self.folder / "ids.npy"
        ready = self.folder / "ready"
        if not ready.exists():
            self.make(ours, sorted(places))
            ready.touch()
        self.vectors = np.fromfile(self.vectors_file, "<f4").reshape(-1, self.dimensions)
        self.queries = np.fromfile(self.queries_file, "<f4").reshape(-1, self.dimensions)
        keys = [line.split("\t", 1)[0] for line in self.rows_file.read_text().splitlines()]
        self.row_of_key = {key: row for row, key in enumerate(keys)}
        self.least = least_of_nearest(self.vectors, self.queries)

    def make(self, ours, held_out):
        real = self.embedded(ours)
        is_query = np.zeros(len(real), bool)
        is_query[held_out] = True
        real[is_query].astype("<f4").tofile(self.queries_file)
        stored = [path for path, query in zip(self.pictures.all, is_query) if not query]
        vectors, origins = interpolated(real[~is_query], self.count)
        vectors.astype("<f4").tofile(self.vectors_file)
        self.write_rows([stored[origin].parent.name for origin in origins])

    def embedded(self, ours):
        """Returns the embeddings of all images, [images, dimensions]."""
        path = self.folder / "real.f32"
        ours.ask("embed_all", pictures=self.pictures.all, threads=2, out=path)
        return np.fromfile(path, "<f4").reshape(-1, self.dimensions)

    def write_rows(self, categories):
        """Writes keys, products and ETags as long and as random as real ones."""
        random = np.random.default_rng(3)
        rows, products, ids = [], [], []
        for number, category in enumerate(categories):
            product = str(uuid.UUID(bytes=random.bytes(16), version=4))
            etag = f'"{random.bytes(16).hex()}"'
            rows.append(f"catalog/{category}/{product}.jpg\t{product}\t{etag}\t{category}\n")
            metadata = {
                "name": f"{category} {number}",
                "price": round(5 + 95 * float(random.random()), 2),
                "in_stock": bool(random.integers(2)),
            }
            products.append(json.dumps({"product_id": product, "metadata": metadata}) + "\n")
            ids.append(product)
        self.rows_file.write_text("".join(rows))
        self.products_file.write_text("".join(products))
        np.save(self.ids_file, np.array(ids, "S36"))

    def scores(self, found):
        """Returns exact similarities of found rows, per query; a repeated row counts once."""
        return [
            [float(self.vectors[row] @ query) for row in dict.fromkeys(rows)]
            for rows, query in zip(found, self.queries, strict=True)
        ]


def least_of_nearest(vectors, queries, k=K, at_once=100):
    """Returns the similarity of each query's true k-th nearest."""
    least = []
    for first in range(0, len(queries), at_once):
        similar = queries[first : first + at_once] @ vectors.T
        least += np.partition(similar, -k, axis=1)[:, -k].tolist()
    return least


def interpolated(real, count):
    """Returns `count` vectors of unit length, real ones first, and the real one from which each was made."""
    random = np.random.default_rng(2)
    if count <= len(real):
        return real[:count], range(count)
    more = count - len(real)
    similar = real @ real.T
    np.fill_diagonal(similar, -2)
    nearest = np.argpartition(-similar, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    ones = random.integers(len(real), size=more)
    others = nearest[ones, random.integers(NEIGHBOURS, size=more)]
    step = real[others] - real[ones]
    between = real[ones] + random.random((more, 1), np.float32) * step
    noise = random.standard_normal(step.shape, np.float32)
    noise *= NOISE * np.linalg.norm(step, axis=1, keepdims=True) / np.linalg.norm(noise, axis=1, keepdims=True)
    made = between + noise
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return np.concatenate([real, made]), [*range(len(real)), *ones.tolist()]
