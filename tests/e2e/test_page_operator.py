"""The pages for operators and programmers in a real browser: /status and /docs."""

import json
import re

import pytest
from support import bad_pictures


def figures(tab, name):
    """Returns the figures of one part, by label."""
    terms = tab.at(f"#{name} dt").all_inner_texts()
    return dict(zip(terms, tab.at(f"#{name} dd").all_inner_texts(), strict=True))


def problem(route, status, kind, title, detail=""):
    """Answers with a problem."""
    body = {"type": f"urn:lookalike:problem:{kind}", "title": title, "detail": detail, "request_id": "R-1"}
    route.fulfill(status=status, content_type="application/problem+json", body=json.dumps(body))


def changed(tab, **members):
    """Changes members of the answer to GET /index."""

    def answer(route):
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | members)

    tab.page.route(re.compile(r"/index$"), answer)


# Status


def test_all_is_well(open_tab, window):
    tab = open_tab("/status")
    tab.at(".verdict.good").wait_for()
    assert tab.at("#word").inner_text() == "All is well"
    assert tab.at("#findings > li").count() == 0
    index = window.index()
    catalog = figures(tab, "catalog")
    assert catalog["Products"] == str(index["products"])
    assert catalog["Images"] == str(index["images"])
    assert catalog["Could not be indexed"] == "0"
    searching = figures(tab, "searching")
    for name in ("First search", "Warm search", "of it, embedding", "of it, searching"):
        assert re.fullmatch(r"[\d.]+ ms", searching[name]), searching
    encoder = figures(tab, "encoder")
    assert encoder["Name"] == index["encoder"]["name"]
    assert index["encoder"]["fingerprint"].startswith(encoder["Fingerprint"].rstrip("…"))
    rows = tab.at("#tables section").first.locator("tbody tr")
    assert rows.count() == len(index["segments"])
    assert str(index["segments"][0]["rows"]) in rows.first.inner_text()
    assert tab.shifts() < 0.1


def test_the_state_is_refreshed(open_tab, window, boot_bytes):
    tab = open_tab("/status")
    tab.at(".verdict.good").wait_for()
    before = int(figures(tab, "catalog")["Images"])
    window.put("catalog/later/later.jpg", boot_bytes)
    try:
        window.until_images(before + 1)
        tab.asked(tab.at("#refresh").click, "/index")
        tab.at("#catalog dd").get_by_text(str(before + 1), exact=True).wait_for()
    finally:
        window.delete("catalog/later/later.jpg")
        window.until_images(before)


@pytest.fixture
def boot_bytes(drawn):
    return next(path for product, path in drawn.items() if product.startswith("boot-")).read_bytes()


def test_images_that_could_not_be_indexed_are_shown(open_tab, window):
    window.put("catalog/bad/text.jpg", bad_pictures.TEXT)
    try:
        window.until(lambda: window.index()["failed"] == 1)
        tab = open_tab("/status")
        tab.at(".verdict.warn").wait_for()
        assert tab.at("#word").inner_text() == "Searches work; 1 thing needs attention"
        finding = tab.at("#findings > li").inner_text()
        assert "1 image could not be indexed" in finding
        assert "lookalike index verify --repair" in finding
        [failure] = window.index()["failures"]
        tables = tab.at("#tables").inner_text()
        assert failure["key"] == "catalog/bad/text.jpg"
        assert failure["key"] in tables and failure["reason"] in tables
        assert tab.audit() == []
    finally:
        window.delete("catalog/bad/text.jpg")
        window.until(lambda: window.index()["failed"] == 0)


def test_reasons_are_texts_whatever_is_in_them(open_tab):
    tab = open_tab(None)
    at = "2026-07-01T10:00:00Z"
    changed(tab, failed=60, failures=[{"key": "catalog/<i>.jpg", "reason": "the <b>image</b> ends early", "at": at}])
    tab.open("/status")
    tab.at("#tables").get_by_text("the <b>image</b> ends early").wait_for()
    tables = tab.at("#tables").inner_text()
    assert "catalog/<i>.jpg" in tables and "2026" in tables


