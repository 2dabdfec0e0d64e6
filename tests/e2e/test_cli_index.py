"""`index` and `status`: their output for people and for programs, and their exit codes."""

import re

import pytest
from support import bad_pictures
from support.system import result_of


# index


def test_index_info(shop, engine):
    info, index = expect_same_generation(shop, "index", "info")
    assert info == index
    members = {"generation", "images", "encoder", "segments", "failed", "failures", "filterable", "history"}
    assert set(info) == members | {"vector_base" if engine.is_vector_base else "products"}
    assert set(info["encoder"]) == {"name", "fingerprint", "dimensions"}
    assert re.fullmatch(r"[0-9a-f]{64}", info["encoder"]["fingerprint"])
    assert all(set(segment) == {"kind", "rows", "bytes"} for segment in info["segments"])
    people = shop.lookalike("index", "info").expect().stdout
    assert re.search(rf"^images +{info['images']}$", people, re.MULTILINE)
    assert info["encoder"]["name"] in people
    assert people.count("\nsegment ") == len(info["segments"])


def expect_same_generation(shop, *command):
    """Compares the output of a command with the API for one generation: earlier changes may still be settling."""

    def ask():
        said = shop.lookalike(*command, "--json").expect().json()
        index = shop.index()
        return said["generation"] == index["generation"] and (said, index)

    return shop.until(ask)


def test_index_verify_and_repair(shop, spare):
    shop.until(lambda: shop.lookalike("index", "verify").code == 0)
    report = shop.lookalike("index", "verify", "--json").expect().json()
    assert report["verify"]["problems"] == []
    assert report["verify"]["images"] == shop.index()["images"]
    assert report["differences"] == {"to_index": [], "to_remove": []}

    # A file that appears in the folder of a running server causes no event.
    picture = spare()
    path = shop.data / "s3" / "catalog" / "catalog" / "behind the back" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(picture.bytes)
    key = "catalog/behind the back/a.jpg"
    report = shop.lookalike("index", "verify", "--json").expect(3).json()
    assert report["differences"] == {"to_index": [key], "to_remove": []}
    people = shop.lookalike("index", "verify").expect(3).stdout
    assert "1 images to index, 0 to remove" in people
    report = shop.lookalike("index", "verify", "--repair", "--json").expect().json()
    assert (report["repaired"], report["failed"]) == (True, 0)
    shop.until_found(picture.bytes, key)

    path.unlink()
    report = shop.lookalike("index", "verify", "--json").expect(3).json()
    assert report["differences"] == {"to_index": [], "to_remove": [key]}
    assert "done, 0 failed" in shop.lookalike("index", "verify", "--repair").expect().stdout
    shop.until_gone(picture.bytes, key)
    shop.lookalike("index", "verify").expect()


def test_verify_is_clean_when_only_known_failures_remain(shop, spare):
    shop.until(lambda: shop.lookalike("index", "verify").code == 0)
    key, failed = "catalog/filed/elsewhere.jpg", "catalog/filed/bad.jpg"
    picture = spare()
    shop.put(key, picture.bytes)
    shop.put(failed, b"this is text")
    shop.until_found(picture.bytes, key)
    shop.until(lambda: shop.get(f"/images/{failed}")["state"] == "failed")
    report = shop.lookalike("index", "verify", "--json").expect().json()
    assert report["differences"] == {"to_index": [failed], "to_remove": [], "known_failures": [failed]}
    assert report["relabeled"] == []
    people = shop.lookalike("index", "verify").expect().stdout
    assert "1 images failed before" in people and "0 images to index" in people
    assert "done, 0 failed" in shop.lookalike("index", "verify", "--repair").expect().stdout
    shop.delete(failed)
    shop.delete(key)
    shop.until_gone(picture.bytes, key)


def test_a_vector_base_is_not_rebuilt(shop, engine):
    if not engine.is_vector_base:
        pytest.skip("needs --engine dynamodb")
    if engine.finishes:
        report = shop.lookalike("index", "rebuild", "--json").expect().json()
        assert (report["rebuilt_rows"], report["postponed"]) == (None, None)
    else:
        assert "--finish" in shop.lookalike("index", "rebuild").expect(3).stdout


@pytest.mark.segments_only("there is no base segment to rebuild")
def test_index_rebuild_and_gc(shop, shop_pictures):
    before = shop.index()
    report = shop.lookalike("index", "rebuild", "--json").expect().json()
    assert report["rebuilt_rows"] == before["images"]
    assert report["failed"] == 0
    after = shop.until(lambda: (i := shop.index())["generation"] > before["generation"] and i)
    assert [segment["kind"] for segment in after["segments"]] == ["base"]
    assert (after["images"], after["products"]) == (before["images"], before["products"])
    picture = shop_pictures[9]
    assert result_of(shop.search(picture.bytes, k=1), picture.key)
    assert "rebuilt" in shop.lookalike("index", "rebuild").expect().stdout

    # Nothing is old enough to be removed.
    nothing = {"removed": 0, "doomed": 0, "vector_bases": 0}
    assert shop.lookalike("index", "gc", "--json").expect().json() == nothing
    assert shop.lookalike("index", "gc").expect().stdout == "removed 0 segments\n"
    shop.lookalike("index", "verify").expect()


# status


@pytest.mark.segments_only("products are not counted, nor how well categories are separated")
def test_status(shop, spare):
    status, index = expect_same_generation(shop, "status")
    separation = status.pop("separation")
    assert separation["categories"] > 1 and separation["compared"] == index["products"]
    assert status == {name: index[name] for name in ("generation", "images", "products", "failed", "history")}
    newest = status["history"][0]
    assert newest["generation"] == status["generation"]
    people = shop.lookalike("status").expect().stdout
    assert f"{index['images']} images of {index['products']} products" in people
    assert f"{newest['published']}  generation {newest['generation']}: {newest['summary']}" in people

    key = "catalog/broken/half a+b.jpg"
    shop.put(key, bad_pictures.truncated(spare().bytes))
    shop.until(lambda: shop.index()["failed"] == index["failed"] + 1)
    people = shop.lookalike("status", "--failed").expect().stdout
    assert re.search(rf"^{re.escape(key)}  corrupt: .*JPEG", people, re.MULTILINE)
    record = shop.lookalike("status", "--failed", "--json").expect().json()["failures"][0]
    assert record["key"] == key
    assert record["failure"]["code"] == "corrupt"
    assert "JPEG" in record["failure"]["reason"]
    shop.delete(key)
    shop.until(lambda: shop.index()["failed"] == index["failed"])
