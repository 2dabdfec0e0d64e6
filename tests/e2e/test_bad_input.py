"""Wrong input gets a helpful answer, and does no harm."""

import base64
import io
import json
import random
import re
import socket
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image
from support import bad_pictures
from support.problems import expect_problem
from support.system import result_of


@pytest.fixture(scope="module")
def jpeg(shop_pictures):
    return shop_pictures[0].bytes


@pytest.fixture(autouse=True)
def lives_on(shop, shop_pictures):
    """After each test, the system must still answer as before."""
    yield
    shop.expect_alive()
    picture = shop_pictures[1]
    assert result_of(shop.search(picture.bytes, k=3), picture.key)


# Images


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream", None])
def test_truncated_jpeg(shop, jpeg, content_type):
    headers = {"content-type": content_type} if content_type else {}
    reply = shop.post("/search", data=bad_pictures.truncated(jpeg), headers=headers)
    expect_problem(reply, 422, "corrupt-picture", "JPEG")


def test_no_bytes(shop):
    for headers in ({"content-type": "image/jpeg"}, {}):
        reply = shop.post("/search", data=b"", headers=headers)
        expect_problem(reply, 400, "empty-picture")


def test_text_named_jpg(shop):
    reply = shop.post("/search", data=bad_pictures.TEXT, headers={"content-type": "image/jpeg"})
    problem = expect_problem(reply, 415, "unsupported-format", "JPEG")
    assert problem["supported"] == ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF"]
    form = shop.post("/search", files={"image": ("shoe.jpg", bad_pictures.TEXT, "image/jpeg")})
    expect_problem(form, 415, "unsupported-format")


def test_unsupported_format(shop):
    reply = shop.post("/search", data=bad_pictures.jpeg_2000(), headers={"content-type": "image/jp2"})
    expect_problem(reply, 415, "unsupported-format", "JPEG 2000")


def test_a_png_that_claims_ten_thousand_million_pixels(shop):
    reply = shop.post("/search", data=bad_pictures.huge_png())
    expect_problem(reply, 422, "too-many-pixels", "100000")


def peak_memory(system):
    """Returns the peak memory of the process in megabytes, since it was last reset."""
    status = Path(f"/proc/{system.process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured on Linux")
def test_three_vast_images_in_one_request_take_no_memory(shop, figures):
    image = base64.b64encode(bad_pictures.vast_png(6600)).decode()
    Path(f"/proc/{shop.process.pid}/clear_refs").write_text("5", encoding="ascii")
    before = peak_memory(shop)
    reply = shop.post("/search", json={"query": [{"image": image}] * 3})
    expect_problem(reply, 422, "too-many-pixels", "130680000 pixels")
    more = peak_memory(shop) - before
    figures(f"three images of 43 megapixels in one request: refused with {more:.0f} MB more memory")
    assert more < 32


def test_garbage_after_a_valid_header(shop, jpeg):
    # Behind the start of the scan, so that no garbage looks like a header of another kind.
    garbage = jpeg[: jpeg.index(b"\xff\xda") + 20] + random.Random(1).randbytes(20_000)
    expect_problem(shop.post("/search", data=garbage), 422, "corrupt-picture")


@pytest.mark.parametrize("pieces", [False, True], ids=["with length", "in chunks"])
def test_thirty_megabytes(shop, jpeg, pieces):
    body = jpeg + bytes(30 * 1024 * 1024)
    size = 64 * 1024
    chunks = (body[i : i + size] for i in range(0, len(body), size))
    reply = shop.post("/search", data=chunks if pieces else body)
    expect_problem(reply, 413, "too-large", "POST /uploads")


# Parameters


