"""A second stack in the same account, with everything switched on that is off by default."""

import pytest
from permissions import ALL_ROLES, OPTIONAL, in_template
from roles import Role
from stack import QUEUES, Stack
from support.command import SMALL_ENCODER
from uses import Uses

COUNT = 8
ENCODERS = "encoders-of-the-shop"


@pytest.fixture(scope="module")
def second(emulator, shop, pictures, catalog, tmp_path_factory):
    """A stack of another name, with a key, versions, signed requests, the audit, another encoder and vector bases."""
    stack = Stack(emulator, "second")
    stack.key_arn = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    stack.s3.create_bucket(Bucket=ENCODERS, **place)
    for file in SMALL_ENCODER.iterdir():
        stack.s3.upload_file(str(file), ENCODERS, f"small/{file.name}")
    stack.deploy(
        Authorization="AWS_IAM", AuditSeconds=20, EncoderUri=f"s3://{ENCODERS}/small", KmsKeyArn=stack.key_arn,
        CatalogVersioning="Enabled", VersionDays=7, Monitoring="false", CacheSeconds=0, Engine="dynamodb",
    )
    few = catalog.copy(pictures[:COUNT], tmp_path_factory.mktemp("second"))
    stack.lookalike("upload", few).expect()
    stack.wait_for(COUNT)
    return stack


def test_stacks_know_nothing_of_each_other(second, shop, pictures):
    assert second.catalog != shop.catalog and second.index != shop.index and second.table != shop.table
    assert shop.indexed() == len(pictures)


def test_only_who_signs_may_search(second, pictures):
    unsigned = second.request("POST", "/search", data=pictures[0].bytes)
    assert unsigned.status_code == 403
    assert second.found(pictures[0].bytes, signed=True)[0] == pictures[0].key
    assert second.request("GET", "/health", through_path=True).status_code == 200


def test_the_audit_is_answered(second):
    assert second.request("GET", "/audit", signed=True).status_code == 200


def test_the_index_is_made_with_the_given_encoder(second, shop):
    fingerprint = lambda stack, **options: stack.request("GET", "/index", **options).json()["encoder"]["fingerprint"]
    assert fingerprint(second, signed=True) != fingerprint(shop)


def test_the_key_encrypts_the_queues(second):
    # Of buckets and table the emulator's CloudFormation sets no encryption; tests/rie reads the template.
    for queue in QUEUES:
        attributes = second.client("sqs").get_queue_attributes(
            QueueUrl=second.resource(queue), AttributeNames=["All"]
        )["Attributes"]
        assert attributes["KmsMasterKeyId"] == second.key_arn


def test_replaced_and_removed_pictures_stay_as_versions_for_a_time(second, pictures):
    key = pictures[0].key
    second.s3.put_object(Bucket=second.catalog, Key=key, Body=pictures[0].bytes + b"2")
    second.s3.delete_object(Bucket=second.catalog, Key=key)
    second.wait_for(COUNT - 1)
    listed = second.s3.list_object_versions(Bucket=second.catalog, Prefix=key)
    assert len(listed["Versions"]) == 2 and len(listed["DeleteMarkers"]) == 1
    # To undo a removal is to remove the mark of it: S3 tells the indexer, which looks what is there now.
    second.s3.delete_object(Bucket=second.catalog, Key=key, VersionId=listed["DeleteMarkers"][0]["VersionId"])
    second.lookalike("index", "verify", "--repair").expect()
    assert second.indexed() == COUNT


def test_a_backfill_indexes_images_that_had_no_event(second, pictures):
    new = pictures[COUNT : COUNT + 3]
    command = lambda *arguments: second.lookalike("reindex", "--engine", *arguments, "--json").expect().json()
    second.lookalike("index", "rebuild").expect()
    assert command("dynamodb")["switched"]
    assert command("dynamodb", "--finish")["finished"]
    notified = second.s3.get_bucket_notification_configuration(Bucket=second.catalog)
    notified.pop("ResponseMetadata")
    notify = lambda to: second.s3.put_bucket_notification_configuration(
        Bucket=second.catalog, NotificationConfiguration=to
    )
    notify({})
    for picture in new:
        second.s3.put_object(Bucket=second.catalog, Key=picture.key, Body=picture.bytes)
    notify(notified)
    before = second.counts()["generation"]
    done = command("dynamodb", "--backfill")
    assert (done["named"], done["images"]) == (COUNT + 3, COUNT + 3)
    # The number of images was corrected, and nothing else published.
    assert second.counts()["generation"] == before + 1
    for picture in new:
        assert second.found(picture.bytes, signed=True)[0] == picture.key
        second.s3.delete_object(Bucket=second.catalog, Key=picture.key)
    second.wait_for(COUNT)
    returned = command("segments")
    assert (returned["rows"], returned["queued"]) == (COUNT, 0)
    assert second.found(pictures[1].bytes, signed=True)[0] == pictures[1].key


@pytest.fixture(scope="module")
def quiet(second):
    """Nobody polls the queues, or what must fail here would be tried again in half an hour."""
    with second.unpolled():
        yield


@pytest.mark.parametrize("permission", OPTIONAL, ids=str)
def test_without_a_permission_of_an_option_a_use_fails(permission, second, quiet, pictures):
    role = Role(second, permission.role)
    uses = Uses(second, pictures[0].bytes, role.arn, role.credentials())
    granted = [entry for entry in role.permissions() if entry[:2] == (permission.sid, permission.action)]
    assert len(granted) == 1
    assert permission.use(uses)
    with role.without(*granted[0]):
        assert not permission.use(uses), "it is not needed"
    assert permission.use(uses)


def test_no_option_gives_a_role_more_than_the_template_says(second):
    for name in ALL_ROLES:
        wanted = sorted(entry[1:3] for entry in in_template() if entry[0] == name)
        assert sorted(entry[:2] for entry in Role(second, name).permissions()) == wanted
