"""SIGKILL at any moment during an upload of 500 images ends in the same index as without it."""

import random
import subprocess
import time

import pytest
from support.command import BINARY, environment
from support.system import System

PICTURES = 500
KILLS = 3
QUERIES = 12


@pytest.fixture(scope="module")
def batch(catalog, tmp_path_factory):
    """A folder of 500 images."""
    pictures = random.Random(500).sample(catalog.pictures(), PICTURES)
    return catalog.copy(pictures, tmp_path_factory.mktemp("batch"))


@pytest.fixture(scope="module")
def table(catalog, tmp_path_factory):
    """A CSV of the products to search for."""
    pictures = catalog.sample(QUERIES, seed=7)
    return catalog.write_table(pictures, tmp_path_factory.mktemp("table") / "products.csv")


@pytest.fixture(scope="module")
def reference(batch, catalog, table, tmp_path_factory):
    """The result of an uninterrupted upload, and the seconds that storing and indexing take."""
    system = System(tmp_path_factory.mktemp("uninterrupted"))
    try:
        system.start("--metadata", table)
        began = time.monotonic()
        report = system.lookalike("upload", batch, "--json").expect().json()
        assert report["uploaded"] == PICTURES
        uploading = time.monotonic() - began
        indexing = system.until_images(PICTURES, deadline=300)
        yield state(system, catalog), uploading, indexing
    finally:
        system.dispose()


def state(system, catalog):
    """Returns everything about a system's index that must not depend on its history."""
    index = system.index()
    return {
        "bucket": system.stored(),
        "index": agreed(system),
        "counts": {name: index[name] for name in ("images", "products", "failed")},
        "encoder": index["encoder"],
        "table": {key: without_time(item) for key, item in system.items().items()},
        "answers": [ranking(system.search(picture.bytes)) for picture in catalog.sample(QUERIES, seed=7)],
    }


def agreed(system):
    """Returns the images in the index, which is valid and agrees with the bucket."""
    report = system.lookalike("index", "verify", "--json").expect().json()
    assert report["verify"]["problems"] == []
    assert report["differences"] == {"to_index": [], "to_remove": []}
    return report["verify"]["images"]


def without_time(item):
    """Returns a record without its time."""
    return {name: value for name, value in item.items() if name != "at"}


def ranking(found):
    """Returns products, images and scores, in order."""
    return [
        (result["product_id"], result["image"]["key"], round(result["score"], 4))
        for result in found["results"]
    ]


def files(system):
    """Returns the catalog's images as files."""
    return [path for path in (system.data / "s3" / "catalog").rglob("*") if path.is_file()]


def begin_upload(system, batch):
    """Starts an upload in the background."""
    return subprocess.Popen(
        [str(word) for word in (BINARY, "upload", batch, "--json", "--data", system.data)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_and_restarted(make_system, batch, table, catalog, reference, seed, figures):
    expected, uploading, indexing = reference
    dice = random.Random(seed)
    system = make_system()
    story = []
    for _ in range(KILLS):
        # Random moments are the point: while images arrive,
        system.start("--metadata", table, wait=False)
        system.wait_until_reachable()
        upload = begin_upload(system, batch)
        time.sleep(dice.uniform(0, uploading * 2 / KILLS))
        system.kill()
        upload.kill()
        upload.wait()
        story.append(len(files(system)))
        # and while the process that comes next catches up.
        system.start(wait=False)
        time.sleep(dice.uniform(0, indexing / KILLS))
        system.kill()

    # Ready means that the index agrees with the bucket.
    system.start()
    assert agreed(system) == len(files(system)) == system.index()["images"]
    system.lookalike("upload", batch).expect()
    system.until_images(PICTURES, deadline=300)
    figures(f"kills with seed {seed} found {', '.join(map(str, story))} of {PICTURES} images stored")
    assert state(system, catalog) == expected


def test_an_upload_reports_a_missing_server(make_system, batch):
    system = make_system().start()
    system.kill()
    refused = system.lookalike("upload", batch, timeout=60)
    assert refused.code in (1, 3)
    assert "error" in refused.stderr or "failed" in refused.stderr