@pytest.mark.parametrize("k", ["0", "100000", "abc", "-1", "1.5", "", "99999999999999999999"])
def test_impossible_k(shop, shop_pictures, jpeg, k):
    problem = expect_problem(
        shop.post(f"/search?k={k}", data=jpeg), 400, "invalid-parameter", "k is", "1 to 1000"
    )
    assert problem["instance"] == "/search"
    similar = shop.http.get(f"{shop.url}/products/{shop_pictures[0].product_id}/similar?k={k}")
    expect_problem(similar, 400, "invalid-parameter", "1 to 1000")


@pytest.mark.parametrize("score", ["NaN", "1.5", "-2", "x", "inf"])
def test_impossible_min_score(shop, jpeg, score):
    reply = shop.post(f"/search?min_score={score}", data=jpeg)
    expect_problem(reply, 400, "invalid-parameter", "min_score", "-1 to 1")


def test_a_misspelled_parameter(shop, jpeg):
    reply = shop.post("/search?limit=3", data=jpeg)
    expect_problem(reply, 400, "unknown-parameter", "limit", "min_score")


# Products and keys


@pytest.mark.parametrize("path", ["", "/similar"])
@pytest.mark.parametrize("product_id", ["nobody", "%2e%2e%2fetc", "a%20b%2Bc%25", "%F0%9F%A6%80"])
def test_unknown_product(shop, product_id, path):
    reply = shop.http.get(f"{shop.url}/products/{product_id}{path}")
    expect_problem(reply, 404, "unknown-product")


def test_a_product_id_that_is_not_utf8(shop):
    assert 400 <= shop.http.get(f"{shop.url}/products/%ff%fe").status_code < 500


@pytest.mark.parametrize("key", ["uploads/nothing.jpg", "catalog/no such/ü+%.jpg"])
def test_unknown_key(shop, key):
    expect_problem(shop.post("/search", json={"key": key}), 404, "unknown-key", "upload the image")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "secret.jpg",
        "index/manifest.json",
        "/catalog/a.jpg",
        "catalog",
        "catalog/",
        "Catalog/a.jpg",
        "catalog/../secret.jpg",
        "uploads/../../etc/passwd",
        "uploads/..",
        "catalog/./a.jpg",
        "catalog//a.jpg",
        "catalog/a\u0000b.jpg",
        "s3://catalog/catalog/a.jpg",
    ],
)
def test_forbidden_key(shop, key):
    reply = shop.post("/search", json={"key": key})
    expect_problem(reply, 400, "forbidden-key", "uploads/", "catalog/")


def test_a_key_that_holds_no_picture(shop):
    shop.put("uploads/notes.jpg", bad_pictures.TEXT)
    expect_problem(shop.post("/search", json={"key": "uploads/notes.jpg"}), 415, "unsupported-format")
    shop.put("uploads/empty.jpg", b"")
    expect_problem(shop.post("/search", json={"key": "uploads/empty.jpg"}), 400, "empty-picture")


# Bodies


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b'{"key": ', b"[]", b"null", b"{}", b"\xff"],
)
def test_json_that_is_not_the_expected_json(shop, body):
    reply = shop.post("/search", data=body, headers={"content-type": "application/json"})
    expect_problem(reply, 400, "invalid-json", '"image"', '"key"')


@pytest.mark.parametrize(
    "body, says",
    [
        (b'{"key": 1}', "key is 1"),
        (b'{"kye": "uploads/a"}', "`key`"),
        (b'{"key": "uploads/a", "minmatch": "same"}', "`min_match`"),
    ],
)
def test_json_with_a_member_that_is_wrong(shop, body, says):
    reply = shop.post("/search", data=body, headers={"content-type": "application/json"})
    expect_problem(reply, 400, "invalid-json", says)


def test_an_image_that_is_not_base64(shop, jpeg):
    expect_problem(shop.post("/search", json={"image": "no base64!"}), 400, "invalid-base64")
    half = base64.b64encode(bad_pictures.truncated(jpeg)).decode()
    expect_problem(shop.post("/search", json={"image": half}), 422, "corrupt-picture")
    expect_problem(shop.post("/search", json={"image": ""}), 400, "empty-picture")


