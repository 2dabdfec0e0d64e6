"""The queue between catalog and indexer: messages sent there are handled like the events of S3."""

import json
from urllib.parse import quote_plus

import pytest
from botocore.exceptions import ClientError
from support.command import run, tool
from support.system import CATALOG_BUCKET


def notification(*keys):
    """Returns the notification of S3 for stored objects."""
    record = lambda key: {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": CATALOG_BUCKET}, "object": {"key": quote_plus(key, safe="/")}},
    }
    return json.dumps({"Records": [record(key) for key in keys]})


def slip_in(system, key, picture):
    """Puts an image into the catalog's folder without any event."""
    path = system.data / "s3" / CATALOG_BUCKET / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture.bytes)


def waiting(system):
    """Returns the number of messages that wait, in any state."""
    url = system.environment["LOOKALIKE_QUEUE_URL"]
    read = system.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(read["ApproximateNumberOfMessages" + how]) for how in ("", "NotVisible", "Delayed"))


def test_boto3_sends_keys(shop, spare):
    pictures = {f"catalog/queue/a b+ü% {number}.jpg": spare() for number in range(4)}
    for key, picture in pictures.items():
        slip_in(shop, key, picture)
    first, *others = pictures
    url = shop.environment["LOOKALIKE_QUEUE_URL"]
    entries = [
        {"Id": "one", "MessageBody": notification(first)},
        {"Id": "others", "MessageBody": notification(*others)},
    ]
    sent = shop.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert len(sent["Successful"]) == 2
    for key, picture in pictures.items():
        shop.until_found(picture.bytes, key)
    shop.until(lambda: waiting(shop) == 0)


def test_aws_cli_sends_a_key(shop, spare):
    picture, key = spare(), "catalog/queue/by command line.jpg"
    slip_in(shop, key, picture)
    url = shop.environment["LOOKALIKE_QUEUE_URL"]
    # Version 1 of the AWS CLI ignores the variable for SQS, and only that one.
    server = ["--endpoint-url", shop.environment["AWS_ENDPOINT_URL_SQS"]]
    aws = lambda *words: run(
        [tool("aws"), *server, "sqs", *words, "--queue-url", url], shop.environment
    )
    sent = aws("send-message", "--message-body", notification(key)).expect().json()
    assert len(sent["MessageId"]) == 36
    shop.until_found(picture.bytes, key)
    counted = aws("get-queue-attributes", "--attribute-names", "All").expect().json()
    assert counted["Attributes"]["QueueArn"].endswith(":lookalike-changes")
    refused = aws("receive-message")
    assert refused.code != 0
    assert "UnsupportedOperation" in refused.stderr


def test_unreadable_messages_are_given_up(make_system, spare):
    system = make_system().start()
    url = system.environment["LOOKALIKE_QUEUE_URL"]
    picture, key = spare(), "catalog/queue/fine.jpg"
    slip_in(system, key, picture)
    for body in ("no event at all", notification(key)):
        system.sqs.send_message(QueueUrl=url, MessageBody=body)
    system.until_found(picture.bytes, key)
    system.until(lambda: waiting(system) == 0)
    log = system.log()
    assert "gave up an event" in log
    assert "no event at all" in log


def test_errors_are_those_of_sqs(shop):
    url = shop.environment["LOOKALIKE_QUEUE_URL"]
    with pytest.raises(shop.sqs.exceptions.QueueDoesNotExist):
        shop.sqs.send_message(QueueUrl=url + "-other", MessageBody="x")
    with pytest.raises(ClientError) as refused:
        shop.sqs.send_message_batch(QueueUrl=url, Entries=[])
    assert refused.value.response["Error"]["Code"].endswith("EmptyBatchRequest")
