"""Pages of results, and the content of results."""

import random
import time
from urllib.parse import quote

import pytest
from support.answers import jpeg, keys, opened, products
from support.problems import expect_problem


# Pages


def pages(shop, path, k):
    """Returns every page of a search with GET."""
    found, cursor = [], None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = shop.get(f"{path}&k={k}{more}")
        found.append(page)
        cursor = page.get("next_cursor")
        if not cursor:
            return found


@pytest.mark.parametrize("options", ["", "&group_by=image", "&diversity=0.4", "&collapse=true"])
@pytest.mark.parametrize("k", [1, 7, 16])
def test_pages_together_are_everything_once(shop, shop_pictures, engine, options, k):
    ours = "".join(f"&{name}={quote(value)}" for name, value in engine.ours.items())
    path = f"/products/{shop_pictures[0].product_id}/similar?min_score=-1{options}{ours}"
    whole = shop.get(f"{path}&k=1000")
    assert "next_cursor" not in whole
    found = [key for page in pages(shop, path, k) for key in keys(page)]
    assert len(found) == len(set(found))
    if "diversity" in options:
        assert sorted(found) == sorted(keys(whole))
    else:
        assert found == keys(whole)


def test_pages_continue_while_pictures_come_and_go(make_system, engine, catalog):
    pictures = catalog.sample(40)
    system = make_system().start()
    for picture in pictures[:30]:
        system.put(picture.key, picture.bytes)
    system.until_images(30)
    engine.move(system)
    path = f"/products/{pictures[0].product_id}/similar?min_score=-1"
    whole = keys(system.get(f"{path}&k=1000"))
    first = system.get(f"{path}&k=10")
    for picture in pictures[30:]:
        system.put(picture.key, picture.bytes)
    for picture in pictures[1:5]:
        system.delete(picture.key)
    system.until_images(36)
    assert keys(system.get(f"{path}&k=1000")) != whole
    rest = system.get(f"{path}&k=1000&cursor={first['next_cursor']}")
    assert keys(first) + keys(rest) == whole
    assert rest["index"]["generation"] == first["index"]["generation"]
    # Another process continues it, as long as the manifest of that generation is kept.
    system.stop()
    system.start()
    rest = system.get(f"{path}&k=1000&cursor={first['next_cursor']}")
    assert keys(first) + keys(rest) == whole
    system.stop()
    for manifest in system.data.rglob("manifests/*.json"):
        manifest.unlink()
    system.start()
    reply = system.http.get(f"{system.url}{path}&cursor={first['next_cursor']}", timeout=60)
    expect_problem(reply, 410, "cursor-expired", "without a cursor")


def test_an_index_goes_back_to_an_earlier_generation(make_system, engine, catalog):
    pictures = catalog.sample(6)
    system = make_system().start()
    for picture in pictures[:4]:
        system.put(picture.key, picture.bytes)
    system.until_images(4)
    engine.move(system)
    earlier = system.index()["generation"]
    for picture in pictures[4:]:
        system.put(picture.key, picture.bytes)
    system.until_images(6)
    newest = system.index()["generation"]
    told = system.lookalike("index", "rollback", "--to", earlier).expect().stdout
    assert f"generation {newest + 1} is generation {earlier} again" in told
    system.until_images(4)
    assert system.index()["history"][0]["step"] == "rolled_back"
    refused = system.lookalike("index", "rollback", "--to", 99)
    assert refused.code != 0 and "generation 99 is not kept" in refused.stderr
    system.lookalike("index", "verify", "--repair").expect()
    system.until_images(6)


def test_a_cursor_belongs_to_one_query(shop, shop_pictures):
    picture, other = shop_pictures[0], shop_pictures[1]
    first = shop.search(picture.bytes, k=4)
    cursor = first["next_cursor"]
    second = shop.search(picture.bytes, k=4, cursor=cursor)
    assert keys(first) + keys(second) == keys(shop.search(picture.bytes, k=8))
    random.seed(7)
    for _ in range(60):
        at = random.randrange(len(cursor))
        changed = cursor[:at] + random.choice("ABCxyz012_-") + cursor[at + 1 :]
        if changed != cursor:
            reply = shop.post(f"/search?cursor={changed}", data=picture.bytes)
            expect_problem(reply, 404, "invalid-cursor")
    for path in (f"/search?cursor={cursor}&min_score=0.2", f"/search?cursor={cursor}&collapse=true"):
        expect_problem(shop.post(path, data=picture.bytes), 404, "invalid-cursor")
    expect_problem(shop.post(f"/search?cursor={cursor}", data=other.bytes), 404, "invalid-cursor")


# Results


def test_pictures_as_results(shop, shop_pictures):
    path = f"/products/{shop_pictures[0].product_id}/similar?k=1000&min_score=-1"
    each = shop.get(f"{path}&group_by=image")
    all_of_them = shop.get(f"{path}&images=all")
    shown = [image["key"] for r in all_of_them["results"] for image in r["images"]]
    assert sorted(shown) == sorted(keys(each))
    scores = [result["score"] for result in each["results"]]
    assert scores == sorted(scores, reverse=True)


