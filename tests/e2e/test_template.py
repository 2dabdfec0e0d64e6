"""The deployment's template, and the sample events beside it."""

import base64
import json
import re

import pytest
from samcli.yamlhelper import yaml_parse
from support.command import ROOT, lookalike, run, tool

EVENTS = sorted((ROOT / "infra" / "events").glob("*.json"))


@pytest.fixture(scope="module")
def template():
    return yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def test_sam_validates_and_lints_the_template():
    variables = {"AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    command = [tool("sam"), "validate", "--lint", "--template", ROOT / "template.yaml"]
    validated = run(command, variables, cwd=ROOT).expect()
    assert "is a valid SAM Template" in validated.stdout + validated.stderr


def test_the_stack_has_every_output_that_the_command_reads(template):
    source = (ROOT / "crates" / "cli" / "src" / "target.rs").read_text(encoding="utf-8")
    table = re.search(r"STACK_OUTPUTS: .*? = \[(.*?)\];", source, re.DOTALL).group(1)
    wanted = dict(re.findall(r'\("(\w+)", "(\w+)"\)', table))
    assert "LOOKALIKE_CATALOG_BUCKET" in wanted
    assert set(wanted.values()) <= set(template["Outputs"])


def test_the_indexer_never_writes_where_it_listens(template):
    resources = template["Resources"]
    prefixes = {
        rule["Value"]
        for bucket in resources.values()
        if bucket["Type"] == "AWS::S3::Bucket"
        for notification in bucket["Properties"]
        .get("NotificationConfiguration", {})
        .get("QueueConfigurations", [])
        for rule in notification["Filter"]["S3Key"]["Rules"]
    }
    assert prefixes == {"catalog/"}


def test_there_are_sample_events():
    assert len(EVENTS) >= 8


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_sample_event_is_sound(path, tmp_path):
    event = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(event, dict)
    if event.get("isBase64Encoded"):
        picture = tmp_path / "body"
        picture.write_bytes(base64.b64decode(event["body"], validate=True))
        lookalike("embed", picture).expect()
    elif event.get("body"):
        assert isinstance(json.loads(event["body"]), dict)
