"""Filters, further results and matches on the shopper's page."""

import json
import re
from urllib.parse import urlsplit

import pytest
from support.page import parameters

FILTER_OF = "#filters-form input[type=checkbox]"


# Filters


@pytest.mark.segments_only("the values to choose from are facets")
def test_filters_narrow_the_results(open_tab, api, window, boot):
    tab = open_tab(f"/#product={boot.stem}")
    tab.found()
    if not (api.takes("filter") and api.answers("IndexInfo", "filterable")):
        assert not tab.at("#filters").is_visible()
        return
    tab.at(FILTER_OF).first.wait_for()
    declared = {one["name"] for one in window.index()["filterable"]}
    assert {"category", "colour", "price"} <= declared
    while tab.at("#filters-form button").count():
        tab.at("#filters-form button").first.click()
    hats = tab.at(f"{FILTER_OF}[data-attribute=category][value=hat]")
    asked = parameters(tab.asked(hats.check, "/similar"))
    assert asked["filter"] == ["category=hat"]
    names = tab.found()
    assert names
    assert tab.at("#chips .chip").all_inner_texts()[0].endswith("Category: hat")
    # Another value can be chosen in addition; its count is what it would add.
    boots = tab.at(f"{FILTER_OF}[data-attribute=category][value=boot]")
    boots.wait_for()
    more = int(re.match(r"\d+", boots.locator("xpath=..").locator(".many").inner_text())[0])
    tab.asked(boots.check, "/similar")
    both = tab.found()
    assert set(names) < set(both)
    assert len(both) - len(names) in (more, more - 1)
    fragment = urlsplit(tab.page.url).fragment
    assert sorted(fragment.split("&")) == ["is.category=boot", "is.category=hat", f"product={boot.stem}"]
    tab.step(-1)
    assert tab.found() == names
    assert not boots.is_checked()
    # Chips remove filters.
    tab.asked(tab.at("#chips .chip").first.click, "/similar")
    assert len(tab.found()) == 24
    assert not tab.at("#chips").is_visible()


def test_numbers_are_filtered_by_least_and_most(open_tab, api, boot):
    if not (api.takes("filter") and api.answers("IndexInfo", "filterable")):
        assert not open_tab(f"/#product={boot.stem}").at("#filters").is_visible()
        return
    tab = open_tab(f"/#product={boot.stem}&max.price=60")
    prices = [float(text) for text in (tab.found() and tab.at(".price").all_inner_texts())]
    assert prices and max(prices) <= 60
    least = tab.at("[data-attribute=price][data-kind=min]")
    least.wait_for()
    assert tab.at("[data-attribute=price][data-kind=max]").input_value() == "60"
    least.fill("40")
    request = tab.asked(lambda: least.press("Enter"), "/similar")
    assert sorted(parameters(request)["filter"]) == ["price<=60", "price>=40"]
    prices = [float(text) for text in (tab.found() and tab.at(".price").all_inner_texts())]
    assert all(40 <= price <= 60 for price in prices)
    assert tab.at("#chips .chip").all_inner_texts()[0].endswith("Price from 40 to 60")
    assert tab.focus()["id"] == "min.price"


def test_filters_that_nothing_matches_say_so(open_tab, api, boot):
    tab = open_tab(f"/#product={boot.stem}&is.category=nonsense")
    if api.takes("filter") and api.answers("IndexInfo", "filterable"):
        tab.at("#nothing").get_by_text("No product matches these filters").wait_for()
    else:
        tab.expected.append("status of 400")
        tab.at("#problem").wait_for()
    tab.asked(tab.page.get_by_role("button", name="Remove the filters").click, "/similar")
    assert len(tab.found()) == 24
    assert not tab.at("#problem, #nothing").first.is_visible()


# More


def test_more_products_follow_the_first(open_tab, api, drawn, boot):
    tab = open_tab(f"/#product={boot.stem}")
    first = tab.found()
    if not api.answers("SearchAnswer", "next_cursor"):
        assert not tab.at("#more").is_visible()
        return
    request = tab.asked(tab.at("#more").click, "/similar")
    assert len(parameters(request)["cursor"]) == 1
    tab.page.wait_for_selector("#results > li:nth-child(48)")
    assert tab.found()[:24] == first
    links = tab.page.evaluate("[...document.querySelectorAll('.card')].map((card) => card.href)")
    assert len(set(links)) == 48
    focused = tab.page.evaluate("document.activeElement.href")
    assert focused == links[24]
    while tab.at("#more").is_visible():
        shown = tab.at("#results > li").count()
        tab.at("#more").click()
        tab.page.wait_for_function("(shown) => document.querySelectorAll('#results > li').length > shown", arg=shown)
    assert tab.at("#results > li").count() == len(drawn) - 1


def test_a_cursor_that_expired_leads_back_to_the_start(open_tab, api, boot):
    tab = open_tab(None)
    problem = {"type": "urn:lookalike:problem:cursor-expired", "title": "The page cannot be continued", "status": 410}

    def answer(route):
        if "cursor=" in route.request.url:
            route.fulfill(status=410, content_type="application/problem+json", body=json.dumps(problem))
        else:
            reply = route.fetch()
            route.fulfill(response=reply, json=reply.json() | {"next_cursor": "then"})

    tab.expected.append("status of 410")
    tab.page.route("**/similar?*", answer)
    tab.open(f"/#product={boot.stem}")
    tab.found()
    tab.at("#more").click()
    tab.at("#expired").get_by_text("The catalog has changed").wait_for()
    tab.asked(tab.page.get_by_role("button", name="Search again").click, "/similar")
    assert len(tab.found()) == 24


def test_matches_are_named(open_tab, api, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    badges = tab.at(".badge:visible").all_inner_texts()
    if api.answers("FoundProduct", "match"):
        assert len(badges) == 24
        assert badges[0] == "Same photo"
        assert set(badges) <= {"Same photo", "Almost the same", "Similar", "Weak match"}
    else:
        assert badges == []
    assert float(tab.at(".number").first.inner_text()) > 0.99


def test_only_weak_matches_are_called_so(open_tab, boot):
    tab = open_tab(None)

    def answer(route):
        reply = route.fetch()
        body = reply.json()
        for result in body["results"]:
            result["match"] = "weak"
        route.fulfill(response=reply, json=body)

    tab.page.route("**/similar?*", answer)
    tab.open(f"/#product={boot.stem}")
    assert len(tab.found()) == 24
    assert "Nothing here looks much like it" in tab.at("#nothing").inner_text()


# An older API


def test_an_api_without_optional_members_is_enough(open_tab, boot):
    """An older service: no match, facets, cursor or filterable attributes."""
    tab = open_tab(None)

    def strip(route):
        if route.request.method == "GET" and "facets=" in route.request.url:
            raise AssertionError("facets were asked for")
        reply = route.fetch()
        body = reply.json()
        for name in ("facets", "next_cursor", "filterable", "exact", "history"):
            body.pop(name, None)
        for result in body.get("results", []):
            result.pop("match", None)
        route.fulfill(response=reply, json=body)

    tab.page.route(re.compile(r"/(index|search\?.*|products/.*)$"), strip)
    tab.open()
    tab.asked(lambda: tab.choose(boot))
    assert len(tab.found()) == 24
    tab.asked(tab.at(".card").nth(2).click, "/similar")
    assert len(tab.found()) == 24
    assert not tab.at("#filters, #more, #chips, .badge").first.is_visible()
    assert tab.audit() == []
