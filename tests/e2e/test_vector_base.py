"""The base of an index moves into DynamoDB and back, while the catalog is searched and changes."""

import pytest
from support.load import Load
from support.problems import expect_problem
from support.steady_load import PAGES, SteadyLoad
from support.system import answer, result_of

IMAGES = 120
# Seconds, for a base with many further rows on a busy machine.
PATIENCE = 3600.0
BRANDS = ("north", "south", "east")


@pytest.fixture
def images(catalog):
    """Images of different products, and some more to upload later."""
    return catalog.sample(IMAGES + 3)


@pytest.fixture
def shop(make_system, engine, catalog, images, tmp_path):
    """A running system with a base segment, whose products have prices and brands."""
    start = images[:IMAGES]
    numbers = {image.product_id: number for number, image in enumerate(start)}
    table = catalog.write_table(
        start,
        tmp_path / "products.csv",
        price={product: 10 + number % 50 for product, number in numbers.items()},
        brand={product: BRANDS[number % 3] for product, number in numbers.items()},
    )
    folder = catalog.copy(start, tmp_path / "images")
    arguments = ["--catalog", folder, "--metadata", table, "--filterable", "price,brand"]
    return engine.start(make_system(), "brands", *arguments, moves=False)


def reindex(system, *arguments):
    """Runs the command to its end, and returns its JSON."""
    return system.lookalike("reindex", "--engine", *arguments, "--json", timeout=PATIENCE).expect().json()


def vector_base(system):
    """Returns the vector base that a search would use or know of, or None."""
    return system.index().get("vector_base")


def until_serving(system):
    """Waits until searches use the vector base: searchers look for a new generation once a second."""
    system.until(lambda: (vector_base(system) or {}).get("state") == "serving", what="a vector base that serves")


def until_segments(system):
    """Waits until searches use the base segment."""
    system.until(lambda: vector_base(system) is None, what="the base segment")


def summary(results):
    """Returns what results say, without links."""
    return [(result["product_id"], result["image"]["key"], result.get("match"), result["score"]) for result in results]


def pages(system, image):
    """Returns three pages of results, one after another."""
    results, cursor = [], {}
    for _ in range(3):
        page = system.search(image.bytes, k=10, **cursor)
        results += page["results"]
        cursor = {"cursor": page["next_cursor"]}
    return results


def answers(system, queries):
    """Returns the answers to searches of several kinds."""
    told = {}
    for image in queries:
        results = {
            "plain": system.search(image.bytes, k=10)["results"],
            "key": system.search(image.key, k=20, group_by="image")["results"],
            "equal": system.search(image.bytes, k=10, filter="brand=south")["results"],
            "range": system.search(image.bytes, k=10, filter=["price>=20", "price<35"])["results"],
            "both": system.search(image.bytes, k=5, filter=["brand=north", "price>30"])["results"],
            "similar": system.get(f"/products/{image.product_id}/similar?k=10")["results"],
            "pages": pages(system, image),
        }
        assert len(results["plain"]) == 10 and len(results["pages"]) == 30
        told |= {(image.key, kind): summary(found) for kind, found in results.items()}
    return told


def expect_same(system, queries, expected):
    """Expects the answers of before, with scores equal to four decimals."""
    found = answers(system, queries)
    for query, results in expected.items():
        assert [line[:-1] for line in found[query]] == [line[:-1] for line in results], query
        scores = [line[-1] for line in results]
        assert [line[-1] for line in found[query]] == pytest.approx(scores, abs=5e-5), query


def set_price(system, image, price):
    """Changes the price of an image's product in the table."""
    system.dynamodb.update_item(
        TableName=system.table,
        Key={"product_id": {"S": image.product_id}, "item": {"S": "product"}},
        UpdateExpression="SET metadata.price = :price",
        ExpressionAttributeValues={":price": {"N": str(price)}},
    )


def costing(system, image, price):
    """Returns the products of this price."""
    found = system.search(image.bytes, k=20, min_score=-1, filter=f"price={price}")["results"]
    return [result["product_id"] for result in found]


