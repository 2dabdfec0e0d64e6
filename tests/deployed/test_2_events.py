"""Every source of events that the template has, until the change can be searched."""

import json
import time
from contextlib import contextmanager

import pytest
from support.command import ROOT
from support.waiting import until
from uses import KEY

BROKEN = b"\xff\xd8\xff\xe0 no image"
# The shortest schedule that there is, a minute, and then the minute.
SCHEDULED = 150.0


def test_a_picture_is_found_once_it_is_stored_and_gone_once_it_is_removed(shop, spare, figures):
    picture = spare()
    before = shop.indexed()
    stored = time.monotonic()
    shop.aws("s3", "cp", picture.path, f"s3://{shop.catalog}/{KEY}")
    until(lambda: KEY in shop.found(picture.bytes), what="the image is found")
    figures(f"aws s3 cp until found: {time.monotonic() - stored:.1f} s")
    assert shop.indexed() == before + 1
    shop.aws("s3", "rm", f"s3://{shop.catalog}/{KEY}")
    until(lambda: KEY not in shop.found(picture.bytes), what="the image is gone")
    assert shop.indexed() == before


def test_a_picture_that_a_lifecycle_rule_expires_is_gone(shop, spare):
    configured = shop.s3.get_bucket_notification_configuration(Bucket=shop.catalog)
    events = {tuple(queue["Events"]) for queue in configured["QueueConfigurations"]}
    assert ("s3:LifecycleExpiration:*",) in events
    picture = spare()
    shop.s3.put_object(Bucket=shop.catalog, Key=KEY, Body=picture.bytes)
    until(lambda: KEY in shop.found(picture.bytes), what="the image is found")
    # The emulator's S3 expires nothing. So the object goes in silence, and the event comes as S3 writes it.
    with without_notifications(shop):
        shop.s3.delete_object(Bucket=shop.catalog, Key=KEY)
    event = shop.event("s3-delete", KEY)
    event["Records"][0]["eventName"] = "LifecycleExpiration:Delete"
    shop.client("sqs").send_message(QueueUrl=shop.outputs["ChangesQueueUrl"], MessageBody=json.dumps(event))
    until(lambda: KEY not in shop.found(picture.bytes), what="the image is gone")


def test_a_changed_product_reaches_the_index_through_the_stream(shop, pictures):
    product = pictures[5].product_id
    key = {"product_id": {"S": product}, "item": {"S": "product"}}
    shop.client("dynamodb").update_item(
        TableName=shop.table,
        Key=key,
        UpdateExpression="SET metadata.price = :price",
        ExpressionAttributeValues={":price": {"N": "4242.5"}},
    )
    found = lambda: shop.found(pictures[5].bytes, path="/search?filter=price%3D4242.5")
    until(lambda: found() == [pictures[5].key], what="the new price can be filtered by")


def test_a_picture_that_cannot_be_read_is_listed_with_its_reason(shop):
    shop.s3.put_object(Bucket=shop.catalog, Key="catalog/probe/broken.jpg", Body=BROKEN)
    until(lambda: shop.counts()["failed"] == 1, what="the failure is recorded")
    listed = shop.lookalike("status", "--failed").expect().stdout
    assert "catalog/probe/broken.jpg" in listed
    shop.s3.delete_object(Bucket=shop.catalog, Key="catalog/probe/broken.jpg")
    until(lambda: shop.counts()["failed"] == 0, what="the failure is forgotten")


def test_what_came_back_is_tried_alone_in_the_queue_of_retries(shop, spare, batches):
    """Two changes with which a process has ended once, handed over as Lambda does."""
    keys = [f"catalog/probe/again-{number}.jpg" for number in (1, 2)]
    functions = shop.client("lambda")
    queue = shop.resource("ChangesQueue").rpartition("/")[2]
    mapped = functions.list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = [m for m in mapped if m["EventSourceArn"].endswith(f":{queue}")]
    before = shop.indexed()
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for key in keys:
        shop.s3.put_object(Bucket=shop.catalog, Key=key, Body=spare().bytes)
    source = {"eventSource": "aws:sqs", "eventSourceARN": mapping["EventSourceArn"]}
    source |= {"attributes": {"ApproximateReceiveCount": "2"}}
    records = [source | {"messageId": key, "body": json.dumps(shop.event("s3-put", key))} for key in keys]
    try:
        assert shop.invoke("Indexer", {"Records": records}) == {"batchItemFailures": []}
        # It only moved them. Now the poller of the other queue hands out one at a time.
        shop.wait_for(before + len(keys))
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    for key in keys:
        shop.s3.delete_object(Bucket=shop.catalog, Key=key)
    shop.wait_for(before)


def dead_letters(shop):
    """The dead letters of all queues, as the command line lists them."""
    return shop.lookalike("dead-letters", "list", "--json").expect().json()["dead_letters"]


