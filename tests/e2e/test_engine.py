"""A vector base answers what segments answer, but for what docs/vector-base.md lists. With `--rows N` both have N
further rows."""

import base64
import json

import pytest
from support.command import lookalike
from support.problems import expect_problem
from support.system import System, answer

DECLARED = {"LOOKALIKE_FILTERABLE": "category,colour,in_stock,pattern,price,sold_by"}
REFUSED = "not-with-vector-base"
ROUNDING = 5e-5
# The members of an answer in which the engines may differ, beside links and times.
DIFFERENT = {"exact", "next_cursor", "query", "index"}


@pytest.fixture(scope="module")
def start(catalog, shop_pictures, tmp_path_factory):
    """Starts the shop with all of its attributes declared."""
    started = []

    def start(engine, name, **options):
        folder = tmp_path_factory.mktemp(name)
        started.append(System(folder, DECLARED))
        table = catalog.write_table(shop_pictures, folder / "products.csv", **engine.columns(shop_pictures))
        pictures = catalog.copy(shop_pictures, folder / "pictures")
        return engine.start(started[-1], "declared", "--catalog", pictures, "--metadata", table, **options)

    yield start
    for system in started:
        system.dispose()


@pytest.fixture(scope="module")
def vector_base(engine, start):
    """A running system with a vector base."""
    if not engine.is_vector_base:
        pytest.skip("needs --engine dynamodb")
    return start(engine, "vector-base")


@pytest.fixture(scope="module")
def segments(vector_base, engine, start):
    """A running system with the same catalog in segments."""
    system = start(engine, "segments", moves=False)
    # Thresholds of matches are measured when a base is built.
    if not engine.rows:
        system.lookalike("index", "rebuild").expect()
    return system


def requests_of(picture, other, vector):
    """Returns searches of all kinds, as keyword arguments of a POST or as the path of a GET, by name."""
    category = picture.category
    image = {"image": base64.b64encode(picture.bytes).decode()}
    post = lambda **options: {"params": {"links": "false"} | options, "data": picture.bytes}
    ask = lambda **search: {"json": {"links": False} | search}
    similar = lambda product, options: f"/products/{product}/similar?links=false&{options}"
    return {
        "image": post(k=10),
        "each image": post(k=24, group_by="image"),
        "all images": post(k=12, images="all"),
        "diverse": post(k=10, diversity=0.4),
        "collapsed": post(k=10, collapse="true"),
        "high score": post(k=20, min_score=0.5),
        "match": post(k=20, min_match="similar"),
        "untrimmed": post(k=10, trim="false"),
        "crop": post(k=10, crop="0.1,0.1,0.6,0.6"),
        "fields": post(k=10, fields="name"),
        "category": post(k=10, filter=f"category={category}"),
        "categories": post(k=10, filter=f"category={category},{other.category}"),
        "prices": post(k=10, min_score=-1, filter=["price>=20", "price<120"]),
        "category and price": post(k=5, min_score=-1, filter=[f"category={category}", "price>=10"]),
        "stock": post(k=10, filter="in_stock=true"),
        "key": ask(key=picture.key, k=10),
        "products": ask(query=[{"product": picture.product_id}, {"product": other.product_id}], k=10),
        "weights": ask(query=[image, {"key": other.key, "weight": -0.4}], k=10),
        "vector": ask(query=[vector], k=10),
        "or": ask(**image, k=10, filter={"or": [{"category": category}, {"price": {"lt": 60, "gte": 10}}]}),
        "similar": similar(picture.product_id, "k=15"),
        "similar in a category": similar(picture.product_id, f"k=5&min_score=-1&filter=category={category}"),
    }


def ask(system, request):
    """Returns the reply to a search."""
    if isinstance(request, str):
        return system.http.get(f"{system.url}{request}", timeout=60)
    return system.post("/search", **request)


def with_cursor(request, cursor):
    """Returns the request for the page of a cursor."""
    if isinstance(request, str):
        return f"{request}&cursor={cursor}"
    into = "json" if "json" in request else "params"
    return request | {into: request[into] | {"cursor": cursor}}


