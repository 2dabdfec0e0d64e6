"""A clock of the tests' own for every process, by libfaketime; only the time of day moves, timers do not."""

import datetime
import os
import sys
import time
from pathlib import Path

import botocore.auth
import botocore.compat

LIBRARY = next(
    (
        str(path)
        for path in [
            Path(os.environ.get("LOOKALIKE_FAKETIME", "/nonexistent")),
            *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
        ]
        if path.is_file()
    ),
    None,
)
MISSING = "clocks are not moved: libfaketime is missing (Debian: apt-get install libfaketime)"
# Seconds after which a process has read its clock again.
KEPT = 1


class Clock:
    """The time of the whole world, and how far the clocks of single processes are from it, in seconds."""

    def __init__(self, folder):
        self.folder = folder
        self.ahead = 0
        self.skews = {}

    def variables(self, name):
        """Returns what the environment of a process needs."""
        if LIBRARY is None:
            return {}
        self.skews.setdefault(name, 0)
        self._write(name)
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self._file(name)),
            "FAKETIME_CACHE_DURATION": "0",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def now(self, name=None):
        """Returns the time since 1970, as a process sees it if one is named."""
        return time.time() + self.ahead + self.skews.get(name, 0)

    def jump(self, seconds):
        """Moves the clocks of all processes, which must be stopped until they read their files again."""
        self.ahead += seconds
        for name in self.skews:
            self._write(name)

    def skew(self, name, seconds):
        """Sets how far the clock of one process is ahead."""
        self.skews[name] = seconds
        self._write(name)

    def sign_with(self, monkeypatch):
        """Lets clients in this process sign with the world's time."""
        real = botocore.compat.get_current_datetime

        def now(remove_tzinfo=True):
            return real(remove_tzinfo) + datetime.timedelta(seconds=self.ahead)

        # There are two implementations, and the second one is optional.
        signers = [name for name in ("botocore.auth", "botocore.crt.auth") if name in sys.modules]
        for name in signers:
            monkeypatch.setattr(sys.modules[name], "get_current_datetime", now)

    def _file(self, name):
        return self.folder / f"{name}.clock"

    def _write(self, name):
        # A process must never read half of it.
        fresh = self.folder / f"{name}.clock.new"
        fresh.write_text(f"{self.ahead + self.skews[name]:+d}")
        fresh.replace(self._file(name))
