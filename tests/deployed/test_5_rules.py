"""Values that do not go together are refused before anything is made."""

import json

import pytest
from botocore.exceptions import ClientError

TEMPLATES = "templates-to-check"


@pytest.fixture(scope="module")
def check(shop):
    """Asks CloudFormation for a change set of a new stack: None if it would be made, else why not."""
    stacks = shop.client("cloudformation")
    # As `sam deploy` has uploaded it: for a request it is too long.
    template = stacks.get_template(StackName=shop.name, TemplateStage="Original")["TemplateBody"]
    body = template if isinstance(template, str) else json.dumps(template)
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    shop.s3.create_bucket(Bucket=TEMPLATES, **place)
    shop.s3.put_object(Bucket=TEMPLATES, Key="template.yaml", Body=body.encode())

    def check(**parameters):
        name = "never-made"
        try:
            made = stacks.create_change_set(
                StackName=name,
                ChangeSetName="check",
                ChangeSetType="CREATE",
                TemplateURL=f"{shop.emulator.url}/{TEMPLATES}/template.yaml",
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
                Parameters=[{"ParameterKey": k, "ParameterValue": str(v)} for k, v in {"Name": name, **parameters}.items()],
            )
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationError", error
            return str(error)
        change = {"StackName": name, "ChangeSetName": made["Id"]}
        try:
            stacks.get_waiter("change_set_create_complete").wait(**change, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
            return None
        finally:
            stacks.delete_stack(StackName=name)

    return check


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"BatchingWindow": 0, "BatchSize": 11}, "over 10 needs a BatchingWindow"),
        ({"IndexerReservedConcurrency": 8, "IndexerMaximumConcurrency": 2}, "IndexerMaximumConcurrency and 7 more"),
        ({"IndexerReservedConcurrency": 10}, "at most 3"),
        ({"IndexerReservedConcurrency": 16, "IndexerMaximumConcurrency": 10}, "at most 9"),
        ({"AuditSeconds": 20}, "AuditSeconds above 0 needs Authorization"),
        ({"Authorization": "JWT", "JwtAudience": "shop"}, "Authorization JWT needs JwtIssuer"),
        ({"Authorization": "JWT", "JwtIssuer": "https://login.example"}, "Authorization JWT needs JwtAudience"),
        ({"MaintenanceSchedule": "rate(1 week)"}, "MaintenanceSchedule"),
        ({"KmsKeyArn": "alias/shop"}, "KmsKeyArn"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(parameters, reason, check):
    assert reason in (check(**parameters) or "")


@pytest.mark.parametrize(
    "parameters",
    [
        {"BatchingWindow": 0, "BatchSize": 10},
        {"BatchingWindow": 1, "BatchSize": 11},
        {"IndexerReservedConcurrency": 0},
        {"IndexerReservedConcurrency": 9, "IndexerMaximumConcurrency": 2},
        {"IndexerReservedConcurrency": 11},
        {"IndexerReservedConcurrency": 16, "IndexerMaximumConcurrency": 9},
        {"IndexerReservedConcurrency": 17, "IndexerMaximumConcurrency": 10},
        {"MaintenanceSchedule": "rate(12 hours)"},
        {"MaintenanceSchedule": "cron(0 3 * * ? *)"},
    ],
    ids=str,
)
def test_what_goes_together_is_taken(parameters, check):
    assert check(**parameters) is None