def test_a_form_without_the_field(shop, jpeg):
    reply = shop.post("/search", files={"photo": ("a.jpg", jpeg)})
    expect_problem(reply, 400, "invalid-form", '"image"')
    broken = {"content-type": "multipart/form-data; boundary=x"}
    expect_problem(shop.post("/search", data=b"--x\r\nbroken", headers=broken), 400, "invalid-form")
    unbounded = {"content-type": "multipart/form-data"}
    expect_problem(shop.post("/search", data=b"", headers=unbounded), 400, "invalid-form")


def test_another_content_type(shop, jpeg):
    reply = shop.post("/search", data=jpeg, headers={"content-type": "text/plain"})
    expect_problem(reply, 415, "unsupported-media-type", "application/json")


def test_an_upload_of_another_format(shop):
    reply = shop.post("/uploads", json={"size": 1000, "content_type": "image/heic"})
    expect_problem(reply, 415, "unsupported-format")
    expect_problem(shop.post("/uploads", json={"size": 1000, "type": "x"}), 400, "invalid-json")


# Routes


def test_unknown_route_and_method(shop):
    expect_problem(shop.http.get(f"{shop.url}/nothing"), 404, "unknown-route")
    reply = shop.http.get(f"{shop.url}/search")
    expect_problem(reply, 405, "method-not-allowed")
    assert "POST" in reply.headers["allow"]


def test_a_request_that_breaks_off(shop):
    address = urlsplit(shop.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"POST /search HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\ncontent-length: 1000\r\n\r\nonly"
        )


