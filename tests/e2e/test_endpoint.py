"""One port for all of AWS: clients that are given AWS_ENDPOINT_URL and nothing else."""

import json
import os
import socket
import sys

import pytest
import requests
from support.command import lookalike, run, tool
from support.system import CATALOG_BUCKET, FREE_PORTS

# Reads its only endpoint from the environment, as a shop's own script would.
SCRIPT = """
import json, sys, boto3

key, path, table, queue = sys.argv[1:]
s3, dynamodb, sqs = (boto3.client(service) for service in ("s3", "dynamodb", "sqs"))
with open(path, "rb") as image:
    s3.upload_fileobj(image, "catalog", key)
product = {"product_id": {"S": "one-port"}, "item": {"S": "product"}, "metadata": {"M": {"price": {"N": "7"}}}}
dynamodb.put_item(TableName=table, Item=product)
event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "catalog"}, "object": {"key": key}}}]}
sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
waiting = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
print(json.dumps({
    "url": s3.generate_presigned_url("get_object", Params={"Bucket": "catalog", "Key": key}),
    "endpoints": [client.meta.endpoint_url for client in (s3, dynamodb, sqs)],
    "price": dynamodb.get_item(TableName=table, Key={name: product[name] for name in ("product_id", "item")})
        ["Item"]["metadata"]["M"]["price"]["N"],
    "queue": waiting["QueueArn"],
    "account": boto3.client("sts").get_caller_identity()["Account"],
}))
"""


@pytest.fixture
def variables(shop):
    """What `serve` prints, with one endpoint."""
    environment = shop.environment
    assert environment["AWS_ENDPOINT_URL"] == shop.connection["aws_url"]
    return {name: value for name, value in environment.items() if not name.startswith("AWS_ENDPOINT_URL_")}


def test_boto3(shop, spare, variables):
    picture = spare()
    key = "catalog/boto/one-port.jpg"
    arguments = [key, picture.path, shop.table, variables["LOOKALIKE_QUEUE_URL"]]
    told = run([sys.executable, "-c", SCRIPT, *arguments], variables).expect().json()
    assert told["endpoints"] == [shop.connection["aws_url"]] * 3
    assert told["url"].startswith(f"{shop.connection['aws_url']}/{CATALOG_BUCKET}/{key}?")
    assert requests.get(told["url"], timeout=30).content == picture.bytes
    assert requests.get(told["url"].replace("boto", "both"), timeout=30).status_code == 403
    assert (told["price"], told["account"]) == ("7", "000000000000")
    assert told["queue"].endswith(":lookalike-changes")
    shop.until_found(picture.bytes, key)
    shop.until(lambda: shop.product("one-port").json()["metadata"]["price"] == 7)


def test_the_aws_cli(shop, spare, variables):
    aws = lambda *arguments: run([tool("aws"), *arguments], variables).expect().stdout
    picture = spare()
    uri = f"s3://{CATALOG_BUCKET}/catalog/cli/one-port-cli.jpg"
    aws("s3", "cp", "--no-progress", picture.path, uri)
    shop.until_found(picture.bytes, "catalog/cli/one-port-cli.jpg")
    assert requests.get(aws("s3", "presign", uri).strip(), timeout=30).content == picture.bytes
    assert f'"{shop.table}"' in aws("dynamodb", "list-tables", "--output", "json")
    # Version 1 of the CLI has addresses of its own for SQS, which only the option overrides.
    endpoint = ["--endpoint-url", variables["AWS_ENDPOINT_URL"]]
    queue = [*endpoint, "--queue-url", variables["LOOKALIKE_QUEUE_URL"]]
    attributes = json.loads(aws("sqs", "get-queue-attributes", *queue, "--attribute-names", "All", "--output", "json"))
    assert attributes["Attributes"]["QueueArn"].endswith(":lookalike-changes")
    assert "000000000000" in aws("sts", "get-caller-identity")
    aws("s3", "rm", uri)
    shop.until_gone(picture.bytes, "catalog/cli/one-port-cli.jpg")


def test_a_service_that_is_not_here_is_named(variables):
    refused = run([tool("aws"), "cloudformation", "list-stacks"], variables)
    assert refused.code != 0
    assert "there is no cloudformation here" in refused.stderr


def test_other_commands_need_one_endpoint(shop, variables):
    status = lookalike("status", "--json", extra_environment=variables).expect().json()
    assert status["images"] == shop.index()["images"]


def test_the_sam_cli_is_told_the_variables(shop, variables):
    path = shop.data / "sam-local.json"
    told = json.loads(path.read_text(encoding="utf-8"))["Parameters"]
    port = variables["AWS_ENDPOINT_URL"].rpartition(":")[2]
    # A container has a loopback address of its own.
    assert told.pop("AWS_ENDPOINT_URL") == f"http://host.docker.internal:{port}"
    assert told.pop("LOOKALIKE_RETRY_QUEUE_URL") == ""
    assert told.pop("LOOKALIKE_INDEX_PREFIX") == "index"
    assert told == {name: variables[name] for name in told}
    assert {"LOOKALIKE_CATALOG_BUCKET", "LOOKALIKE_INDEX_BUCKET", "LOOKALIKE_TABLE"} <= set(told)


def is_reachable(address, port):
    """True if something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def test_bind(make_system, catalog):
    system = make_system().start("--bind", "127.0.0.2")
    urls = [system.url, *(system.connection[f"{name}_url"] for name in ("s3", "dynamodb", "sqs", "aws"))]
    assert all(url.startswith("http://127.0.0.2:") for url in urls)
    # Another system may have one of these ports at the usual address, and hardly all of them.
    assert not all(is_reachable("127.0.0.1", int(url.rpartition(":")[2])) for url in urls)
    assert "warning" not in system.whole_log()
    picture = catalog.sample(1)[0]
    system.put("catalog/a/x.jpg", picture.bytes)
    found, _ = system.until_found(picture.bytes, "catalog/a/x.jpg")
    assert requests.get(found["image"]["url"], timeout=30).content == picture.bytes
    system.lookalike("status").expect()
    system.stop()
    assert not (system.data / "sam-local.json").exists()


def test_bind_to_the_network_warns_and_says_a_usable_address(make_system):
    system = make_system().start("--bind", "0.0.0.0")
    assert "pages and API ask for no credentials" in system.whole_log()
    assert system.url.startswith("http://127.0.0.1:")
    system.lookalike("status").expect()
    told = json.loads((system.data / "sam-local.json").read_text(encoding="utf-8"))
    assert told["Parameters"]["AWS_ENDPOINT_URL"].startswith("http://host.docker.internal:")


def test_an_address_that_is_not_of_this_machine(tmp_path):
    refused = lookalike("serve", "--data", tmp_path, *FREE_PORTS, "--bind", "198.51.100.1", timeout=30).expect(1)
    assert "does not have the address that --bind names" in refused.stderr
    assert not os.listdir(tmp_path)
