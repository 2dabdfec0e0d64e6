"""Catalog audits: the findings of `lookalike audit` and GET /audit, and repairs."""

import io
import re
from html.parser import HTMLParser

import pytest
import requests
from PIL import Image

from support import bad_pictures, colours
from support.command import lookalike

pytestmark = pytest.mark.few_rows("the tests count what an audit lists")

DIFFERENCES = ["unindexed", "outdated", "gone", "contradictions"]


def audit(system, *arguments, code=0):
    """Returns the audit as JSON."""
    return system.lookalike("audit", "--json", *arguments).expect(code).json()


def keys(listed):
    """Returns the keys of a list of images."""
    return [entry["key"] for entry in listed["items"]]


def behind_the_back(system, key):
    """Returns the file of an object: changing it causes no event."""
    path = system.data / "s3" / "catalog" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def remove_item(system, key, product_id):
    """Removes an image's record."""
    name = {"product_id": {"S": product_id}, "item": {"S": f"image#{key}"}}
    system.dynamodb.delete_item(TableName=system.table, Key=name)


@pytest.fixture(scope="module")
def sound(shop):
    """The shop, once no events wait for the indexer."""
    shop.until(lambda: shop.lookalike("audit").code == 0)
    return shop


def test_a_sound_catalog(sound, shop_pictures):
    report = audit(sound)
    assert report["consistent"] is True
    assert [report[name]["total"] for name in DIFFERENCES] == [0, 0, 0, 0]
    assert report["images"] == report["stored"] == len(shop_pictures)
    assert report["generation"] == sound.index()["generation"]
    assert report["products_without_pictures"]["total"] == 0
    assert report["failed"]["total"] == 0
    people = sound.lookalike("audit").expect().stdout
    assert "bucket, index and records agree" in people
    assert f"{len(shop_pictures)} images" in people
    served = sound.get("/audit")
    assert served["consistent"] is True
    assert {name: report[name] for name in ("images", "stored", "in_table", "threshold")} == {
        name: served[name] for name in ("images", "stored", "in_table", "threshold")
    }


def test_duplicates_across_products_come_first(sound, spare):
    picture, other = spare(), spare()
    content = picture.bytes
    copies = ["catalog/twice/twice-a.jpg", "catalog/twice/twice-b.jpg"]
    for key in copies:
        sound.put(key, content)
    own = ["catalog/own/1.jpg", "catalog/own/2.jpg"]
    for key in own:
        sound.put(key, other.bytes, Metadata={"product-id": "own"})
    sound.until(lambda: sound.lookalike("audit").code == 0)
    report = audit(sound)
    groups = report["duplicates"]["items"]
    # Photos of a real catalog may have copies.
    planted = [group for group in groups if set(keys(group["pictures"])) & {*copies, *own}]
    assert [keys(group["pictures"]) for group in planted] == [copies, own]
    assert [(group["products"], group["score"]) for group in planted] == [(2, 1.0), (1, 1.0)]
    several = [group["products"] > 1 for group in groups]
    assert several == sorted(several, reverse=True)

    served = sound.get("/audit?limit=1")
    assert served["duplicates"]["total"] == len(groups)
    (group,) = served["duplicates"]["items"]
    (shown,) = group["pictures"]["items"]
    assert shown["key"] == groups[0]["pictures"]["items"][0]["key"]
    fetched = requests.get(shown["url"], timeout=60)
    assert fetched.headers["etag"] == sound.stored()[shown["key"]]
    people = sound.lookalike("audit").expect().stdout
    assert f"identical images: {len(groups)}" in people and "2 images of 2 products" in people


def test_products_without_pictures_and_pictures_without_product(sound, tmp_path):
    table = tmp_path / "bare.csv"
    table.write_text("product_id,name\nbare,Nothing to see\n")
    sound.lookalike("import", table).expect()
    sound.until(lambda: audit(sound)["products_without_pictures"]["total"] == 1)
    report = audit(sound)
    assert report["products_without_pictures"]["items"] == ["bare"]
    alone = report["pictures_without_product"]["items"]
    assert {"twice-a", "twice-b", "own"} <= {picture["product_id"] for picture in alone}


