"""`sam local` on the built functions."""

import json
import socket
import subprocess
import time

import requests
from support.command import ROOT, environment, run, tool
from support.functions import ARCHITECTURE, VARIABLES

EVENTS = ROOT / "infra" / "events"
INVOCATION = 180.0
START = 120.0


class SamLocal:
    """Runs functions in containers, against a running `lookalike serve`."""

    def __init__(self, system, base_image):
        # The credentials come from this environment; all else from the file that `serve` writes.
        self.environment = VARIABLES | system.environment
        self.options = [
            *("--env-vars", system.data / "sam-local.json"),
            *("--parameter-overrides", f"Architecture={ARCHITECTURE}"),
            *("--add-host", "host.docker.internal:host-gateway"),
            "--skip-pull-image",
        ]
        if base_image:
            self.options += ["--invoke-image", base_image]

    def invoke(self, function, event):
        """A function's answer to a sample event."""
        command = [tool("sam"), "local", "invoke", function, "--event", EVENTS / f"{event}.json", *self.options]
        outcome = run(command, self.environment, timeout=INVOCATION, cwd=ROOT).expect()
        # Seen if a test fails.
        print(outcome.stderr)
        return json.loads(outcome.stdout)

    def start_api(self, log):
        """Starts the HTTP API."""
        return LocalApi(self, log)


class LocalApi:
    """`sam local start-api` while it runs."""

    def __init__(self, sam, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        # samconfig.toml names the template.
        command = [tool("sam"), "local", "start-api", "--port", port, *sam.options]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env=environment(sam.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def wait(self):
        """Waits until it answers."""
        end = time.monotonic() + START
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/health", timeout=START).status_code == 200:
                    return self
            except requests.ConnectionError:
                time.sleep(0.2)
        raise AssertionError(f"sam local start-api does not answer\n{self.lines()}")

    def lines(self):
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """Ends it, and its containers with it."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
