"""The local cloud on a small disk of its own, with buckets and a table that its own indexer does not know."""

import os
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from support.command import lookalike
from support.system import System

CATALOG, INDEX, TABLE = "tested-catalog", "tested-index", "tested"
DISK_MB = 128
UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
MOUNT = f'mkdir -p "$0" && mount -t tmpfs -o size={DISK_MB}m tmpfs "$0" && exec "$@"'
NO_DISK = "no disk is filled: this user may not mount a small one (unshare --mount)"


@cache
def has_disk():
    """True if a process may have a small disk of its own here."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            probe = [*UNSHARE, "sh", "-c", MOUNT, folder, "true"]
            return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class Cloud:
    """S3 and DynamoDB of `lookalike serve`. Its own indexer and search are idle: they know other buckets."""

    def __init__(self, folder, clock):
        wrapper = [*UNSHARE, "sh", "-c", MOUNT, folder / "cloud" / "data"] if has_disk() else []
        self.system = System(folder / "cloud", clock.variables("cloud"), wrapper)
        self.clock = clock
        self.filler = None

    def start(self):
        """Starts it and makes buckets and table."""
        self.system.start()
        for bucket in (CATALOG, INDEX):
            self.system.s3.create_bucket(Bucket=bucket)
        described = self.system.dynamodb.describe_table(TableName=self.system.table)["Table"]
        wanted = ("AttributeDefinitions", "KeySchema")
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in described["GlobalSecondaryIndexes"]
        ]
        self.system.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=indexes,
            **{name: described[name] for name in wanted},
        )
        return self

    @property
    def s3(self):
        """A boto3 client that no fault reaches."""
        return self.system.s3

    @property
    def dynamodb(self):
        """A boto3 client that no fault reaches."""
        return self.system.dynamodb

    @property
    def process(self):
        """The process."""
        return self.system.process

    @property
    def url(self):
        """Root of all services together."""
        return self.system.connection["aws_url"]

    def variables(self, url=None):
        """Returns the environment of a client: of the cloud itself, or through another address."""
        kept = {name: value for name, value in self.system.environment.items() if name.startswith("AWS_")}
        kept = {name: value for name, value in kept.items() if not name.startswith("AWS_ENDPOINT_URL")}
        return kept | {
            "AWS_ENDPOINT_URL": url or self.url,
            "LOOKALIKE_CATALOG_BUCKET": CATALOG,
            "LOOKALIKE_INDEX_BUCKET": INDEX,
            "LOOKALIKE_TABLE": TABLE,
            "LOOKALIKE_FILTERABLE": "category,price",
        }

    def lookalike(self, *arguments, **options):
        """Runs a command as an operator does, whom no fault reaches."""
        return lookalike(*arguments, extra_environment=self.variables() | self.clock.variables("operator"), **options)

    def keys(self, bucket, prefix=""):
        """Returns the keys of a bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def fill_disk(self):
        """Leaves no byte free."""
        self.filler = Path(f"/proc/{self.process.pid}/root{self.system.data}/filler")
        with self.filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass

    def free_disk(self):
        """Makes room again."""
        self.filler.unlink()
        self.filler = None

    def keep(self, folder):
        """Copies what it has stored; its disk is gone when it ends."""
        shutil.copytree(f"/proc/{self.process.pid}/root{self.system.data}", folder, dirs_exist_ok=True)

    def hold(self):
        """Stops the process until it is let go."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def let_go(self):
        """Lets the process continue."""
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self):
        """Ends it."""
        self.system.dispose()
