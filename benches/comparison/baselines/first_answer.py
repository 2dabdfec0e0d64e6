"""From the start of a process to its first answer to an image query.

    python -m comparison.baselines.first_answer INDEX IDS PICTURE EF
"""

import json
import sys
from pathlib import Path

import numpy as np

from .encoder import Encoder
from .indexes import Hnswlib


def main():
    index, ids, picture, ef = sys.argv[1:]
    encoder = Encoder()
    vector = encoder.embed(Path(picture).read_bytes())
    neighbours = Hnswlib(len(vector))
    neighbours.load(index)
    neighbours.set(int(ef))
    # Reads only the products that are needed.
    ids = np.load(ids, mmap_mode="r")
    found = neighbours.find(vector[None], 10)
    print(json.dumps({"products": [ids[row].decode() for row in found]}), flush=True)
    # The harness measures the memory, then closes the input.
    sys.stdin.read()


if __name__ == "__main__":
    main()
