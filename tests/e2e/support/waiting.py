"""Waiting for a condition, with a deadline."""

import time

PAUSE = 0.05


def until(check, deadline=60.0, what=None, alive=None):
    """Calls `check` until it returns something true, and returns that.

    `alive`, if given, is called between attempts and raises when waiting further is pointless.
    """
    end = time.monotonic() + deadline
    while True:
        found = check()
        if found:
            return found
        if alive is not None:
            alive()
        if time.monotonic() > end:
            raise AssertionError(f"{what or check.__name__}: not within {deadline} s, last saw {found!r}")
        time.sleep(PAUSE)