def test_a_picture_in_the_wrong_folder(make_system, tmp_path):
    """Nine warm and nine cold colours, far apart; one warm colour among the cold ones, and a near copy of it in the
    right place."""
    steps = [0.2, 0.5, 0.8]
    colour = lambda *shares: tuple(round(255 * share) for share in shares)
    files = {}
    for folder, red in (("warm", 1.0), ("cold", 0.0)):
        for green in steps:
            for blue in steps:
                files[f"{folder}/{folder}-{green}-{blue}.png"] = colour(red, green, blue)
    files["cold/wrong.png"] = colour(1.0, 0.65, 0.65)
    files["warm/twin.png"] = colour(1.0, 0.66, 0.65)
    pictures = colours.pictures(tmp_path / "pictures", files)
    encoder = colours.encoder(tmp_path / "encoder")
    system = make_system(extra_environment={"LOOKALIKE_ENCODER": str(encoder)})
    system.start("--catalog", pictures)
    report = audit(system)
    (found,) = report["misplaced"]["items"]
    assert (found["key"], found["category"], found["suggested"]) == ("catalog/cold/wrong.png", "cold", "warm")
    assert (found["product_id"], found["confidence"]) == ("wrong", 1.0)
    people = system.lookalike("audit").expect().stdout
    assert "catalog/cold/wrong.png  cold, but 100 % of its neighbours are warm" in people
    # Too few images to measure the threshold of near duplicates.
    assert (report["calibrated"], report["threshold"]) == (False, 0.985)
    (group,) = report["near_duplicates"]["items"]
    assert keys(group["pictures"]) == ["catalog/cold/wrong.png", "catalog/warm/twin.png"]
    assert group["score"] > 0.999 and group["products"] == 2
    assert report["duplicates"]["total"] == 0


def test_differences_are_found_and_repaired(sound, spare):
    """All kinds of differences at once; the second audit is clean, and nothing else was changed."""
    new, changed, lost, unrecorded, moved, version = (spare() for _ in range(6))
    known = {
        "changed": ("catalog/repair/changed.jpg", changed),
        "lost": ("catalog/repair/lost.jpg", lost),
        "unrecorded": ("catalog/repair/unrecorded.jpg", unrecorded),
        "moved": ("catalog/repair/moved.jpg", moved),
    }
    for key, picture in known.values():
        sound.put(key, picture.bytes)
    sound.put("catalog/repair/bad.jpg", bad_pictures.TEXT)
    sound.until(lambda: sound.lookalike("audit").code == 0)
    before = sound.items()

    behind_the_back(sound, "catalog/repair/new.jpg").write_bytes(new.bytes)
    behind_the_back(sound, "catalog/repair/broken.jpg").write_bytes(bad_pictures.TEXT)
    behind_the_back(sound, known["changed"][0]).write_bytes(version.bytes)
    behind_the_back(sound, known["lost"][0]).unlink()
    remove_item(sound, known["unrecorded"][0], "unrecorded")
    stale = dict(before[("moved", f"image#{known['moved'][0]}")])
    for product_id, key in (("elsewhere", known["moved"][0]), ("ghost", "catalog/repair/ghost.jpg")):
        item = {name: {"S": str(value)} for name, value in stale.items()}
        item |= {
            "product_id": {"S": product_id},
            "item": {"S": f"image#{key}"},
            "key": {"S": key},
            "bytes": {"N": "1"},
        }
        sound.dynamodb.put_item(TableName=sound.table, Item=item)

    report = audit(sound, code=3)
    assert report["unindexed"]["items"] == ["catalog/repair/broken.jpg", "catalog/repair/new.jpg"]
    assert report["gone"]["items"] == [known["lost"][0]]
    assert report["outdated"]["items"] == [known["changed"][0]]
    assert keys(report["failed"]) == ["catalog/repair/bad.jpg"]
    contradictions = {(r["key"], r["product_id"]): r["contradiction"] for r in report["contradictions"]["items"]}
    assert contradictions == {
        (known["unrecorded"][0], "unrecorded"): "unrecorded",
        (known["moved"][0], "elsewhere"): "other-product",
        ("catalog/repair/ghost.jpg", "ghost"): "gone",
    }
    people = sound.lookalike("audit").expect(3).stdout
    assert "`lookalike audit --repair`" in people
    assert "nothing is recorded" in people

    report = audit(sound, "--repair")
    repaired = report["repaired"]
    assert repaired["indexed"] == [known["changed"][0], "catalog/repair/new.jpg"]
    assert set(repaired["removed"]) == {known["lost"][0], "catalog/repair/ghost.jpg"}
    assert set(repaired["recorded"]) == {known["unrecorded"][0], known["moved"][0]}
    assert [one["key"] for one in repaired["failed"]] == ["catalog/repair/broken.jpg"]
    assert repaired["not_done"] == []
    assert {r["product_id"] for r in repaired["records_removed"]} == {"elsewhere", "ghost"}
    assert report["consistent"] is True
    assert keys(report["failed"]) == ["catalog/repair/bad.jpg", "catalog/repair/broken.jpg"]

    again = sound.lookalike("audit", "--repair").expect().stdout
    assert "nothing to repair" in again and "agree" in again
    # Everything else is unchanged.
    after = sound.items()
    touched = {("changed", f"image#{known['changed'][0]}"), ("lost", f"image#{known['lost'][0]}"), ("unrecorded", f"image#{known['unrecorded'][0]}"),
               ("moved", f"image#{known['moved'][0]}"), ("new", "image#catalog/repair/new.jpg"),
               ("broken", "image#catalog/repair/broken.jpg")}
    plain = lambda items: {name: item for name, item in items.items() if name not in touched}
    assert plain(after) == plain(before)
    assert ("unrecorded", f"image#{known['unrecorded'][0]}") in after
    sound.until_found(new.bytes, "catalog/repair/new.jpg")
    sound.until_found(version.bytes, known["changed"][0])