def change(system, queries, new, gone, price):
    """Uploads an image, removes another one and changes a price, and waits until searches see all three."""
    system.put(new.key, new.bytes, Metadata={"product-id": new.product_id})
    system.until_found(new.bytes, new.key)
    system.delete(gone.key)
    system.until_gone(gone.bytes, gone.key)
    set_price(system, queries[0], price)
    system.until(lambda: costing(system, queries[0], price) == [queries[0].product_id], what="the new price")


def expect_table_kept_for_earlier_generations(system, name):
    """Expects that the table goes when the last generation does that has the vector base."""
    tables = lambda: [table for table in system.dynamodb.list_tables()["TableNames"] if table.endswith(name)]
    removed = lambda: system.lookalike("index", "gc", "--json").expect().json()["vector_bases"]
    assert removed() == 0 and len(tables()) == 1
    bucket = system.environment["LOOKALIKE_INDEX_BUCKET"]
    kept = system.s3.list_objects_v2(Bucket=bucket)["Contents"]
    for key in (entry["Key"] for entry in kept if "/manifests/" in entry["Key"]):
        system.s3.delete_object(Bucket=bucket, Key=key)
    assert removed() == 1
    system.until(lambda: tables() == [], what="the end of the table")


def test_the_base_moves_to_dynamodb_and_back_under_load(shop, images, engine, figures):
    count = IMAGES + engine.rows
    steady, (first_new, second_new, _) = images[:3], images[IMAGES:]
    first_gone, second_gone = images[100], images[101]
    shop.lookalike("index", "rebuild", timeout=PATIENCE).expect()
    before = answers(shop, steady)
    filled = reindex(shop, "dynamodb", "--no-switch", "--slots", 2)
    assert (filled["rows"], filled["missing"], filled["switched"]) == (count, 0, False)
    shop.until(lambda: vector_base(shop), what="a vector base")
    known = vector_base(shop)
    assert (known["state"], known["images"], known["waiting_deltas"]) == ("filling", count, 0)
    assert "being filled" in shop.lookalike("status").expect().stdout
    with Load(shop, steady) as load:
        load.wait_for(10, PATIENCE)
        # The same command goes on.
        switched = reindex(shop, "dynamodb")
        assert switched["name"] == filled["name"] == known["name"]
        assert switched["switched"] and switched["recall"] >= 0.99
        until_serving(shop)
        load.wait_for(30, PATIENCE)
    assert load.failures == []
    figures(f"base moved to DynamoDB under load: {count} images, {load.requests} searches, slowest {load.slowest:.2f} s")
    expect_same(shop, steady, before)
    index = shop.index()
    assert index["images"] == count and index["segments"] == [] and "products" not in index
    shown = shop.lookalike("index", "info").expect().stdout
    assert switched["name"] in shown and "--finish" in shown
    again = reindex(shop, "dynamodb")
    assert not again["switched"]

    expect_problem(
        shop.post("/search?facets=brand", data=steady[0].bytes), 400, "not-with-vector-base", "leave facets out"
    )
    found = shop.search(steady[0].bytes, k=5)
    assert not found["exact"] and "complete" not in found

    change(shop, steady, first_new, first_gone, 7001)
    changed = answers(shop, steady)
    state = shop.lookalike("status", "--json").expect().json()["vector_base"]
    assert state["waiting_deltas"] > 0 and state["can_roll_back"]

    back = reindex(shop, "dynamodb", "--rollback")
    assert back["switched"] and back["dropped"] == switched["name"]
    until_segments(shop)
    expect_same(shop, steady, changed)
    assert shop.index()["products"] == count
    expect_table_kept_for_earlier_generations(shop, switched["name"])

    # A new vector base is filled from a new base segment, whose thresholds of matches are measured again.
    shop.lookalike("index", "rebuild", timeout=PATIENCE).expect()
    changed = answers(shop, steady)
    reindex(shop, "dynamodb", "--slots", 3)
    until_serving(shop)
    assert vector_base(shop)["slots"] == 4
    expect_same(shop, steady, changed)
    assert reindex(shop, "dynamodb", "--finish")["finished"]
    change(shop, steady, second_new, second_gone, 7002)
    assert result_of(shop.search(first_new.bytes), first_new.key)
    lasting = shop.lookalike("reindex", "--engine", "dynamodb", "--rollback").expect(1).stderr
    assert "--engine segments" in lasting
    report = shop.lookalike("index", "verify", "--json", timeout=PATIENCE).expect().json()
    assert report["verify"]["images"] == count and report["differences"]["to_index"] == []

    # A restart finds everything as it was.
    last = answers(shop, steady)
    shop.stop()
    shop.start("--filterable", "price,brand")
    expect_same(shop, steady, last)

    # All rows come into a segment again.
    with Load(shop, steady) as load:
        load.wait_for(10, PATIENCE)
        returned = reindex(shop, "segments")
        until_segments(shop)
        load.wait_for(30, PATIENCE)
    assert load.failures == []
    assert (returned["rows"], returned["queued"]) == (count, 0)
    assert [segment["kind"] for segment in shop.index()["segments"]] == ["base"]
    report = shop.lookalike("index", "verify", "--json", timeout=PATIENCE).expect().json()
    assert report["verify"]["images"] == count


