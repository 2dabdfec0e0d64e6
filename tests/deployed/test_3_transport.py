"""What the policies of buckets and queues refuse."""

import json

import pytest
from botocore.exceptions import ClientError
from roles import Role, is_denied


@pytest.mark.parametrize(
    ("role", "service", "call", "arguments"),
    [
        ("SearchRole", "s3", "list_objects_v2", lambda s: {"Bucket": s.catalog}),
        ("SearchRole", "s3", "list_objects_v2", lambda s: {"Bucket": s.index}),
        ("IndexerRole", "sqs", "get_queue_attributes", lambda s: {"QueueUrl": s.resource("ChangesQueue")}),
        ("IndexerRole", "sqs", "get_queue_attributes", lambda s: {"QueueUrl": s.resource("RetryQueue")}),
        ("IndexerRole", "sqs", "send_message", lambda s: {"QueueUrl": s.resource("InvocationDeadLetters"), "MessageBody": "{}"}),
    ],
    ids=["catalog", "index", "changes", "retries", "dead letters"],
)
def test_nothing_is_told_without_encryption(role, service, call, arguments, shop):
    credentials = Role(shop, role).credentials()
    open_, closed = (shop.client(service, url=url, credentials=credentials) for url in (None, shop.emulator.plain_url))
    getattr(open_, call)(**arguments(shop))
    assert is_denied(lambda: getattr(closed, call)(**arguments(shop)))


def test_buckets_are_private(shop):
    for bucket in (shop.catalog, shop.index):
        blocked = shop.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}
        everybody = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
        with pytest.raises(ClientError, match="AccessDenied"):
            shop.s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def test_only_the_catalog_bucket_may_send_changes(shop):
    queues = shop.client("sqs")
    url = shop.outputs["ChangesQueueUrl"]
    policy = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    statements = json.loads(policy)["Statement"]
    (sends,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert sends["Principal"] == {"Service": "s3.amazonaws.com"}
    assert sends["Condition"]["ArnEquals"] == {"aws:SourceArn": f"arn:aws:s3:::{shop.catalog}"}
    elsewhere = "another-bucket-of-the-account"
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    shop.s3.create_bucket(Bucket=elsewhere, **place)
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    wanted = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    with pytest.raises(ClientError, match="Unable to validate|InvalidArgument"):
        shop.s3.put_bucket_notification_configuration(Bucket=elsewhere, NotificationConfiguration=wanted)
