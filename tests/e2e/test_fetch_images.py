"""`import --fetch-images`: 1,000 links to a server that misbehaves, killed and repeated, changed and pruned."""

import csv
import io
import json
import os
import pty
import random
import re
import ssl
import subprocess
import threading

import pytest
import trustme
from PIL import Image
from support import image_server
from support.command import BINARY, SMALL_ENCODER, environment
from support.image_server import ImageServer
from support.system import CATALOG_BUCKET, System

LINKS = 1000
PARALLEL = 16
# Requests after which the first run is killed.
KILLED_AFTER = 400
CATEGORIES = ("boots", "bags / small", "")


def drawn(number, version=0):
    """Returns a small image that no other number or version has."""
    noise = random.Random(number * 1000 + version).randbytes(16 * 16 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (16, 16), noise).resize((48, 48)).save(buffer, "PNG" if number % 7 == 0 else "JPEG")
    return buffer.getvalue()


class Shop:
    """A feed, and the server that its links lead to."""

    def __init__(self, folder):
        self.server = ImageServer()
        self.feed = folder / "feed.csv"
        self.failures = folder / "feed.failed-images.csv"
        # Product id and category of each path.
        self.products = {}
        # Part of the reason why a path fails.
        self.bad = {}

    def add(self, path, behaviour=None, reason=None):
        """Adds a product with one link; with a reason, the link fails."""
        number = len(self.products)
        self.products[path] = (f"p/{number}", CATEGORIES[number % 3])
        if behaviour is None:
            self.server.images[path] = drawn(number)
        else:
            self.server.behaviours[path] = behaviour
        if reason:
            self.bad[path] = reason

    def good(self):
        """Returns the paths of images."""
        return set(self.products) - set(self.bad)

    def address(self, path):
        """Returns the link of a path without its query."""
        return self.server.url + path.partition("?")[0]

    def write(self, *more_lines):
        """Writes the feed; lines of the same product have their links in one field."""
        with self.feed.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["product_id", "category", "image"])
            for path, (product_id, category) in self.products.items():
                writer.writerow([product_id, category, self.server.url + path])
            writer.writerows(more_lines)

    def listed(self):
        """Returns reasons by path from the file of failures."""
        with self.failures.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert all(row["product_id"] and row["reason"] for row in rows)
        return {row["link"].removeprefix(self.server.url): row["reason"] for row in rows}


