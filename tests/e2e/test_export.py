"""Exported answers: the files of `lookalike export-similar`, and what a second run leaves unchanged."""

import datetime
import fcntl
import json
import os
import shutil
import time
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.few_rows("the tests count the files of an export")

K = 5


def export(system, out, *arguments, code=0):
    """Returns the report of a run."""
    told = system.lookalike("export-similar", "--k", K, "--out", out, "--json", *arguments)
    return told.expect(code).json()


def stored(folder):
    """Returns every file's content."""
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}


def times(folder):
    """Returns the time at which every file was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def encoded(product_id):
    """Encodes like encodeURIComponent."""
    return quote(product_id, safe="-_.!~*'()")


def similar(system, product_id):
    """Returns the API's answer."""
    return system.get(f"/products/{quote(product_id, safe='')}/similar?k={K}")["results"]


@pytest.fixture(scope="module")
def settled(shop, spare):
    """The shop with a product of two images and one with an awkward name."""
    shop.put("catalog/odd/index.jpg", spare().bytes)
    shop.put("catalog/odd/x.jpg", spare().bytes, Metadata={"product-id": "a b/c+%"})
    shop.put("catalog/odd/y.jpg", spare().bytes, Metadata={"product-id": "a b/c+%"})
    shop.until(lambda: shop.lookalike("audit").code == 0)
    return shop


def test_every_product_has_the_answer_of_the_api(settled, tmp_path):
    out = tmp_path / "answers"
    told = export(settled, out)
    files = stored(out)
    index = files.pop("index.json")
    products = settled.lookalike("audit", "--json").expect().json()["products"]
    assert told == {
        "generation": settled.index()["generation"],
        "products": products,
        "written": products,
        "unchanged": 0,
        "removed": 0,
    }
    assert (index["generation"], index["k"], len(index["products"])) == (told["generation"], K, products)
    assert set(files) == {entry["file"] for entry in index["products"].values()}
    assert sorted(path.name for path in out.iterdir()) == sorted([*files, "index.json"])
    for product_id, entry in index["products"].items():
        if product_id == "index":
            assert entry["file"] == "%69ndex.json"
        else:
            assert entry["file"] == f"{encoded(product_id)}.json"
        answer = files[entry["file"]]
        assert (answer["product_id"], answer["generation"]) == (product_id, told["generation"])
        expected = similar(settled, product_id)
        assert [r["product_id"] for r in answer["results"]] == [r["product_id"] for r in expected]
        for result, wanted in zip(answer["results"], expected):
            assert result["image"] == {"key": wanted["image"]["key"]}
            assert abs(result["score"] - wanted["score"]) < 1e-4
            assert result.get("match") == wanted.get("match")
            assert "metadata" not in result


def test_a_second_run_writes_only_what_changed(settled, spare, tmp_path):
    out = tmp_path / "answers"
    export(settled, out)
    before, contents = times(out), stored(out)
    again = export(settled, out)
    assert (again["written"], again["removed"]) == (0, 0)
    assert times(out) == before, "nothing was written, not even the index"

    foreign = out / "robots.txt"
    foreign.write_text("not ours")
    picture = spare()
    settled.put("catalog/odd/late.jpg", picture.bytes)
    settled.until_found(picture.bytes, "catalog/odd/late.jpg")
    told = export(settled, out)
    after = stored(out)
    assert after["late.json"]["results"]
    changed = {name for name in after if name != "index.json" and after[name] != contents.get(name)}
    touched = {name for name, at in times(out).items() if at != before.get(name)}
    assert touched == changed | {"index.json", "robots.txt"}
    assert told["written"] == len(changed) and told["removed"] == 0
    assert told["written"] + told["unchanged"] == told["products"]
    # Unwritten files name the generation that found their content.
    old = {after[name]["generation"] for name in after if name not in touched}
    assert old <= {contents["index.json"]["generation"]}

    settled.delete("catalog/odd/late.jpg")
    settled.until_gone(picture.bytes, "catalog/odd/late.jpg")
    told = export(settled, out)
    assert told["removed"] == 1 and not (out / "late.json").exists()
    assert foreign.read_text() == "not ours"
    named = json.loads((out / "index.json").read_text())["products"].values()
    assert all((out / entry["file"]).exists() for entry in named)


def test_chosen_metadata(settled, tmp_path):
    out = tmp_path / "answers"
    export(settled, out, "--fields", "name,category")
    for name, answer in stored(out).items():
        if name == "index.json":
            assert answer["fields"] == ["category", "name"]
            continue
        for result in answer["results"]:
            product = settled.product(result["product_id"]).json()["metadata"]
            expected = {key: product[key] for key in ("category", "name") if key in product}
            assert result.get("metadata", {}) == expected
    # Other fields are other answers.
    told = export(settled, out)
    assert told["written"] > 0


