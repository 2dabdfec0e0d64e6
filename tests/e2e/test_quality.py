"""Results have the query's category, and are called the same image, as often as the encoder allows."""

import io
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image
from support.catalog import files
from support.system import System

K = 10


@pytest.fixture(scope="module")
def system(catalog, tmp_path_factory):
    """A running system with the whole catalog."""
    system = System(tmp_path_factory.mktemp("quality"))
    try:
        yield system.start("--catalog", catalog.root, "--metadata", catalog.table)
    finally:
        system.dispose()


def test_precision_by_category(system, catalog, figures):
    pictures = catalog.pictures()
    index = system.index()
    assert index["images"] == len(pictures)
    assert index["failed"] == 0
    assert index["products"] == len({picture.product_id for picture in pictures})

    find = leave_one_out if catalog.is_drawn else found_categories
    drawn = [picture for picture in pictures if picture.is_main]
    queries = drawn if catalog.is_drawn else list(files(catalog.queries))
    with ThreadPoolExecutor(2) as pool:
        ratings = list(pool.map(lambda query: find(system, query), queries))
    first = sum(rating[0] for rating in ratings) / len(ratings)
    ten = sum(sum(rating) for rating in ratings) / sum(map(len, ratings))
    figures(
        f"{'drawn' if catalog.is_drawn else 'real'} catalog, {index['images']} images, "
        f"{len(queries)} queries: P@1 {first:.3f}, P@{K} {ten:.3f}"
    )
    if catalog.is_drawn:
        assert first >= 0.9
    else:
        assert first >= 0.75
        assert ten >= 0.68


def found_categories(system, query):
    """Returns for each product found whether it has the query photo's category."""
    path, _ = query
    results = system.search(path.read_bytes(), k=K)["results"]
    assert len(results) == K
    return [result["metadata"]["category"] == path.parent.name for result in results]


def leave_one_out(system, picture):
    """Returns the same for a catalog image, ignoring its own product."""
    results = system.search(picture.bytes, k=K + 1)["results"]
    assert results[0]["product_id"] == picture.product_id
    others = [result for result in results if result["product_id"] != picture.product_id][:K]
    assert len(others) == K
    return [result["metadata"]["category"] == picture.category for result in others]


def test_copies_are_the_same_picture_and_others_are_not(system, catalog, figures):
    if catalog.is_drawn:
        pytest.skip("drawn products differ by colour alone: only photos say what is mistaken for what")
    system.lookalike("index", "rebuild").expect()
    originals = random.Random(5).sample(catalog.pictures(), 100)
    copies = [(original, copy) for original in originals for copy in copies_of(original.bytes)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda pair: same(system, pair[1]), copies))
        others = list(pool.map(lambda query: same(system, query[0].read_bytes()), files(catalog.queries)))
    right = sum(original.product_id in said for (original, _), said in zip(copies, found))
    said = sum(map(len, found))
    mistaken = sum(map(bool, others)) / len(others)
    recall, precision = right / len(copies), right / said
    figures(
        f"`same` on {len(copies)} copies: precision {precision:.3f}, recall {recall:.3f}; "
        f"given to {mistaken:.2%} of {len(others)} photos that are not in the catalog"
    )
    assert precision >= 0.98
    assert recall >= 0.9
    assert mistaken <= 0.01


def copies_of(picture):
    """Returns copies: saved again, resized, and with a few percent of every side cut off."""
    photo = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = photo.size
    inner = (width * 0.025, height * 0.025, width * 0.975, height * 0.975)
    for copy, quality in [
        (photo, 60),
        (photo.resize((width // 2, height // 2), Image.Resampling.LANCZOS), 85),
        (photo.resize((width * 3 // 2, height * 3 // 2), Image.Resampling.BICUBIC), 85),
        (photo.crop(tuple(map(round, inner))), 85),
    ]:
        file = io.BytesIO()
        copy.save(file, "JPEG", quality=quality)
        yield file.getvalue()


def same(system, picture):
    """Returns the products that are reported as the same image."""
    results = system.search(picture, k=5, min_match="same")["results"]
    assert all(result["match"] == "same" for result in results)
    return [result["product_id"] for result in results]