def test_diversity_spreads_results(shop, shop_pictures):
    picture = shop_pictures[0]

    def spread(diversity):
        found = shop.search(picture.bytes, k=10, min_score=-1, diversity=diversity)
        rows = [shop.get(f"/products/{r['product_id']}")["metadata"] for r in found["results"]]
        return found, len({row.get("category") for row in rows})

    plain, few = spread(0)
    diverse, many = spread(0.8)
    assert many >= few
    assert keys(diverse)[0] == keys(plain)[0]
    assert set(keys(diverse)) != set(keys(plain))


def test_copies_collapse(make_system, engine, catalog):
    """Images that were saved again, smaller or in another format, are one result."""
    originals = catalog.sample(12)
    system = make_system().start()
    for number, picture in enumerate(originals):
        system.put(f"catalog/a/{number}-0.jpg", picture.bytes)
    copied = opened(originals[0])
    small = copied.resize((copied.width * 3 // 4, copied.height * 3 // 4))
    system.put("catalog/a/0-1.jpg", jpeg(copied, quality=75))
    system.put("catalog/a/0-2.jpg", jpeg(small, quality=85))
    system.until_images(14)
    engine.move(system)
    plain = system.search(originals[0].bytes, k=14, min_score=-1)
    assert {"0-0", "0-1", "0-2"} == set(products(plain)[:3])
    found = system.search(originals[0].bytes, k=14, min_score=-1, collapse="true")
    assert found["results"][0]["collapsed"] == 2
    assert len({name.split("-")[0] for name in products(found)}) == len(found["results"])


def test_chosen_fields(shop, shop_pictures):
    picture = shop_pictures[0]
    whole = shop.search(picture.bytes, k=1)["results"][0]["metadata"]
    names = sorted(whole)[:2]
    some = shop.search(picture.bytes, k=1, fields=",".join(names))["results"][0]["metadata"]
    assert some == {name: whole[name] for name in names}
    assert shop.search(picture.bytes, k=1, fields="")["results"][0]["metadata"] == {}


def test_similar_is_not_sent_twice(shop, shop_pictures):
    url = f"{shop.url}/products/{shop_pictures[0].product_id}/similar?k=5"
    first = shop.http.get(url, timeout=60)
    tag = first.headers["etag"]
    assert tag.startswith(f'W/"g{first.json()["index"]["generation"]}-')
    assert first.headers["cache-control"] == "public, max-age=60"
    assert "origin" in first.headers["vary"].lower()
    for method in ("GET", "HEAD"):
        same = shop.http.request(method, url, headers={"if-none-match": tag}, timeout=60)
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == tag
    other = shop.http.get(url + "&min_score=0.5", headers={"if-none-match": tag}, timeout=60)
    assert other.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity"])
def test_replies_are_compressed(shop, encoding):
    headers = {"accept-encoding": encoding}
    with shop.http.get(f"{shop.url}/", headers=headers, stream=True, timeout=60) as reply:
        body = reply.raw.read(decode_content=False)
    plain = shop.http.get(f"{shop.url}/", headers={"accept-encoding": "identity"}, timeout=60)
    if encoding == "identity":
        assert "content-encoding" not in reply.headers and body == plain.content
    else:
        assert reply.headers["content-encoding"] == encoding
        assert len(body) < len(plain.content) / 2


# Freshness


def test_an_upload_is_followed_until_it_is_found(shop, spare):
    picture = spare()
    key = f"catalog/followed/{picture.path.name}"
    reply = shop.http.get(f"{shop.url}/images/{key}", timeout=60)
    expect_problem(reply, 404, "unknown-key")
    shop.put(key, picture.bytes)

    def indexed():
        state = shop.get(f"/images/{key}")
        assert state["state"] in ("pending", "indexed"), state
        return state if state["state"] == "indexed" else None

    began = time.monotonic()
    state = shop.until(indexed, 60, "indexed")
    assert state["product_id"] == picture.path.stem
    # Found at once with the stated generation, even if the index was read just before.
    found = shop.search(picture.bytes, k=1, min_generation=state["generation"], trim="false")
    assert keys(found) == [key]
    assert time.monotonic() - began < 60
    shop.delete(key)
    shop.until(
        lambda: shop.http.get(f"{shop.url}/images/{key}", timeout=60).status_code == 404,
        60,
        "forgotten",
    )


def test_a_bad_picture_says_why(shop):
    key = "catalog/followed/broken image+ü.jpg"
    shop.put(key, b"no image")

    def failed():
        state = shop.get(f"/images/{key}")
        return state if state["state"] == "failed" else None

    state = shop.until(failed, 60, "failed")
    assert state["code"] == "unsupported-format" and "JPEG" in state["reason"]
    shop.delete(key)


def test_a_future_generation(shop, shop_pictures):
    ahead = shop.index()["generation"] + 50
    reply = shop.post(f"/search?min_generation={ahead}", data=shop_pictures[0].bytes)
    expect_problem(reply, 409, "not-yet-indexed", str(ahead))
    assert reply.headers["retry-after"] == "1"
    reply = shop.post(f"/search?min_generation={ahead + 1_000_000}", data=shop_pictures[0].bytes)
    expect_problem(reply, 409, "not-yet-indexed")
