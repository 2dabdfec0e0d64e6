"""The built functions in containers, as the SAM CLI runs them, against `lookalike serve` on this machine.

The tests are one story and run in this order: an image is indexed, found through every kind of gateway, and removed.
"""

import base64
import json

import pytest
import requests
from sam import EVENTS
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from support.command import ROOT

AWKWARD = "catalog/summer sale/café + 100%.png"
OLD = "catalog/mugs/old mug.png"
BAD_MESSAGE = "2e1424d4-f796-459a-8184-9c92662be6da"


@pytest.fixture(scope="module")
def picture():
    """The image that the sample requests carry."""
    event = json.loads((EVENTS / "http-api-picture.json").read_text(encoding="utf-8"))
    return base64.b64decode(event["body"])


@pytest.fixture(scope="module")
def api(sam, tmp_path_factory):
    """The HTTP API as `sam local start-api` has it."""
    api = sam.start_api(tmp_path_factory.mktemp("api") / "log")
    try:
        yield api.wait()
    finally:
        api.stop()


def file_of(shop, key):
    """The file of an object. What is written there is an object, but the local cloud sends no event for it."""
    path = shop.data / "s3" / "catalog" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def results(reply):
    """The keys that a search found, best first."""
    assert reply["statusCode"] == 200, reply
    assert not reply["isBase64Encoded"]
    return [result["image"]["key"] for result in json.loads(reply["body"])["results"]]


# Indexer


def test_an_s3_event_indexes_a_picture(sam, shop, picture):
    file_of(shop, AWKWARD).write_bytes(picture)
    assert shop.index()["images"] == 0
    reply = sam.invoke("Indexer", "s3-put")
    assert reply.get("indexed") == 1, reply
    shop.until_images(1)


@pytest.mark.parametrize("event", ["sns", "eventbridge-created", "eventbridge-deleted"])
def test_other_ways_to_the_same_picture_change_nothing(sam, shop, event):
    reply = sam.invoke("Indexer", event)
    assert (reply["indexed"], reply["failed"], reply["retry"]) == (0, 0, 0), reply
    assert shop.index()["images"] == 1


def test_a_batch_returns_only_its_bad_message(sam):
    assert sam.invoke("Indexer", "sqs-batch") == {"batchItemFailures": [{"itemIdentifier": BAD_MESSAGE}]}
    assert sam.invoke("Indexer", "sqs-wrapped") == {"batchItemFailures": []}


def test_changed_products_are_looked_up(sam):
    assert sam.invoke("Indexer", "dynamodb-stream") == {"batchItemFailures": []}


def test_the_schedule_maintains_the_index(sam):
    assert sam.invoke("Indexer", "schedule") == {"maintained": True, "queued": 0, "updated": 0}
    assert sam.invoke("Indexer", "s3-test")["indexed"] == 0


# Search


@pytest.mark.parametrize(
    "event",
    ["http-api-picture", "http-api-json", "http-api-key", "rest-api-picture", "function-url-picture"],
)
def test_every_gateway_finds_the_picture(sam, shop, picture, event):
    reply = sam.invoke("Search", event)
    assert results(reply)[0] == AWKWARD
    link = json.loads(reply["body"])["results"][0]["image"]["url"]
    # Where containers and this machine have one network, links work in both.
    if "host.docker.internal" not in link:
        assert requests.get(link, timeout=30).content == picture


def test_a_stage_is_no_part_of_the_path(sam):
    assert json.loads(sam.invoke("Search", "http-api-stage")["body"]) == {"status": "ok"}


def test_a_product_that_is_not_there_is_a_problem(sam):
    reply = sam.invoke("Search", "http-api-similar")
    assert (reply["statusCode"], json.loads(reply["body"])["status"]) == (404, 404)


# The HTTP API


def test_only_the_local_template_makes_the_sam_cli_pass_on_pictures(bootstraps):
    def media_types(template):
        stacks, _ = SamLocalStackProvider.get_stacks(str(ROOT / template))
        api = ApiProvider(stacks, disable_authorizer=True).api
        assert {route.function_name for route in api.routes} == {"Search"}
        return api.binary_media_types

    assert media_types("infra/local.yaml") == ["*/*"]
    assert media_types("template.yaml") == []


def test_pages_and_json(api):
    page = requests.get(f"{api.url}/", timeout=60)
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.startswith("<!doctype html>")
    assert requests.get(f"{api.url}/index", timeout=60).json()["images"] == 1
    found = requests.post(f"{api.url}/search", json={"key": AWKWARD, "k": 3}, timeout=60)
    assert found.status_code == 200, found.text
    assert [result["image"]["key"] for result in found.json()["results"]] == [AWKWARD]


@pytest.mark.parametrize(
    "headers",
    # The first is what `curl --data-binary` says.
    [{"content-type": "application/x-www-form-urlencoded"}, {"content-type": "image/png"}, {}],
    ids=["curl", "image", "none"],
)
def test_a_raw_picture_is_answered_as_in_the_cloud(api, shop, picture, headers):
    answers = []
    for url in (api.url, shop.url):
        found = requests.post(f"{url}/search", params={"k": 3}, data=picture, headers=headers, timeout=60)
        assert found.status_code == 200, found.text
        answers.append([(r["image"]["key"], r["score"]) for r in found.json()["results"]])
    assert answers[0] == answers[1]
    assert answers[0][0][0] == AWKWARD


def test_a_form_with_a_picture(api, picture):
    found = requests.post(f"{api.url}/search", files={"image": ("a.png", picture, "image/png")}, timeout=60)
    assert found.json()["results"][0]["image"]["key"] == AWKWARD, found.text


def test_problems(api):
    missing = requests.get(f"{api.url}/products/nobody/similar", timeout=60)
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    assert missing.headers["content-type"].startswith("application/problem+json")
    no_picture = requests.post(f"{api.url}/search", data=b"\xff\xfe no image", timeout=60)
    assert (no_picture.status_code, no_picture.json()["status"]) == (415, 415), no_picture.text


# Indexer again


def test_a_removed_picture_is_removed(sam, shop, picture):
    shop.put(OLD, picture)
    shop.until_images(2)
    file_of(shop, OLD).unlink()
    reply = sam.invoke("Indexer", "s3-delete")
    assert reply["removed"] == 1, reply
    assert results(sam.invoke("Search", "http-api-picture")) == [AWKWARD]
