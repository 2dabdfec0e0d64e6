"""Fixtures: the catalog of images, running systems, and figures for the end of the report.

The tests drive the built command, target/debug/lookalike or what LOOKALIKE_BIN names. Their images come
from the folder that LOOKALIKE_DATASET names (train/, validation/, products.csv), otherwise they are drawn.
"""

import os
import re
import signal
from pathlib import Path

import pytest
from support.api import Api
from support.catalog import Catalog
from support.command import BINARY, lookalike
from support.engine import DYNAMODB, SEGMENTS, Engine
from support.figures import show_figures
from support.system import STARTED, System

SHOP_PICTURES = 60
SPARE_PICTURES = 120
WINDOW_PRODUCTS = 120
FIGURES = pytest.StashKey[list]()


def pytest_addoption(parser):
    group = parser.getgroup("lookalike")
    group.addoption(
        "--engine", choices=[SEGMENTS, DYNAMODB], default=SEGMENTS, help="move the base of shared systems to this engine"
    )
    group.addoption("--finish", action="store_true", help="give the base segments up after that")
    group.addoption(
        "--rows", type=int, default=0, metavar="N", help="put N further images into shared systems, that no test asks for"
    )
    group.addoption("--kept", type=Path, metavar="DIR", help="keep the filled systems here for the next run")


def pytest_configure(config):
    config.stash[FIGURES] = []
    config.addinivalue_line("markers", "segments_only(reason): not with --engine dynamodb, as docs/vector-base.md says")
    config.addinivalue_line("markers", "few_rows(reason): not with --rows")
    # A run that is terminated also ends the processes that it started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


def pytest_report_header(config):
    return f"lookalike: {BINARY}, engine: {config.option.engine}, further rows: {config.option.rows}"


def pytest_collection_modifyitems(config, items):
    """Skips what the documentation says is different with a vector base, or what further rows would take too long."""
    skipped = {"segments_only": config.option.engine == DYNAMODB, "few_rows": config.option.rows > 0}
    for item in items:
        for name in (name for name, is_on in skipped.items() if is_on):
            marker = item.get_closest_marker(name)
            if marker:
                item.add_marker(pytest.mark.skip(reason=marker.args[0]))


def pytest_terminal_summary(terminalreporter, config):
    show_figures(terminalreporter, config.stash[FIGURES])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Attaches the logs of the running systems to a failure."""
    report = yield
    if report.failed:
        for system in STARTED:
            report.sections.append((f"log of serve --data {system.data}", system.log()))
    return report


@pytest.fixture(scope="session", autouse=True)
def binary():
    """The command, which must be built already."""
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `cargo build --bin lookalike`", returncode=2)
    return BINARY


@pytest.fixture(scope="session")
def figures(request):
    """Collects lines to show at the end."""
    return request.config.stash[FIGURES].append


@pytest.fixture(scope="session")
def catalog(tmp_path_factory):
    """Images by category, with their CSV."""
    return Catalog.open(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def engine(request, tmp_path_factory):
    """Where the base of shared systems is."""
    option = request.config.option
    kept = option.kept.absolute() if option.kept else tmp_path_factory.mktemp("kept")
    kept.mkdir(parents=True, exist_ok=True)
    return Engine(option.engine, option.finish, option.rows, kept)


@pytest.fixture
def make_system(tmp_path):
    """Makes systems, not yet started, that end with the test."""
    made = []

    def make(name="system", **options):
        made.append(System(tmp_path / name, **options))
        return made[-1]

    yield make
    for system in made:
        system.dispose()


@pytest.fixture(scope="module")
def shop_pictures(catalog):
    """The first images of the shop."""
    return catalog.sample(SHOP_PICTURES)


@pytest.fixture(scope="module")
def shop(catalog, shop_pictures, engine, tmp_path_factory):
    """A running system with a small catalog, shared by the tests of a file."""
    folder = tmp_path_factory.mktemp("shop")
    system = System(folder, engine.declared)
    pictures = catalog.copy(shop_pictures, folder / "pictures")
    table = catalog.write_table(shop_pictures, folder / "products.csv", **engine.columns(shop_pictures))
    try:
        yield engine.start(system, "shop", "--catalog", pictures, "--metadata", table)
    finally:
        system.dispose()


@pytest.fixture(scope="module")
def spare(catalog):
    """Returns images that the shop does not sell, each once per file."""
    pictures = catalog.sample(SHOP_PICTURES + SPARE_PICTURES)[SHOP_PICTURES:]
    return lambda: pictures.pop(0)


@pytest.fixture(scope="session")
def browser(figures):
    """Chromium; without one the tests of the pages are skipped, unless LOOKALIKE_BROWSER is `required`."""
    from support import browser

    path = browser.executable()
    if path is None:
        figures(browser.MISSING)
        (pytest.fail if os.environ.get("LOOKALIKE_BROWSER") == "required" else pytest.skip)(browser.MISSING)
    running = browser.Browser(path)
    yield running
    running.close()


@pytest.fixture(scope="session")
def window(browser, engine, tmp_path_factory):
    """A running system with drawn products, whose names and prices the pages show. Tests leave it unchanged."""
    folder = tmp_path_factory.mktemp("window")
    lookalike("draw", folder / "drawn", "--products", WINDOW_PRODUCTS, timeout=300).expect()
    system = System(folder, {"LOOKALIKE_FILTERABLE": "category,colour,in_stock,pattern,price"})
    try:
        drawn = folder / "drawn"
        system.start("--catalog", drawn / "pictures", "--metadata", drawn / "products.csv")
        yield engine.move(system)
    finally:
        system.dispose()


@pytest.fixture(scope="session")
def drawn(window):
    """The main image file of each of the window's products, by product id."""
    pictures = (window.data.parent / "drawn" / "pictures").rglob("*.jpg")
    return {path.stem: path for path in sorted(pictures) if re.fullmatch(r"[a-z-]+-\d+", path.stem)}


@pytest.fixture
def open_tab(browser, window):
    """Opens tabs of the browser. An error of a page, or a violation of its policy, fails the test."""
    tabs = []

    def open_tab(path="/", url=None, **options):
        tabs.append(browser.tab(url or window.url, **options))
        return tabs[-1].open(path) if path is not None else tabs[-1]

    yield open_tab
    wrong = [text for tab in tabs for text in tab.close()]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="session")
def api(window):
    """The features of the window's service."""
    return Api(window)


@pytest.fixture
def boot(drawn):
    """The image of a boot."""
    return drawn[next(product for product in drawn if product.startswith("boot-"))]
