"""Deployments that fail or end, and those after them."""

import pytest
from stack import Stack, for_emulator
from support.command import ROOT
from support.waiting import until

# CloudFormation waits for a signal that is never sent. By then everything else is there.
FAILING = """
  NeverReady:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: [Search, Indexer, CatalogBucketPolicy, IndexBucketPolicy, ApiDefaultRoute]
    Properties: { Handle: !Ref NeverReadyHandle, Timeout: "1", Count: 1 }
  NeverReadyHandle:
    Type: AWS::CloudFormation::WaitConditionHandle

Outputs:
"""


@pytest.fixture(scope="module")
def third(emulator, shop):
    """A stack that is deployed, fails and ends in these tests."""
    return Stack(emulator, "third")


def buckets(stack):
    """The account's buckets that belong to this stack or did once."""
    listed = [bucket["Name"] for bucket in stack.s3.list_buckets()["Buckets"]]
    return [name for name in listed if name.startswith(stack.name)]


def tables(stack):
    """The account's tables that belong to this stack or did once."""
    return [name for name in stack.client("dynamodb").list_tables()["TableNames"] if name.startswith(stack.name)]


@pytest.fixture(scope="module")
def failing(built):
    """The template with a resource that is never ready."""
    beside = for_emulator(lambda text: text.replace("\nOutputs:\n", FAILING, 1))
    return beside.rename(beside.with_name("failing.yaml"))


def test_a_first_deployment_that_fails_leaves_nothing(third, failing):
    said = third.deploy(template=failing, code=1)
    assert "NeverReady" in said.stdout, "it failed for another reason"
    # samconfig.toml has the SAM CLI delete what cannot be updated.
    assert third.status is None
    assert not buckets(third)
    assert not tables(third)


def test_it_is_deployed_again_under_its_name(third, pictures, folder):
    third.deploy()
    third.lookalike("upload", folder / "pictures").expect()
    third.wait_for(len(pictures))
    assert third.found(pictures[0].bytes)[0] == pictures[0].key


def test_an_update_that_fails_is_rolled_back(third, failing, pictures):
    said = third.deploy(template=failing, code=1, LogLevel="debug")
    assert "NeverReady" in said.stdout, "it failed for another reason"
    assert third.status == "UPDATE_ROLLBACK_COMPLETE"
    third.read_outputs()
    assert third.found(pictures[0].bytes)[0] == pictures[0].key
    third.s3.delete_object(Bucket=third.catalog, Key=pictures[0].key)
    third.wait_for(len(pictures) - 1)


def test_deleting_keeps_what_the_output_says(third, pictures):
    kept = third.outputs["KeptData"].split()
    third.delete()
    assert third.status is None
    assert sorted(f"s3://{name}" for name in buckets(third)) == sorted(kept[:2])
    assert tables(third) == kept[2:]
    stored = third.s3.list_objects_v2(Bucket=third.catalog, Prefix="catalog/")
    assert stored["KeyCount"] == len(pictures) - 1
    # Nothing runs and nothing is charged but the storage.
    assert not [f for f in third.client("lambda").list_functions()["Functions"] if f["FunctionName"].startswith("third")]


def test_the_name_of_a_kept_bucket_is_taken(third):
    kept = buckets(third)
    said = third.deploy(code=1)
    assert "VALIDATION" in said.stdout or "already exists" in said.stdout
    assert third.status is None
    assert buckets(third) == kept, "what was kept is not touched"


def test_pictures_move_to_a_stack_with_another_name(third, emulator, pictures):
    fourth = Stack(emulator, "fourth")
    fourth.deploy()
    third.aws("s3", "sync", f"s3://{third.catalog}/catalog/", f"s3://{fourth.catalog}/catalog/")
    fourth.wait_for(len(pictures) - 1)
    assert fourth.found(pictures[1].bytes)[0] == pictures[1].key
    fourth.delete()


def test_after_the_kept_data_is_removed_the_name_is_free(third, pictures):
    """The commands of docs/operations.md."""
    commands = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    kept = third.outputs["KeptData"].split()
    for place in kept[:2]:
        assert "aws s3 rb --force s3://" in commands
        third.aws("s3", "rb", "--force", place)
    assert "aws dynamodb delete-table --table-name" in commands
    third.aws("dynamodb", "delete-table", "--table-name", kept[2])
    until(lambda: not buckets(third) and not tables(third), what="the kept data is gone")
    third.deploy()
    third.s3.put_object(Bucket=third.catalog, Key="catalog/a/b.jpg", Body=pictures[1].bytes)
    third.wait_for(1)
