"""Queues as SQS has them, and the poller that hands their messages to a function as Lambda does."""

import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field

from cloud import CATALOG

# As in template.yaml.
MAX_RECEIVES = 5
# Longer than an invocation, but not six times as long, as in template.yaml.
VISIBILITY = 11.5
# What failed in part comes back sooner than on AWS.
PAUSE = 3.0


@dataclass
class Message:
    """A message or record, and when it can be received."""

    body: object
    due: float = 0.0
    receives: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Queue:
    """Messages in no order, each delivered at least once, until it is deleted or was received too often."""

    def __init__(self, name, batch, seed):
        self.name = name
        self.batch = batch
        self.messages = {}
        self.dead = []
        self._dice = random.Random(seed)
        self._lock = threading.Lock()

    def send(self, body, delay=0.0):
        """Adds a message."""
        message = Message(body, time.monotonic() + delay)
        with self._lock:
            self.messages[message.id] = message

    def receive(self):
        """Returns a batch, and hides it for a while."""
        now = time.monotonic()
        with self._lock:
            due = [message for message in self.messages.values() if message.due <= now]
            for message in [message for message in due if message.receives >= MAX_RECEIVES]:
                due.remove(message)
                self.dead.append(self.messages.pop(message.id))
            self._dice.shuffle(due)
            taken = due[: self.batch]
            for message in taken:
                message.receives += 1
                message.due = now + VISIBILITY
            return taken

    def settle(self, taken, back):
        """Deletes messages, and lets those in `back` come back soon."""
        with self._lock:
            for message in taken:
                if message.id not in back:
                    self.messages.pop(message.id, None)
                elif message.id in self.messages:
                    message.due = time.monotonic() + PAUSE

    def __len__(self):
        return len(self.messages)


class Poller:
    """Hands one function what the queues have, until it is told to stop."""

    def __init__(self, function, queues):
        self.function = function
        self.queues = queues
        self.deliveries = self.lost = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """Ends it after the current batch."""
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.is_set():
            for queue in self.queues:
                if taken := queue.receive():
                    self._deliver(queue, taken)
            time.sleep(0.02)

    def _deliver(self, queue, taken):
        self.deliveries += 1
        answer = self.function.invoke({"Records": [record(queue, message) for message in taken]})
        if answer is None or "batchItemFailures" not in answer:
            self.lost += 1
            back = {message.id for message in taken}
        else:
            back = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        queue.settle(taken, back)


def record(queue, message):
    """Returns a message as a function gets it."""
    if queue.name == "stream":
        keys = {"product_id": {"S": message.body}, "item": {"S": "product"}}
        change = {"SequenceNumber": message.id, "Keys": keys, "StreamViewType": "KEYS_ONLY"}
        return {"eventID": message.id, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": change}
    return {
        "messageId": message.id,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "eventSource": "aws:sqs",
    }


def notification(key):
    """Returns the notification of S3 about an object."""
    s3 = {"bucket": {"name": CATALOG}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventSource": "aws:s3", "s3": s3}]})


def sqs_reply(queues, target, body):
    """Answers a request of a function to SQS; None for other requests."""
    if not target.startswith("AmazonSQS."):
        return None
    request = json.loads(body)
    queue = queues[request["QueueUrl"].rpartition("/")[2]]
    if target == "AmazonSQS.GetQueueAttributes":
        counts = {"ApproximateNumberOfMessages": str(len(queue))}
        counts |= dict.fromkeys(["ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"], "0")
        return {"Attributes": counts}
    entries = request["Entries"] if target == "AmazonSQS.SendMessageBatch" else [request | {"Id": "0"}]
    for entry in entries:
        queue.send(entry["MessageBody"])
    taken = [{"Id": entry["Id"], "MessageId": str(uuid.uuid4()), "MD5OfMessageBody": ""} for entry in entries]
    return {"Successful": taken, "Failed": []} if "Entries" in request else taken[0]