class Page(HTMLParser):
    """The elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.headings = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data):
        if self.tags and self.tags[-1] in ("h1", "h2"):
            self.headings.append(data)


def test_the_page_has_pictures_and_no_script(sound, tmp_path):
    file = tmp_path / "audit.html"
    told = sound.lookalike("audit", "--html", file).expect()
    assert str(file) in told.stderr
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert "script" not in page.tags and "link" not in page.tags
    assert re.search(r'<html lang="en">', text)
    assert any(heading.startswith("Identical images") for heading in page.headings)
    assert page.images and all(image["alt"] for image in page.images)
    for image in page.images[:3]:
        Image.open(io.BytesIO(requests.get(image["src"], timeout=60).content)).verify()
    # Only images are fetched, and markup in names is text.
    assert not re.search(r"url\(|@import|javascript:", text)
    short = tmp_path / "short.html"
    sound.lookalike("audit", "--html", short, "--limit", 1).expect()
    assert len(Page(short.read_text(encoding="utf-8")).images) < len(page.images)


def test_a_page_that_cannot_be_written_is_refused_at_once(sound, tmp_path):
    refused = sound.lookalike("audit", "--html", tmp_path / "nowhere" / "a.html").expect(1)
    assert "cannot write the report" in refused.stderr
    assert lookalike("audit", "--limit", "0", "--data", sound.data).code == 2


# Separation of categories


def test_separation_is_measured_on_the_index_alone(sound):
    report = audit(sound)["separation"]
    # A product that is alone in its category has nothing to find.
    assert 20 <= report["queries"] <= report["compared"] == report["products"]
    first, precision = report["p_at_1"], report["map"]
    assert 0 <= first["low"] <= first["mean"] <= first["high"] <= 1
    assert first["mean"] > report["chance"] and precision["mean"] > 0
    wrong = round((1 - first["mean"]) * report["queries"])
    assert sum(pair["times"] for pair in report["confused"]) == wrong
    assert audit(sound)["separation"] == report
    people = sound.lookalike("audit").expect().stdout
    assert f"{report['queries']} products were searched for" in people
    assert "the most similar product is of the same category" in people


@pytest.mark.segments_only("of a vector base, audits alone read every row")
def test_the_state_of_the_index_has_the_separation_too(sound):
    status = sound.lookalike("status", "--json").expect().json()["separation"]
    assert status["compared"] == audit(sound)["separation"]["compared"]
    assert "the most similar other product has the same one" in sound.lookalike("status").expect().stdout


def test_a_small_catalog_has_no_figures_for_its_categories(make_system, tmp_path):
    folder = colours.pictures(tmp_path / "few", {"red/a.png": (255, 0, 0), "blue/b.png": (0, 0, 255)})
    system = make_system().start("--catalog", folder)
    system.until(lambda: system.index()["images"] == 2)
    reason = audit(system)["separation"]["reason"]
    assert reason.startswith("expected 20 or more indexed products with a category, found 2")
    assert reason in system.lookalike("audit").expect().stdout
    assert f"categories: {reason}" in system.lookalike("status").expect().stdout