def test_an_old_index_is_a_failure(open_tab):
    tab = open_tab(None)
    changed(tab, stale="segment 01J is damaged")
    tab.open("/status")
    tab.at(".verdict.bad").wait_for()
    assert tab.at("#word").inner_text() == "The newest index cannot be read"
    assert "Segment 01J is damaged." in tab.at("#findings").inner_text()
    assert tab.audit() == []


def test_an_encoder_migration_is_shown(open_tab, window):
    other = {"name": "other", "fingerprint": "ab" * 32, "dimensions": 64}
    building = {"role": "building", "encoder": other, "rows": 10, "bytes": 5000, "available": True}
    lost = {"role": "previous", "encoder": other, "rows": 10, "bytes": 5000, "available": False}
    tab = open_tab(None)
    changed(tab, side_indexes=[building, lost], configured_encoder=other | {"fingerprint": "cd" * 32})
    tab.open("/status")
    tab.at(".verdict.warn").wait_for()
    findings = tab.at("#findings").inner_text()
    assert f"10 of {window.index()['images']} images are indexed with other" in findings
    assert "The previous index is not kept up to date" in findings
    assert "The service has another encoder" in findings
    assert tab.at("#tables").get_by_role("heading", name="Indexes of other encoders").is_visible()
    assert tab.audit() == []


def test_an_index_that_needs_a_rebuild_is_shown(open_tab):
    segments = [
        {"kind": "base", "rows": 9000, "bytes": 9_000_000, "recall": 0.951},
        {"kind": "delta", "rows": 8000, "bytes": 8_000_000},
    ]
    tab = open_tab(None)
    history = [{"generation": 4, "published": "2026-07-01T10:00:00Z", "summary": "<b>3</b> images added"}]
    changed(tab, segments=segments, images=16_990, history=history)
    tab.open("/status")
    tab.at(".verdict.warn").wait_for()
    assert tab.at("#word").inner_text() == "Searches work; 2 things need attention"
    findings = tab.at("#findings").inner_text()
    assert "95.1 %" in findings and "lookalike index rebuild" in findings
    tables = tab.at("#tables").inner_text()
    assert "10 rows are deleted or replaced" in tables
    assert "8.0 MB" in tables
    assert "Last generations" in tables and "2026" in tables
    assert "<b>3</b> images added" in tables


@pytest.mark.parametrize(
    ("path", "words", "advice"),
    [
        (r"/search\?", "Searches fail", "lookalike index rebuild --start-over"),
        (r"/index$", "The state of the index cannot be read", "lookalike index rebuild --start-over"),
    ],
)
def test_a_failing_service_says_what_to_do(open_tab, path, words, advice):
    tab = open_tab(None)
    tab.expected.append("status of 500")
    detail = "segment 7 is missing"
    tab.page.route(re.compile(path), lambda route: problem(route, 500, "incomplete-index", "A part is missing", detail))
    tab.open("/status")
    tab.at(".verdict.bad").wait_for()
    assert tab.at("#word").inner_text() == words
    finding = tab.at("#findings > li").first.inner_text()
    assert "Segment 7 is missing." in finding and "Request R-1" in finding and advice in finding
    assert tab.audit() == []


def test_an_unreachable_service(open_tab):
    tab = open_tab("/status")
    tab.at(".verdict.good").wait_for()
    tab.expected.append("ERR_INTERNET_DISCONNECTED")
    tab.context.set_offline(True)
    tab.at("#refresh").click()
    tab.at(".verdict.bad").wait_for()
    assert tab.at("#word").inner_text() == "The service does not answer"
    tab.context.set_offline(False)
    tab.at("#refresh").click()
    tab.at(".verdict.good").wait_for()


