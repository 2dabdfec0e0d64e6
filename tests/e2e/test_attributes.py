"""Attributes for filters follow the table without any embedding."""

import json
import re
import time

import pytest
from support.command import run, tool
from support.system import System

LIMIT = 3.0
DECLARED = ("--filterable", "price,brand,tags")
COLUMNS = "product_id,name,price,brand"


@pytest.fixture(scope="module")
def pictures(catalog):
    """The shop's images, each of another product."""
    return catalog.sample(12, seed=3)


@pytest.fixture(scope="module")
def shop(catalog, pictures, engine, tmp_path_factory):
    """A running system whose log has every batch."""
    folder = tmp_path_factory.mktemp("attributes")
    system = System(folder)
    table = write(folder / "first.csv", [(p, "Old", 10 + n, "a") for n, p in enumerate(pictures)])
    try:
        root = catalog.copy(pictures, folder / "pictures")
        arguments = ["--verbose", *DECLARED, "--catalog", root, "--metadata", table]
        yield engine.start(system, "attributes", *arguments)
    finally:
        system.dispose()


def write(path, lines):
    """Writes a CSV of these products."""
    rows = [f"{p.product_id},{name},{price},{brand}" for p, name, price, brand in lines]
    path.write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
    return path


def attributes(system, picture):
    """Returns the attributes of an image in the index."""
    shown = system.lookalike("index", "show", picture.product_id, "--json").expect().json()
    return next(p["attributes"] for p in shown["pictures"] if p["key"] == picture.key)


def expensive(system, picture):
    """Returns the products that cost at least 50, whatever they look like."""
    results = system.search(picture.bytes, k=20, min_score=-1, filter="price>=50")["results"]
    return [result["product_id"] for result in results]


def embedded(system):
    """Returns how many images were embedded so far, from the log."""
    batches = re.findall(r"batch done.*?\bindexed=([\d.]+)", system.whole_log())
    return sum(int(float(pictures)) for pictures in batches)


def records(system):
    """Returns the records of images, which are written again when an image is indexed."""
    return {key: item for key, item in system.items().items() if key[1] != "product"}


def test_the_declared_attributes_are_kept(shop, pictures, engine):
    for number, picture in enumerate(pictures):
        expected = {"brand": "a", "category": picture.category, "price": 10 + number}
        assert attributes(shop, picture) == expected
    # A filled system may have been kept by an earlier run, which embedded them.
    assert engine.rows or embedded(shop) == len(pictures)
    report = shop.lookalike("index", "verify", "--json").expect().json()
    assert report["outdated"] == []


def test_a_price_change_in_the_csv_is_in_the_index_within_seconds(shop, pictures, tmp_path, figures):
    before, looked_at = embedded(shop), records(shop)
    generation = shop.index()["generation"]
    lines = [(p, "Old", 10 + n, "a") for n, p in enumerate(pictures)]
    lines[4] = (pictures[4], "Old", 99.95, "a")
    lines[5] = (pictures[5], "Renamed", 15, "a")
    table = write(tmp_path / "second.csv", lines)
    began = time.monotonic()
    report = shop.lookalike("import", table, "--json").expect().json()
    shop.until(lambda: expensive(shop, pictures[0]) == [pictures[4].product_id])
    took = time.monotonic() - began
    assert (report["imported"], report["changed"]) == (len(pictures), 2)
    assert (report["bad_lines"], report["not_filterable"]) == ([], [])
    assert report["index"] == {"updated": 1, "embedded": 0, "waiting": 0}
    assert attributes(shop, pictures[4])["price"] == 99.95
    assert attributes(shop, pictures[5])["price"] == 15
    figures(f"lookalike import of a changed price until a filter finds it: {took:.2f} s")
    assert took < LIMIT
    assert embedded(shop) == before
    assert records(shop) == looked_at, "no image was indexed"
    shop.until(lambda: shop.index()["generation"] > generation)
    assert shop.index()["generation"] == generation + 1

    said = shop.lookalike("import", table).expect().stdout
    assert said.startswith(
        f"imported {len(pictures)} products, 0 of them changed\n"
        "0 images updated in the index, 0 embedded\n"
    )
    table = write(tmp_path / "third.csv", [(pictures[4], "Old", 98, "a")])
    report = shop.lookalike("import", table, "--no-wait", "--json").expect().json()
    assert (report["changed"], report.get("index")) == (1, None)
    shop.until(lambda: attributes(shop, pictures[4])["price"] == 98)


