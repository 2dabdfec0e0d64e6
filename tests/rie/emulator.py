"""A Lambda function under the runtime interface emulator."""

import json
import os
import socket
import stat
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 20
ANSWER_SECONDS = 60


class Function:
    """One function in its own emulator, on free ports of this machine."""

    def __init__(self, name, command, emulator):
        self.name = name
        front, runtime = free_port(), free_port()
        self.url = f"http://127.0.0.1:{front}/2015-03-31/functions/function/invocations"
        self.log = tempfile.NamedTemporaryFile(mode="w+", prefix=f"{name}-", suffix=".log")
        self.process = subprocess.Popen(
            [
                executable(emulator),
                "--log-level",
                "error",
                "--runtime-interface-emulator-address",
                f"127.0.0.1:{front}",
                "--runtime-api-address",
                f"127.0.0.1:{runtime}",
                *map(str, command),
            ],
            env=os.environ
            | {
                "AWS_LAMBDA_FUNCTION_NAME": name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
                "AWS_LAMBDA_FUNCTION_TIMEOUT": str(ANSWER_SECONDS),
            },
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        try:
            self.wait_for(front)
        except BaseException:
            self.stop()
            raise

    def wait_for(self, port):
        """Until the emulator listens."""
        while_time_is_left = self.patience(START_SECONDS)
        while while_time_is_left():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process.poll() is not None:
                break
        raise RuntimeError(f"the emulator of {self.name} did not start:\n{self.lines()}")

    def invoke(self, event):
        """The function's answer to an event; that of an error has `errorType`."""
        body = json.dumps(event).encode()
        request = urllib.request.Request(self.url, data=body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            text = error.read()
        try:
            return json.loads(text)
        except ValueError:
            raise RuntimeError(f"{self.name} answered {text!r}:\n{self.lines()}") from None

    def lines(self):
        """What function and emulator have logged."""
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """Ends the emulator, and the function with it."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if os.environ.get("RIE_LOGS"):
            print(f"--- {self.name} ---\n{self.lines()}")
        self.log.close()

    @staticmethod
    def patience(seconds):
        """A function that waits a moment and says whether any of the seconds are left."""
        end = time.monotonic() + seconds

        def is_left():
            time.sleep(0.1)
            return time.monotonic() < end

        return is_left


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def executable(emulator):
    """The emulator, which packages ship without the right to be run."""
    if os.access(emulator, os.X_OK):
        return str(emulator)
    try:
        emulator.chmod(emulator.stat().st_mode | stat.S_IXUSR)
        return str(emulator)
    except PermissionError:
        copy = Path(tempfile.mkdtemp(prefix="lookalike-rie-")) / emulator.name
        copy.write_bytes(emulator.read_bytes())
        copy.chmod(0o755)
        return str(copy)
