"""What must be true once the faults are over and everything has settled."""

import json

from support.waiting import until

from cloud import CATALOG, INDEX
from queues import notification

SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
# The daily run compares with the table only if there is more time than a batch has here.
DAILY_SECONDS = 90
SETTLED = 90.0
# Until a search function reads the manifest again.
REFRESHED = 10.0
AFTER_THE_SAFE_AGE = 7200


def settle(world):
    """Lets the queues run empty, and the daily run find what was lost; returns the dead letters."""
    queues = world.queues.values()

    def idle():
        until(lambda: not any(map(len, queues)), SETTLED, "the queues are empty")

    def found_nothing():
        idle()
        answer = world.indexers[0].invoke(SCHEDULED, DAILY_SECONDS)
        # The other calls that it makes may meet the poller: then it comes again.
        return answer is not None and answer.get("queued") == 0 and answer.get("updated") == 0

    until(found_nothing, SETTLED, "the daily run finds nothing more")
    idle()
    return [message for queue in queues for message in queue.dead]


def check_index(world):
    """The index agrees with bucket and table, has every good image once, and every bad one is recorded as failed."""
    shop = world.shop
    assert sorted(world.cloud.keys(CATALOG)) == sorted([*shop.good, *shop.bad])
    report = world.cloud.lookalike("index", "verify", "--json").expect().json()
    assert report["verify"]["problems"] == []
    differences = report["differences"]
    # Bad images stay bad.
    assert differences["to_index"] == differences.get("known_failures", []) == sorted(shop.bad)
    assert differences["to_remove"] == []
    assert report["outdated"] == report["relabeled"] == []
    assert report["verify"]["images"] == len(shop.good)
    status = world.cloud.lookalike("status", "--failed", "--json").expect().json()
    failures = {failed["key"]: failed["failure"]["code"] for failed in status["failures"]}
    assert failures.keys() == shop.bad.keys(), failures
    assert shop.stored_products() == shop.products
    images = sorted(item.partition("#")[2] for _, item in shop.items() if item.startswith("image#"))
    assert images == sorted([*shop.good, *shop.bad]), "one record for each image that is there"


def check_searches(world, at):
    """A search function finds every image once, with the metadata of its product, and only by its own price."""
    shop = world.shop
    key, content = next(iter(shop.anchors.items()))
    generation = json.loads(world.cloud.lookalike("index", "info", "--json").expect().stdout)["generation"]

    def fresh():
        found = world.ask(at, "/search", content, k=1000, min_score=-1)
        return found["index"]["generation"] == generation and found

    found = until(fresh, REFRESHED, f"{world.searchers[at].name} searches generation {generation}")
    assert "stale" not in found["index"]
    assert sorted(result["image"]["key"] for result in found["results"]) == sorted(shop.good)
    prices = {
        result["product_id"]: int(result["metadata"]["price"])
        for result in found["results"]
        if "price" in result["metadata"]
    }
    expected = {product_of(key): shop.products.get(product_of(key)) for key in shop.good}
    assert prices == {product: price for product, price in expected.items() if price is not None}
    for price in sorted({*prices.values()})[:5]:
        filtered = world.ask(at, "/search", content, k=100, min_score=-1, filter=f"price={price}")["results"]
        assert {r["product_id"] for r in filtered} == {p for p, its in prices.items() if its == price}
    for key, content in [*shop.good.items()][:20]:
        scores = {r["image"]["key"]: r["score"] for r in world.ask(at, "/search", content, k=10)["results"]}
        # The same image may be stored under more keys than fit.
        assert scores.get(key, 0) > 0.999 or min(scores.values()) > 0.999, key


def check_pages(world):
    """Pages continue with the other search function, although the index has changed in between."""
    key = next(iter(world.shop.anchors))
    first = world.ask(0, "/search", {"key": key}, k=7, min_score=-1)
    world.queues["changes"].send(notification(world.shop.put_extra()))
    until(lambda: world.ask(1, "/index")["generation"] > first["index"]["generation"], what="another generation")
    found, page = [], first
    for at in range(1, 1000):
        found += [result["product_id"] for result in page["results"]]
        if "next_cursor" not in page:
            break
        page = world.ask(at % 2, "/search", {"key": key}, k=7, min_score=-1, cursor=page["next_cursor"])
        assert page["index"]["generation"] == first["index"]["generation"]
    assert len(found) == len(set(found)) == first["index"]["products"]


def check_garbage(world):
    """No lease stays behind, and after the safe age nothing is stored that the index does not need."""
    world.jump(AFTER_THE_SAFE_AGE)
    rebuilt = world.cloud.lookalike("index", "rebuild", "--json").expect().json()
    assert rebuilt["postponed"] is None and rebuilt["rebuilt_rows"] == len(world.shop.good)
    # Segments are doomed, removed, and the generations of that are forgotten.
    for _ in range(3):
        world.jump(AFTER_THE_SAFE_AGE)
        world.cloud.lookalike("index", "gc").expect()
    stored = json.loads(world.cloud.s3.get_object(Bucket=INDEX, Key="index/manifest.json")["Body"].read())
    named = {f"index/segments/{entry['id']}.seg" for entry in stored["manifest"]["segments"]}
    assert set(world.cloud.keys(INDEX, "index/segments/")) == named
    assert world.cloud.keys(INDEX, "index/manifests/") == []
    world.cloud.lookalike("index", "verify").expect()


def product_of(key):
    """Returns the product id of an image."""
    return key.rpartition("/")[2].partition(".")[0]
