#!/usr/bin/env python3
"""Runs the built functions under Lambda's own emulator against a local cloud.

The `bootstrap` files that `sam build` left in .aws-sam/build are started by the Lambda runtime interface
emulator that ships in the aws-sam-cli package. A real S3 event goes to the indexer, real API Gateway
events go to search, and the answers are checked. Nothing but this machine is needed.

By hand, start the local cloud first and hand over the environment that it prints:

    lookalike serve --data DIR
    export AWS_ENDPOINT_URL=... AWS_ACCESS_KEY_ID=... ...
    python tests/rie/rie.py

The images that the test puts into the catalog have keys of their own and are removed again.
"""

import argparse
import base64
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import sys
import unittest
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from emulator import Function

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "infra" / "events"
NEEDED = [
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "LOOKALIKE_CATALOG_BUCKET",
    "LOOKALIKE_INDEX_BUCKET",
    "LOOKALIKE_TABLE",
]
# Amazon Linux 2023, which `provided.al2023` is, has this C library.
NEWEST_GLIBC = (2, 34)
AWKWARD = "catalog/summer sale/café + 100%.png"
PRODUCT = "café + 100%"


def sample(name):
    """A sample event. Its bucket is that of `lookalike serve`."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def picture():
    """The image that the sample requests carry."""
    return base64.b64decode(sample("http-api-picture")["body"])


class Functions(unittest.TestCase):
    """One indexer and one search function, in the order in which a shop would use them."""

    @classmethod
    def setUpClass(cls):
        cls.bucket = os.environ["LOOKALIKE_CATALOG_BUCKET"]
        cls.s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
        cls.indexer = Function("Indexer", [*cls.runner, cls.build / "Indexer" / "bootstrap"], cls.emulator)
        cls.addClassCleanup(cls.indexer.stop)
        cls.search = Function("Search", [*cls.runner, cls.build / "Search" / "bootstrap"], cls.emulator)
        cls.addClassCleanup(cls.search.stop)
        cls.s3.put_object(
            Bucket=cls.bucket, Key=AWKWARD, Body=picture(), ContentType="image/png"
        )
        cls.addClassCleanup(cls.s3.delete_object, Bucket=cls.bucket, Key=AWKWARD)

    def answer(self, event, status=200):
        """What search answers, decoded."""
        reply = self.search.invoke(event)
        self.assertEqual(reply.get("statusCode"), status, reply)
        self.assertFalse(reply["isBase64Encoded"], "JSON and HTML travel as text")
        return reply, json.loads(reply["body"])

    def test_0_the_programs_run_on_amazon_linux_2023(self):
        for function in ["Indexer", "Search"]:
            program = (self.build / function / "bootstrap").read_bytes()
            needed = re.findall(rb"GLIBC_(\d+)\.(\d+)\0", program)
            newest = max(tuple(map(int, version)) for version in needed)
            self.assertLessEqual(newest, NEWEST_GLIBC, function)

    def test_1_an_s3_event_indexes_a_picture(self):
        reply = self.indexer.invoke(sample("s3-put"))
        done = reply["indexed"] + reply["unchanged"]
        self.assertEqual((done, reply["failed"], reply["retry"]), (1, 0, 0), reply)
        self.assertGreaterEqual(reply["generation"], 1)

    def test_2_a_batch_returns_only_its_bad_message(self):
        reply = self.indexer.invoke(sample("sqs-batch"))
        bad = [{"itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da"}]
        self.assertEqual(reply, {"batchItemFailures": bad})
        reply = self.indexer.invoke(sample("sqs-wrapped"))
        self.assertEqual(reply, {"batchItemFailures": []})

    def test_2_changed_products_are_looked_up(self):
        table = boto3.client("dynamodb")
        key = {"product_id": {"S": PRODUCT}, "item": {"S": "product"}}
        item = key | {"metadata": {"M": {"category": {"S": "changed"}}}}
        table.put_item(TableName=os.environ["LOOKALIKE_TABLE"], Item=item)
        self.addCleanup(table.delete_item, TableName=os.environ["LOOKALIKE_TABLE"], Key=key)
        reply = self.indexer.invoke(sample("dynamodb-stream"))
        self.assertEqual(reply, {"batchItemFailures": []})

    def test_3_every_gateway_finds_the_picture(self):
        for name in [
            "http-api-picture",
            "http-api-json",
            "http-api-key",
            "rest-api-picture",
            "function-url-picture",
        ]:
            with self.subTest(name):
                reply, answer = self.answer(sample(name))
                self.assertIn("application/json", content_type(reply))
                best = answer["results"][0]
                self.assertEqual(best["product_id"], PRODUCT)
                self.assertEqual(best["image"]["key"], AWKWARD)
                self.assertGreater(best["score"], 0.99)
                self.assertGreaterEqual(answer["index"]["generation"], 1)
                with urllib.request.urlopen(best["image"]["url"], timeout=10) as fetched:
                    self.assertEqual(fetched.read(), picture())

    def test_4_stages_are_no_part_of_the_path(self):
        self.answer(sample("http-api-stage"))

    def test_5_the_page_and_the_index_are_answered(self):
        event = sample("http-api-similar")
        event["rawPath"] = "/index"
        event["rawQueryString"] = ""
        _, index = self.answer(event)
        self.assertGreaterEqual(index["images"], 1)
        event["rawPath"] = "/"
        reply = self.search.invoke(event)
        self.assertEqual(reply["statusCode"], 200)
        self.assertIn("text/html", content_type(reply))

    def test_6_errors_are_problems_with_a_request_id(self):
        event = sample("http-api-similar")
        reply, problem = self.answer(event, 404)
        self.assertIn("application/problem+json", content_type(reply))
        self.assertEqual(problem["status"], 404)
        self.assertTrue(problem["request_id"])
        event["rawQueryString"] = "k=<%zz>"
        self.answer(event, 400)

    def test_7_a_bad_event_is_an_error_and_the_next_one_works(self):
        reply = self.indexer.invoke({"hello": "world"})
        self.assertEqual(reply["errorType"], "UnreadableEvent", reply)
        self.assertEqual(self.indexer.invoke(sample("s3-test"))["indexed"], 0)

    def test_8_the_schedule_looks_after_the_index(self):
        self.assertEqual(self.indexer.invoke(sample("schedule")), {"maintained": True, "queued": 0, "updated": 0})

    def test_9_a_removed_picture_is_not_found_any_more(self):
        self.s3.delete_object(Bucket=self.bucket, Key=AWKWARD)
        event = sample("s3-put")
        event["Records"][0]["eventName"] = "ObjectRemoved:Delete"
        reply = self.indexer.invoke(event)
        self.assertEqual(reply["removed"], 1, reply)
        deadline = self.search.patience(5)
        while True:
            _, answer = self.answer(sample("http-api-picture"))
            found = [result["product_id"] for result in answer["results"]]
            if PRODUCT not in found:
                break
            self.assertTrue(deadline(), "a removed image is still found after 5 seconds")


def content_type(reply):
    """The reply's media type, wherever the gateway's format puts it."""
    headers = {name.lower(): value for name, value in reply.get("headers", {}).items()}
    many = {name.lower(): value for name, value in reply.get("multiValueHeaders", {}).items()}
    return headers.get("content-type") or many.get("content-type", [""])[0]


def shipped_emulator():
    """The emulator in the installed aws-sam-cli package, or in that of the `sam` on the path."""
    name = "aws-lambda-rie-arm64" if platform.machine() == "aarch64" else "aws-lambda-rie-x86_64"
    inside = Path("samcli") / "local" / "rapid" / name
    spec = importlib.util.find_spec("samcli")
    if spec and spec.origin:
        return Path(spec.origin).parents[1] / inside
    sam = shutil.which("sam")
    if sam:
        library = Path(sam).resolve().parents[1] / "lib"
        return next(library.glob(f"python*/site-packages/{inside}"), None)
    return None


def main():
    """Reads the command line and runs the tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / ".aws-sam" / "build")
    parser.add_argument("--emulator", type=Path, default=shipped_emulator())
    parser.add_argument("--runner", default="", help="a command that runs programs of another processor")
    arguments, rest = parser.parse_known_args()
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(f"set {', '.join(missing)}: `lookalike serve` prints them")
    if not arguments.emulator or not arguments.emulator.exists():
        sys.exit("the emulator is missing: pip install -r infra/requirements.txt, or use --emulator")
    for function in ["Indexer", "Search"]:
        if not (arguments.build / function / "bootstrap").exists():
            sys.exit(f"{arguments.build / function / 'bootstrap'} is missing: run `sam build`")
    Functions.build = arguments.build
    Functions.runner = shlex.split(arguments.runner)
    Functions.emulator = arguments.emulator
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()
