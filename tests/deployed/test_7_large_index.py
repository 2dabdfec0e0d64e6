"""The start of the search function with a large index, for who measures it.

LOOKALIKE_LARGE_INDEX names a folder with `manifest.json` and `segments/`, as `make bench` leaves them in
target/bench/index-*/lookalike. Without it there is nothing to measure.
"""

import os
import time
from pathlib import Path

import pytest
from stack import Stack

STARTS = 5


def test_a_large_index_is_searched(emulator, pictures, figures):
    if not os.environ.get("LOOKALIKE_LARGE_INDEX"):
        pytest.skip("LOOKALIKE_LARGE_INDEX names no index")
    folder = Path(os.environ["LOOKALIKE_LARGE_INDEX"])
    stack = Stack(emulator, "large")
    stack.deploy()
    prefix = stack.outputs["IndexPrefix"]
    for file in [*(folder / "segments").iterdir(), folder / "manifest.json"]:
        stack.s3.upload_file(str(file), stack.index, f"{prefix}/{file.relative_to(folder)}")
    firsts, seconds = [], []
    for _ in range(STARTS):
        stack.renew("Search")
        for times in (firsts, seconds):
            asked = time.monotonic()
            answer = stack.search(pictures[0].bytes)
            times.append(time.monotonic() - asked)
            assert len(answer["results"]) == 5
    images = stack.request("GET", "/index").json()["images"]
    first, second = (f"{min(times):.3f} to {max(times):.3f} s" for times in (firsts, seconds))
    figures(f"search of {images:,} images, {STARTS} starts: first answer {first}, second {second}")
