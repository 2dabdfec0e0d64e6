"""What template.yaml promises beyond being valid."""

import json
import re
from pathlib import Path

import pytest

yamlhelper = pytest.importorskip("samcli.yamlhelper", reason="pip install -r infra/requirements.txt")

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")
TEMPLATE = yamlhelper.yaml_parse(TEXT)
RESOURCES = TEMPLATE["Resources"]
LONGEST_WINDOW = TEMPLATE["Parameters"]["BatchingWindow"]["MaxValue"]


def properties(name):
    """The properties of a resource."""
    return RESOURCES[name]["Properties"]


def many(value):
    """A list, of one where the template has no list."""
    return value if isinstance(value, list) else [value]


def statements(resource):
    """The statements of every policy in a role or policy."""
    inline = properties(resource).get("Policies", [])
    documents = [policy["PolicyDocument"] for policy in inline]
    documents += many(properties(resource).get("PolicyDocument", []))
    return [statement for document in documents for statement in document["Statement"]]


def test_visibility_is_six_times_the_timeout_and_the_window():
    allowed = TEMPLATE["Parameters"]["IndexerTimeout"]["AllowedValues"]
    mapping = TEMPLATE["Mappings"]["VisibilityOfTimeout"]
    assert sorted(map(int, mapping)) == sorted(allowed)
    for timeout, visibility in mapping.items():
        assert visibility["Seconds"] >= 6 * int(timeout) + LONGEST_WINDOW


def test_what_came_back_is_tried_alone():
    retries = properties("Indexer")["Events"]["Retries"]["Properties"]
    assert retries["BatchSize"] == 1
    assert "MaximumBatchingWindowInSeconds" not in retries
    # A third receive records what the process died of in the first two; some are left for other faults.
    for queue in ("ChangesQueue", "RetryQueue"):
        assert properties(queue)["RedrivePolicy"]["maxReceiveCount"] > 3
    url = properties("Indexer")["Environment"]["Variables"]["LOOKALIKE_RETRY_QUEUE_URL"]
    assert url == {"Ref": "RetryQueue"}


def test_the_indexer_never_writes_where_it_listens():
    queued = properties("CatalogBucket")["NotificationConfiguration"]["QueueConfigurations"]
    for configuration in queued:
        rules = configuration["Filter"]["S3Key"]["Rules"]
        assert rules == [{"Name": "prefix", "Value": "catalog/"}]
    for statement in statements("IndexerRole"):
        if any("CatalogBucket" in json.dumps(resource) for resource in many(statement["Resource"])):
            assert set(many(statement["Action"])) <= {"s3:GetObject", "s3:ListBucket"}


@pytest.mark.parametrize("role", ["IndexerRole", "SearchRole", "EncoderPolicy"])
def test_policies_are_narrow(role):
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in many(statement["Action"]))
        assert "*" not in many(statement["Resource"])
    assert "ManagedPolicyArns" not in properties(role)


@pytest.mark.parametrize("bucket", ["CatalogBucket", "IndexBucket"])
def test_buckets_are_private_encrypted_and_tls_only(bucket):
    assert all(properties(bucket)["PublicAccessBlockConfiguration"].values())
    assert properties(bucket)["BucketEncryption"]
    denied = [s["Condition"] for s in statements(f"{bucket}Policy") if s["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denied
    (encryption,) = properties(bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": {"Fn::If": ["HasKey", "aws:kms", "AES256"]},
        "KMSMasterKeyID": {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
    }
    rules = properties(bucket)["LifecycleConfiguration"]["Rules"]
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def test_the_key_of_the_shop_encrypts_the_table():
    key = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "KmsKeyArn"}}
    assert properties("Table")["SSESpecification"] == {"Fn::If": ["HasKey", key, {"Ref": "AWS::NoValue"}]}


def test_no_version_of_a_shoppers_picture_outlives_it():
    rules = properties("CatalogBucket")["LifecycleConfiguration"]["Rules"]
    (uploads,) = [rule for rule in rules if rule.get("Prefix") == "uploads/"]
    assert uploads["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    (versions,) = [rule["Fn::If"] for rule in rules if "Fn::If" in rule]
    assert versions[0] == "HasVersions" and versions[1]["Prefix"] == "catalog/"


def test_data_outlives_the_stack():
    for name in ["CatalogBucket", "IndexBucket", "Table"]:
        # What a failed first deployment made is removed with it.
        assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_every_metric_that_is_watched_is_measured():
    watched = {
        properties(name)["MetricName"]
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource["Properties"].get("Namespace") == "lookalike"
    }
    body = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(body)["widgets"]:
        namespace = None
        for row in widget["properties"]["metrics"]:
            if row[0] != ".":
                namespace = row[0] if row[0] != "..." else namespace
            if namespace == "lookalike":
                watched.add(row[1])
    assert len(watched) >= 9
    sources = [
        path
        for crate in ["core", "indexing", "search"]
        for path in (ROOT / "crates" / crate / "src").rglob("*.rs")
    ]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert sorted(name for name in watched if f'"{name}"' not in code) == []


def test_every_sample_event_is_described():
    described = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "infra" / "events").glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
        assert f"`{path.name}`" in described


def test_no_yaml_alias_is_used():
    # CloudFormation does not read them.
    assert not re.search(r"(^|\s)[&*][A-Za-z]\w*\s*($|\{|\[)", TEXT, re.MULTILINE)
