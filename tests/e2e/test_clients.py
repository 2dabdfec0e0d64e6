"""The clients of docs/clients.md, checked and run exactly as printed."""

import re
import shutil
import time

import pytest
from support.command import ROOT, run, tool
from support.gateway import PAGE, PROBLEM, Gateway

CHOSEN = {"k": 5, "filter": "category"}
MAX_LINES = 45
# The answer of API Gateway if it is at fault itself.
GATEWAY_ONLY = b'{"message": "Service Unavailable"}'

# A proxy in between may be the one that answers.
given_up = pytest.mark.parametrize(
    ("problem", "content_type", "kind"),
    [
        (PROBLEM, "application/problem+json", "urn:lookalike:problem:unavailable"),
        (GATEWAY_ONLY, "application/json", "about:blank"),
        (PAGE, "text/html", "about:blank"),
    ],
)


def block(language):
    """Returns the only block of code in this language in docs/clients.md."""
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    found = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert len(found) == 1, f"{len(found)} blocks of {language}"
    assert found[0].count("\n") <= MAX_LINES
    return found[0]


@pytest.fixture
def expect_look_alikes(shop, engine):
    """Checks that a client found what the service answers, over all pages, and the first result's look-alikes."""

    def everything(picture):
        if not engine.is_vector_base:
            return shop.search(picture.bytes, **CHOSEN | {"k": 1000})["results"]
        # How deep the pages of a vector base go depends on their size.
        found, cursor = [], {}
        while cursor is not None:
            page = shop.search(picture.bytes, **CHOSEN, **cursor)
            found += page["results"]
            cursor = {"cursor": page["next_cursor"]} if "next_cursor" in page else None
        return found

    def expect(picture, said):
        expected = everything(picture)
        assert len(expected) > 2 * CHOSEN["k"], "too few for a test of pages"
        ids = [one["product_id"] for one in expected]
        assert [one["product_id"] for one in said["found"]] == ids
        similar = shop.get(f"/products/{ids[0]}/similar?k=3")["results"]
        assert [one["product_id"] for one in said["similar"]] == [one["product_id"] for one in similar]

    return expect


@pytest.fixture
def gateway(shop):
    """Makes gateways to the shop, which end with the test."""
    made = []

    def make(**options):
        made.append(Gateway(shop.url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def python(tmp_path):
    """Runs the Python client."""
    path = tmp_path / "client.py"
    path.write_text(block("python"), encoding="utf-8")
    return lambda url, picture: run([tool("python"), path, url, picture])


@pytest.fixture(params=["browser", "node"])
def javascript(request, gateway, tmp_path):
    """Runs an expression with the JavaScript client, its `service` and `photo`, in a browser or in Node."""
    if request.param == "browser":
        browser = request.getfixturevalue("browser")
        page = gateway(script=block("javascript"))

        def evaluate(expression, url, picture):
            tab = browser.tab(page.url).open("/page")
            tab.expected.append("status of")
            code = f"([service, bytes]) => {{ const photo = new Blob([new Uint8Array(bytes)]); return {expression}; }}"
            said = tab.page.evaluate(code, [url, list(picture.bytes)])
            assert tab.close() == []
            return said

        return evaluate

    node = shutil.which("node") or pytest.skip("there is no node")
    script = tmp_path / "client.mjs"

    def evaluate(expression, url, picture):
        script.write_text(
            'import { readFile } from "node:fs/promises";\n' + block("javascript") + "const [service, path] = process.argv.slice(2);\n"
            f"const photo = new Blob([await readFile(path)]);\nconsole.log(JSON.stringify(await {expression}));\n",
            encoding="utf-8",
        )
        return run([node, script, url, picture.path]).expect().json()

    return evaluate


def test_python_is_typed(tmp_path):
    path = tmp_path / "client.py"
    path.write_text(block("python"), encoding="utf-8")
    run([tool("mypy"), "--strict", "--cache-dir", tmp_path / "cache", path]).expect()


def test_python_finds_look_alikes(expect_look_alikes, shop, spare, python):
    picture = spare()
    expect_look_alikes(picture, python(shop.url, picture.path).expect().json())


def test_python_reports_problems(shop, python, tmp_path):
    none = tmp_path / "none.jpg"
    none.write_bytes(b"no image")
    ended = python(shop.url, none).expect(1)
    assert re.search(r"Problem: .* is not supported.*\(urn:lookalike:problem:unsupported-format, request \w+\)", ended.stderr)


def test_python_retries_when_the_service_says_so(expect_look_alikes, shop, spare, python, gateway):
    picture = spare()
    busy = gateway(busy=2, retry_after="0.5")
    began = time.monotonic()
    said = python(busy.url, picture.path).expect().json()
    # Twice for the first page and twice for the look-alikes.
    assert time.monotonic() - began > 4 * 0.5
    expect_look_alikes(picture, said)


@given_up
def test_python_gives_up_in_the_end(spare, python, gateway, problem, content_type, kind):
    busy = gateway(busy=100, problem=problem, content_type=content_type)
    ended = python(busy.url, spare().path).expect(1)
    assert f"({kind}, request " in ended.stderr
    assert busy.asked["/search"] == 4


def test_javascript_finds_look_alikes(expect_look_alikes, shop, spare, javascript):
    picture = spare()
    expect_look_alikes(picture, javascript("lookAlikes(service, photo)", shop.url, picture))


def test_javascript_reports_problems(shop, spare, javascript):
    ask = "ask(`${service}/products/nobody/similar`, null, []).catch((error) => [error.type, error.message])"
    kind, text = javascript(ask, shop.url, spare())
    assert kind == "urn:lookalike:problem:unknown-product"
    assert kind in text and '"nobody"' in text


def test_javascript_retries_when_the_service_says_so(expect_look_alikes, shop, spare, javascript, gateway):
    picture = spare()
    busy = gateway(busy=2)
    expect_look_alikes(picture, javascript("lookAlikes(service, photo)", busy.url, picture))


@given_up
def test_javascript_gives_up_in_the_end(spare, javascript, gateway, problem, content_type, kind):
    busy = gateway(busy=100, problem=problem, content_type=content_type)
    told = javascript("lookAlikes(service, photo).catch((error) => error.message)", busy.url, spare())
    assert f"({kind}, request " in told
    assert "undefined" not in told
    assert busy.asked["/search"] == 4
