"""`lookalike finetune` trains on the catalog of a system, goes live, and `audit --would-gain` foretells it."""

import json
import os
import signal
import subprocess
import time

import pytest
from support import bad_pictures
from support.command import BINARY, SMALL_ENCODER, environment, lookalike

CATEGORIES = 4
PRODUCTS = 8
QUICK = ["--epochs", "2"]
BAD = "catalog/broken/bad.jpg"
SHELVES = ("high", "low")


@pytest.fixture(scope="module")
def goods(catalog):
    """All images of some products of a few categories, by category."""
    chosen = {}
    for picture in catalog.pictures():
        of_category = chosen.setdefault(picture.category, {})
        if picture.product_id in of_category or len(of_category) < PRODUCTS:
            of_category.setdefault(picture.product_id, []).append(picture)
    names = sorted(name for name, products in chosen.items() if len(products) == PRODUCTS)
    return {name: chosen[name] for name in names[:CATEGORIES]}


@pytest.fixture(scope="module")
def images(goods):
    """The same images in a list."""
    return [image for products in goods.values() for of_one in products.values() for image in of_one]


@pytest.fixture(scope="module")
def boutique(catalog, images, tmp_path_factory):
    """A running system with these products and one image that cannot be read. No test changes its catalog."""
    from support.system import System

    folder = tmp_path_factory.mktemp("boutique")
    system = System(folder)
    products = sorted({image.product_id for image in images})
    shelf_of = {product: SHELVES[number % 2] for number, product in enumerate(products)}
    table = catalog.write_table(images, folder / "products.csv", shelf=shelf_of)
    try:
        system.start("--catalog", catalog.copy(images, folder / "pictures"), "--metadata", table)
        system.put(BAD, bad_pictures.TEXT)
        system.until(lambda: system.index()["failed"] == 1)
        yield system
    finally:
        system.dispose()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder of features that the tests share, where the command looks by default."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def finetune(boutique, cache):
    """Runs the command on the catalog."""

    def run_it(out, *options, cache=cache):
        home = {"XDG_CACHE_HOME": str(cache)}
        return boutique.lookalike("finetune", "--out", out, *QUICK, *options, extra_environment=home)

    return run_it


def stamps(cache):
    """Returns when each file of the cache was written; a temporary one begins with a dot."""
    files = (path for path in cache.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path: path.stat().st_mtime_ns for path in files}


def test_images_and_categories_come_from_the_catalog(finetune, boutique, goods, images, tmp_path):
    out = tmp_path / "tuned"
    done = finetune(out, "--json").expect(3)
    card = done.json()
    assert set(card["data"]) == set(goods)
    used = {name: counts["training"] + counts["validation"] for name, counts in card["data"].items()}
    assert used == {name: sum(map(len, products.values())) for name, products in goods.items()}
    assert [entry["what"] for entry in card["skipped"]] == [BAD]
    assert BAD in done.stderr
    held_out = card["held_out"]
    assert held_out["encoder"] == boutique.index()["encoder"]["name"]
    # One product in ten, rounded, of each category: with all of its images.
    assert held_out["products"] == CATEGORIES
    assert held_out["images"] == card["validation"]["after"]["queries"]
    for name, counts in card["data"].items():
        assert counts["validation"] in {len(of_one) for of_one in goods[name].values()}
    for figures in (held_out["before"], held_out["after"], held_out["gain"]):
        for estimate in figures.values():
            assert estimate["low"] <= estimate["mean"] <= estimate["high"]
    for measure in ("p_at_1", "p_at_10", "map"):
        gain = held_out["after"][measure]["mean"] - held_out["before"][measure]["mean"]
        assert held_out["gain"][measure]["mean"] == pytest.approx(gain)
        assert held_out["after"][measure]["mean"] == pytest.approx(card["validation"]["after"][measure])
    shown = finetune(tmp_path / "shown").expect(3).stdout
    assert f"{CATEGORIES} held-out products" in shown
    assert f"lookalike reindex --data {boutique.data} --encoder {tmp_path / 'shown'}" in shown