def misbehaviours(server):
    """Returns name, count, behaviour and, of those without an image, a part of the reason."""
    body = drawn(5000)
    return [
        ("slow", 4, lambda n: image_server.slow(drawn(5001 + n)), None),
        ("redirected", 5, lambda n: image_server.redirected(f"/target-{n}.jpg"), None),
        ("busy-at-first", 3, lambda n: image_server.busy_at_first(drawn(5101 + n)), None),
        ("missing", 20, lambda n: image_server.status(404), "404"),
        ("page", 10, lambda n: image_server.page, "HTML"),
        ("empty", 2, lambda n: image_server.status(204), "204"),
        ("too-little", 6, lambda n: image_server.states_too_little(body), "damaged or cut off"),
        ("too-much", 4, lambda n: image_server.states_too_much(body), "cannot be read"),
        ("broken", 4, lambda n: image_server.breaks_off(body), "cannot be read"),
        ("circle", 5, lambda n: image_server.redirected(f"/circle-{n}.jpg"), "redirects more than"),
        ("ftp", 1, lambda n: image_server.redirected("ftp://127.0.0.1/a.jpg"), "redirects to ftp:"),
        ("file", 1, lambda n: image_server.redirected("file:///etc/passwd"), "302"),
        ("hang", 3, lambda n: image_server.hangs, "took too long"),
        ("endless", 1, lambda n: image_server.endless, "larger than"),
        ("gigabyte", 2, lambda n: image_server.states_a_gigabyte, "larger than"),
        ("down", 1, lambda n: image_server.status(503), "503"),
        ("later", 2, lambda n: image_server.status(429, **{"Retry-After": "3600"}), "wait 3600 s"),
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A shop with 1,000 links, of which 62 are bad."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    special = []
    for name, count, behaviour, reason in misbehaviours(shop.server):
        special += [(f"/{name}-{n}.jpg", behaviour(n), reason) for n in range(count)]
    for n in range(5):
        shop.server.images[f"/target-{n}.jpg"] = drawn(6000 + n)
    plain = [(f"/{n}.jpg?width=800", None, None) for n in range(LINKS - len(special))]
    shop.server.without_validators = {"/3.jpg?width=800", "/4.jpg?width=800"}
    # Those that take long come early, so that others are fetched meanwhile.
    mixed = plain[:300] + special
    random.Random(11).shuffle(mixed)
    everything = mixed + plain[300:]
    for path, behaviour, reason in everything:
        shop.add(path, behaviour, reason)
    yield shop
    shop.server.close()


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A running system without images."""
    system = System(tmp_path_factory.mktemp("system"), {"LOOKALIKE_ENCODER": str(SMALL_ENCODER)})
    yield system.start()
    system.dispose()


def command(system, store, *options):
    """Returns the arguments of a fetch."""
    fetch = ["import", store.feed, "--fetch-images", "--fetch-timeout", "1", "--parallel", PARALLEL, "--no-wait"]
    return [*fetch, "--json", "--allow-private-addresses", *options]


def fetch(system, store, *options, code=3):
    """Fetches the feed, and returns the report."""
    store.server.reset()
    done = system.lookalike(*command(system, store, *options)).expect(code)
    return done.json()["fetched"]


def objects(system):
    """Returns the metadata of every image by key; their links have no query."""
    heads = {}
    for key in system.stored():
        heads[key] = system.s3.head_object(Bucket=CATALOG_BUCKET, Key=key)["Metadata"]
    return heads


def test_a_killed_fetch_is_resumed(system, store):
    store.write()
    arguments = [BINARY, *command(system, store), "--data", system.data]
    running = subprocess.Popen(
        [str(part) for part in arguments],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    enough = threading.Event()
    store.server.watch = lambda total: total >= KILLED_AFTER and (running.kill(), enough.set())
    assert enough.wait(60)
    running.wait()
    store.server.watch = None
    sent = set(store.server.paths(200))
    stored = len(system.stored())
    assert KILLED_AFTER / 2 < stored <= len(sent)

    report = fetch(system, store)
    assert len(store.bad) == 62
    # Nothing is lost, and nothing that was stored is sent again, apart from images without validators.
    assert report["fetched"] == LINKS - len(store.bad) - stored
    assert report["unchanged"] == stored
    again = sent & store.server.paths(200) & set(store.server.images)
    again -= store.server.without_validators
    assert len(again) <= PARALLEL
    assert len(system.stored()) == LINKS - len(store.bad)
    failed = {bad["link"].removeprefix(store.server.url): bad["reason"] for bad in report["failed"]}
    assert set(failed) == set(store.bad)
    assert store.listed() == failed
    for path, reason in store.bad.items():
        assert reason in failed[path], (path, failed[path])
    # Attempts are bounded, and only made where they may help.
    attempts = {"missing": 1, "page": 1, "too-little": 1, "later": 1, "hang": 3, "broken": 3, "down": 5}
    for name, expected in attempts.items():
        assert store.server.requests[f"/{name}-0.jpg"] == expected, name


def test_fetched_images_have_their_product_and_format(system, store):
    stored = objects(system)
    by_link = {metadata["source-link"]: (key, metadata) for key, metadata in stored.items()}
    assert set(by_link) == {store.address(path) for path in store.good()}
    for path, (product_id, category) in store.products.items():
        if path in store.bad:
            continue
        key, metadata = by_link[store.address(path)]
        assert metadata["product-id"] == product_id
        folder = {"bags / small": "bags___small/", "boots": "boots/", "": ""}[category]
        assert key.startswith(f"catalog/{folder}{product_id.replace('/', '_')}-")
        if path in store.server.images:
            ending = ".png" if store.server.images[path].startswith(b"\x89PNG") else ".jpg"
            assert key.endswith(ending)
    system.until_images(len(stored))
    first = next(path for path in store.server.images if path in store.products)
    assert system.product(store.products[first][0]).json()["images"]


def test_a_repeated_fetch_asks_only_for_what_has_changed(system, store):
    for path in store.bad:
        store.server.behaviours[path] = image_server.status(404)
    before = system.stored()
    report = fetch(system, store)
    assert (report["fetched"], report["unchanged"]) == (0, len(store.good()))
    # Targets of redirects too.
    asked = set(store.server.images)
    assert store.server.paths(304) == asked - store.server.without_validators
    assert all(store.server.requests[path] == 1 for path in asked)
    assert system.stored() == before


def test_changes_are_fetched_and_images_without_link_pruned(system, store):
    plain = [path for path in store.products if path in store.server.images]
    changed, moved, unlisted, kept, other = plain[5:10]
    store.server.images[changed] = drawn(7000, version=1)
    store.products[moved] = (store.products[moved][0], "moved")
    # Its product has another link, which fails, so it keeps this image.
    kept_product = store.products.pop(kept)[0]
    missing = next(iter(store.bad))
    store.products[missing] = (kept_product, "")
    gone = store.products.pop(unlisted)[0]
    # An image that no fetch has stored, under a name that one might have.
    system.put("catalog/own-0123456789abcdef.jpg", drawn(7001))
    before = objects(system)
    shared = ["q", "", f"{store.server.url}{other}|{store.server.url}/target-0.jpg|{store.server.url}/target-1.jpg"]

    store.write(shared, ["too", "many", "fields", "here"])
    report = fetch(system, store, "--prune", "--yes")
    assert "1 bad lines" in report["pruned"]["refused"]
    assert (report["fetched"], report["changed"]) == (4, 1)
    assert [bad["link"] for bad in report["shared"]] == [store.server.url + other]
    assert store.products[other][0] in report["shared"][0]["reason"]

    store.write(shared)
    report = fetch(system, store, "--prune")
    assert "--yes" in report["pruned"]["refused"]
    assert len(system.stored()) == len(before) + 2
    report = fetch(system, store, "--prune", "--yes")
    assert report["pruned"] == {"removed": 1}
    after = objects(system)
    products = {metadata.get("product-id") for metadata in after.values()}
    assert gone not in products and kept_product in products
    assert sum(metadata.get("product-id") == "q" for metadata in after.values()) == 2
    assert "catalog/own-0123456789abcdef.jpg" in after
    assert len(after) == len(before) + 1
    of_moved = [key for key, metadata in after.items() if metadata.get("source-link") == store.address(moved)]
    assert len(of_moved) == 1 and of_moved[0].startswith("catalog/moved/")

    system.until(lambda: system.product(gone).json()["images"] == [])
    empty = store.feed.with_name("empty.csv")
    empty.write_text("product_id,image\np1,\n", encoding="utf-8")
    refused = system.lookalike("import", empty, "--fetch-images", "--prune", "--yes", "--json").expect(3)
    assert "no image link" in json.loads(refused.stdout)["fetched"]["pruned"]["refused"]
    assert len(system.stored()) == len(after)


def test_private_addresses_are_refused(system, store):
    port = store.server.url.rpartition(":")[2]
    hosts = ("127.0.0.1", "localhost", "[::1]", "0x7f.2", "169.254.169.254")
    feed = store.feed.with_name("private.csv")
    links = "|".join(f"http://{host}:{port}/1.jpg" for host in hosts)
    feed.write_text(f"product_id,image\nprivate,{links}\n", encoding="utf-8")
    store.server.reset()
    done = system.lookalike("import", feed, "--fetch-images").expect(3)
    assert done.stderr.count("not a public address") == len(hosts)
    assert "fetched 0 images" in done.stdout
    assert not store.server.requests


def test_a_person_is_asked_before_images_are_removed(system, store):
    feed = store.feed.with_name("one.csv")
    feed.write_text(f"product_id,image\nlast,{store.server.url}/target-2.jpg\n", encoding="utf-8")
    stored = len(system.stored())
    removed = r"(\d+) fetched images belong to no link of the feed any more"
    for answer in ("n", "y"):
        code, printed = at_terminal(
            [BINARY, "import", feed, "--data", system.data, "--no-wait", "--fetch-images", "--prune"]
            + ["--allow-private-addresses"],
            answer,
        )
        assert code == {"n": 3, "y": 0}[answer], printed
        assert int(re.search(removed, printed)[1]) == stored - 1
        assert len(system.stored()) == {"n": stored + 1, "y": 2}[answer]
    assert "catalog/own-0123456789abcdef.jpg" in system.stored()


def at_terminal(command, answer):
    """Runs a program whose standard input is a terminal; returns its exit code and what it printed."""
    here, there = pty.openpty()
    os.write(here, f"{answer}\n".encode())
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=environment(),
            stdin=there,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    finally:
        os.close(here)
        os.close(there)
    return done.returncode, done.stdout + done.stderr


def test_certificates_are_checked(system, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server = ImageServer(tls)
    server.images["/tls.jpg"] = drawn(8000)
    feed = tmp_path / "tls.csv"
    feed.write_text(f"product_id,image_link\ntls,{server.url}/tls.jpg\n", encoding="utf-8")
    arguments = ["import", feed, "--fetch-images", "--allow-private-addresses"]
    try:
        refused = system.lookalike(*arguments).expect(3)
        assert "invalid peer certificate" in refused.stderr
        trusted = {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}
        done = system.lookalike(*arguments, extra_environment=trusted).expect()
        assert "fetched 1 images" in done.stdout
    finally:
        server.close()


def test_options_that_need_another(system, store):
    for options in (["--prune"], ["--fetch-images", "--yes"], ["--parallel", "2"], ["--allow-private-addresses"]):
        system.lookalike("import", store.feed, *options).expect(2)
    done = system.lookalike("import", store.feed, "--fetch-images", "--failed-images", "/nowhere/x.csv").expect(1)
    assert "cannot write the report to /nowhere/x.csv" in done.stderr