def test_the_next_run_completes_an_interrupted_one(settled, tmp_path):
    """A run that ended after it had recorded and written files, and before it wrote the index."""
    out = tmp_path / "answers"
    export(settled, out)
    good = stored(out)
    victims = sorted(name for name in good if name != "index.json")[:3]
    for name in victims[:2]:
        (out / name).write_text('{"half": true}')
    (out / victims[2]).unlink()
    (out / "gone.json").write_text("{}")
    (out / f"{victims[0]}.new").write_text("{")
    (out / "export.pending").write_text(json.dumps([*victims[:2], "gone.json"]))
    untouched = {name: at for name, at in times(out).items() if name not in [*victims, "gone.json"]}
    told = export(settled, out)
    assert told["written"] == 3
    assert stored(out) == good
    assert {path.name for path in out.iterdir()} == set(good)
    now = times(out)
    assert all(now[name] == at for name, at in untouched.items() if name in good)


def test_into_a_bucket(settled):
    out = "s3://index/exports/similar/"
    told = export(settled, out)
    listing = settled.s3.list_objects_v2(Bucket="index", Prefix="exports/similar/")
    names = {entry["Key"].rpartition("/")[2]: entry for entry in listing["Contents"]}
    assert len(names) == told["products"] + 1
    index = json.load(settled.s3.get_object(Bucket="index", Key="exports/similar/index.json")["Body"])
    assert set(names) == {"index.json", *(entry["file"] for entry in index["products"].values())}
    file = index["products"]["a b/c+%"]["file"]
    answer = settled.s3.get_object(Bucket="index", Key=f"exports/similar/{file}")
    assert answer["ContentType"] == "application/json"
    found = [result["product_id"] for result in json.load(answer["Body"])["results"]]
    assert found == [result["product_id"] for result in similar(settled, "a b/c+%")]
    assert export(settled, out)["written"] == 0
    again = settled.s3.list_objects_v2(Bucket="index", Prefix="exports/similar/")["Contents"]
    written = lambda entries: {entry["Key"]: entry["LastModified"] for entry in entries}
    assert written(again) == written(listing["Contents"])


def test_a_second_export_into_one_folder_is_refused(settled, tmp_path):
    out = tmp_path / "answers"
    export(settled, out)
    before = times(out)
    running = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(running, fcntl.LOCK_EX)
        refused = settled.lookalike("export-similar", "--out", out).expect(1)
        assert f"another export into {out} is running" in refused.stderr
        assert times(out) == before
    finally:
        os.close(running)
    assert export(settled, out)["written"] == 0


def test_a_second_export_into_one_prefix_is_refused(settled):
    out, key = "s3://index/exports/locked", "exports/locked/export.lock"
    names = lambda: {
        entry["Key"] for entry in settled.s3.list_objects_v2(Bucket="index", Prefix="exports/locked/").get("Contents", [])
    }

    def lock(seconds):
        until = int((time.time() + seconds) * 1000)
        body = json.dumps({"process": 1, "until": until})
        settled.s3.put_object(Bucket="index", Key=key, Body=body)
        return until

    lock(300)
    refused = settled.lookalike("export-similar", "--out", out).expect(1)
    assert f"another export into {out} is running" in refused.stderr
    assert "its lock ends at" in refused.stderr
    assert names() == {key}
    # A machine whose clock is a day ahead.
    end = datetime.datetime.fromtimestamp(lock(86_400) // 1000, datetime.UTC)
    refused = settled.lookalike("export-similar", "--out", out).expect(1)
    assert "clock" in refused.stderr and "delete the object export.lock" in refused.stderr
    assert f"ends at {end:%Y-%m-%dT%H:%M:%SZ}" in refused.stderr
    # The lock of a run that was killed.
    lock(-1)
    export(settled, out)
    assert key not in names() and len(names()) > 1


@pytest.mark.parametrize(
    ("out", "advice"),
    [
        ("s3://catalog/catalog/similar", "choose another prefix"),
        ("s3://index/index/x", "choose another prefix"),
        ("s3:///x", "s3://bucket/prefix"),
        ("s3://nowhere-at-all/x", "nowhere-at-all"),
    ],
)
def test_places_that_are_refused(settled, out, advice):
    refused = settled.lookalike("export-similar", "--out", out).expect(1)
    assert advice in refused.stderr


def test_files_of_others_are_not_overwritten(settled, tmp_path):
    foreign = tmp_path / "index.json"
    foreign.write_text('{"somebody": "else"}')
    refused = settled.lookalike("export-similar", "--out", tmp_path).expect(1)
    assert "was not written by this command" in refused.stderr
    assert os.listdir(tmp_path) == ["index.json"]
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "index.json").write_text('{"format": "lookalike similar products", "version": 9}')
    refused = settled.lookalike("export-similar", "--out", newer).expect(1)
    assert "version 9" in refused.stderr
    file = tmp_path / "file"
    file.write_text("")
    refused = settled.lookalike("export-similar", "--out", file / "below").expect(1)
    assert "--out" in refused.stderr
    assert settled.lookalike("export-similar", "--out", newer, "--k", "0").code == 2
    shutil.rmtree(newer)
