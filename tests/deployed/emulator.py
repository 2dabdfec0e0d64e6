"""An AWS emulator in a process of its own, over TLS, with IAM enforced.

ministack is a project of others. Its version of botocore is not that of the AWS CLI, so it has a virtual
environment of its own, which `make` prepares.
"""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import boto3
import requests
import trustme
from botocore.config import Config
from support.command import ROOT, environment
from support.waiting import until

PYTHON = Path(os.environ.get("LOOKALIKE_EMULATOR") or ROOT / ".venv-emulator" / "bin" / "python")
REGION = "eu-central-1"
START = 60.0
# The account's root, which every policy lets through; the functions get credentials of their roles.
ROOT_KEY = "test"


class Emulator:
    """One account in one region; its state is gone when the process ends."""

    def __init__(self, folder):
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        # The template's policies refuse what comes here.
        self.plain_url = f"http://127.0.0.1:{self.plain_port}"
        self.ca = folder / "ca.pem"
        self.log_file = folder / "emulator.log"
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        self.certify()
        self.process = None

    def certify(self):
        """Makes a certificate authority of this run, and what it certifies for the emulator's hosts."""
        authority = trustme.CA()
        certified = authority.issue_cert("127.0.0.1", "localhost", "*.execute-api.localhost")
        authority.cert_pem.write_to_path(self.ca)
        certified.private_key_pem.write_to_path(self.key)
        self.certificate.write_bytes(b"".join(part.bytes() for part in certified.cert_chain_pems))

    @property
    def environment(self):
        """Points every client here: the AWS CLI, SAM, boto3 and `lookalike`."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(self.ca),
            "SSL_CERT_FILE": str(self.ca),
            "SAM_CLI_TELEMETRY": "0",
        }

    def start(self):
        """Starts the process and waits until it answers."""
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        # The functions inherit this environment, with the endpoint and the authority in it.
        own = {
            "AUTH": "true",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(self.certificate),
            "MINISTACK_SSL_KEY": str(self.key),
            "MINISTACK_REGION": REGION,
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": str(scratch),
        }
        # Its own program would take port 443 as well; the server below it does as it is told.
        command = [PYTHON, "-m", "hypercorn", "ministack.app:app", "--keep-alive", "75"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--insecure-bind", f"127.0.0.1:{self.plain_port}"]
        command += ["--certfile", self.certificate, "--keyfile", self.key]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env=environment(self.environment | own),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self.answers, START, "an answer of the emulator", self.expect_alive)
        return self

    def answers(self):
        """Whether it answers by now."""
        try:
            return requests.get(f"{self.url}/_ministack/health", verify=self.ca, timeout=5).ok
        except requests.ConnectionError:
            return False

    def expect_alive(self):
        """Fails when the process has ended."""
        assert self.process.poll() is None, f"the emulator ended\n{self.log()}"

    def stop(self):
        """Ends the process, and the functions with it. Its state is not needed any more."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)

    def log(self):
        """All that emulator and functions have written."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def client(self, service, url=None, credentials=None, **options):
        """A boto3 client: of the account's root, unless with credentials as STS returns them."""
        keys = credentials or {"AccessKeyId": ROOT_KEY, "SecretAccessKey": ROOT_KEY, "SessionToken": None}
        return boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name=REGION,
            verify=str(self.ca),
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **options),
        )


def free_port():
    """A port of this machine that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
