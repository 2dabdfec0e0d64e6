"""What shop and shoppers do: searches, uploads, changes of prices and removals, in a fixed mix."""

import itertools
import random
import threading
import time
from dataclasses import dataclass, field

import boto3
import requests
from botocore.config import Config

# Shares of the operations.
MIX = {"search by image": 50, "search by key": 20, "search with a filter": 10, "upload": 8, "price": 9, "removal": 3}
SEARCHES = [name for name in MIX if name.startswith("search")]
# Images that come and go have as many keys, so the catalog has one size.
KEYS = 300
WORKERS = 4


@dataclass
class Done:
    """Operations that ended: their kind, when they began and how long they took, and what failed."""

    kinds: list = field(default_factory=list)
    began: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    errors: list = field(default_factory=list)


class Operations:
    """Does one operation after another, in several threads."""

    def __init__(self, system, anchors, pool, seed):
        self.system = system
        # Images that are never changed, by key, and those that others are made of.
        self.anchors, self.pool = anchors, pool
        self.seed = seed
        self.done = Done()
        self._lock = threading.Lock()

    def run(self, seconds, pace=None):
        """Works for some seconds, as fast as it goes or at a pace in operations per second; returns how many were done."""
        end = time.monotonic() + seconds
        numbers, begin = itertools.count(), time.monotonic()
        counts = [0] * WORKERS

        def work(worker):
            client = Client(self.system, self.anchors, self.pool, f"{self.seed} {worker} {begin}")
            while time.monotonic() < end:
                if pace:
                    with self._lock:
                        due = begin + next(numbers) / pace
                    if due >= end:
                        return
                    time.sleep(max(0.0, due - time.monotonic()))
                self._do(client)
                counts[worker] += 1

        workers = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(counts)

    def _do(self, client):
        kind = client.dice.choices([*MIX], [*MIX.values()])[0]
        began = time.monotonic()
        try:
            wrong = client.do(kind)
        except Exception as error:
            wrong = repr(error)
        took = time.monotonic() - began
        with self._lock:
            self.done.kinds.append(kind)
            self.done.began.append(began)
            self.done.seconds.append(took)
            if wrong:
                self.done.errors.append(f"{kind}: {wrong}")


class Client:
    """One thread's connections."""

    def __init__(self, system, anchors, pool, seed):
        self.url = system.url
        self.table = system.table
        self.anchors, self.pool = anchors, pool
        self.dice = random.Random(seed)
        self.http = requests.Session()
        session = boto3.Session()
        variables = system.environment
        options = {
            "region_name": variables["AWS_REGION"],
            "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
            "config": Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        }
        self.s3 = session.client("s3", endpoint_url=system.connection["s3_url"], **options)
        self.dynamodb = session.client("dynamodb", endpoint_url=system.connection["dynamodb_url"], **options)

    def do(self, kind):
        """Does an operation; returns what is wrong with its result, if anything."""
        key, content = self.dice.choice([*self.anchors.items()])
        changed = f"catalog/changing/item-{self.dice.randrange(KEYS)}.jpg"
        if kind == "search by image":
            return self._search(key, data=content, params={"k": 10})
        if kind == "search by key":
            return self._search(key, json={"key": key}, params={"k": 10})
        if kind == "search with a filter":
            return self._search(None, json={"key": key}, params={"k": 10, "filter": "price<500"})
        if kind == "upload":
            self.s3.put_object(Bucket="catalog", Key=changed, Body=self.dice.choice(self.pool))
        elif kind == "removal":
            self.s3.delete_object(Bucket="catalog", Key=changed)
        else:
            product = changed.rpartition("/")[2].removesuffix(".jpg")
            metadata = {"M": {"price": {"N": str(self.dice.randrange(1, 1000))}}}
            item = {"product_id": {"S": product}, "item": {"S": "product"}, "metadata": metadata}
            self.dynamodb.put_item(TableName=self.table, Item=item)
        return None

    def _search(self, key, **request):
        reply = self.http.post(f"{self.url}/search", timeout=60, **request)
        if reply.status_code != 200:
            return f"{reply.status_code} {reply.text}"
        answer = reply.json()
        scores = {result["image"]["key"]: result["score"] for result in answer["results"]}
        if "stale" in answer["index"]:
            return f"stale: {answer['index']['stale']}"
        if key is not None and (scores.get(key, 0) < 0.999 or len(scores) != 10):
            return f"found {scores}, not {key}"
        return None
