"""Accessibility of the pages: keyboard, screen reader, phone, huge screen, dark mode; and screenshots for the
README."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from support.browser import PHONE

HUGE = {"width": 3840, "height": 2160}
SCREENS = [PHONE, {"width": 768, "height": 1024}, {"width": 1280, "height": 900}, HUGE]
SCHEMES = ["light", "dark"]
SMALL = {"width": 1120, "height": 720}
MAX_BYTES = 200_000


@pytest.fixture
def boot(drawn):
    return drawn[next(product for product in drawn if product.startswith("boot-"))]


def views(open_tab, boot, **options):
    """Each page in its most complex state."""
    tab = open_tab("/", **options)
    tab.at("#catalog").get_by_text("photos").wait_for()
    yield "start", tab
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    if tab.at("#filters").is_visible() and not tab.at("#filters").get_attribute("open"):
        tab.at("#filters-summary").click()
    tab.at("#crop").click()
    yield "results", tab
    status = open_tab("/status", **options)
    status.at(".verdict.good").wait_for()
    yield "status", status
    docs = open_tab("/docs", **options)
    docs.at("article").first.wait_for()
    for summary in docs.at("summary").all()[:4]:
        summary.click()
    yield "docs", docs


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: str(screen["width"]))
def test_the_pages_have_no_faults(open_tab, boot, screen, scheme):
    """Names, labels, headings, landmarks, contrast, sizes of targets, and no sideways scrolling."""
    wrong = []
    for name, tab in views(open_tab, boot, viewport=screen, color_scheme=scheme):
        wrong += [f"{name}: {text}" for text in tab.audit()]
    assert not wrong, "\n".join(wrong)


def test_the_rules_detect_faults(open_tab):
    """A check that finds nothing may be broken, so every rule is tested on a page with faults."""
    tab = open_tab("/status")
    tab.at(".verdict.good").wait_for()
    tab.page.evaluate(
        """() => {
          const add = (tag, attributes, text) => {
            const element = Object.assign(document.createElement(tag), attributes);
            element.textContent = text || "";
            document.querySelector("main").append(element);
            return element;
          };
          add("button", { className: "button" });
          add("input", { type: "text" });
          add("img", { src: "data:,", width: 50, height: 50 });
          add("h6", {}, "six");
          add("p", { id: "word" }, "twice");
          add("p", {}, "pale").style.color = "#bbb";
          add("button", { className: "small-one" }, "x").style.cssText = "width:10px;height:10px;padding:0";
          add("div", {}, "wide").style.width = "5000px";
          add("li", {}, "item");
        }"""
    )
    found = {text.partition(":")[0] for text in tab.audit()}
    assert {"names", "pictures", "headings", "ids", "contrast", "targets", "width", "lists"} <= found
    tab.expected.append("data:,")


# By keyboard


def walk(tab, limit=400):
    """Presses Tab from the start of the page until it begins again; returns the focused elements in order."""
    tab.page.evaluate("document.querySelector('.skip').focus()")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Shift+Tab")
    stops = []
    for _ in range(limit):
        stop = tab.focus()
        if stop["tag"] == "BODY":
            return stops
        stops.append(stop)
        tab.page.keyboard.press("Tab")
    raise AssertionError(f"the focus does not come out: {stops[-3:]}")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_tab, boot):
    for name, tab in views(open_tab, boot):
        if name == "docs":
            # Hundreds of stops; the others represent them.
            continue
        stops = walk(tab)
        hidden = [stop for stop in stops if not stop["ring"]]
        assert not hidden, f"{name}: no ring around {hidden[:3]}"
        outside = [stop for stop in stops if not stop["inside"]]
        assert not outside, f"{name}: out of sight {outside[:3]}"
        reachable = tab.page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
              .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0 && !one.closest("details:not([open]) > :not(summary)")).length"""
        )
        assert len(stops) == reachable, name


