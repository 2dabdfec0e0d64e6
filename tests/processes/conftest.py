"""Fixtures: two indexers and two search functions as processes over a local cloud, and the seed of their faults."""

import os
import signal
import sys
from pathlib import Path

import pytest

# The command line, the catalog of images and so on are shared with the other end-to-end tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

pytest.register_assert_rewrite("agreement")

from support.catalog import Catalog
from support.command import BINARY
from support.figures import show_figures

import clock
import cloud
from world import World

FIGURES = pytest.StashKey[list]()
WORLDS = pytest.StashKey[list]()
PICTURES = 100
# What a failing test shows of each log.
LOG_SHOWN = 3000


def pytest_addoption(parser):
    parser.addoption("--seconds", type=float, default=30.0, help="how long faults are injected in each run")
    parser.addoption("--runs", type=int, default=2, help="how many runs there are, each with the next seed")


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        first = int(os.environ.get("LOOKALIKE_SEED", "1"))
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--runs")))


def pytest_configure(config):
    config.stash[FIGURES], config.stash[WORLDS] = [], []
    if clock.LIBRARY is None and os.environ.get("LOOKALIKE_CLOCKS") == "required":
        pytest.exit(clock.MISSING, returncode=2)
    # A run that is terminated also ends the processes that it started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


def pytest_terminal_summary(terminalreporter, config):
    show_figures(terminalreporter, config.stash[FIGURES])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Attaches the seed and the logs to a failure, and keeps the data."""
    report = yield
    if report.failed:
        seed = getattr(item, "callspec", None) and item.callspec.params.get("seed")
        if seed is not None:
            report.sections.append(("seed", f"run it again with LOOKALIKE_SEED={seed} and --runs 1"))
        for world in item.config.stash[WORLDS]:
            for function in world.functions.values():
                report.sections.append((f"log of {function.name}", function.complaints()[-LOG_SHOWN:]))
            report.sections.append(("log of the cloud", world.cloud.system.log()[-LOG_SHOWN:]))
            world.cloud.keep(world.folder / "kept")
            report.sections.append(("data of the cloud", f"kept in {world.folder / 'kept'}"))
    return report


@pytest.fixture(scope="session")
def figures(request):
    """Takes lines to show at the end."""
    lines = request.config.stash[FIGURES]
    for message in [clock.MISSING] * (clock.LIBRARY is None) + [cloud.NO_DISK] * (not cloud.has_disk()):
        if message not in lines:
            lines.append(message)
    return lines.append


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """What the shop sells."""
    for program in ("lookalike", "indexer", "search"):
        if not (BINARY.parent / program).is_file():
            pytest.exit(f"{BINARY.parent / program} is missing: run `cargo build --bin {program}`", returncode=2)
    return Catalog.open(tmp_path_factory.mktemp("drawn")).sample(PICTURES)


@pytest.fixture
def make_world(request, tmp_path, pictures, monkeypatch):
    """Makes a world, which ends with the test."""
    worlds = request.config.stash[WORLDS]

    def make(seed):
        worlds.append(World(tmp_path, pictures, seed))
        worlds[-1].clock.sign_with(monkeypatch)
        return worlds[-1]

    yield make
    while worlds:
        worlds.pop().close()
