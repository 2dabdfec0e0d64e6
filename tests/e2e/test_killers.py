"""Images that kill the indexer's process, each time with SIGKILL, affect no other image."""

import json
import random

import pytest
from support.indexer import INDEXER, Indexer
from support.system import CATALOG_BUCKET, result_of

GOOD = 46
DEADLY = 4
BATCH = 10
# As in template.yaml.
MAX_RECEIVES = 5


class Queue:
    """Messages, delivered to a function as by SQS."""

    def __init__(self, batch):
        self.batch = batch
        self.waiting = []
        self.dead = []
        self.deliveries = 0
        self.most_receives = 0

    def send(self, body):
        """Adds a message."""
        self.waiting.append({"body": body, "receives": 0, "id": f"{len(self.waiting)}-{random.random()}"})

    def deliver(self, indexer):
        """Delivers one batch; unfinished messages are delivered again or given up."""
        taken, self.waiting = self.waiting[: self.batch], self.waiting[self.batch :]
        if not taken:
            return
        self.deliveries += 1
        for message in taken:
            message["receives"] += 1
            self.most_receives = max(self.most_receives, message["receives"])
        answer = indexer.invoke({"Records": [record(message) for message in taken]})
        if answer is None:
            back = taken
        else:
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            back = [message for message in taken if message["id"] in failed]
        for message in back:
            (self.dead if message["receives"] >= MAX_RECEIVES else self.waiting).append(message)


def record(message):
    """Returns a message as the function gets it."""
    return {
        "messageId": message["id"],
        "body": message["body"],
        "attributes": {"ApproximateReceiveCount": str(message["receives"])},
        "eventSource": "aws:sqs",
    }


def notification(key):
    """Returns the notification of S3 for a stored object."""
    s3 = {"bucket": {"name": CATALOG_BUCKET}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventSource": "aws:s3", "s3": s3}]})


def slip_in(system, key, content):
    """Puts an image into the catalog's folder without any event."""
    path = system.data / "s3" / CATALOG_BUCKET / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("order", ["all in the first batch", "in any batch"])
def test_deadly_images_affect_no_others(make_system, catalog, figures, order):
    assert INDEXER.is_file(), f"{INDEXER} is missing: run `cargo build --bin indexer`"
    system = make_system().start()
    pictures = catalog.sample(GOOD + DEADLY, seed=46)
    good = {f"catalog/good/{at:02}.jpg": picture for at, picture in enumerate(pictures[:GOOD])}
    deadly = {f"catalog/deadly/{at}.jpg": picture for at, picture in enumerate(pictures[GOOD:])}
    for key, picture in (good | deadly).items():
        slip_in(system, key, picture.bytes)
    keys = [*deadly, *good]
    dice = random.Random(4)
    if order == "in any batch":
        dice.shuffle(keys)

    indexer = Indexer(system, deadly)
    changes, retries = Queue(BATCH), Queue(1)
    try:
        for key in keys:
            changes.send(notification(key))
        while changes.waiting or retries.waiting:
            changes.deliver(indexer)
            retries.deliver(indexer)
            while indexer.sent:
                retries.send(indexer.sent.pop())
            if order == "in any batch":
                dice.shuffle(changes.waiting)
    finally:
        indexer.close()

    assert changes.dead == retries.dead == []
    assert changes.most_receives <= 3
    assert retries.most_receives <= 3
    system.until_images(GOOD)
    for key, picture in good.items():
        assert result_of(system.search(picture.bytes), key), key
    status = system.lookalike("status", "--failed", "--json").expect().json()
    failures = {failed["key"]: failed["failure"] for failed in status["failures"]}
    assert failures.keys() == deadly.keys()
    for failure in failures.values():
        assert failure["code"] == "interrupted"
        assert "more memory" in failure["reason"]
    figures(
        f"deadly images {order}: {indexer.kills} kills, {changes.deliveries} batches and "
        f"{retries.deliveries} single deliveries"
    )
