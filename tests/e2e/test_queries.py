"""Queries of several items, and parts of images."""

import base64
import json

import numpy as np
import pytest
from PIL import Image
from support.answers import jpeg, keys, opened, products
from support.command import lookalike
from support.problems import expect_problem
from support.system import answer


def encoded(picture):
    return base64.b64encode(picture).decode()


@pytest.fixture(scope="module")
def fingerprint(shop):
    return shop.index()["encoder"]["fingerprint"]


@pytest.fixture(scope="module")
def ask(shop):
    """Returns the answer to a search in JSON."""
    return lambda **request: answer(shop.post("/search", json=request))


def vector_of(picture):
    """Returns the embedding of an image file, from the command line."""
    return lookalike("embed", picture.path, "--json").expect().json()["embedding"]


# Items


def test_a_picture_a_key_and_a_vector_find_the_same(shop, shop_pictures, ask, fingerprint):
    picture = shop_pictures[3]
    by_bytes = shop.search(picture.bytes, k=5, trim="false")
    assert by_bytes["results"][0]["image"]["key"] == picture.key
    vector = vector_of(picture)
    for item in (
        {"image": encoded(picture.bytes), "trim": False},
        {"key": picture.key, "trim": False},
        {"vector": vector, "fingerprint": fingerprint},
        {"vector": [100 * x for x in vector], "fingerprint": fingerprint, "weight": 3},
    ):
        assert keys(ask(query=[item], k=5)) == keys(by_bytes), list(item)


def test_a_product_is_like_similar(shop, shop_pictures, ask):
    product = shop_pictures[4].product_id
    similar = shop.get(f"/products/{product}/similar?k=7&min_score=-1")
    found = ask(query=[{"product": product}], k=7, min_score=-1)
    assert found["results"] == similar["results"]
    assert product not in products(found)


def test_the_vector_of_a_query_is_the_weighted_sum(shop, shop_pictures, ask, fingerprint):
    rows = [shop_pictures[i] for i in (0, 7, 12)]
    vectors = np.array([vector_of(picture) for picture in rows])
    weights = [1.0, 0.6, -0.4]
    by_items = ask(
        query=[
            {"key": picture.key, "weight": weight, "trim": False}
            for picture, weight in zip(rows, weights, strict=True)
        ],
        k=20,
        min_score=-1,
    )
    summed = (np.array(weights)[:, None] * vectors).sum(axis=0)
    item = {"vector": summed.tolist(), "fingerprint": fingerprint}
    by_sum = ask(query=[item], k=20, min_score=-1)
    assert keys(by_items) == keys(by_sum)
    scores = [[result["score"] for result in found["results"]] for found in (by_items, by_sum)]
    assert np.allclose(*scores, atol=1e-4)


def test_less_of_something(shop, shop_pictures, engine, ask):
    wanted, unwanted = shop_pictures[0], shop_pictures[1]
    item = {"key": wanted.key}

    def score(weight):
        query = [item, {"key": unwanted.key, "weight": weight}] if weight else [item]
        found = ask(query=query, k=1000, min_score=-1, **engine.ours_in_json)
        return next(r["score"] for r in found["results"] if r["image"]["key"] == unwanted.key)

    assert score(-0.5) < score(None) < score(0.5)


def test_a_form_with_several_pictures(shop, shop_pictures, ask):
    one, other = shop_pictures[2], shop_pictures[9]
    expected = ask(
        query=[{"image": encoded(one.bytes)}, {"image": encoded(other.bytes), "weight": 0.5}]
    )
    request = {"query": [{"part": "front"}, {"part": "back", "weight": 0.5}]}
    form = {
        "front": ("a.jpg", one.bytes, "image/jpeg"),
        "back": ("b.jpg", other.bytes, "image/jpeg"),
        "request": (None, json.dumps(request), "application/json"),
    }
    assert keys(answer(shop.post("/search", files=form))) == keys(expected)
    plain = [("image", ("a.jpg", p.bytes, "image/jpeg")) for p in (one, other)]
    found = answer(shop.post("/search?k=2", files=plain))
    assert len(found["results"]) == 2