def forget_rows(system, keys):
    """Removes the rows of images from the table of the vector base, as if they had never been indexed."""
    tables = system.dynamodb.list_tables()["TableNames"]
    (table,) = [table for table in tables if "-base-" in table]
    for key in keys:
        system.dynamodb.delete_item(TableName=table, Key={"key": {"S": key}})


def test_a_backfill_indexes_what_the_vector_base_lacks(shop, images, engine):
    count = IMAGES + engine.rows
    lost = [image.key for image in images[40:60]]
    refused = shop.lookalike("reindex", "--engine", "dynamodb", "--backfill").expect(1).stderr
    assert "no such vector base" in refused
    shop.lookalike("index", "rebuild", timeout=PATIENCE).expect()
    reindex(shop, "dynamodb")
    refused = shop.lookalike("reindex", "--engine", "dynamodb", "--backfill").expect(1).stderr
    assert "--finish" in refused
    reindex(shop, "dynamodb", "--finish")
    until_serving(shop)
    before = answers(shop, images[:3])
    forget_rows(shop, lost)
    assert not shop.search(images[40].bytes, k=1, min_score=0.999)["results"]
    done = reindex(shop, "dynamodb", "--backfill")
    assert (done["named"], done["images"]) == (count, count)
    for image in images[40:60:5]:
        assert result_of(shop.search(image.bytes), image.key)
    expect_same(shop, images[:3], before)
    report = shop.lookalike("index", "verify", "--json", timeout=PATIENCE).expect().json()
    assert report["verify"]["images"] == count and report["differences"]["to_index"] == []
    again = shop.lookalike("reindex", "--engine", "dynamodb", "--backfill").expect().stdout
    assert f"the catalog has {count} images, and the index has {count}" in again


# Kinds of searches that go on while the base moves; each page has ten results.
STEADY = {
    "image": lambda picture: ("/search?k=10", picture.bytes),
    "each image": lambda picture: ("/search?k=10&group_by=image&images=best", picture.bytes),
    "equality": lambda picture: ("/search?k=10&filter=brand%3Dsouth", picture.bytes),
    "range": lambda picture: ("/search?k=10&min_score=-1&filter=price%3E%3D20&filter=price%3C35", picture.bytes),
    "similar": lambda picture: (f"/products/{picture.product_id}/similar?k=10", None),
    "similar of a brand": lambda picture: (f"/products/{picture.product_id}/similar?k=10&filter=brand%3Dnorth", None),
}