def pages(system, request, count):
    """Returns the first pages of a search."""
    found = [answer(ask(system, request))]
    while len(found) < count and "next_cursor" in found[-1]:
        found.append(answer(ask(system, with_cursor(request, found[-1]["next_cursor"]))))
    return found


def compared(page):
    """Returns what must be the same, with scores apart, which engines add up in other orders."""
    kept = {name: value for name, value in page.items() if name not in DIFFERENT}
    results = [dict(result) for result in kept.pop("results")]
    scores = [result.pop("score") for result in results]
    for result in results:
        images = result.get("images", [])
        scores += [image["score"] for image in images]
        if images:
            result["images"] = [image["key"] for image in images]
    return kept | {"results": results}, scores


def are_same(found, expected):
    """Returns whether the pages of both engines are the same."""
    if len(found) != len(expected):
        return False
    pairs = [(compared(page), compared(wanted)) for page, wanted in zip(found, expected, strict=True)]
    return all(
        told == wanted and scores == pytest.approx(wanted_scores, abs=ROUNDING)
        for (told, scores), (wanted, wanted_scores) in pairs
    )


def is_no_worse(found, expected):
    """Returns whether the results of all pages are, rank by rank, as similar as the expected ones."""
    ranked = lambda pages: sorted((one["score"] for page in pages for one in page["results"]), reverse=True)
    ours, theirs = ranked(found), ranked(expected)
    return len(ours) == len(theirs) and all(one >= other - ROUNDING for one, other in zip(ours, theirs, strict=True))


def test_answers_are_those_of_segments(segments, vector_base, shop_pictures, engine, figures):
    fingerprint = segments.index()["encoder"]["fingerprint"]
    searches = same = 0
    for picture, other in zip(shop_pictures[:3], shop_pictures[20:23], strict=True):
        vector = lookalike("embed", picture.path, "--json").expect().json()["embedding"]
        requests = requests_of(picture, other, {"vector": vector, "fingerprint": fingerprint})
        for name, request in requests.items():
            expected, found = (pages(system, request, 3) for system in (segments, vector_base))
            searches += len(found)
            if are_same(found, expected):
                same += len(found)
                continue
            assert engine.rows, (name, picture.key)
            # The graph of a larger base misses a few, and narrow ranges of numbers are incomplete, as documented.
            is_told = any(page.get("complete") is False for page in found)
            assert is_told or name == "diverse" or is_no_worse(found, expected), (name, picture.key)
    figures(f"vector base and segments, {engine.rows + len(shop_pictures)} rows: {same} of {searches} pages are the same")
    assert same >= 0.75 * searches


def test_lookups_are_those_of_segments(segments, vector_base, shop_pictures, engine):
    """Of images and products, and of the parts of the index that do not depend on the engine."""
    for picture in shop_pictures[:5]:
        image, product = ([system.get(path) for system in (vector_base, segments)] for path in (
            f"/images/{picture.key}", f"/products/{picture.product_id}"
        ))
        for one in [*image, *product]:
            one.pop("generation", None)
            for shown in one.get("images", [one]):
                shown.pop("url", None)
                shown.pop("indexed", None)
        assert image[0] == image[1] and product[0] == product[1]
    for path in ("/images/catalog/none.jpg", "/products/none", "/products/none/similar"):
        replies = [system.http.get(f"{system.url}{path}", timeout=60) for system in (vector_base, segments)]
        assert [reply.status_code for reply in replies] == [404, 404]
        assert replies[0].json()["type"] == replies[1].json()["type"]
    found, expected = (system.index() for system in (vector_base, segments))
    assert found["images"] == expected["images"] == engine.rows + len(shop_pictures)
    numbers = [{one["name"] for one in index["filterable"] if one["type"] == "number"} for index in (found, expected)]
    assert numbers[0] == numbers[1] == {"price"}
    assert [one["name"] for one in found["filterable"]] == [one["name"] for one in expected["filterable"]]


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "category<5"},
        {"filter": "price<'cheap'"},
        {"filter": "nonsense=1"},
        {"filter": "category"},
        {"filter": "category=nothing"},
        {"filter": ["price>=20", "price<10"]},
        {"k": 0},
        {"cursor": "none"},
        {"min_generation": 1_000_000},
    ],
    ids=str,
)
def test_refusals_and_empty_answers_are_those_of_segments(segments, vector_base, shop_pictures, options):
    replies = [
        system.post("/search", params={"k": 3} | options, data=shop_pictures[0].bytes) for system in (segments, vector_base)
    ]
    assert replies[0].status_code == replies[1].status_code, [reply.text for reply in replies]
    told = [reply.json() for reply in replies]
    assert told[0].get("type") == told[1].get("type")
    assert [one["product_id"] for one in told[0].get("results", [])] == [
        one["product_id"] for one in told[1].get("results", [])
    ]