def test_products_of_the_query_are_left_out(shop, shop_pictures, engine, ask):
    ids = sorted({picture.product_id for picture in shop_pictures[:6]})
    found = ask(query=[{"product": name} for name in ids], k=1000, min_score=-1, **engine.ours_in_json)
    everything = {picture.product_id for picture in shop_pictures}
    assert set(products(found)) == everything - set(ids)


# Parts of images


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_crop_is_of_the_upright_picture(shop, shop_pictures, orientation):
    left, right = (opened(picture).resize((600, 600)) for picture in shop_pictures[5:7])
    both = Image.new("RGB", (1200, 600))
    both.paste(left, (0, 0))
    both.paste(right, (600, 0))
    turned = {
        1: both,
        3: both.transpose(Image.Transpose.ROTATE_180),
        6: both.transpose(Image.Transpose.ROTATE_90),
        8: both.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = jpeg(turned, exif=exif)
    for part, crops in (
        (left, ["0,0,600,600", "0.0,0.0,0.5,1.0", "0%,0%,50%,100%"]),
        (right, ["600,0,600,600", "0.5,0.0,0.5,1.0"]),
    ):
        expected = keys(shop.search(jpeg(part), k=3, trim="false"))
        for crop in crops:
            found = shop.search(stored, k=3, crop=crop, trim="false")
            assert keys(found)[0] == expected[0], crop


def test_a_small_box_of_a_large_picture(shop, shop_pictures, figures):
    picture = opened(shop_pictures[8]).resize((300, 400))
    noise = Image.effect_noise((200, 150), 90).resize((4000, 3000)).convert("RGB")
    noise.paste(picture, (2600, 1500))
    found = shop.search(jpeg(noise), k=1, crop="2600,1500,300,400", trim="false")
    assert keys(found) == [shop_pictures[8].key]
    figures(f"crop 300x400 of 4000x3000: score {found['results'][0]['score']:.4f}")


def test_margins_do_not_count(shop, shop_pictures, engine, figures):
    """An image on a large sheet, as in a screenshot, is found as if it were alone."""
    picture = shop_pictures[10]
    alone = opened(picture)
    sheet = Image.new("RGB", (alone.width * 4, alone.height * 4), "white")
    sheet.paste(alone, (alone.width // 2, alone.height * 2))
    scores = {}
    for trim in ("true", "false"):
        found = shop.search(jpeg(sheet, quality=80), k=1000, min_score=-1, trim=trim, **engine.ours)
        result = next(r for r in found["results"] if r["image"]["key"] == picture.key)
        scores[trim] = result["score"]
    assert scores["true"] > scores["false"] + 0.05
    figures(f"on a sheet: score {scores['true']:.3f} trimmed, {scores['false']:.3f} not")


@pytest.mark.parametrize("crop", ["0,0,0,10", "5000,0,10,10", "-20,0,10,10", "0.5,0.5,0.6,0.6"])
def test_a_box_outside_of_the_picture(shop, shop_pictures, crop):
    width, height = opened(shop_pictures[0]).size
    reply = shop.post(f"/search?crop={crop}", data=shop_pictures[0].bytes)
    expect_problem(reply, 400, "invalid-crop", f"{width}x{height}")


# Bad input


def bad_queries(fingerprint):
    picture = {"image": encoded(jpeg(Image.new("RGB", (32, 32), "teal")))}
    vector = {"vector": [0.5] * 3, "fingerprint": fingerprint}
    return [
        ({"query": [picture] * 50}, "invalid-query", "at most 16"),
        ({"query": []}, "invalid-query", "no items"),
        ({"query": [picture | {"weight": -1}]}, "invalid-query", "negative"),
        ({"query": [picture | {"weight": 0}]}, "invalid-query", "other than 0"),
        ({"query": [picture | {"weight": 1e9}]}, "invalid-query", "-100 to 100"),
        ({"query": [vector]}, "invalid-vector", "3 numbers"),
        ({"query": [vector | {"fingerprint": "00" * 32}]}, "invalid-vector", "do not compare"),
        ({"query": [vector | {"fingerprint": "xyz"}]}, "invalid-vector", "64 hexadecimal"),
        ({"query": [{"vector": [0.1] * 3}]}, "invalid-vector", "missing"),
        ({"query": [picture | {"crop": {"x": 0, "y": 0, "w": 1, "h": 1}}]}, "invalid-crop", "unit"),
        ({"query": [picture | {"colour": "red"}]}, "invalid-json", "`colour`"),
        ({"query": picture}, "invalid-json", "a list"),
        ({"image": "", "query": []}, "invalid-json", "exactly one of"),
        (picture | {"fields": [str(n) for n in range(200)]}, "invalid-parameter", "at most 64"),
        (picture | {"diversity": 2}, "invalid-parameter", "from 0 to 1"),
        (picture | {"k": "ten"}, "invalid-parameter", "whole number"),
        (picture | {"limit": 3}, "invalid-json", "`limit`"),
    ]


@pytest.mark.parametrize("number", range(17))
def test_errors_of_bad_queries_say_what_to_change(shop, shop_pictures, fingerprint, number):
    request, kind, mentioned = bad_queries(fingerprint)[number]
    expect_problem(shop.post("/search", json=request), 400, kind, mentioned)


def test_no_part_of_a_picture_is_logged(shop):
    marker = "c2VjcmV0" * 30
    for request in (
        {"image": marker},
        {"k": marker, "image": marker},
        {"query": [{"product": [marker]}]},
        {"query": marker},
        {"query": [{"image": marker, "weight": marker}]},
    ):
        reply = shop.post("/search", json=request)
        assert 400 <= reply.status_code < 500
        assert "c2VjcmV0c2VjcmV0" not in reply.text
    assert "c2VjcmV0c2VjcmV0" not in shop.log()
    assert "secretsecret" not in shop.log()


# The command line


def test_search_by_several_things(shop, shop_pictures, tmp_path):
    picture, other = shop_pictures[0], shop_pictures[1]

    def found(*arguments):
        return shop.lookalike("search", *arguments, "--json").expect().json()

    plain = found(picture.path, "-k", "5")
    assert keys(plain) == keys(shop.search(picture.bytes, k=5))
    liked = found("--like", f"product:{other.product_id}", "-k", "1000", "--min-score", "-1")
    assert other.product_id not in products(liked)
    added = found(picture.path, "--like", f"{other.path}@0.7", "--unlike", f"key:{shop_pictures[2].key}")
    assert len(added["results"]) == 10
    more = found(picture.path, "-k", "5", "--cursor", plain["next_cursor"])
    assert not set(keys(more)) & set(keys(plain))
    each = found(picture.path, "--group-by", "image", "--fields", "name", "--diversity", "0.3")
    assert all(set(result["metadata"]) <= {"name"} for result in each["results"])

    both = tmp_path / "both.jpg"
    sheet = Image.new("RGB", (1000, 500))
    sheet.paste(opened(picture).resize((500, 500)), (0, 0))
    sheet.paste(opened(other).resize((500, 500)), (500, 0))
    sheet.save(both, quality=92)
    half = found(both, "--crop", "50%,0%,50%,100%", "--no-trim", "-k", "1")
    assert keys(half) == keys(shop.search(jpeg(opened(other).resize((500, 500))), k=1, trim="false"))

    lines = shop.lookalike("search", picture.path, "-k", "3", "--all-images", "--collapse").expect()
    assert len(lines.stdout.splitlines()) >= 3
    refused = shop.lookalike("search", picture.path, "--crop", "9000,0,10,10").expect(1)
    assert "the image" in refused.stderr
    for words in (["--crop", "1,2,3"], [], ["--unlike", "product:a"], ["--like", "a@0"]):
        path = [picture.path] if "--crop" in words else []
        assert shop.lookalike("search", *path, *words).code in (1, 2)