def test_writes_of_any_client_are_followed(shop, pictures, figures):
    before = embedded(shop)
    picture = pictures[0]
    key = {"product_id": {"S": picture.product_id}, "item": {"S": "product"}}
    brand = lambda: attributes(shop, picture).get("brand")

    item = key | {"metadata": {"M": {"brand": {"S": "boto3"}, "tags": {"SS": ["b", "a"]}}}}
    began = time.monotonic()
    shop.dynamodb.put_item(TableName=shop.table, Item=item)
    shop.until(lambda: brand() == "boto3")
    took = time.monotonic() - began
    figures(f"boto3 put_item until the index has it: {took:.2f} s")
    assert took < LIMIT
    assert attributes(shop, picture) == {
        "brand": "boto3",
        "category": picture.category,
        "tags": ["a", "b"],
    }
    run(
        [
            *(tool("aws"), "dynamodb", "update-item", "--table-name", shop.table),
            *("--key", json.dumps(key), "--update-expression", "SET metadata.brand = :b"),
            *("--expression-attribute-values", json.dumps({":b": {"S": "the AWS CLI"}})),
        ],
        shop.environment,
    ).expect()
    shop.until(lambda: brand() == "the AWS CLI")
    shop.dynamodb.delete_item(TableName=shop.table, Key=key)
    shop.until(lambda: attributes(shop, picture) == {"category": picture.category})
    assert embedded(shop) == before


def test_pictures_and_prices_that_change_together(shop, catalog, pictures, tmp_path):
    picture, other = pictures[1], pictures[2]
    folder = tmp_path / "more"
    catalog.copy([picture], folder)
    # Another image under the same key, while the price rises and falls.
    (folder / picture.below).write_bytes(other.bytes)
    shop.put(picture.key, other.bytes)
    for price in range(200, 230):
        write(tmp_path / "up.csv", [(picture, "Up", price, "b")])
        shop.lookalike("import", tmp_path / "up.csv", "--no-wait").expect()
    shop.until(lambda: attributes(shop, picture) == {
        "brand": "b", "category": picture.category, "price": 229,
    })
    shop.until(lambda: shop.lookalike("index", "verify").code == 0)


def test_what_cannot_be_filtered_by_is_named(shop, pictures, tmp_path):
    table = write(tmp_path / "long.csv", [(pictures[3], "Long", 7, "x" * 1025)])
    report = shop.lookalike("import", table, "--json").expect().json()
    assert report["not_filterable"] == [
        {
            "name": "brand",
            "products": 1,
            "first": pictures[3].product_id,
            "reason": "the text has 1025 bytes, at most 1024 can be filtered by",
        }
    ]
    assert "brand" not in attributes(shop, pictures[3])
    said = shop.lookalike("import", table).expect().stderr
    assert 'warning: "brand" of 1 products cannot be filtered by' in said
    assert shop.product(pictures[3].product_id).json()["metadata"]["brand"] == "x" * 1025


def test_show_of_a_product_without_pictures(shop):
    assert shop.lookalike("index", "show", "nothing").expect(3).stdout == ""


def test_another_declaration_is_found_and_applied_without_embedding(shop, pictures, engine):
    before = embedded(shop)
    other = ("--filterable", "name,price")
    report = shop.lookalike("index", "verify", *other, "--json").expect(3).json()
    priced = [p for p in pictures if "price" in attributes(shop, p)]
    assert {p.key for p in priced} <= {o["key"] for o in report["outdated"]}
    assert "other attributes than in the table" in shop.lookalike("index", "verify", *other).expect(3).stdout
    is_postponed = engine.is_vector_base and not engine.finishes
    advice = shop.lookalike("index", "rebuild", *other).expect(3 if is_postponed else 0).stdout
    assert "lookalike index refresh-attributes" in advice
    report = shop.lookalike("index", "refresh-attributes", *other, "--json").expect().json()
    assert report["filterable"] == ["category", "name", "price"]
    assert (report["failed"], report["products"]) == (0, len(pictures) + engine.rows)
    assert report["updated"] >= len(priced)
    assert "name" in attributes(shop, pictures[5]) and "brand" not in attributes(shop, pictures[5])
    shop.lookalike("index", "verify", *other).expect()
    # And back, to what the running system declares.
    said = shop.lookalike("index", "verify", "--repair").expect().stdout
    assert "done, 0 failed" in said
    assert "name" not in attributes(shop, pictures[5])
    shop.lookalike("index", "verify").expect()
    assert embedded(shop) == before


def test_a_restart_applies_what_changed_meanwhile(make_system, engine, catalog, tmp_path):
    pictures = catalog.sample(5, seed=4)
    table = write(tmp_path / "some.csv", [(p, "Name", 5, "a") for p in pictures])
    system = make_system()
    root = catalog.copy(pictures, tmp_path / "pictures")
    system.start("--verbose", *DECLARED, "--catalog", root, "--metadata", table)
    assert embedded(system) == len(pictures)
    engine.move(system)
    # Killed right after the write, without any notice.
    key = {"product_id": {"S": pictures[0].product_id}, "item": {"S": "product"}}
    item = key | {"metadata": {"M": {"brand": {"S": "late"}, "name": {"S": "Late"}}}}
    system.dynamodb.put_item(TableName=system.table, Item=item)
    system.kill()
    system.start("--verbose", "--filterable", "brand,name")
    assert attributes(system, pictures[0]) == {
        "brand": "late",
        "category": pictures[0].category,
        "name": "Late",
    }
    for picture in pictures[1:]:
        expected = {"brand": "a", "category": picture.category, "name": "Name"}
        assert attributes(system, picture) == expected
    assert embedded(system) == len(pictures)
    system.stop()
