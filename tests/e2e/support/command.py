"""Runs the `lookalike` command, and other programs, to their end."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("LOOKALIKE_BIN") or ROOT / "target" / "debug" / "lookalike")
# An encoder other than the built-in one; see encoders/make_small.py.
SMALL_ENCODER = ROOT / "tests" / "e2e" / "encoders" / "small"
PATIENCE = 120.0


@dataclass(frozen=True)
class Outcome:
    """The result of a program."""

    command: list
    code: int
    stdout: str
    stderr: str

    def json(self):
        """Its output, as one JSON document."""
        return json.loads(self.stdout)

    def expect(self, code=0):
        """Returns itself if the exit code is this one."""
        assert self.code == code, (
            f"{' '.join(map(str, self.command))}\nended with {self.code}, expected {code}\n"
            f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )
        return self


def environment(extra=None):
    """Returns this process's environment without anything that configures the command or an AWS client."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "LOOKALIKE_", "RUST_LOG"))
    }
    # No client may look for credentials or a region outside of the test.
    kept["AWS_EC2_METADATA_DISABLED"] = "true"
    kept["AWS_CONFIG_FILE"] = kept["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    return kept | (extra or {})


def run(command, extra_environment=None, timeout=PATIENCE, **options):
    """Runs a program to its end."""
    command = [str(part) for part in command]
    ended = subprocess.run(
        command,
        env=environment(extra_environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
        **options,
    )
    return Outcome(command, ended.returncode, ended.stdout, ended.stderr)


def lookalike(*arguments, extra_environment=None, **options):
    """Runs `lookalike` to its end."""
    return run([BINARY, *arguments], extra_environment, **options)


def tool(name):
    """Returns the path of a program installed beside this Python."""
    return Path(sys.executable).parent / name