def test_audits_and_exports_are_those_of_segments(segments, vector_base, engine, tmp_path):
    """Among others of categories, duplicates, and differences between bucket, table and index."""
    told, exported = [], []
    for system in (segments, vector_base):
        by_command = system.lookalike("audit", "--json", timeout=600).expect().json()
        by_api = system.http.get(f"{system.url}/audit", timeout=600).json()
        out = tmp_path / system.data.name
        system.lookalike("export-similar", "--out", out, "--k", "5", timeout=600).expect()
        files = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in out.iterdir()}
        index = files.pop("index.json")
        assert sorted(index["products"]) == sorted(file["product_id"] for file in files.values())
        told.append((unlinked(by_command), unlinked(by_api)))
        exported.append({name: file["results"] for name, file in files.items()})
    assert told[0] == told[1]
    assert exported[0].keys() == exported[1].keys()
    # Graphs of a larger base, each built by itself, miss a few.
    pairs = [(one, exported[1][name]) for name, results in exported[0].items() for one in results]
    shared = sum(one in results for one, results in pairs)
    assert shared == len(pairs) if not engine.rows else shared >= 0.98 * len(pairs)
    assert told[0][0]["images"] == segments.index()["images"] and told[0][0]["separation"]["p_at_1"]


def unlinked(report):
    """Returns a report without the parts that are different in each system."""
    if isinstance(report, dict):
        return {name: unlinked(part) for name, part in report.items() if name not in ("url", "generation")}
    return [unlinked(part) for part in report] if isinstance(report, list) else report


def test_the_documented_differences(vector_base, shop_pictures, engine):
    picture = shop_pictures[0]
    found = vector_base.search(picture.bytes, k=5)
    assert found["exact"] is False and "complete" not in found and "products" not in found["index"]
    index = vector_base.index()
    assert "products" not in index and index["vector_base"]["can_roll_back"] != engine.finishes

    expect_problem(vector_base.post("/search?facets=category", data=picture.bytes), 400, REFUSED, "leave facets out")
    similar = f"{vector_base.url}/products/{picture.product_id}/similar"
    expect_problem(vector_base.http.get(f"{similar}?facets=category", timeout=60), 400, REFUSED)
    status = vector_base.lookalike("status", "--json").expect().json()
    assert "`lookalike audit` does" in status["separation"]["reason"]

    # Pages go as deep as the candidates, of which each slot has a hundred.
    deep = vector_base.search(picture.bytes, k=1000, min_score=-1)
    candidates = 100 * index["vector_base"]["slots"]
    if engine.rows + len(shop_pictures) > candidates:
        assert deep["complete"] is False and "next_cursor" not in deep and len(deep["results"]) <= candidates
    else:
        assert "complete" not in deep and len(deep["results"]) == len(shop_pictures) + engine.rows
    # Conditions that DynamoDB does not apply are applied to the candidates.
    unlike = {"filter": f"category!={picture.category}", "min_score": -1}
    found = vector_base.search(picture.bytes, k=5, **unlike)
    assert len(found["results"]) == 5
    reply = vector_base.post("/search", params={"k": 1000} | unlike, data=picture.bytes)
    if deep.get("complete") is False:
        expect_problem(reply, 400, REFUSED, "category", "add a condition")
    else:
        assert answer(reply)["results"]
