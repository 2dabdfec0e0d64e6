"""The two functions, built as for deployment and run under Lambda's emulator against a local cloud."""

import os
import platform
import sys

from support.command import ROOT, run, tool

BUILD_TIME = 45 * 60.0
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def test_the_built_functions_index_and_search(make_system, figures):
    # cargo-lambda and zig are installed beside this Python.
    variables = {
        "PATH": f"{tool('sam').parent}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    build = [tool("sam"), "build", "--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    run(build, variables, timeout=BUILD_TIME, cwd=ROOT).expect()
    for function in ["Indexer", "Search"]:
        bootstrap = ROOT / ".aws-sam" / "build" / function / "bootstrap"
        figures(f"{function}: bootstrap of {bootstrap.stat().st_size / 1e6:.1f} MB")

    system = make_system().start()
    emulated = [sys.executable, ROOT / "tests" / "rie" / "rie.py"]
    outcome = run(emulated, variables | system.environment, timeout=300.0, cwd=ROOT).expect()
    assert "OK" in outcome.stderr
