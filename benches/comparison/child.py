"""Child processes of both sides, limited to the same cores and threads."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .problem import Problem

HERE = Path(__file__).resolve().parent
# Variables in which libraries read their number of threads.
THREAD_VARIABLES = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
]


def environment(threads):
    """Returns this process's environment with a number of threads for every library, and the harness importable."""
    changed = dict.fromkeys(THREAD_VARIABLES, str(threads))
    changed["PYTHONPATH"] = str(HERE.parent)
    whole = os.environ | changed
    # As in a deployed service, compiled modules are cached after the first run.
    whole.pop("PYTHONDONTWRITEBYTECODE", None)
    return whole


def baseline(module, *arguments):
    """Returns the command that runs a baseline's program in this virtual environment."""
    return [sys.executable, "-m", f"comparison.baselines.{module}", *map(str, arguments)]


class Child:
    """A process that answers JSON lines with JSON lines."""

    def __init__(self, command, logs, name, threads=1, cores=None):
        self.name = name
        self.log = logs / f"{name}.log"
        self.command = [str(part) for part in command]
        pinned = ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                pinned + self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(threads),
                text=True,
                # So that a server's workers end with it.
                start_new_session=True,
            )

    def send(self, op, **fields):
        try:
            self.process.stdin.write(json.dumps({"op": op, **fields}, default=str) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.ended()

    def receive(self):
        line = self.process.stdout.readline()
        if not line:
            self.ended()
        reply = json.loads(line)
        if "error" in reply:
            raise Problem(f"{self.name}: {reply['error']}")
        return reply

    def ask(self, op, **fields):
        self.send(op, **fields)
        return self.receive()

    def ended(self):
        code = self.process.wait()
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        raise Problem(f"{self.name} ended with {code}; the last of {self.log}:\n{tail}")

    def close(self):
        """Ends the process and all that it started."""
        self.process.stdin.close()
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except ProcessLookupError:
            self.process.wait()
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def first_line(command, threads, logs, name, cores=None):
    """Starts a program; returns the seconds until its first line, that line, and its peak memory in bytes.

    The program waits for the end of its input, so that its memory is looked at while it lives. The peak
    is the kernel's VmHWM of that very process: what wait() reports begins with the parent's.
    """
    begun = time.perf_counter()
    child = Child(command, logs, name, threads, cores)
    with child:
        answer = child.receive()
        seconds = time.perf_counter() - begun
        status = Path(f"/proc/{child.process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return seconds, answer, int(peak.split()[1]) * 1024
