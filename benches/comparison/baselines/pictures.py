"""Times Pillow and onnxruntime, driven by lines like lookalike's worker."""

import time
from functools import cache
from pathlib import Path

import numpy as np

from .encoder import Encoder
from .lines import serve

encoder = Encoder()
read = cache(lambda path: Path(path).read_bytes())


@cache
def read_pixels(path):
    pixels = np.fromfile(path, "<f4")
    return pixels.reshape(1, 3, encoder.height, encoder.width)


def network(pixels, repeats):
    pixels, seconds = read_pixels(pixels), []
    for _ in range(repeats):
        begun = time.perf_counter()
        features = encoder.run(pixels)
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds, "features": features.tolist()}


def picture(pictures, draft=None):
    files, seconds = [read(path) for path in pictures], []
    for file in files:
        begun = time.perf_counter()
        encoder.embed(file, draft)
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds}


def embed_all(pictures, out=None, draft=None):
    files = [read(path) for path in pictures]
    begun = time.perf_counter()
    vectors = [encoder.embed(file, draft) for file in files]
    seconds = time.perf_counter() - begun
    if out:
        np.array(vectors, "<f4").tofile(out)
    return {"seconds": seconds}


if __name__ == "__main__":
    serve({"network": network, "picture": picture, "embed_all": embed_all})
