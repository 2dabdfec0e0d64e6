"""The shopper's page in a real browser."""

import io
import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image
from support.api import Api
from support.browser import PHONE
from support.prefix import Prefixed

FILTER_OF = "#filters-form input[type=checkbox]"


@pytest.fixture(scope="session")
def api(window):
    return Api(window)


@pytest.fixture
def boot(drawn):
    return drawn[next(product for product in drawn if product.startswith("boot-"))]


def parameters(request):
    """Returns the query of a request, by name."""
    return parse_qs(urlsplit(request.url).query, keep_blank_values=True)


def heading(tab):
    return tab.at("#heading").inner_text()


def name_of(system, product):
    return system.product(product).json()["metadata"]["name"]


# Ways to ask


def test_the_start_says_what_to_do(open_tab, window):
    tab = open_tab()
    assert heading(tab) == "Find products that look like a photo"
    tab.at("#catalog").get_by_text("products").wait_for()
    index = window.index()
    assert tab.at("#catalog").inner_text() == f"{index['products']} products in {index['images']} photos"
    assert not tab.at("#bar, #filters, #more, #skip:focus").first.is_visible()


def test_a_chosen_file_finds_its_product(open_tab, window, boot):
    tab = open_tab()
    request = tab.asked(lambda: tab.choose(boot))
    names = tab.found()
    assert len(names) == 24
    assert names[0] == name_of(window, boot.stem)
    assert request.header_value("content-type") == "image/jpeg"
    assert tab.sent() == boot.read_bytes()
    assert heading(tab) == "Products that look like your photo"
    assert re.fullmatch(r"(First )?24 products in [\d.]+ ms", tab.at("#status").inner_text())
    assert tab.page.title() == "Products that look like your photo · lookalike"
    assert tab.shifts() < 0.1


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_dropped_or_pasted_image_is_searched(open_tab, window, boot, way):
    tab = open_tab()
    tab.asked(lambda: tab.transfer(way, boot.name, "image/jpeg", boot.read_bytes()))
    assert tab.found()[0] == name_of(window, boot.stem)
    assert not tab.at("#veil").is_visible()