def test_no_search_fails_or_changes_while_the_base_moves_there_and_back(shop, images, figures):
    shop.lookalike("index", "rebuild", timeout=PATIENCE).expect()
    with SteadyLoad(shop, images[:4], STEADY) as load:
        load.wait_for(len(STEADY), PATIENCE)
        moved = [reindex(shop, "dynamodb")]
        until_serving(shop)
        load.wait_for(4 * len(STEADY), PATIENCE)
        assert reindex(shop, "dynamodb", "--rollback")["switched"]
        until_segments(shop)
        load.wait_for(4 * len(STEADY), PATIENCE)
        moved.append(reindex(shop, "dynamodb"))
        until_serving(shop)
        load.wait_for(4 * len(STEADY), PATIENCE)
        assert reindex(shop, "dynamodb", "--finish")["finished"]
        shop.until(lambda: not vector_base(shop)["can_roll_back"], what="the end of the base segment")
        load.wait_for(4 * len(STEADY), PATIENCE)
    assert load.failures == [], load.failures[:3]
    assert all(told["switched"] for told in moved) and moved[0]["name"] != moved[1]["name"]
    assert load.by_base.keys() == {"segments", "vector base"}
    figures(
        f"base moved there, back, there and for good under load: {shop.index()['images']} images, {load.requests} searches "
        f"of up to {PAGES} pages, by base {dict(load.by_base)}, slowest {load.slowest:.2f} s, none failed or changed"
    )


def test_the_page_searches_before_and_after_the_switch(make_system, open_tab, catalog, images, tmp_path):
    few = images[:12]
    table = catalog.write_table(few, tmp_path / "few.csv")
    system = make_system().start("--catalog", catalog.copy(few, tmp_path / "few"), "--metadata", table)
    system.lookalike("index", "rebuild").expect()
    tab = open_tab(url=system.url)
    tab.asked(lambda: tab.choose(few[0].path))
    assert len(tab.found()) == 12 and tab.at("#catalog").inner_text() == "12 products in 12 photos"
    reindex(system, "dynamodb")
    until_serving(system)
    # The page knows the index as it was before, and asks for facets.
    tab.expected.append("status of 400")
    tab.asked(lambda: tab.choose(few[1].path))
    assert len(tab.found()) == 12 and not tab.at("#problem").is_visible()
    fresh = open_tab(url=system.url)
    fresh.asked(lambda: fresh.choose(few[2].path))
    assert len(fresh.found()) == 12 and fresh.at("#catalog").inner_text() == "12 photos"


def test_the_command_says_what_to_do_first(make_system, catalog, images, tmp_path):
    system = make_system().start()
    assert "upload images first" in system.lookalike("reindex", "--engine", "dynamodb").expect(1).stderr
    system.put(images[0].key, images[0].bytes)
    system.until_images(1)
    assert "index rebuild" in system.lookalike("reindex", "--engine", "dynamodb").expect(1).stderr
    for option in ("--rollback", "--cancel", "--finish", "--backfill"):
        assert "no such vector base" in system.lookalike("reindex", "--engine", "dynamodb", option).expect(1).stderr
    assert "leave other options out" in system.lookalike("reindex", "--engine", "segments", "--finish").expect(1).stderr
    assert reindex(system, "segments") == {"engine": "segments", "switched": False}
    for wrong in (["--slots", "0"], ["--here"], ["--encoder", tmp_path], ["--slots", "4", "--finish"], ["--backfill", "--finish"]):
        system.lookalike("reindex", "--engine", "dynamodb", *wrong).expect(2)
    system.lookalike("reindex", "--slots", "4").expect(2)

    system.lookalike("index", "rebuild").expect()
    reindex(system, "dynamodb", "--no-switch")
    other = system.lookalike("reindex", "--engine", "dynamodb", "--slots", "64").expect(1).stderr
    assert "has 4 slots" in other
    assert not reindex(system, "dynamodb", "--cancel")["switched"]
    until_segments(system)
    assert answer(system.post("/search?facets=category", data=images[0].bytes))["results"]
