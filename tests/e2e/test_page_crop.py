"""Parts of an image on the shopper's page."""

import io
import json
from urllib.parse import urlsplit

import pytest
from PIL import Image
from support.browser import PHONE
from support.page import parameters


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