def test_a_phone_offers_its_camera(open_tab, window, boot):
    tab = open_tab(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    assert tab.at("#camera").get_attribute("capture") == "environment"
    tab.asked(lambda: tab.choose(boot, "#photo"))
    assert tab.found()[0] == name_of(window, boot.stem)


def test_a_desk_offers_no_camera(open_tab):
    assert not open_tab().at("#photo").is_visible()


def test_large_photos_are_reduced_before_they_are_sent(open_tab, boot, tmp_path):
    photo = tmp_path / "photo.png"
    Image.open(boot).resize((2400, 3000)).save(photo)
    tab = open_tab()
    tab.asked(lambda: tab.choose(photo))
    sent = tab.sent()
    assert Image.open(io.BytesIO(sent)).size == (819, 1024)
    assert len(sent) < 300_000
    assert len(tab.found()) == 24


def test_formats_that_only_the_browser_supports_are_sent_as_jpeg(open_tab, boot, tmp_path):
    image = tmp_path / "image.bmp"
    Image.open(boot).save(image)
    tab = open_tab()
    request = tab.asked(lambda: tab.choose(image))
    assert request.header_value("content-type") == "image/jpeg"
    assert len(tab.found()) == 24


# From one search to the next


def test_a_click_on_a_result_searches_from_it(open_tab, window, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    second = tab.found()[1]
    tab.page.evaluate("scrollTo(0, 400)")
    request = tab.asked(tab.at(".card").nth(1).click, "/similar")
    names = tab.found()
    assert heading(tab) == f"Products that look like {second}"
    assert second not in names
    assert len(names) == 24
    assert tab.page.evaluate("scrollY") == 0
    assert tab.focus()["id"] == "heading"
    product = re.search(r"/products/([^/]+)/similar", request.url)[1]
    assert urlsplit(tab.page.url).fragment == f"product={product}"
    assert name_of(window, product) == second


def test_back_and_forward_show_what_was_there(open_tab, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    first = tab.found()
    tab.page.evaluate("scrollTo(0, 300)")
    tab.page.wait_for_timeout(100)
    tab.asked(tab.at(".card").nth(4).click, "/similar")
    second = tab.found()
    second_heading = heading(tab)

    requests = []
    tab.page.on("request", lambda request: requests.append(request.url))
    tab.step(-1)
    assert tab.found() == first
    assert heading(tab) == "Products that look like your photo"
    assert tab.page.evaluate("scrollY") == 300
    tab.step(1)
    assert tab.found() == second
    assert heading(tab) == second_heading
    tab.step(-1)
    tab.step(-1)
    assert heading(tab) == "Find products that look like a photo"
    assert tab.found() == []
    # Results are kept for this visit.
    assert not [url for url in requests if "/search" in url or "/similar" in url]


def test_the_address_can_be_passed_on(open_tab, window, boot):
    tab = open_tab(f"/#product={boot.stem}&k=12")
    assert len(tab.found()) == 12
    tab.page.wait_for_function("() => document.title.startsWith('Products that look like')")
    tab.at("#heading").get_by_text(name_of(window, boot.stem)).wait_for()
    assert tab.at("#amount").input_value() == "12"
    assert tab.at("#subject-image").is_visible()
    tab.asked(lambda: tab.at("#amount").select_option("48"), "/similar")
    assert len(tab.found()) == 48
    assert urlsplit(tab.page.url).fragment == f"product={boot.stem}&k=48"
    assert tab.shifts() < 0.1


def test_an_image_can_be_named_by_its_key(open_tab, window, boot):
    key = window.search(boot.read_bytes(), k=1)["results"][0]["image"]["key"]
    tab = open_tab(f"/#key={quote(key)}")
    assert tab.found()[0] == name_of(window, boot.stem)
    assert heading(tab) == f"Products that look like {name_of(window, boot.stem)}"


def test_reloading_says_that_the_image_is_gone(open_tab, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tab.page.reload()
    tab.at("#hint").get_by_text("without your photo").wait_for()
    tab.asked(lambda: tab.choose(boot))
    assert len(tab.found()) == 24


def test_the_brand_leads_to_the_start(open_tab, boot):
    tab = open_tab(f"/#product={boot.stem}")
    tab.found()
    tab.at("#home").click()
    assert tab.at("#results > li").count() == 0
    assert tab.at("#main").get_attribute("class") == "start"
    tab.step(-1)
    assert len(tab.found()) == 24


# A part of the image


def drag(tab, begin, end):
    """Presses at one share of the image's sides, and releases at another."""
    area = tab.at("#canvas").bounding_box()
    where = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in (begin, end)]
    tab.page.mouse.move(*where[0])
    tab.page.mouse.down()
    tab.page.mouse.move(*where[1], steps=4)
    tab.page.mouse.up()


def part_sent(request):
    """Returns the part in a request, in shares."""
    [crop] = parameters(request)["crop"]
    return [float(share) for share in crop.split(",")]


def lacks_crop(tab, api, act):
    """True if the service does not know the parameter `crop`; the page must then say so."""
    if api.takes("crop"):
        return False
    tab.expected.append("status of 400")
    act()
    tab.at("#problem").get_by_text("A query parameter is not known").wait_for()
    return True


def test_a_box_drawn_on_the_image_searches_its_part(open_tab, api, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    whole = tab.found()

    def draw():
        drag(tab, (0.2, 0.3), (0.7, 0.9))

    if lacks_crop(tab, api, draw):
        return
    first = part_sent(tab.asked(draw))
    assert first == pytest.approx([0.2, 0.3, 0.5, 0.6], abs=0.02)
    part = tab.found()
    assert part != whole
    assert f"crop={','.join(f'{share:g}' for share in first)}" in tab.page.url
    assert tab.at("#box").is_visible()

    # A corner is moved, which is not a new step of the history; then the whole image again.
    second = part_sent(tab.asked(lambda: drag(tab, (0.7, 0.9), (0.95, 0.95))))
    assert second == pytest.approx([0.2, 0.3, 0.75, 0.65], abs=0.02)
    # The whole box is moved, as far as there is room.
    third = part_sent(tab.asked(lambda: drag(tab, (0.5, 0.5), (0.1, 0.5))))
    assert third == pytest.approx([0, 0.3, 0.75, 0.65], abs=0.02)
    tab.found()
    tab.step(-1)
    assert tab.found() == whole
    assert "crop=" not in tab.page.url
    assert not tab.at("#box").is_visible()
    tab.step(1)
    tab.found()
    assert tab.at("#box").is_visible()
    request = tab.asked(tab.at("#whole").click)
    assert "crop" not in parameters(request)
    assert tab.found() == whole
    assert not tab.at("#box").is_visible()


def test_a_click_on_the_image_selects_no_part(open_tab, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tab.at("#canvas").click()
    drag(tab, (0.5, 0.5), (0.51, 0.51))
    tab.page.wait_for_timeout(300)
    assert "crop=" not in tab.page.url
    assert not tab.at("#box").is_visible()


def test_a_part_is_chosen_by_keyboard(open_tab, api, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tab.at("#crop").focus()
    tab.page.keyboard.press("Enter")
    assert tab.focus()["id"] == "mover"
    mover = tab.page.get_by_role("slider", name="Selected part")
    assert mover.get_attribute("aria-valuetext") == "15 % to 85 % across, 15 % to 85 % down"
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("Shift+ArrowUp")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("ArrowRight")
    assert tab.focus()["classes"] == "handle nw"
    assert tab.at(".handle.nw").get_attribute("aria-valuetext") == "15 % across, 5 % down"

    def choose():
        tab.page.keyboard.press("Enter")

    if lacks_crop(tab, api, choose):
        return
    request = tab.asked(choose)
    assert part_sent(request) == pytest.approx([0.15, 0.05, 0.68, 0.7])
    tab.found()
    # The focus stays in place, and Escape selects the whole image again.
    assert tab.focus()["classes"] == "handle nw"
    tab.asked(lambda: tab.page.keyboard.press("Escape"))
    tab.found()
    assert tab.focus()["id"] == "crop"
    assert not tab.at("#box").is_visible()


def test_a_finger_takes_the_box_by_its_corners(open_tab, api, boot):
    tab = open_tab(viewport=PHONE, is_mobile=True, has_touch=True)
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tab.at("#crop").tap()
    touch = """([selector, dx, dy]) => {
      const target = document.querySelector(selector);
      const { x, y, width, height } = target.getBoundingClientRect();
      const send = (type, on, moved) => on.dispatchEvent(new PointerEvent(type, { bubbles: true, isPrimary: true,
        pointerType: "touch", clientX: x + width / 2 + moved * dx, clientY: y + height / 2 + moved * dy }));
      send("pointerdown", target, 0);
      send("pointermove", window, 1);
      send("pointerup", window, 1);
    }"""
    area = tab.at("#canvas").bounding_box()

    def move():
        tab.page.evaluate(touch, [".handle.se", -area["width"] / 4, -area["height"] / 4])

    if lacks_crop(tab, api, move):
        return
    assert part_sent(tab.asked(move)) == pytest.approx([0.15, 0.15, 0.45, 0.45], abs=0.02)
    # On the image itself, a finger scrolls.
    before = tab.page.url
    tab.page.evaluate(touch, ["#subject-image", 40, 40])
    assert tab.page.url == before


def test_a_part_of_a_large_photo_keeps_its_pixels(open_tab, api, boot, tmp_path):
    photo = tmp_path / "photo.jpg"
    Image.open(boot).resize((4000, 5000)).save(photo, quality=95)
    tab = open_tab()
    tab.asked(lambda: tab.choose(photo))
    tab.found()
    if lacks_crop(tab, api, lambda: drag(tab, (0.2, 0.2), (0.5, 0.5))):
        return
    assert Image.open(io.BytesIO(tab.sent())).size == (819, 1024)
    tab.asked(lambda: drag(tab, (0.2, 0.2), (0.5, 0.5)))
    assert Image.open(io.BytesIO(tab.sent())).size == (2048, 2560)


def test_a_part_of_a_products_image(open_tab, api, boot):
    tab = open_tab(f"/#product={boot.stem}")
    tab.found()
    tab.at("#subject-image").wait_for()

    def draw():
        drag(tab, (0.2, 0.3), (0.7, 0.9))

    if lacks_crop(tab, api, draw):
        return
    request = tab.asked(draw)
    assert json.loads(request.post_data)["key"].startswith("catalog/")
    assert part_sent(request) == pytest.approx([0.2, 0.3, 0.5, 0.6], abs=0.02)
    found = tab.found()
    assert len(found) == 24
    # The address contains everything.
    other = open_tab("/#" + urlsplit(tab.page.url).fragment)
    assert other.found() == found
    other.at("#box").wait_for()


# Filters


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


def test_more_products_follow_the_first(open_tab, api, window, boot):
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
    assert tab.at("#results > li").count() == window.index()["products"] - 1


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


# An API without what is optional


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


# Errors


def test_other_files_are_explained(open_tab, window):
    tab = open_tab()
    tab.expected.append("status of 415")
    tab.transfer("drop", "photo.jpg", "image/jpeg", b"this is no picture" * 10)
    tab.at("#problem").get_by_text("The picture format is not supported").wait_for()
    words = tab.at("#problem").inner_text()
    assert "JPEG" in words
    assert re.search(r"Request [0-9A-Za-z=:-]{10,}", words)
    assert tab.at("#problem").get_attribute("role") == "alert"
    assert tab.audit() == []
    tab.transfer("drop", "notes.txt", "text/plain", b"notes")
    tab.at("#problem").get_by_text("This is not a photo").wait_for()


def test_a_missing_product_is_explained(open_tab):
    tab = open_tab("/#product=nobody-sells-this")
    tab.expected.append("status of 404")
    tab.at("#problem").get_by_text("There is no such product").wait_for()
    assert "nobody-sells-this" in tab.at("#problem").inner_text()


def test_a_request_to_an_unreachable_service_can_be_repeated(open_tab, boot):
    tab = open_tab()
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tab.expected.append("ERR_INTERNET_DISCONNECTED")
    tab.context.set_offline(True)
    tab.at(".card").nth(1).click()
    tab.at("#problem").get_by_text("The service cannot be reached").wait_for()
    assert tab.at("#results > li").count() == 0
    tab.context.set_offline(False)
    tab.asked(tab.page.get_by_role("button", name="Try again").click, "/similar")
    assert len(tab.found()) == 24
    assert not tab.at("#problem").is_visible()


def test_an_answer_that_is_not_a_problem_is_shown(open_tab, boot):
    tab = open_tab()
    tab.expected.append("status of 403")
    tab.page.route("**/similar?*", lambda route: route.fulfill(status=403, json={"message": "Forbidden"}))
    tab.page.evaluate(f"location.hash = 'product={boot.stem}'")
    tab.at("#problem").get_by_text("The service answered with status 403").wait_for()
    assert "Forbidden." in tab.at("#problem").inner_text()


def test_while_it_searches_the_page_has_its_shape(open_tab, boot):
    tab = open_tab()
    held = []
    tab.page.route("**/search?*", lambda route: held.append(route))
    tab.choose(boot)
    tab.at("#results > li.bone").first.wait_for()
    assert tab.at("#status").inner_text() == "Searching…"
    assert tab.at("#results").get_attribute("aria-busy") == "true"
    assert tab.audit() == []
    tab.at("#status").get_by_text("Still searching").wait_for()
    bone = tab.at("#results > li").nth(1).bounding_box()
    held.pop().continue_()
    tab.found()
    card = tab.at("#results > li").nth(1).bounding_box()
    assert (card["x"], card["y"], card["width"]) == (bone["x"], bone["y"], bone["width"])
    assert abs(card["height"] - bone["height"]) < 4
    assert tab.shifts() < 0.1


def test_only_the_last_of_several_searches_counts(open_tab, window, drawn):
    tab = open_tab()
    held = []
    tab.page.route("**/search?*", lambda route: held.append(route))
    first, last = [path for path in drawn.values() if "boot" in path.name or "mug" in path.name][:: 12][:2]
    tab.transfer("drop", first.name, "image/jpeg", first.read_bytes())
    tab.page.wait_for_timeout(300)
    tab.transfer("drop", last.name, "image/jpeg", last.read_bytes())
    tab.page.wait_for_timeout(300)
    for route in reversed(held):
        route.continue_()
    assert tab.found()[0] == name_of(window, last.stem.partition("_")[0])


def test_an_empty_catalog_says_so(open_tab, make_system, boot):
    empty = make_system().start()
    tab = open_tab(url=empty.url)
    tab.at("#catalog").get_by_text("0 products").wait_for()
    tab.asked(lambda: tab.choose(boot))
    tab.at("#nothing").get_by_text("The catalog is empty").wait_for()
    assert "catalog/" in tab.at("#nothing").inner_text()
    assert tab.audit() == []


def test_metadata_is_shown_as_text(open_tab, boot):
    tab = open_tab(None)
    name = "<img src=x onerror=alert(1)> & <b>bold</b>"

    def answer(route):
        reply = route.fetch()
        body = reply.json()
        first = body["results"][0]
        first["metadata"] = {"name": name, "price": 5, "currency": "EUR", "url": "javascript:alert(1)"}
        body["results"][1]["metadata"] = {"name": "x", "url": "https://shop.example/x", "image": "x.jpg", "brand": "b", "in_stock": False, "on_sale": True, "vegan": False, "x": "y"}
        body["results"][2]["metadata"] = {}
        route.fulfill(response=reply, json=body)

    tab.page.route("**/similar?*", answer)
    tab.open(f"/#product={boot.stem}")
    names = tab.found()
    assert names[0] == name
    assert names[2]
    assert tab.at(".price").first.inner_text() == "€5.00"
    assert tab.at(".facts").nth(1).inner_text() == "not in stock · b · on sale"
    assert tab.at(".visit").count() == 1
    assert tab.at(".visit").get_attribute("href") == "https://shop.example/x"


# Under a prefix


@pytest.mark.parametrize("end", ["", "/"])
def test_everything_works_under_a_prefix(open_tab, window, boot, end):
    gateway = Prefixed(window.url, "/shop/prod")
    try:
        tab = open_tab(end, url=gateway.url)
        tab.at("#catalog").get_by_text("products").wait_for()
        tab.asked(lambda: tab.choose(boot))
        assert len(tab.found()) == 24
        tab.asked(tab.at(".card").nth(1).click, "/shop/prod/products/")
        assert len(tab.found()) == 24
        assert urlsplit(tab.page.url).path == "/shop/prod" + end
        tab.page.get_by_role("link", name="Service status").click()
        tab.at(".verdict.good").wait_for()
        tab.page.get_by_role("link", name="API", exact=True).click()
        tab.at("article").first.wait_for()
        assert urlsplit(tab.page.url).path == "/shop/prod/docs"
        tab.page.get_by_role("link", name="Search", exact=True).click()
        tab.at("#choose").wait_for()
    finally:
        gateway.close()