def test_a_gateway_that_requires_credentials(open_tab):
    tab = open_tab(None)
    tab.expected.append("status of 401")
    tab.page.route(re.compile(r"/(index|health|search\?.*)$"), lambda route: route.fulfill(status=401, json={"message": "Unauthorized"}))
    tab.open("/status")
    tab.at(".verdict.bad").wait_for()
    assert "The command line has them." in tab.at("#findings").inner_text()


# Documentation


def test_every_operation_and_schema_is_documented(open_tab, window):
    document = window.get("/openapi.json")
    tab = open_tab("/docs")
    tab.at("article").first.wait_for()
    shown = tab.at("article h3").all_inner_texts()
    expected = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert {re.sub(r"\s+", " ", text) for text in shown} == expected
    assert set(tab.at("[id^=schema-] h3").all_inner_texts()) == set(document["components"]["schemas"])
    search = tab.at("#post-search").inner_text()
    for parameter in document["paths"]["/search"]["post"]["parameters"]:
        assert parameter["name"] in search
    for status in document["paths"]["/search"]["post"]["responses"]:
        assert status in search
    assert "curl --data-binary @photo.jpg" in search
    assert "undefined" not in tab.at("main").inner_text()
    dead = tab.page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map((link) => link.hash.slice(1)).filter((id) => !document.getElementById(id))"
    )
    assert dead == []


def test_every_kind_of_problem_is_shown_and_linked(open_tab, window):
    examples = window.get("/openapi.json")["components"]["examples"]
    tab = open_tab("/docs")
    tab.at("article").first.wait_for()
    rows = tab.at("#problems tbody tr")
    shown = [re.split(r"\s+", text, maxsplit=2) for text in rows.all_inner_texts()]
    assert {(name, status) for name, status, _ in shown} == {
        (name, str(example["value"]["status"])) for name, example in examples.items()
    }
    assert examples["cursor-expired"]["value"]["detail"] in tab.at("#problem-cursor-expired").inner_text()
    tab.at("#post-search").get_by_role("link", name="cursor-expired").click()
    assert tab.page.url.endswith("/docs#problem-cursor-expired")
    assert tab.audit() == []


def test_a_link_leads_to_its_section(open_tab):
    tab = open_tab("/docs#schema-SearchAnswer")
    tab.at("article").first.wait_for()
    top = tab.page.evaluate("document.getElementById('schema-SearchAnswer').getBoundingClientRect().top")
    assert 0 <= top < 200
    tab.page.get_by_role("link", name="GET /health").click()
    assert tab.page.url.endswith("/docs#get-health")


def test_requests_can_be_tried(open_tab, drawn):
    product, image = next(iter(drawn.items()))
    tab = open_tab("/docs")
    tab.at("#post-search summary").get_by_text("Try it").click()
    tab.at("#post-search [name=k]").fill("3")
    tab.at("#post-search [name=file]").set_input_files(image)
    tab.at("#post-search button").click()
    answer = tab.at("#post-search [aria-live]")
    answer.get_by_text("200 in").wait_for()
    assert len(json.loads(answer.locator("pre").inner_text())["results"]) == 3
    similar = "#get-products-product_id-similar"
    tab.at(f"{similar} summary").get_by_text("Try it").click()
    tab.at(f"{similar} [name=product_id]").fill("nobody/sells this")
    tab.expected.append("status of 404")
    tab.at(f"{similar} button").click()
    tab.at(f"{similar} [aria-live]").get_by_text("404 in").wait_for()
    assert "unknown-product" in tab.at(f"{similar} [aria-live]").inner_text()
    assert product


def test_a_description_that_cannot_be_loaded(open_tab):
    tab = open_tab(None)
    tab.expected.append("status of 503")
    tab.page.route("**/openapi.json", lambda route: problem(route, 503, "unavailable", "The service is busy", "try again"))
    tab.open("/docs")
    tab.at("#problem").get_by_text("The service is busy").wait_for()
