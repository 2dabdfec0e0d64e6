"""Both functions, built for arm64 as for deployment, under Lambda's emulator against a local cloud.

LOOKALIKE_ARM64_RUNNER is the command that runs programs for arm64 on this machine, as `make test-arm64` sets it.
"""

import os
import sys
from pathlib import Path

# What the end-to-end tests share.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from support.command import ROOT, run
from support.functions import VARIABLES, build
from support.system import System

ELF_MACHINE = slice(18, 20)
AARCH64 = (183).to_bytes(2, "little")


def test_the_functions_for_arm64_index_and_search(tmp_path):
    bootstraps = build("arm64")
    for name, bootstrap in bootstraps.items():
        assert bootstrap.read_bytes()[ELF_MACHINE] == AARCH64, name
    folder = bootstraps["Search"].parents[1]
    runner = os.environ.get("LOOKALIKE_ARM64_RUNNER", "")
    system = System(tmp_path / "shop")
    try:
        system.start()
        emulated = [sys.executable, ROOT / "tests" / "rie" / "rie.py", "--build", folder, "--runner", runner]
        outcome = run(emulated, VARIABLES | system.environment, timeout=600.0, cwd=ROOT).expect()
    finally:
        system.dispose()
    assert "OK" in outcome.stderr
