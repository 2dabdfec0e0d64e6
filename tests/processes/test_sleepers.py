"""Processes that sleep for hours at the worst of moments, longer than the safe age and any lease."""

import json
import os
import signal
import subprocess
import threading

import pytest
from support.command import BINARY, environment

import clock
from agreement import check_index
from cloud import CATALOG, INDEX
from faults import LONG
from queues import notification
from shoppers import ask

SEGMENTS = f"/{INDEX}/index/segments/"
MANIFEST = f"/{INDEX}/index/manifest.json"

pytestmark = pytest.mark.skipif(clock.LIBRARY is None, reason=clock.MISSING)


@pytest.fixture
def world(make_world):
    """Functions that are invoked by the test alone."""
    return make_world(seed=0)


def store(world, *keys):
    """Stores images without any event."""
    for key in keys:
        content = next(content for content in world.shop.pool if content not in world.shop.good.values())
        world.cloud.s3.put_object(Bucket=CATALOG, Key=key, Body=content)
        world.shop.good[key] = content


def index(world, at, *keys):
    """Hands one indexer the events of images; returns its answer."""
    records = [json.loads(notification(key))["Records"][0] for key in keys]
    return world.indexers[at].invoke({"Records": records})


def index_anchors(world):
    """Indexes the images that the shop has from the beginning."""
    for key, content in world.shop.anchors.items():
        world.cloud.s3.put_object(Bucket=CATALOG, Key=key, Body=content)
    assert index(world, 0, *world.shop.anchors)["indexed"] == len(world.shop.anchors)


def at_first(link, method, path, phase, action):
    """Calls `action` at the first such request or answer; returns an event that is set then."""
    reached = threading.Event()

    def watch(its_method, its_path, its_phase):
        if its_method == method and its_path.startswith(path) and its_phase == phase and not reached.is_set():
            reached.set()
            action()

    link.watch = watch
    return reached


def collect(world):
    """Dooms what is left over, and removes it after more than the safe age."""
    doomed = world.cloud.lookalike("index", "gc", "--json").expect().json()
    assert doomed["removed"] == 0
    world.jump(LONG)
    removed = world.cloud.lookalike("index", "gc", "--json").expect().json()["removed"]
    assert removed == doomed["doomed"]
    return removed


def test_an_indexer_that_slept_publishes_no_segment_that_was_collected(world):
    index_anchors(world)
    indexer = world.indexers[0]
    stored = at_first(world.links[indexer.name], "PUT", SEGMENTS, "answer", indexer.hold)
    store(world, "catalog/late/late.jpg")
    answers = []
    invoking = threading.Thread(target=lambda: answers.append(index(world, 0, "catalog/late/late.jpg")))
    invoking.start()
    assert stored.wait(10)
    world.jump(LONG)
    assert collect(world) == 1
    indexer.let_go()
    invoking.join()

    # It uploaded the segment again, under another name.
    assert answers[0]["indexed"] == 1, answers
    report = world.cloud.lookalike("index", "verify", "--json").expect().json()
    assert report["verify"]["problems"] == []
    check_index(world)


def test_an_indexer_that_slept_with_an_old_image_leaves_the_new_one(world):
    index_anchors(world)
    indexer, key = world.indexers[0], "catalog/late/late.jpg"
    fetched = at_first(world.links[indexer.name], "GET", f"/{CATALOG}/{key}", "answer", indexer.hold)
    store(world, key)
    answers = []
    invoking = threading.Thread(target=lambda: answers.append(index(world, 0, key)))
    invoking.start()
    assert fetched.wait(10)
    store(world, key)
    assert index(world, 1, key)["indexed"] == 1
    indexer.let_go()
    invoking.join()
    # It published the old one, looked again, and published the new one.
    assert answers[0]["retry"] == 0, answers
    check_index(world)


def test_a_search_function_that_slept_before_it_read_the_segments_reads_the_newer_ones(world):
    index_anchors(world)
    key, content = next(iter(world.shop.anchors.items()))
    searcher = world.searchers[0]
    read = at_first(world.links[searcher.name], "GET", MANIFEST, "answer", searcher.hold)
    answers = []
    searching = threading.Thread(target=lambda: answers.append(ask(searcher, "POST", "/search", content, k=3)))
    searching.start()
    assert read.wait(10)
    world.cloud.lookalike("index", "rebuild").expect()
    # The second one retires what the first has left.
    world.jump(LONG)
    assert collect(world) >= 1
    searcher.let_go()
    searching.join()
    (answer,) = answers
    assert answer.status == 200, answer.text
    assert answer.json["results"][0]["image"]["key"] == key
    assert "stale" not in answer.json["index"]


def test_a_rebuild_that_slept_past_its_lease_replaces_nothing(world, tmp_path):
    index_anchors(world)
    link = world.link(seed=0)
    operator = {}
    stored = at_first(link, "PUT", SEGMENTS, "answer", lambda: os.kill(operator["pid"], signal.SIGSTOP))
    with (tmp_path / "rebuild.log").open("wb") as log:
        process = subprocess.Popen(
            [str(BINARY), "index", "rebuild", "--json"],
            env=environment(world.cloud.variables(link.url) | world.clock.variables("operator")),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        operator["pid"] = process.pid
        assert stored.wait(10)
        world.jump(LONG)
        # Meanwhile the index changes, and another rebuild takes over.
        store(world, "catalog/late/late.jpg")
        assert index(world, 1, "catalog/late/late.jpg")["indexed"] == 1
        world.cloud.lookalike("index", "rebuild").expect()
        world.cloud.lookalike("index", "gc").expect()
        process.send_signal(signal.SIGCONT)
        process.wait(30)
    link.close()
    check_index(world)
    assert index(world, 0, "catalog/late/late.jpg")["unchanged"] == 1