def test_bytes_that_are_not_http(shop):
    address = urlsplit(shop.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n")
        assert connection.recv(100).startswith((b"HTTP/1.1 400", b""))


# The same valid image in every way that a request may carry it


def test_every_way_to_send_a_valid_picture(shop, jpeg, engine):
    encoded = base64.b64encode(jpeg).decode()
    ways = [
        {"data": jpeg, "headers": {"content-type": "image/jpeg"}},
        {"data": jpeg, "headers": {"content-type": "application/octet-stream"}},
        {"data": jpeg},
        {"files": {"image": ("a.jpg", jpeg, "image/jpeg")}},
        {"json": {"image": encoded}},
        {"json": {"image": f"data:image/jpeg;base64,{encoded}"}},
    ]
    replies = [shop.post("/search?k=5", **way) for way in ways]
    assert [reply.status_code for reply in replies] == [200] * len(ways)
    found = [[(r["product_id"], r["score"]) for r in reply.json()["results"]] for reply in replies]
    assert all(results == found[0] for results in found)
    assert set(replies[0].json()) == {"results", "exact", "next_cursor", "index", "query"}
    found = {"product_id", "score", "match", "image", "metadata"}
    assert set(replies[0].json()["results"][0]) == found
    counts = {"images"} if engine.is_vector_base else {"images", "products"}
    assert set(replies[0].json()["index"]) == {"generation"} | counts
    assert set(replies[0].json()["query"]) == {"embedding_ms", "search_ms"}


# An empty index


def test_an_empty_index_answers_with_nothing(make_system, jpeg):
    system = make_system().start()
    assert system.search(jpeg)["results"] == []
    index = system.index()
    assert (index["generation"], index["images"], index["products"], index["failed"]) == (0, 0, 0, 0)
    expect_problem(system.product("anything"), 404, "unknown-product")


# The catalog


def test_bad_pictures_in_the_catalog_fail_alone(shop, spare, jpeg):
    good = {f"catalog/mixed/{i}.jpg": spare() for i in range(6)}
    bad = {
        "catalog/mixed/truncated.jpg": (bad_pictures.truncated(jpeg), "corrupt"),
        "catalog/mixed/empty.jpg": (b"", "empty"),
        "catalog/mixed/text.jpg": (bad_pictures.TEXT, "unsupported-format"),
        "catalog/mixed/huge.png": (bad_pictures.huge_png(), "too-many-pixels"),
        "catalog/mixed/picture.jp2": (bad_pictures.jpeg_2000(), "unsupported-format"),
        "catalog/mixed/a b+%ü.jpg": (jpeg + bytes(33 * 1024 * 1024), "too-many-bytes"),
    }
    images = shop.index()["images"]
    for (key, picture), (bad_key, (content, _)) in zip(good.items(), bad.items(), strict=True):
        shop.put(bad_key, content)
        shop.put(key, picture.bytes)
    shop.until(lambda: (i := shop.index())["failed"] == len(bad) and i["images"] == images + len(good))
    for key, picture in good.items():
        assert result_of(shop.search(picture.bytes), key)

    status = shop.lookalike("status", "--failed", "--json").expect().json()
    failures = {record["key"]: record["failure"] for record in status["failures"]}
    assert {key: failure["code"] for key, failure in failures.items()} == {
        key: code for key, (_, code) in bad.items()
    }
    assert all(len(failure["reason"]) > 10 for failure in failures.values())
    assert "JPEG 2000" in failures["catalog/mixed/picture.jp2"]["reason"]

    # Replaced by a good one, removed, or overwritten by another bad one.
    repaired = spare()
    shop.put("catalog/mixed/truncated.jpg", repaired.bytes)
    shop.until_found(repaired.bytes, "catalog/mixed/truncated.jpg")
    for key in bad.keys() - {"catalog/mixed/truncated.jpg"}:
        shop.delete(key)
    shop.until(lambda: shop.index()["failed"] == 0)
    # A good image that was overwritten by garbage is no longer found.
    key, picture = next(iter(good.items()))
    shop.put(key, bad_pictures.TEXT)
    shop.until_gone(picture.bytes, key)
    shop.until(lambda: shop.index()["failed"] == 1)
    for key in [*good, "catalog/mixed/truncated.jpg"]:
        shop.delete(key)
    shop.until(lambda: shop.index()["failed"] == 0 and shop.index()["images"] == images)


def test_keys_that_the_store_refuses(shop):
    """`..` must not leave the bucket, whatever the client normalises."""
    for key in ("catalog/../../outside.jpg", "../outside.jpg", "catalog/..", "catalog//x.jpg"):
        link = shop.s3.generate_presigned_url("put_object", {"Bucket": "catalog", "Key": key})
        session = requests.Session()
        request = requests.Request("PUT", link, data=b"x").prepare()
        request.url = link
        assert 400 <= session.send(request, timeout=10).status_code < 500, key
    assert not list(shop.data.parent.rglob("outside.jpg"))


def test_pictures_other_than_photos(shop):
    """One pixel, a narrow strip, grey, alpha: all are images."""
    for mode, size in (("RGB", (1, 1)), ("L", (3000, 2)), ("RGBA", (40, 700)), ("P", (33, 33))):
        buffer = io.BytesIO()
        Image.new(mode, size).save(buffer, "PNG")
        assert len(shop.search(buffer.getvalue(), k=3, min_score=-1)["results"]) == 3


def test_the_problems_are_documented(shop):
    described = json.dumps(shop.get("/openapi.json"))
    assert "application/problem+json" in described


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_raw_character_in_a_url(shop, method):
    """curl sends a URL as it is; the HTTP server cannot parse this one."""
    address = urlsplit(shop.url)
    target = "/products/x/similar?filter=price<50"
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        # The connection served another request before.
        for path in ("/health", target):
            connection.sendall(f"{method} {path} HTTP/1.1\r\nhost: shop\r\n\r\n".encode())
            reply = HTTPResponse(connection, method=method)
            reply.begin()
            body = reply.read()
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.headers["x-request-id"]
    if method == "GET":
        problem = json.loads(body)
        assert problem["type"] == "urn:lookalike:problem:invalid-path"
        assert problem["instance"] == "/products/x/similar"
        assert "%3C" in problem["detail"]
