"""The two functions, built as they are deployed."""

import os
import platform

from support.command import ROOT, run, tool

BUILD_TIME = 45 * 60.0
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
SAM = ROOT / ".aws-sam"
FUNCTIONS = ("Indexer", "Search")
# cargo-lambda and zig stand beside this Python.
VARIABLES = {
    "PATH": f"{tool('sam').parent}{os.pathsep}{os.environ['PATH']}",
    "SAM_CLI_TELEMETRY": "0",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def build(architecture=ARCHITECTURE):
    """Runs `sam build`, for this machine's processor unless another is named; returns the bootstrap of each function by
    its name."""
    # What is built for another processor must not be deployed or invoked by mistake.
    folder = SAM / ("build" if architecture == ARCHITECTURE else f"build-{architecture}")
    command = [tool("sam"), "build", "--build-dir", folder, "--parameter-overrides", f"Architecture={architecture}"]
    run(command, VARIABLES, timeout=BUILD_TIME, cwd=ROOT).expect()
    return {name: folder / name / "bootstrap" for name in FUNCTIONS}
