"""The two functions, built as for deployment and run under Lambda's emulator against a local cloud."""

import sys

from support.command import ROOT, run
from support.functions import VARIABLES, build


def test_the_built_functions_index_and_search(make_system, figures):
    for name, bootstrap in build().items():
        figures(f"{name}: bootstrap of {bootstrap.stat().st_size / 1e6:.1f} MB")
    system = make_system().start()
    emulated = [sys.executable, ROOT / "tests" / "rie" / "rie.py"]
    outcome = run(emulated, VARIABLES | system.environment, timeout=300.0, cwd=ROOT).expect()
    assert "OK" in outcome.stderr
