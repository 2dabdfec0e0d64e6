"""The shopper's page in a real browser: searches, history and errors."""

import io
import re
from urllib.parse import quote, urlsplit

import pytest
from PIL import Image
from support.browser import PHONE
from support.prefix import Prefixed


def heading(tab):
    return tab.at("#heading").inner_text()


def name_of(system, product):
    return system.product(product).json()["metadata"]["name"]


# Ways to ask


def test_the_start_says_what_to_do(open_tab, window, engine):
    tab = open_tab()
    assert heading(tab) == "Find products that look like a photo"
    tab.at("#catalog").get_by_text("photos").wait_for()
    index = window.index()
    products = "" if engine.is_vector_base else f"{index['products']} products in "
    assert tab.at("#catalog").inner_text() == f"{products}{index['images']} photos"
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


# Errors


def test_other_files_are_explained(open_tab, window):
    tab = open_tab()
    tab.expected.append("status of 415")
    tab.transfer("drop", "photo.jpg", "image/jpeg", b"this is no image" * 10)
    tab.at("#problem").get_by_text("The image format is not supported").wait_for()
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
        tab.at("#catalog").get_by_text("photos").wait_for()
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
