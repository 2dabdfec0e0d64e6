"""A running `lookalike serve`, and clients for it."""

import atexit
import json
import signal
import subprocess
import time
from functools import cached_property
from urllib.parse import quote

import boto3
import requests
from botocore.config import Config

from support.command import BINARY, environment, lookalike
from support.waiting import until

CATALOG_BUCKET = "catalog"
PORT_OPTIONS = ("--port", "--s3-port", "--dynamodb-port", "--sqs-port", "--aws-port")
FREE_PORTS = tuple(word for option in PORT_OPTIONS for word in (option, "0"))
START = 900.0
STOP = 20.0
LOG_SHOWN = 20_000

# Started systems that were not disposed of: their logs are attached to a failing test.
STARTED = []


class System:
    """One data folder, and the process that serves it."""

    def __init__(self, folder, extra_environment=None, wrapper=()):
        self.data = folder / "data"
        self.extra_environment = extra_environment
        # A command that runs the process, such as one that limits it.
        self.wrapper = wrapper
        self.process = None
        self.connection = None
        self._output = folder / "serve.out"
        self._log = folder / "serve.log"
        folder.mkdir(parents=True, exist_ok=True)
        STARTED.append(self)

    def start(self, *arguments, wait=True, deadline=START):
        """Starts the process and, if requested, waits until it is ready."""
        assert self.process is None, "it runs already"
        # The file of a killed process names closed ports.
        (self.data / "serve.json").unlink(missing_ok=True)
        self.__dict__.pop("s3", None)
        self.__dict__.pop("dynamodb", None)
        self.__dict__.pop("sqs", None)
        command = [*self.wrapper, BINARY, "serve", "--data", self.data, "--json", *FREE_PORTS]
        with self._output.open("wb") as output, self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in [*command, *arguments]],
                env=environment(self.extra_environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
            )
        if wait:
            self.wait_until_ready(deadline)
        return self

    def wait_until_ready(self, deadline=START):
        """Waits for the ready line, and remembers its URLs."""
        self.connection = until(self.ready_line, deadline, "ready line", self.expect_alive)
        return self

    def wait_until_reachable(self, deadline=60.0):
        """Waits until other commands find the process, whether or not it is ready."""
        until((self.data / "serve.json").exists, deadline, "serve.json", self.expect_alive)

    def ready_line(self):
        """Returns the line once it is complete."""
        text = self._output.read_text(encoding="utf-8")
        return json.loads(text) if text.endswith("\n") else None

    def expect_alive(self):
        """Fails if the process has ended."""
        code = self.process.poll()
        assert code is None, f"serve ended with {code}\n{self.log()}"

    def stop(self):
        """Asks the process to end, like a service manager, and expects a clean exit."""
        self.process.terminate()
        code = self.process.wait(STOP)
        self.process = None
        assert code == 0, f"serve ended with {code}\n{self.log()}"

    def kill(self):
        """Kills the process, if it runs."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def dispose(self):
        """Ends the process for good."""
        self.kill()
        if self in STARTED:
            STARTED.remove(self)

    def log(self):
        """Returns the end of its standard error."""
        return self.whole_log()[-LOG_SHOWN:]

    def whole_log(self):
        """Returns its whole standard error since the first start."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    # The command line

    def lookalike(self, *arguments, **options):
        """Runs a command against this system."""
        return lookalike(*arguments, "--data", self.data, **options)

    @property
    def environment(self):
        """Returns the variables that direct AWS clients here."""
        return self.connection["environment"]

    # The HTTP API

    @property
    def url(self):
        """Root of the HTTP API."""
        return self.connection["url"]

    @cached_property
    def http(self):
        """A persistent connection."""
        return requests.Session()

    def get(self, path):
        """Returns the JSON at a path."""
        return answer(self.http.get(f"{self.url}{path}", timeout=60))

    def post(self, path, **request):
        """Returns the reply to a POST, whatever its status."""
        return self.http.post(f"{self.url}{path}", timeout=60, **request)

    def search(self, picture, k=10, **parameters):
        """Returns the answer to a search by image bytes, or by key if `picture` is text."""
        parameters = {"k": k} | parameters
        if isinstance(picture, str):
            return answer(self.post("/search", params=parameters, json={"key": picture}))
        return answer(self.post("/search", params=parameters, data=picture))

    def product(self, product_id):
        """Returns the reply to a request for a product, whatever its status."""
        return self.http.get(f"{self.url}/products/{quote(product_id, safe='')}", timeout=60)

    def index(self):
        """Returns the state of the index."""
        return self.get("/index")

    # The AWS endpoints

    @cached_property
    def s3(self):
        """A boto3 client of the S3 endpoint."""
        return self._client("s3", self.connection["s3_url"])

    @cached_property
    def dynamodb(self):
        """A boto3 client of the DynamoDB endpoint."""
        return self._client("dynamodb", self.connection["dynamodb_url"])

    @cached_property
    def sqs(self):
        """A boto3 client of the SQS endpoint."""
        return self._client("sqs", self.connection["sqs_url"])

    def _client(self, service, url):
        variables = self.environment
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}),
        )

    @property
    def table(self):
        """Name of the table."""
        return self.environment["LOOKALIKE_TABLE"]

    def put(self, key, body, **attributes):
        """Stores an object in the catalog bucket."""
        self.s3.put_object(Bucket=CATALOG_BUCKET, Key=key, Body=body, **attributes)

    def delete(self, key):
        """Removes an object from the catalog bucket."""
        self.s3.delete_object(Bucket=CATALOG_BUCKET, Key=key)

    def stored(self):
        """Returns ETags of the catalog's images in the bucket by key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=CATALOG_BUCKET, Prefix="catalog/"
        )
        return {
            entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])
        }

    def items(self, table=None):
        """Returns every item of the system's table or another one, as plain values, by (product id, item)."""
        from boto3.dynamodb.types import TypeDeserializer

        plain = TypeDeserializer().deserialize
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table or self.table)
        found = (
            {name: plain(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        )
        return {(item["product_id"], item["item"]): item for item in found}

    # Waiting

    def until(self, check, deadline=60.0, what=None):
        """Waits for a condition while the process lives; returns the result of `check`."""
        return until(check, deadline, what, self.expect_alive)

    def until_found(self, picture, key, deadline=60.0):
        """Waits until a search finds this key; returns the result and the seconds it took."""
        began = time.monotonic()
        found = self.until(lambda: result_of(self.search(picture), key), deadline, f"find {key}")
        return found, time.monotonic() - began

    def until_gone(self, picture, key, deadline=60.0):
        """Waits until a search no longer finds this key; returns the seconds it took."""
        began = time.monotonic()
        self.until(
            lambda: result_of(self.search(picture), key) is None, deadline, f"lose {key}"
        )
        return time.monotonic() - began

    def until_images(self, count, deadline=120.0):
        """Waits until the index has `count` images; returns the seconds it took."""
        began = time.monotonic()
        self.until(lambda: self.index()["images"] == count, deadline, f"{count} images")
        return time.monotonic() - began


def answer(response):
    """Returns the JSON of a reply that must be a success."""
    assert response.status_code == 200, f"{response.status_code}: {response.text}"
    return response.json()


def result_of(found, key):
    """Returns the result with this image, or None."""
    return next((result for result in found["results"] if result["image"]["key"] == key), None)


@atexit.register
def _end_all():
    for system in list(STARTED):
        system.kill()