def test_an_event_that_always_fails_becomes_a_dead_letter(shop):
    shop.client("lambda").invoke(
        FunctionName=shop.outputs["IndexerFunction"], InvocationType="Event", Payload=b'{"hello": "world"}'
    )
    (letter,) = until(lambda: dead_letters(shop), what="a dead letter")
    assert letter["kind"] == "unreadable" and "hello" in letter["body"]
    assert letter["queue"] == shop.outputs["InvocationDeadLettersUrl"].rpartition("/")[2]
    # It is no event, so it cannot be replayed, and nothing is lost by trying.
    assert "stay" in shop.lookalike("dead-letters", "replay").expect(3).stdout
    assert [left["message_id"] for left in dead_letters(shop)] == [letter["message_id"]]
    shop.client("sqs").purge_queue(QueueUrl=shop.outputs["InvocationDeadLettersUrl"])
    assert "no dead letters" in shop.lookalike("dead-letters", "list").expect().stdout


@contextmanager
def without_notifications(shop):
    """Keeps S3 from telling anyone what happens."""
    configured = shop.s3.get_bucket_notification_configuration(Bucket=shop.catalog)
    configured.pop("ResponseMetadata")
    shop.s3.put_bucket_notification_configuration(Bucket=shop.catalog, NotificationConfiguration={})
    yield
    shop.s3.put_bucket_notification_configuration(Bucket=shop.catalog, NotificationConfiguration=configured)


def test_dead_letters_of_every_sender_are_replayed(shop, spare):
    picture = spare()
    with without_notifications(shop):
        shop.s3.put_object(Bucket=shop.catalog, Key=KEY, Body=picture.bytes)
    change = shop.event("s3-put", KEY)
    lost = {
        # As SQS moves a message, and as Lambda describes a batch of a stream and an invocation.
        "DeadLettersUrl": change,
        "ProductDeadLettersUrl": {"DDBStreamBatchInfo": {"shardId": "shardId-1", "batchSize": 3}},
        "InvocationDeadLettersUrl": {
            "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": json.loads((ROOT / "infra" / "events" / "schedule.json").read_text(encoding="utf-8")),
            "responsePayload": {"errorMessage": "out of time"},
        },
    }
    for output, letter in lost.items():
        shop.client("sqs").send_message(QueueUrl=shop.outputs[output], MessageBody=json.dumps(letter))
    listed = dead_letters(shop)
    assert sorted(letter["kind"] for letter in listed) == ["changes", "maintenance", "table_writes"]
    assert [letter["keys"] for letter in listed if letter["kind"] == "changes"] == [[KEY]]
    assert "out of time" in shop.lookalike("dead-letters", "list").expect().stdout
    assert shop.lookalike("dead-letters", "replay", "--json").expect().json() == {"replayed": 3, "left": []}
    until(lambda: KEY in shop.found(picture.bytes), what="the lost image is found")
    assert dead_letters(shop) == []
    shop.s3.delete_object(Bucket=shop.catalog, Key=KEY)
    until(lambda: KEY not in shop.found(picture.bytes), what="the image is gone")


def test_the_daily_run_finds_changes_whose_events_were_lost(shop, spare, batches):
    picture = spare()
    schedule = json.loads((ROOT / "infra" / "events" / "schedule.json").read_text(encoding="utf-8"))
    with without_notifications(shop):
        shop.s3.put_object(Bucket=shop.catalog, Key=KEY, Body=picture.bytes)
    # While other changes wait, the run leaves lost ones to the next.
    run = lambda: shop.invoke("Indexer", schedule)["queued"] == 1
    until(run, what="the lost image is queued")
    until(lambda: KEY in shop.found(picture.bytes), what="the lost image is found")
    with without_notifications(shop):
        shop.s3.delete_object(Bucket=shop.catalog, Key=KEY)
    until(run, what="the lost removal is queued")
    until(lambda: KEY not in shop.found(picture.bytes), what="the image is gone")
    assert shop.invoke("Indexer", schedule)["queued"] == 0


@pytest.fixture
def hasty(shop):
    """The stack with another schedule: an update."""
    shop.deploy(MaintenanceSchedule="rate(1 minute)")
    return shop


def test_an_update_changes_the_schedule_and_the_schedule_looks_after_the_index(hasty, pictures):
    rule = hasty.resource("IndexerMaintenance").rpartition("|")[2]
    assert hasty.client("events").describe_rule(Name=rule)["ScheduleExpression"] == "rate(1 minute)"
    # Other parameters, data and address are what they were.
    assert hasty.outputs["FilterableAttributes"] == "category,price"
    assert hasty.found(pictures[0].bytes)[0] == pictures[0].key
    # Every event before has been dealt with: what the indexer begins from now on is the schedule's.
    logs = hasty.client("logs")
    since = int(time.time() * 1000)

    def lines(pattern):
        return logs.filter_log_events(
            logGroupName="/lookalike/shop/indexer", filterPattern=pattern, startTime=since
        )["events"]

    until(lambda: lines('"the scheduled run is done"'), SCHEDULED, "an invocation by the schedule")
    assert not lines("ERROR")