def test_any_attribute_can_be_the_label(finetune, images, tmp_path):
    card = finetune(tmp_path / "out", "--label-column", "shelf", "--json").expect(3).json()
    assert set(card["data"]) == set(SHELVES)
    refused = finetune(tmp_path / "none", "--label-column", "taste").expect(1).stderr
    assert f"none of the {len(images)} images of the catalog has a \"taste\"" in refused
    assert "--label-column" in refused and "shelf" in refused
    refused = finetune(tmp_path / "none", "--label-column", "image").expect(1).stderr
    assert "each image belongs to one product alone" in refused
    assert not (tmp_path / "none").exists()


def test_a_bounded_number_of_images_is_used(finetune, images, tmp_path):
    done = finetune(tmp_path / "out", "--max-images", "24", "--json").expect(3)
    counts = done.json()["data"].values()
    used = sum(entry["training"] + entry["validation"] for entry in counts)
    assert 20 <= used <= 24
    assert len(counts) == CATEGORIES
    assert f"{used} of {len(images)} images are used" in done.stderr


def test_a_kill_loses_no_features(boutique, finetune, images, tmp_path):
    out, cache = tmp_path / "out", tmp_path / "cache"
    command = [BINARY, "finetune", "--data", boutique.data, "--out", out, *QUICK]
    running = subprocess.Popen(
        [str(part) for part in command],
        env=environment({"XDG_CACHE_HOME": str(cache)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(stamps(cache)) < 12 and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not out.exists()
    before = stamps(cache)
    # Each image has its content, two augmentations and the vector of the encoder that is used now.
    assert 12 <= len(before) < 4 * len(images)
    finetune(out, cache=cache).expect(3)
    after = stamps(cache)
    # Only images that were in work are read again, which writes their content once more.
    again = [path for path in before if before[path] != after[path]]
    assert {path.parent.name for path in again} <= {"contents"}
    assert len(again) <= os.cpu_count()
    assert len(after) == 4 * len(images)
    finetune(tmp_path / "again", cache=cache).expect(3)
    assert stamps(cache) == after


def test_a_stopped_training_does_not_go_live(boutique, cache, tmp_path):
    out = tmp_path / "out"
    endless = ["--epochs", "10000", "--patience", "10000", "--reindex"]
    command = [BINARY, "--verbose", "finetune", "--data", boutique.data, "--out", out, *endless]
    running = subprocess.Popen(
        [str(part) for part in command],
        env=environment({"XDG_CACHE_HOME": str(cache)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert any("epoch 2:" in line for line in running.stderr), "it ended before"
    running.send_signal(signal.SIGINT)
    rest = running.stderr.read()
    assert running.wait(60) == 3, rest
    assert "fine-tuning was stopped early" in rest
    assert f"lookalike reindex --data {boutique.data} --encoder {out}" in rest
    assert (out / "model.onnx").is_file()
    assert not boutique.index().get("side_indexes")


def test_the_gain_is_foretold_from_a_sample(boutique, images, tmp_path):
    cache = tmp_path / "cache"
    audit = lambda *options: boutique.lookalike(
        "audit", *options, extra_environment={"XDG_CACHE_HOME": str(cache)}
    )
    report = audit("--would-gain=24", "--json").expect().json()
    would_gain = report["would_gain"]
    assert 20 <= would_gain["sample"] <= 24
    assert (would_gain["labeled"], would_gain["labels"]) == (len(images), CATEGORIES)
    assert would_gain["encoder"] == boutique.index()["encoder"]["name"]
    assert would_gain["verdict"] in ("better", "worse", "unclear")
    gain = would_gain["gain"]["map"]
    assert gain["low"] <= gain["mean"] <= gain["high"]
    features = stamps(cache)
    assert len(features) == 4 * would_gain["sample"]
    people = audit("--would-gain").expect().stdout
    assert f"measured on {len(images)} of {len(images)} images" in people
    assert people.rstrip().splitlines()[-1].startswith("Fine-tuning ")
    assert "lookalike finetune --data" in people or "not worth it" in people
    # The larger sample contains the smaller one, and nothing is computed twice.
    assert {path: stamp for path, stamp in stamps(cache).items() if path in features} == features
    assert "would_gain" not in audit("--json").expect().json()
    # A usage error, and an attribute that no product has.
    audit("--label-column", "colour").expect(2)
    audit("--would-gain=5").expect(2)
    assert "has a \"taste\"" in audit("--would-gain", "--label-column", "taste").expect(1).stderr


def test_a_catalog_with_nothing_to_learn(make_system, images, tmp_path):
    system = make_system().start()
    refused = lambda: system.lookalike("finetune", "--out", tmp_path / "out").expect(1).stderr
    assert "has no images" in refused()
    assert "has no images" in system.lookalike("audit", "--would-gain").expect(1).stderr
    system.put(BAD, bad_pictures.TEXT)
    system.until(lambda: system.index()["failed"] == 1)
    assert "none of the 1 images of the catalog is indexed" in refused()
    for image in images[:3]:
        system.put(f"catalog/{image.path.name}", image.bytes)
    system.until_images(3)
    assert "lookalike import" in refused()
    for image in images[3:6]:
        system.put(f"catalog/one/{image.path.name}", image.bytes)
    system.until_images(6)
    assert "all 3 images have the category \"one\"" in refused()
    # The object metadata of an image goes before its folder.
    for image in images[6:9]:
        system.put(f"catalog/one/{image.path.name}", image.bytes, Metadata={"category": "two"})
    system.until_images(9)
    assert "only 6 images of the catalog have a category" in refused()
    assert not (tmp_path / "out").exists()


def test_a_new_encoder_goes_live_unless_it_is_worse(make_system, catalog, images, cache, tmp_path):
    table = catalog.write_table(images, tmp_path / "products.csv")
    pictures = catalog.copy(images, tmp_path / "pictures")
    system = make_system().start("--catalog", pictures, "--metadata", table)
    old = system.index()["encoder"]["name"]

    # By default, enough held-out products for a verdict.
    def finetune(out, *options, share="0.4"):
        arguments = ["--out", out, "--reindex", "--json", *QUICK, "--validation-share", share, *options]
        home = {"XDG_CACHE_HOME": str(cache)}
        return system.lookalike("finetune", *arguments, extra_environment=home)

    # Eight numbers of a network with a few hundred weights.
    worse = finetune(tmp_path / "worse", "--backbone", SMALL_ENCODER, "--dimensions", "8").expect(3)
    # To such a network all images look alike, but products can still be held out.
    assert any("seem nearly identical to this network" in note for note in worse.json()["notes"])
    assert "measures worse" in worse.stderr
    assert f"--encoder {tmp_path / 'worse'}" in worse.stderr
    assert worse.json()["held_out"]["encoder"] == old
    assert system.index()["encoder"]["name"] == old

    # Too few held-out products to be certain of anything.
    few = finetune(tmp_path / "few", share="0.1").expect(3)
    assert "it is not certain" in few.stderr
    assert f"--encoder {tmp_path / 'few'}" in few.stderr
    assert system.index()["encoder"]["name"] == old
    # A system that cannot be reached is noticed before training.
    gone = ["--images", pictures, "--out", tmp_path / "gone", "--reindex", "--data", tmp_path / "none"]
    assert "--reindex goes live" in lookalike("finetune", *gone).expect(1).stderr
    assert not (tmp_path / "gone").exists()

    # The command that was printed goes live nevertheless.
    system.lookalike("reindex", "--encoder", tmp_path / "worse").expect()
    system.until(lambda: system.index()["encoder"]["name"] == "worse", what="the worse encoder")
    # Images of a folder are for the same catalog, so its encoder is the one to compare with; the
    # built-in one is built on.
    lines = finetune(tmp_path / "better", "--images", pictures).expect().stdout.splitlines()
    card, reindexed = map(json.loads, lines)
    assert card["held_out"]["encoder"] == "worse"
    assert card["parents"][0]["name"] == old
    assert reindexed["switched"] is True
    assert reindexed["indexed"] == len(images)
    system.until(lambda: system.index()["encoder"]["name"] == "better", what="the new encoder")
    assert system.index()["encoder"]["dimensions"] == card["dimensions"]
    query = images[0]
    best = system.search(query.bytes, k=1)["results"][0]
    assert best["image"]["key"] == query.key
    assert best["score"] == pytest.approx(1, abs=1e-3)
    # What is live now is what the next fine-tuning builds on and compares with.
    again = system.lookalike(
        "finetune", "--out", tmp_path / "third", "--json", *QUICK,
        extra_environment={"XDG_CACHE_HOME": str(cache)},
    ).expect().json()
    assert again["held_out"]["encoder"] == "better"
    assert again["parents"][0]["name"] == "better"
    system.lookalike("reindex", "--rollback").expect()
    system.until(lambda: system.index()["encoder"]["name"] == "worse", what="the encoder before")