def test_a_search_by_keyboard_alone(open_tab, boot):
    tab = open_tab()
    keyboard = tab.page.keyboard
    keyboard.press("Tab")
    assert tab.focus()["classes"] == "skip"
    while tab.focus()["id"] != "choose":
        keyboard.press("Tab")
    with tab.page.expect_file_chooser() as chooser:
        keyboard.press("Enter")
    tab.asked(lambda: chooser.value.set_files(boot))
    names = tab.found()
    assert tab.focus()["id"] == "choose"

    # Past the filters to the results at once, and on from the second one.
    tab.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    keyboard.press("Tab")
    while tab.focus()["classes"] != "skip":
        keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    assert tab.focus()["classes"] == "card"
    keyboard.press("Tab")
    tab.asked(lambda: keyboard.press("Enter"), "/similar")
    tab.found()
    assert tab.focus()["id"] == "heading"
    # Only a script focused it: a ring would look like a control.
    assert not tab.focus()["ring"]
    assert tab.focus()["text"] == f"Products that look like {names[1]}"
    # The heading has the focus, so that Tab continues from there.
    keyboard.press("Tab")
    assert tab.focus()["id"] in ("crop", "choose")


def test_messages_reach_screen_readers(open_tab, boot):
    tab = open_tab()
    for selector in ("#status[role=status]", "#problem[role=alert]"):
        assert tab.at(selector).count() == 1
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tree = tab.at("#results").aria_snapshot()
    first = next(line for line in tree.splitlines() if "link" in line)
    assert "Similarity" in first
    assert tab.page.get_by_role("heading", level=1).count() == 1
    assert tab.page.get_by_role("region", name="Results").count() == 1


# Preferences


def test_reduced_motion_is_respected(open_tab):
    tab = open_tab(reduced_motion="reduce")
    tab.page.route("**/search?*", lambda route: None)
    moving = "getComputedStyle(document.querySelector('.bone .frame')).animationName"
    tab.transfer("drop", "a.png", "image/png", b"x")
    tab.at(".bone .frame").first.wait_for()
    assert tab.page.evaluate(moving) == "none"
    other = open_tab(reduced_motion="no-preference")
    other.page.route("**/search?*", lambda route: None)
    other.transfer("drop", "a.png", "image/png", b"x")
    other.at(".bone .frame").first.wait_for()
    assert other.page.evaluate(moving) == "shimmer"


def test_large_text_does_not_need_a_wider_window(open_tab, boot):
    """200 % zoom of a 720 pixel window leaves 360."""
    for _, tab in views(open_tab, boot, viewport={"width": 360, "height": 450}, device_scale_factor=2):
        assert [text for text in tab.audit() if text.startswith("width")] == []


# Screenshots for the README


@pytest.mark.skipif("LOOKALIKE_SCREENSHOTS" not in os.environ, reason="LOOKALIKE_SCREENSHOTS names no folder for them")
def test_screenshots(open_tab, boot):
    folder = Path(os.environ["LOOKALIKE_SCREENSHOTS"])
    tab = open_tab(viewport=SMALL)
    tab.asked(lambda: tab.choose(boot))
    tab.found()
    tab.page.wait_for_function("() => [...document.querySelectorAll('.frame img')].slice(0, 12).every((one) => one.complete)")
    shoot(tab, folder / "page.png")
    status = open_tab("/status", viewport=SMALL)
    status.at(".verdict.good").wait_for()
    shoot(status, folder / "status.png")


def shoot(tab, path):
    """Takes a screenshot of the visible part of the window, with as many colors as a small file allows."""
    tab.page.mouse.move(0, 0)
    image = Image.open(io.BytesIO(tab.page.screenshot())).convert("RGB")
    for colors in (256, 192, 128, 96, 64):
        image.quantize(colors, kmeans=1, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MAX_BYTES:
            return
    raise AssertionError(f"{path} has {path.stat().st_size} bytes")
