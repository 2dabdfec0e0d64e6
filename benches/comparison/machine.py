"""The measured commit, and the machine."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

PACKAGES = ["onnxruntime", "pillow", "numpy", "hnswlib", "annoy", "faiss-cpu", "usearch", "fastapi", "uvicorn"]
REPOSITORY = Path(__file__).resolve().parents[2]


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def vector_units():
    """Returns the widest vector instructions of this processor that both sides can use."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("flags", "Features")):
            flags = line.split()
            names = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}
            return next((name for flag, name in names.items() if flag in flags), "none known")
    return "unknown"


def memory():
    first = Path("/proc/meminfo").read_text().split()
    return f"{int(first[1]) / 1024 / 1024:.0f} GiB"


def commit():
    """Returns the current commit, and whether files were changed since."""

    def git(*arguments):
        command = ["git", "-C", REPOSITORY, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = " with changes" if git("status", "--porcelain") else ""
        return git("rev-parse", "--short=12", "HEAD") + changed
    except (OSError, subprocess.CalledProcessError):
        return "not from a repository"


def rustc():
    try:
        done = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
        return done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def head(inputs, quick):
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    cores = len(os.sched_getaffinity(0))
    return {
        "lookalike": commit(),
        "run": "quick" if quick else "full",
        "pictures": inputs.source,
        "vectors": f"{inputs.count:,} x {inputs.dimensions}, {len(inputs.queries):,} queries",
        "machine": f"{processor()}, {cores} cores, {vector_units()}, {memory()}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {rustc()}",
        "peers": versions,
        "load before": f"{busy():.2f} processes waiting or running",
    }


def busy():
    return os.getloadavg()[0]


def warn_if_busy():
    cores = len(os.sched_getaffinity(0))
    if busy() > cores / 4:
        print(
            f"warning: the machine is busy (load {busy():.1f} on {cores} cores): times will be longer on "
            "both sides and ratios less certain",
            file=sys.stderr,
        )
