"""A function as Lambda runs it: one process, one invocation at a time, killed when it takes too long."""

import os
import signal
import subprocess
import threading
import time

from support.command import environment
from support.runtime_api import RuntimeApi, variables

# After the deadline that the function is told, Lambda ends its process.
GRACE = 1.0


class Function:
    """Starts the program for an event, and again after it has ended."""

    def __init__(self, name, program, environment_of, clock, folder, seconds):
        self.name = name
        self.program = program
        self.environment_of = environment_of
        self.clock = clock
        self.log_file = folder / f"{name}.log"
        self.seconds = seconds
        self.process = None
        self.api = None
        self.holds = 0
        # Ends that no fault explains.
        self.deaths = []
        self.kills = self.timeouts = 0
        self.turn = threading.Lock()
        self.state = threading.Lock()

    def invoke(self, event, seconds=None):
        """Returns the answer; None if the process was killed, or did not answer in time."""
        seconds = seconds or self.seconds
        with self.turn:
            process, api = self._running()
            request = api.send(event, seconds)
            end = time.monotonic() + seconds + GRACE
            while process.poll() is None:
                if (answer := api.answer(request)) is not None:
                    return answer
                if time.monotonic() > end and not self.is_held:
                    self.timeouts += 1
                    process.kill()
                elif time.monotonic() > end:
                    # It may go on later, with what it was doing, when others have long done it.
                    return None
            with self.state:
                self._bury(process, api)
            return None

    def kill(self):
        """Kills the process, whatever it is doing."""
        with self.state:
            if self.process is not None:
                self.kills += 1
                self.process.kill()

    def hold(self):
        """Stops the process until it is let go as often."""
        with self.state:
            self.holds += 1
            self._signal(signal.SIGSTOP)

    def let_go(self):
        """Lets the process continue, unless another one holds it, too."""
        with self.state:
            self.holds -= 1
            if not self.holds:
                self._signal(signal.SIGCONT)

    @property
    def is_held(self):
        """True while the process is stopped."""
        return self.holds > 0

    @property
    def pid(self):
        """The process, if it runs."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def close(self):
        """Ends the process for good."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.api.close()

    def complaints(self):
        """Returns what the process has logged of warnings and errors."""
        if not self.log_file.exists():
            return ""
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(line for line in lines if '"level":"INFO"' not in line and '"_aws"' not in line)

    def _running(self):
        with self.state:
            if self.process is not None and self.process.poll() is not None:
                self._bury(self.process, self.api)
            if self.process is None:
                api = RuntimeApi(lambda: self.clock.now(self.name))
                # The deadline is on the clock of the machine that the function runs on.
                lambda_ = variables(self.name, api) | self.clock.variables(self.name)
                with self.log_file.open("ab") as log:
                    self.process = subprocess.Popen(
                        [str(self.program)],
                        env=environment(self.environment_of() | lambda_),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                self.api = api
                if self.holds:
                    self._signal(signal.SIGSTOP)
            return self.process, self.api

    def _bury(self, process, api):
        if self.process is process:
            self.process = None
            code = process.wait()
            if code != -signal.SIGKILL:
                self.deaths.append(code)
            api.close()

    def _signal(self, number):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)
