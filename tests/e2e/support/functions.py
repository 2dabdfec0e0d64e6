"""The two functions, built as they are deployed."""

import os
import platform

from support.command import ROOT, run, tool

BUILD_TIME = 45 * 60.0
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
BUILT = ROOT / ".aws-sam" / "build"
FUNCTIONS = ("Indexer", "Search")
# cargo-lambda and zig stand beside this Python.
VARIABLES = {
    "PATH": f"{tool('sam').parent}{os.pathsep}{os.environ['PATH']}",
    "SAM_CLI_TELEMETRY": "0",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def build():
    """Runs `sam build` for this machine's processor; returns the bootstrap of each function by its name."""
    command = [tool("sam"), "build", "--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    run(command, VARIABLES, timeout=BUILD_TIME, cwd=ROOT).expect()
    return {name: BUILT / name / "bootstrap" for name in FUNCTIONS}
