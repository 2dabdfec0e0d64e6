"""Every command: what it prints for people and for programs, and its exit code."""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from support import bad_pictures
from support.command import BINARY, ROOT, environment, lookalike, run
from support.system import FREE_PORTS, PORT_OPTIONS, result_of
from support.waiting import until

COMMANDS = [
    "demo",
    "serve",
    "upload",
    "import",
    "search",
    "embed",
    "evaluate",
    "audit",
    "export-similar",
    "index",
    "status",
    "draw",
    "completions",
]
# Commands that need a system, each with sound arguments.
NEEDY = [
    ["upload", "FOLDER"],
    ["import", "CSV"],
    ["search", "PICTURE"],
    ["index", "info"],
    ["index", "verify"],
    ["index", "refresh-attributes"],
    ["index", "show", "shoe"],
    ["index", "rebuild"],
    ["index", "gc"],
    ["audit"],
    ["export-similar", "--out", "FOLDER"],
    ["status"],
]


@pytest.fixture
def needy(tmp_path, shop_pictures):
    """Fills in the arguments of a command that needs a system."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "table.csv").write_text("product_id\n1\n")
    known = {
        "FOLDER": tmp_path / "folder",
        "CSV": tmp_path / "table.csv",
        "PICTURE": shop_pictures[0].path,
    }
    return lambda words: [known.get(word, word) for word in words]


# Help and wrong usage


def test_help_and_version():
    overview = lookalike("--help").expect().stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", overview, re.MULTILINE), command
        assert "Usage: lookalike" in lookalike(command, "--help").expect().stdout
    assert "Exit codes" in overview
    assert re.fullmatch(r"lookalike \d+\.\d+\.\d+\n", lookalike("--version").expect().stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["serve"],
        ["search"],
        ["embed"],
        ["evaluate", "--catalog", "a"],
        ["upload", "a", "b"],
        ["status", "--fail"],
        ["index"],
        ["serve", "--data", "x", "--port", "70000"],
        ["draw", "x", "--products", "0"],
        ["completions", "tcsh"],
        ["status", "--stack", "a", "--data", "b"],
        ["serve", "--data", "x", "--filterable", "price<5"],
        ["index", "verify", "--filterable", "not"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments):
    refused = lookalike(*arguments).expect(2)
    assert "Usage" in refused.stderr or "possible values" in refused.stderr or "error:" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("words", NEEDY, ids=" ".join)
def test_no_system_is_named(words, needy):
    refused = lookalike(*needy(words)).expect(1)
    for way in ("--stack", "--data"):
        assert way in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("words", NEEDY, ids=" ".join)
def test_nothing_runs_on_the_data_folder(words, needy, tmp_path):
    refused = lookalike(*needy(words), "--data", tmp_path).expect(1)
    assert f"lookalike serve --data {tmp_path}" in refused.stderr


def test_the_process_on_the_data_folder_was_killed(make_system):
    system = make_system().start()
    system.kill()
    for words in (["status"], ["index", "info"]):
        refused = system.lookalike(*words, timeout=20).expect(1)
        assert "nothing answers at http://127.0.0.1:" in refused.stderr
        assert f"lookalike serve --data {system.data}" in refused.stderr


@pytest.mark.parametrize("name", ["LOOKALIKE_CATALOG_BUCKET", "LOOKALIKE_INDEX_BUCKET", "LOOKALIKE_TABLE"])
def test_a_bucket_or_table_that_does_not_exist(shop, name):
    variables = shop.environment | {name: "no-such-thing"}
    words = ["index", "verify"] if name.endswith("BUCKET") else ["status", "--failed"]
    refused = lookalike(*words, extra_environment=variables).expect(1)
    assert "no-such-thing" in refused.stderr
    reply = lookalike(*words, "--json", extra_environment=variables).expect(1)
    assert reply.stdout == ""


# Completions


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "elvish"])
def test_completions(shell, tmp_path):
    script = lookalike("completions", shell).expect().stdout
    for command in COMMANDS:
        assert command in script
    if shell in ("bash", "zsh", "fish") and shutil.which(shell):
        path = tmp_path / "script"
        path.write_text(script, encoding="utf-8")
        run([shell, "-n", path]).expect()


def test_bash_completes_commands(tmp_path):
    if not shutil.which("bash"):
        pytest.skip("there is no bash here")
    path = tmp_path / "script"
    path.write_text(lookalike("completions", "bash").expect().stdout, encoding="utf-8")
    ask = 'source "$0"; COMP_WORDS=(lookalike se); COMP_CWORD=1; _lookalike lookalike se lookalike; echo "${COMPREPLY[@]}"'
    assert run(["bash", "-c", ask, path]).expect().stdout.split() == ["serve", "search"]


# upload


def test_upload(shop, catalog, spare, tmp_path):
    pictures = [spare() for _ in range(3)]
    folder = catalog.copy(pictures, tmp_path / "new")
    (folder / "readme.txt").write_text("no picture")
    done = shop.lookalike("upload", folder).expect()
    assert "uploaded 3 pictures, 0 were there already" in done.stderr
    assert "skipped 1 files" in done.stderr
    for picture in pictures:
        shop.until_found(picture.bytes, picture.key)

    report = shop.lookalike("upload", folder, "--json").expect().json()
    assert report == {"uploaded": 0, "unchanged": 3, "skipped": 1, "failed": []}
    report = shop.lookalike("upload", folder, "--force", "--json").expect().json()
    assert (report["uploaded"], report["unchanged"]) == (3, 0)
    changed = spare()
    (folder / pictures[0].below).write_bytes(changed.bytes)
    report = shop.lookalike("upload", folder, "--json").expect().json()
    assert (report["uploaded"], report["unchanged"]) == (1, 2)
    shop.until(lambda: result_of(shop.search(changed.bytes, k=1, min_score=0.999), pictures[0].key))


def test_upload_reports_what_fails_and_goes_on(shop, spare, tmp_path):
    folder = tmp_path / "some"
    folder.mkdir()
    picture = spare()
    (folder / "good.jpg").write_bytes(picture.bytes)
    (folder / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    report = shop.lookalike("upload", folder, "--json").expect(3).json()
    assert report["uploaded"] == 1
    assert len(report["failed"]) == 1
    assert "dangling.jpg" in report["failed"][0]
    people = shop.lookalike("upload", folder).expect(3)
    assert "dangling.jpg" in people.stderr
    shop.until_found(picture.bytes, "catalog/good.jpg")


def test_upload_takes_product_ids_from_the_csv(shop, spare, tmp_path):
    front, back = spare(), spare()
    folder = tmp_path / "shots" / "bags"
    folder.mkdir(parents=True)
    (folder / "IMG_0001.JPG").write_bytes(front.bytes)
    (folder / "IMG_0002.JPG").write_bytes(back.bytes)
    table = tmp_path / "bags.csv"
    table.write_text("product_id,image\nbag-7,shots/bags/IMG_0001.JPG|shots/bags/IMG_0002.JPG\n")
    # The CSV names pictures from another folder than the upload does: further out, or further in.
    for root, key in ((tmp_path, "catalog/shots/bags/"), (tmp_path / "shots", "catalog/bags/")):
        shop.lookalike("upload", root, "--metadata", table).expect()
        for name, picture in (("IMG_0001.JPG", front), ("IMG_0002.JPG", back)):
            shop.until(lambda: shop.product("bag-7").status_code == 200)
            shop.until(
                lambda k=key + name: k in [i["key"] for i in shop.product("bag-7").json()["images"]]
            )
            assert shop.search(picture.bytes, k=1)["results"][0]["product_id"] == "bag-7"


def test_upload_corrects_the_product_of_a_picture_that_is_there(shop, spare, tmp_path):
    picture = spare()
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "IMG_0009.JPG").write_bytes(picture.bytes)
    shop.lookalike("upload", folder).expect()
    shop.until(lambda: shop.product("IMG_0009").status_code == 200)
    table = tmp_path / "late.csv"
    table.write_text("product_id,image\nlamp-7,late/IMG_0009.JPG\n")
    for uploaded in (1, 0):
        report = shop.lookalike("upload", folder, "--metadata", table, "--json").expect().json()
        assert (report["uploaded"], report["unchanged"]) == (uploaded, 1 - uploaded)
    shop.until(lambda: shop.product("lamp-7").status_code == 200)
    assert shop.search(picture.bytes, k=1)["results"][0]["product_id"] == "lamp-7"
    shop.until(lambda: shop.product("IMG_0009").status_code == 404)


def test_upload_of_no_folder(shop, tmp_path):
    refused = shop.lookalike("upload", tmp_path / "missing").expect(1)
    assert "missing is not a folder" in refused.stderr


# import


def test_import(shop, shop_pictures, tmp_path):
    first, second = shop_pictures[:2]
    table = tmp_path / "prices.csv"
    table.write_text(
        "product_id,name,price,sale,sku\n"
        f'{first.product_id},"Große, rote Jacke",49.90,true,00123\n'
        f"{second.product_id},Hut,5,false,7\n",
        encoding="utf-8",
    )
    imported, updated = shop.lookalike("import", table).expect().stdout.splitlines()
    assert imported == "imported 2 products, 2 of them changed"
    assert re.fullmatch(r"\d pictures updated in the index, 0 embedded", updated)
    metadata = shop.product(first.product_id).json()["metadata"]
    expected = {"name": "Große, rote Jacke", "price": 49.9, "sale": True, "sku": "00123"}
    assert {name: metadata.get(name) for name in expected} == expected
    report = shop.lookalike("import", table, "--json").expect().json()
    assert report == {
        "imported": 2,
        "changed": 0,
        "bad_lines": [],
        "not_filterable": [],
        "index": {"updated": 0, "embedded": 0, "waiting": 0},
    }


def test_import_reports_bad_lines_and_imports_the_rest(shop, shop_pictures, tmp_path):
    good, other = shop_pictures[2:4]
    table = tmp_path / "flawed.csv"
    lines = [
        b"product_id,name",
        good.product_id.encode() + b",kept",
        b"too,many,fields",
        b",no id",
        b"too-few",
        b"broken,\xff\xfe",
        other.product_id.encode() + b',"over\ntwo lines"',
        b"last," + b"x" * 400_000,
    ]
    table.write_bytes(b"\n".join(lines) + b"\n")
    report = shop.lookalike("import", table, "--json").expect(3).json()
    assert report["imported"] == 2
    assert [bad["line"] for bad in report["bad_lines"]] == [3, 4, 5, 6, 9]
    assert all(bad["reason"] for bad in report["bad_lines"])
    people = shop.lookalike("import", table).expect(3)
    assert "imported 2 products" in people.stdout
    for line in (3, 4, 5, 6, 9):
        assert f"line {line}: " in people.stderr
    assert shop.product(good.product_id).json()["metadata"]["name"] == "kept"
    assert shop.product(other.product_id).json()["metadata"]["name"] == "over\ntwo lines"


@pytest.mark.parametrize(
    ("content", "mentioned"),
    [(b"sku,name\n1,a\n", "product_id"), (b"", "product_id"), (b"\xff\xfe\x00p", "product_id")],
    ids=["other columns", "empty", "no text"],
)
def test_import_of_another_table(shop, tmp_path, content, mentioned):
    table = tmp_path / "other.csv"
    table.write_bytes(content)
    refused = shop.lookalike("import", table).expect(1)
    assert str(table) in refused.stderr
    assert mentioned in refused.stderr or "UTF-8" in refused.stderr


def test_import_of_no_file(shop, tmp_path):
    assert "missing.csv" in shop.lookalike("import", tmp_path / "missing.csv").expect(1).stderr


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
    # Against a system that the environment names instead.
    same = lookalike("search", picture.path, "--k", "3", "--json", extra_environment=shop.environment)
    assert [r["product_id"] for r in same.expect().json()["results"]] == [
        r["product_id"] for r in found["results"]
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (bad_pictures.TEXT, "text is not supported"), (bad_pictures.jpeg_2000(), "JPEG 2000")],
    ids=["empty", "text", "jpeg-2000"],
)
def test_search_by_no_picture(shop, tmp_path, content, reason):
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


def test_embed_goes_on_after_a_bad_picture(shop_pictures, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(bad_pictures.TEXT)
    good = shop_pictures[0].path
    done = lookalike("embed", bad, tmp_path / "missing.jpg", good, "--json").expect(3)
    assert [json.loads(line)["image"] for line in done.stdout.splitlines()] == [str(good)]
    assert f"{bad}: " in done.stderr
    assert "missing.jpg: " in done.stderr


def test_embed_with_another_encoder(shop_pictures, tmp_path):
    picture = shop_pictures[0].path
    model = ROOT / "models" / "lite0-clothing"
    named = lookalike("embed", "--encoder", model, picture, "--json").expect().json()
    built_in = lookalike("embed", picture, "--json").expect().json()
    assert named["embedding"] == pytest.approx(built_in["embedding"], abs=1e-6)
    refused = lookalike("embed", "--encoder", tmp_path, picture).expect(1)
    assert "model.onnx" in refused.stderr


def test_embed_with_an_encoder_in_a_bucket(shop, shop_pictures):
    picture = shop_pictures[0].path
    folder = ROOT / "models" / "lite0-clothing"
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
    # A variable that is set to nothing counts as unset, as everywhere.
    lookalike("embed", picture, extra_environment={"LOOKALIKE_ENCODER": ""}).expect()
    refused = lookalike("embed", picture, "--encoder", "ftp://models").expect(1)
    assert "s3://bucket/prefix" in refused.stderr


def test_a_reader_that_goes_away_stops_the_command_quietly(shop_pictures):
    pictures = [picture.path for picture in shop_pictures[:3]]
    for words in (["embed", "--json", *pictures], ["completions", "bash"], ["embed", *pictures]):
        command = [str(word) for word in (BINARY, *words)]
        process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert (process.wait(60), errors) == (0, ""), words


# index


def test_index_info(shop):
    info, index = seen_alike(shop, "index", "info")
    assert info == index
    members = {"generation", "images", "products", "encoder", "segments", "failed", "failures", "filterable", "history"}
    assert set(info) == members
    assert set(info["encoder"]) == {"name", "fingerprint", "dimensions"}
    assert re.fullmatch(r"[0-9a-f]{64}", info["encoder"]["fingerprint"])
    assert all(set(segment) == {"kind", "rows", "bytes"} for segment in info["segments"])
    people = shop.lookalike("index", "info").expect().stdout
    assert re.search(rf"^images +{info['images']}$", people, re.MULTILINE)
    assert info["encoder"]["name"] in people
    assert people.count("\nsegment ") == len(info["segments"])


def seen_alike(shop, *command):
    """What a command and the API say of the same generation: earlier changes may still be settling."""

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
    assert "1 pictures to index, 0 to remove" in people
    report = shop.lookalike("index", "verify", "--repair", "--json").expect().json()
    assert (report["repaired"], report["failed"]) == (True, 0)
    shop.until_found(picture.bytes, key)

    path.unlink()
    report = shop.lookalike("index", "verify", "--json").expect(3).json()
    assert report["differences"] == {"to_index": [], "to_remove": [key]}
    assert "done, 0 failed" in shop.lookalike("index", "verify", "--repair").expect().stdout
    shop.until_gone(picture.bytes, key)
    shop.lookalike("index", "verify").expect()


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
    assert shop.lookalike("index", "gc", "--json").expect().json() == {"removed": 0}
    assert shop.lookalike("index", "gc").expect().stdout == "removed 0 segments\n"
    shop.lookalike("index", "verify").expect()


# status


def test_status(shop, spare):
    status, index = seen_alike(shop, "status")
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


# serve, demo, draw


def test_serve_for_people(tmp_path):
    with running("serve", "--data", tmp_path / "data", *FREE_PORTS, log=tmp_path) as started:
        text = started.wait_for("Ctrl-C stops.")
        assert text.startswith("ready\n")
        exported = dict(re.findall(r"^  export (\w+)=(.*)$", text, re.MULTILINE))
        assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        # One for all services, so none for each.
        assert not [name for name in exported if name.startswith("AWS_ENDPOINT_URL_")]
        assert "warning" not in started.log.read_text(encoding="utf-8")
        status = lookalike("status", extra_environment=exported).expect()
        assert "0 images of 0 products" in status.stdout
        assert started.interrupt() == 0


def test_serve_with_arguments_that_cannot_be(tmp_path):
    data = tmp_path / "data"
    serve = ["serve", "--data", data, *FREE_PORTS]
    for option, value in (("--catalog", tmp_path / "no"), ("--metadata", tmp_path / "no.csv")):
        refused = lookalike(*serve, option, value, timeout=30).expect(1)
        assert str(value) in refused.stderr


@pytest.mark.parametrize("option", PORT_OPTIONS)
def test_a_taken_port_is_named_with_its_option(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = [port if previous == option else word for previous, word in zip(("", *FREE_PORTS), FREE_PORTS)]
        refused = lookalike("serve", "--data", tmp_path / "data", *ports).expect(1)
    assert f"port {port} is taken" in refused.stderr
    assert f"with {option}," in refused.stderr


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_serve_is_stopped_while_it_indexes(tmp_path, catalog, spare, signal_name):
    folder = catalog.copy([spare() for _ in range(25)], tmp_path / "pictures")
    data = tmp_path / "data"
    with running("serve", "--data", data, "--catalog", folder, *FREE_PORTS, log=tmp_path) as started:
        until((data / "serve.json").exists, 60, "serve.json", started.expect_alive)
        started.process.send_signal(getattr(signal, signal_name))
        assert started.process.wait(20) == 3
        assert "the next start goes on" in started.log.read_text(encoding="utf-8")
        assert "ready" not in started.output.read_text(encoding="utf-8")
    assert not (data / "serve.json").exists()
    with running("serve", "--data", data, "--catalog", folder, *FREE_PORTS, log=tmp_path) as started:
        started.wait_for("Ctrl-C stops.")
        status = lookalike("status", "--data", data, "--json").expect().json()
        assert status["images"] == 25


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ((), {}, "public, max-age=60"),
        ((), {"LOOKALIKE_CACHE_SECONDS": "9"}, "public, max-age=9"),
        (("--cache-seconds", "0"), {"LOOKALIKE_CACHE_SECONDS": "9"}, "private, no-cache"),
        (("--cache-seconds", "5"), {"LOOKALIKE_AUTHORIZATION": "JWT"}, "private, max-age=5"),
    ],
)
def test_serve_says_how_long_answers_may_be_kept(tmp_path, spare, words, environment, expected):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.jpg").write_bytes(spare().bytes)
    serve = ["serve", "--data", tmp_path / "data", "--catalog", tmp_path / "pictures", *FREE_PORTS, *words]
    with running(*serve, log=tmp_path, **environment) as started:
        started.wait_for("Ctrl-C stops.")
        url = json.loads((tmp_path / "data" / "serve.json").read_text(encoding="utf-8"))["url"]
        reply = requests.get(f"{url}/products/one/similar", timeout=60)
        assert reply.headers["cache-control"] == expected
        assert started.interrupt() == 0


def test_demo_removes_its_folder_when_it_is_stopped_early(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = ["demo", "--port", "0", "--products", "60"]
    with running(*command, log=tmp_path, TMPDIR=str(temporary)) as started:
        read = lambda: "indexing" in started.log.read_text(encoding="utf-8")
        until(read, 60, "indexing", started.expect_alive)
        assert started.interrupt() == 3
    assert list(temporary.iterdir()) == []


def test_demo(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = ["demo", "--port", "0", "--products", "24"]
    with running(*command, log=tmp_path, TMPDIR=str(temporary)) as started:
        text = started.wait_for("Ctrl-C stops", deadline=120)
        url = re.search(r"open (http://\S+) in a browser", text).group(1)
        curls = [line.strip() for line in text.splitlines() if line.strip().startswith("curl ")]
        assert len(curls) == 3
        if shutil.which("curl"):
            for curl in curls:
                words = shlex.split(curl)
                reply = run([words[0], "--fail", "--silent", "--show-error", *words[1:]]).expect().json()
                assert reply.get("results") or reply.get("images")
        page = requests.get(url, timeout=10)
        assert page.headers["content-type"].startswith("text/html")
        index = requests.get(f"{url}/index", timeout=10).json()
        assert index["products"] == 24
        assert index["images"] > 24
        assert started.interrupt() == 0
    assert list(temporary.iterdir()) == []


def test_draw(tmp_path):
    drawn = [tmp_path / name for name in ("first", "second", "other seed")]
    printed = lookalike("draw", drawn[0], "--products", "16").expect().stdout
    lookalike("draw", drawn[1], "--products", "16", "--seed", "1").expect()
    lookalike("draw", drawn[2], "--products", "16", "--seed", "2").expect()
    content = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")} for folder in drawn
    ]
    pictures = [path for path in content[0] if path.suffix == ".jpg"]
    assert f"{len(pictures)} pictures in " in printed
    assert len({path.parent for path in pictures}) >= 8
    assert content[0] == content[1]
    assert content[0] != content[2]
    assert len((drawn[0] / "products.csv").read_text(encoding="utf-8").splitlines()) == 17


# --stack


def test_a_stack_is_found_by_its_outputs(shop):
    outputs = {
        "CatalogBucket": "catalog",
        "IndexBucket": "index",
        "IndexPrefix": "index",
        "Table": shop.table,
        "ChangesQueueUrl": shop.environment["LOOKALIKE_QUEUE_URL"],
        "Encoder": "embedded",
        "ApiUrl": "https://example.com",
    }
    with cloudformation({"shop": outputs, "strange": {}}) as url:
        kept = {name: value for name, value in shop.environment.items() if name.startswith("AWS_")}
        variables = kept | {"AWS_ENDPOINT_URL_CLOUDFORMATION": url}
        images = shop.index()["images"]
        status = lookalike("status", "--json", "--stack", "shop", extra_environment=variables)
        assert status.expect().json()["images"] == images
        named = lookalike("status", extra_environment=variables | {"LOOKALIKE_STACK": "shop"})
        assert f"{images} images" in named.expect().stdout
        # What the command line says comes first, and a variable that is set to nothing is not set.
        for words, stack in ((["--data", shop.data], "missing"), (["--stack", "shop"], "missing")):
            chosen = lookalike("status", *words, extra_environment=variables | {"LOOKALIKE_STACK": stack})
            assert f"{images} images" in chosen.expect().stdout
        unset = lookalike("status", extra_environment=shop.environment | {"LOOKALIKE_STACK": ""})
        assert f"{images} images" in unset.expect().stdout
        refused = lookalike("status", "--stack", "strange", extra_environment=variables).expect(1)
        assert "strange" in refused.stderr
        refused = lookalike("status", "--stack", "missing", extra_environment=variables).expect(1)
        assert "missing" in refused.stderr
        assert "does not exist" in refused.stderr


class cloudformation:
    """A server that describes stacks, by name their outputs."""

    def __init__(self, stacks):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                name = re.search(r"StackName=(\w+)", form).group(1)
                body = described(name, stacks.get(name))
                self.send_response(400 if name not in stacks else 200)
                self.send_header("content-type", "text/xml")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def described(name, outputs):
    """The XML that CloudFormation answers with."""
    namespace = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'
    if outputs is None:
        return (
            f"<ErrorResponse {namespace}><Error><Type>Sender</Type><Code>ValidationError</Code>"
            f"<Message>Stack with id {name} does not exist</Message></Error></ErrorResponse>"
        ).encode()
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return (
        f"<DescribeStacksResponse {namespace}><DescribeStacksResult><Stacks><member>"
        f"<StackName>{name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
        f"<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{members}</Outputs>"
        f"</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    ).encode()


class running:
    """A command that goes on until it is interrupted."""

    def __init__(self, *arguments, log, **variables):
        self.output, self.log = log / "running.out", log / "running.log"
        with self.output.open("wb") as output, self.log.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in (BINARY, *arguments)],
                env=environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait_for(self, text, deadline=60):
        """What it printed, once that contains `text`."""
        read = lambda: (printed := self.output.read_text(encoding="utf-8")) and text in printed and printed
        return until(read, deadline, text, self.expect_alive)

    def expect_alive(self):
        """Fails when it has ended."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")

    def interrupt(self):
        """Presses Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)
