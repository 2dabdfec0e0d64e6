"""Fixtures: an AWS emulator with IAM enforced, the functions as `sam build` makes them, and a deployed shop.

The files are run in the order of their names: a stack lives from its first deployment to its end.
"""

import os
import sys
from pathlib import Path

import pytest

# The command line, the catalog of images and so on are shared with the other end-to-end tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from emulator import PYTHON, Emulator
from roles import Role
from stack import ARCHITECTURE, BUILD, Stack
from support.catalog import Catalog
from support.command import BINARY, ROOT, run, tool
from support.figures import show_figures

PICTURES = 40
BUILD_TIME = 45 * 60.0
FIGURES = pytest.StashKey[list]()
MACHINE = pytest.StashKey[Emulator]()
# What a failing test shows of the emulator's log.
LOG_SHOWN = 6000


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config):
    show_figures(terminalreporter, config.stash[FIGURES])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Attaches the end of the emulator's log to a failure: it has what the functions wrote, too."""
    report = yield
    running = item.config.stash.get(MACHINE, None)
    if report.failed and running is not None:
        report.sections.append(("log of the emulator", running.log()[-LOG_SHOWN:]))
    return report


@pytest.fixture(scope="session")
def figures(request):
    """Takes lines to show at the end."""
    return request.config.stash[FIGURES].append


@pytest.fixture(scope="session")
def built():
    """Both functions, as they are deployed. What an earlier run has compiled is not compiled again."""
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `cargo build --bin lookalike`", returncode=2)
    if BUILD:
        return
    variables = {
        "PATH": f"{tool('sam').parent}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    build = [tool("sam"), "build", "--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    run(build, variables, timeout=BUILD_TIME, cwd=ROOT).expect()


@pytest.fixture(scope="session")
def emulator(built, request, tmp_path_factory):
    """The account."""
    if not PYTHON.is_file():
        pytest.exit(f"{PYTHON} is missing: run `make test-deployed`, which installs it", returncode=2)
    running = Emulator(tmp_path_factory.mktemp("emulator"))
    try:
        request.config.stash[MACHINE] = running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def catalog(tmp_path_factory):
    """Images by category, with their CSV."""
    return Catalog.open(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def pictures(catalog):
    """What the shop sells."""
    return catalog.sample(PICTURES)


@pytest.fixture(scope="session")
def spare(catalog):
    """Hands out images that the shop does not sell, each once."""
    others = catalog.sample(PICTURES + 40)[PICTURES:]
    return lambda: others.pop(0)


@pytest.fixture(scope="session")
def folder(catalog, pictures, tmp_path_factory):
    """The shop's images in a folder, and products.csv beside it."""
    place = tmp_path_factory.mktemp("shop")
    catalog.copy(pictures, place / "pictures")
    catalog.write_table(pictures, place / "products.csv")
    return place


@pytest.fixture(scope="session")
def shop(emulator, folder, pictures, figures):
    """A deployed stack with images and products, shared by the tests."""
    stack = Stack(emulator, "shop")
    stack.deploy(Filterable="category,price")
    stack.lookalike("upload", folder / "pictures").expect()
    stack.wait_for(len(pictures))
    stack.lookalike("import", folder / "products.csv").expect()
    return stack


@pytest.fixture
def batches(shop):
    """What AWS allows with sqs:SendMessage; the emulator asks for an action of that name for batches, too."""
    role = Role(shop, "IndexerRole")
    statement = {"Sid": "Batches", "Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": "*"}
    role.put("Batches", {"Version": "2012-10-17", "Statement": [statement]})
    yield
    role.iam.delete_role_policy(RoleName=role.name, PolicyName="Batches")
