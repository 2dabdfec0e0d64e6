"""`search` and `embed`: their output for people and for programs, and their exit codes."""

import json
import subprocess

import pytest
import requests
from support import bad_pictures
from support.command import BINARY, ROOT, environment, lookalike


# search


def test_search(shop, shop_pictures):
    picture = shop_pictures[5]
    found = shop.lookalike("search", picture.path, "--k", "3", "--json").expect().json()
    assert [result["product_id"] for result in found["results"]] == [
        result["product_id"] for result in shop.search(picture.bytes, k=3)["results"]
    ]
    assert found["results"][0]["image"]["key"] == picture.key
    assert requests.get(found["results"][0]["image"]["url"], timeout=30).content == picture.bytes

    lines = shop.lookalike("search", picture.path, "-k", "3").expect().stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:3] == ["1.000", "same", picture.product_id]
    assert picture.category in lines[0]
    assert picture.key in lines[0]

    few = shop.lookalike("search", picture.path, "--min-score", "0.999", "--json").expect().json()
    assert len(few["results"]) < 10
    # Against a system named by the environment.
    same = lookalike("search", picture.path, "--k", "3", "--json", extra_environment=shop.environment)
    assert [r["product_id"] for r in same.expect().json()["results"]] == [
        r["product_id"] for r in found["results"]
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (bad_pictures.TEXT, "text is not supported"), (bad_pictures.jpeg_2000(), "JPEG 2000")],
    ids=["empty", "text", "jpeg-2000"],
)
def test_search_by_a_file_that_is_not_a_picture(shop, tmp_path, content, reason):
    path = tmp_path / "query.jpg"
    path.write_bytes(content)
    assert reason in shop.lookalike("search", path).expect(1).stderr


def test_search_out_of_range(shop, shop_pictures, tmp_path):
    path = shop_pictures[0].path
    for options in (["--k", "0"], ["--k", "100000"], ["--min-score", "2"], ["--min-score=-7"]):
        refused = shop.lookalike("search", path, *options)
        assert refused.code in (1, 2), options
        assert "between" in refused.stderr or "range" in refused.stderr or " to " in refused.stderr
    assert shop.lookalike("search", path, "--k", "abc").code == 2
    assert "missing.jpg" in shop.lookalike("search", tmp_path / "missing.jpg").expect(1).stderr


# embed


def test_embed(shop_pictures):
    paths = [picture.path for picture in shop_pictures[:3]]
    lines = lookalike("embed", *paths, "--json").expect().stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [set(line) for line in found] == [{"image", "embedding"}] * 3
    assert [line["image"] for line in found] == [str(path) for path in paths]
    for line in found:
        assert len(line["embedding"]) == 256
        assert sum(x * x for x in line["embedding"]) == pytest.approx(1, abs=1e-5)
    people = lookalike("embed", *paths).expect().stdout.splitlines()
    assert len(people) == 3
    assert str(paths[0]) in people[0]
    assert "256 dimensions" in people[0]


def test_embed_continues_after_a_bad_picture(shop_pictures, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(bad_pictures.TEXT)
    good = shop_pictures[0].path
    done = lookalike("embed", bad, tmp_path / "missing.jpg", good, "--json").expect(3)
    assert [json.loads(line)["image"] for line in done.stdout.splitlines()] == [str(good)]
    assert f"{bad}: " in done.stderr
    assert "missing.jpg: " in done.stderr


def test_embed_with_another_encoder(shop_pictures, tmp_path):
    picture = shop_pictures[0].path
    model = ROOT / "models" / "lite0-general"
    named = lookalike("embed", "--encoder", model, picture, "--json").expect().json()
    built_in = lookalike("embed", picture, "--json").expect().json()
    assert named["embedding"] == pytest.approx(built_in["embedding"], abs=1e-6)
    refused = lookalike("embed", "--encoder", tmp_path, picture).expect(1)
    assert "model.onnx" in refused.stderr


def test_embed_with_an_encoder_in_a_bucket(shop, shop_pictures):
    picture = shop_pictures[0].path
    folder = ROOT / "models" / "lite0-general"
    for name in ("model.onnx", "preprocessor_config.json"):
        shop.s3.put_object(Bucket="index", Key=f"encoders/mine/{name}", Body=(folder / name).read_bytes())
    built_in = lookalike("embed", picture, "--json").expect().json()
    kept = {name: value for name, value in shop.environment.items() if name.startswith("AWS_")}
    for variables, words in (
        ({"LOOKALIKE_ENCODER": "s3://index/encoders/mine"}, []),
        ({}, ["--encoder", "s3://index/encoders/mine/"]),
    ):
        done = lookalike("embed", picture, "--json", *words, extra_environment=kept | variables)
        assert done.expect().json()["embedding"] == pytest.approx(built_in["embedding"], abs=1e-6)
    refused = lookalike("embed", picture, "--encoder", "s3://index/encoders/none", extra_environment=kept)
    assert "encoders/none" in refused.expect(1).stderr
    # A variable set to an empty text counts as unset, as everywhere.
    lookalike("embed", picture, extra_environment={"LOOKALIKE_ENCODER": ""}).expect()
    refused = lookalike("embed", picture, "--encoder", "ftp://models").expect(1)
    assert "s3://bucket/prefix" in refused.stderr


def test_a_closed_pipe_stops_the_command_quietly(shop_pictures):
    pictures = [picture.path for picture in shop_pictures[:3]]
    for words in (["embed", "--json", *pictures], ["completions", "bash"], ["embed", *pictures]):
        command = [str(word) for word in (BINARY, *words)]
        process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert (process.wait(60), errors) == (0, ""), words
