"""Fixtures: a container engine, the built functions, a running `lookalike serve`, and `sam local` between them.

Nothing is installed or downloaded here. Without a container engine that answers, the tests are skipped with a word;
LOOKALIKE_CONTAINERS=required makes that a failure.
"""

import os
import socket
import sys
from pathlib import Path

import pytest

# What the end-to-end tests share.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from support.command import BINARY, run
from support.functions import ARCHITECTURE, build
from support.system import System

import stand_in
from sam import SamLocal

AMAZON_LINUX = f"public.ecr.aws/lambda/provided:al2023-{ARCHITECTURE}"
STAND_IN = f"lookalike-stand-in:{ARCHITECTURE}"
HOST = "host.docker.internal"
NO_ENGINE = "no container engine answers `docker info`, so `sam local` is not tested"


@pytest.fixture(scope="session", autouse=True)
def engine():
    """The container engine."""
    try:
        answers = run(["docker", "info"], timeout=60).code == 0
    except OSError:
        answers = False
    if not answers:
        (pytest.fail if os.environ.get("LOOKALIKE_CONTAINERS") == "required" else pytest.skip)(NO_ENGINE)


@pytest.fixture(scope="session")
def bootstraps(engine):
    """The built functions."""
    return build()


@pytest.fixture(scope="session")
def base_image(bootstraps):
    """The image that functions run in: Amazon Linux if it has been pulled, otherwise what stands in for it."""
    if run(["docker", "image", "inspect", AMAZON_LINUX]).code == 0:
        yield None
        return
    stand_in.build(STAND_IN, bootstraps.values())
    yield STAND_IN
    # With what the SAM CLI has made of it.
    images = run(["docker", "image", "ls", "--quiet", STAND_IN.partition(":")[0]]).expect().stdout.split()
    run(["docker", "image", "rm", "--force", *images]).expect()


@pytest.fixture(scope="session")
def shop(base_image, tmp_path_factory):
    """A running system without images that containers can reach."""
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `cargo build --bin lookalike`", returncode=2)
    system = System(tmp_path_factory.mktemp("shop"))
    try:
        yield system.start("--bind", host_address(base_image or AMAZON_LINUX))
    finally:
        system.dispose()


@pytest.fixture(scope="session")
def sam(base_image, shop):
    """Runs `sam local` against the shop."""
    return SamLocal(shop, base_image)


def host_address(image):
    """The address that this machine has in the network of the containers, such as 172.17.0.1. Where containers are in
    a virtual machine, which passes connections on, the loopback address."""
    options = ["--rm", "--add-host", f"{HOST}:host-gateway", "--entrypoint", "/bin/sh", image]
    script = 'while read line; do echo "$line"; done < /etc/hosts'
    hosts = run(["docker", "run", *options, "-c", script]).expect().stdout
    address = next(line.split()[0] for line in hosts.splitlines() if line.endswith(HOST))
    return address if is_of_this_machine(address) else "127.0.0.1"


def is_of_this_machine(address):
    """True if a server of this machine can listen on it."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
