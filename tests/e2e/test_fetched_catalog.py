"""A catalog with fetched images beside uploaded ones, and feeds that are larger or stranger than usual."""

import io
import random

import pytest
from PIL import Image
from support.command import SMALL_ENCODER
from support.image_server import ImageServer
from support.system import CATALOG_BUCKET, System


def drawn(number):
    """Returns a small image that no other number has."""
    buffer = io.BytesIO()
    noise = random.Random(number).randbytes(16 * 16 * 3)
    Image.frombytes("RGB", (16, 16), noise).resize((32, 32)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("system"), {"LOOKALIKE_ENCODER": str(SMALL_ENCODER)})
    yield system.start()
    system.dispose()


@pytest.fixture
def server():
    server = ImageServer()
    yield server
    server.close()


def fetch(system, feed, text, *options, code=0):
    """Imports a feed with its images."""
    feed.write_text(text, encoding="utf-8")
    fetch = ("import", feed, "--fetch-images", "--no-wait", "--allow-private-addresses")
    return system.lookalike(*fetch, *options).expect(code)


def fetched(system, feed, text, *options):
    return fetch(system, feed, text, "--json", *options).json()["fetched"]


def test_an_upload_over_a_fetched_image_is_an_uploaded_image(system, server, tmp_path):
    server.images = {f"/{n}.png": drawn(n) for n in range(2)}
    feed, header = tmp_path / "feed.csv", "product_id,image\n"
    lines = [f"up{n},{server.url}/{n}.png\n" for n in range(2)]
    assert fetched(system, feed, header + "".join(lines))["fetched"] == 2
    (key,) = [key for key in system.stored() if key.startswith("catalog/up0-")]
    head = lambda: system.s3.head_object(Bucket=CATALOG_BUCKET, Key=key)["Metadata"]
    assert "source-hash" in head()

    folder = tmp_path / "shop"
    folder.mkdir()
    name = key.removeprefix("catalog/")
    # The same bytes are still those of the link.
    (folder / name).write_bytes(server.images["/0.png"])
    system.lookalike("upload", folder, "--force").expect()
    assert "source-hash" in head()
    (folder / name).write_bytes(drawn(100))
    system.lookalike("upload", folder).expect()
    assert not [member for member in head() if member.startswith("source-")]
    assert head()["product-id"] == "up0"

    report = fetched(system, feed, header + lines[1], "--prune", "--yes")
    assert report["pruned"] == {"removed": 0}
    assert system.s3.get_object(Bucket=CATALOG_BUCKET, Key=key)["Body"].read() == drawn(100)
    # A feed that still has the link says what is there.
    report = fetched(system, feed, header + "".join(lines))
    assert (report["fetched"], report["unchanged"]) == (1, 1)

    # A program that keeps the metadata of what it overwrites.
    other = drawn(101) + bytes(100)
    system.s3.put_object(Bucket=CATALOG_BUCKET, Key=key, Body=other, Metadata=head())
    report = fetched(system, feed, header + lines[1], "--prune", "--yes")
    assert report["pruned"] == {"removed": 0}
    assert system.s3.get_object(Bucket=CATALOG_BUCKET, Key=key)["Body"].read() == other


def test_a_product_with_more_links_than_are_read_keeps_its_images(system, server, tmp_path):
    server.images = {f"/{n}.png": drawn(200 + n) for n in range(101)}
    feed, links = tmp_path / "feed.csv", [f"{server.url}/{n}.png" for n in range(101)]
    text = lambda links: f"product_id,image\nmany,{'|'.join(links)}\n"
    stored = lambda: sum(key.startswith("catalog/many-") for key in system.stored())
    done = fetch(system, feed, text(links))
    assert '1 products have more than 100 images, the rest is left out; the first is "many"' in done.stdout
    assert stored() == 100
    # Another order leaves out another link, whose image is not outdated.
    report = fetched(system, feed, text(links[::-1]), "--prune", "--yes")
    assert (report["fetched"], stored()) == (1, 101)
    report = fetched(system, feed, text(links[:50]), "--prune", "--yes")
    assert stored() == 50


def test_control_characters_of_a_feed_do_not_reach_the_terminal(system, tmp_path):
    escape = "\x1b[2J"
    feed = tmp_path / "hostile.csv"
    lines = [f"product_id,na{escape}me,image", f"a{escape},b{escape},http://me:pw@s.example/{escape}.png"]
    done = fetch(system, feed, "\n".join([*lines, f"too,many,fields,{escape}"]) + "\n", code=3)
    assert "\x1b" not in done.stdout + done.stderr
    assert 'failed: product "a\\u{1b}[2J"' in done.stderr
    assert "na\\u{1b}[2Jme" in done.stdout
    refused = fetch(system, feed, f"sku{escape},name\n1,a\n", code=1)
    assert "\x1b" not in refused.stderr and "sku\\u{1b}[2J" in refused.stderr
