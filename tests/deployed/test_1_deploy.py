"""A first deployment: what an operator and shoppers do with it."""

import json
import shutil
import subprocess
import time

import pytest
import requests
from permissions import TEMPLATE
from stack import REFUSED_ALARM
from support.command import SMALL_ENCODER
from support.waiting import until


def test_the_outputs_say_what_the_readme_needs(shop):
    always = {name for name, output in TEMPLATE["Outputs"].items() if "Condition" not in output}
    assert shop.outputs.keys() == always
    for bucket in (shop.catalog, shop.index):
        assert bucket in shop.outputs["KeptData"]
    assert shop.table in shop.outputs["KeptData"]


def test_the_first_search_starts_a_function(shop, pictures, figures):
    shop.renew("Search")
    seconds = []
    for _ in range(2):
        asked = time.monotonic()
        found = shop.found(pictures[0].bytes)
        seconds.append(time.monotonic() - asked)
        assert found[0] == pictures[0].key
    figures(f"search of {len(pictures)} images: first answer {seconds[0]:.2f} s, second {seconds[1]:.3f} s")


def test_curl_searches_as_the_readme_says(shop, pictures):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    address = f"{shop.outputs['ApiUrl']}/search?k=5"
    command = [curl, "--silent", "--show-error", "--cacert", shop.emulator.ca]
    # The system may know no address of names below localhost.
    command += ["--resolve", f"{shop.host}:127.0.0.1", "--data-binary", f"@{pictures[1].path}", address]
    answered = subprocess.run(command, capture_output=True, check=True, timeout=60)
    results = json.loads(answered.stdout)["results"]
    assert results[0]["product_id"] == pictures[1].product_id
    assert results[0]["metadata"]


def test_links_of_answers_open(shop, pictures):
    best = shop.search(pictures[2].bytes)["results"][0]
    fetched = requests.get(best["image"]["url"], verify=str(shop.emulator.ca), timeout=30)
    assert fetched.content == pictures[2].bytes


def test_a_shopper_uploads_and_searches(shop, pictures):
    place = shop.request("POST", "/uploads", json={"size": len(pictures[3].bytes)}).json()
    put = {"data": pictures[3].bytes, "headers": place["headers"], "verify": str(shop.emulator.ca)}
    assert requests.put(place["url"], timeout=30, **put).status_code == 200
    reply = shop.request("POST", "/search", json={"key": place["key"]})
    assert reply.json()["results"][0]["image"]["key"] == pictures[3].key
    # It is for this one search: it becomes no part of the catalog.
    assert shop.indexed() == 40


def test_health_the_page_and_problems(shop):
    assert shop.request("GET", "/health", through_path=True).json() == {"status": "ok"}
    page = shop.request("GET", "/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    problem = shop.request("GET", "/products/none/similar")
    assert problem.status_code == 404
    assert problem.headers["content-type"] == "application/problem+json"


def test_pages_of_other_sites_may_search_and_upload(shop):
    origin = {"Origin": "https://shop.example"}
    assert shop.request("GET", "/index", headers=dict(origin)).headers["access-control-allow-origin"] == "*"
    # Before a browser puts an image, it asks the bucket.
    asking = origin | {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    url = f"{shop.emulator.url}/{shop.catalog}/uploads/x.jpeg"
    allowed = requests.options(url, headers=asking, verify=str(shop.emulator.ca), timeout=30)
    assert allowed.ok
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "PUT" in allowed.headers["access-control-allow-methods"]


def test_the_command_line_works_against_the_stack(shop, pictures, tmp_path):
    status = shop.counts()
    assert (status["images"], status["failed"]) == (len(pictures), 0)
    shop.lookalike("index", "verify").expect()
    shop.lookalike("audit", "--html", tmp_path / "audit.html").expect()
    found = shop.lookalike("search", pictures[4].path, "-k", "1", "--json").expect().json()
    assert found["results"][0]["product_id"] == pictures[4].product_id
    shop.lookalike("index", "gc").expect()


def test_the_encoder_is_changed_and_changed_back(shop, pictures):
    served = lambda: shop.request("GET", "/index").json()["encoder"]["fingerprint"]
    before = served()
    # The images travel through the queue, and the function embeds them.
    shop.lookalike("reindex", "--encoder", SMALL_ENCODER, timeout=300).expect()
    shop.lookalike("index", "verify").expect()
    until(lambda: served() != before, what="the other encoder")
    assert shop.found(pictures[0].bytes)[0] == pictures[0].key
    shop.lookalike("reindex", "--rollback").expect()
    shop.lookalike("reindex", "--finish").expect()
    until(lambda: served() == before, what="the first encoder again")
    shop.lookalike("index", "verify").expect()


def test_alarms_dashboard_and_logs_are_there(shop):
    watched = shop.client("cloudwatch")
    named = {alarm["AlarmName"] for alarm in watched.describe_alarms()["MetricAlarms"]}
    alarms = [
        name
        for name, found in TEMPLATE["Resources"].items()
        if found["Type"] == "AWS::CloudWatch::Alarm" and found["Condition"] == "IsMonitored" and name != REFUSED_ALARM
    ]
    assert len(alarms) == 8
    assert {shop.resource(name) for name in alarms} <= named
    board = json.loads(watched.get_dashboard(DashboardName="shop-eu-central-1")["DashboardBody"])
    text = json.dumps(board)
    assert shop.outputs["IndexerFunction"] in text and "${" not in text
    groups = shop.client("logs").describe_log_groups(logGroupNamePrefix="/lookalike/shop/")["logGroups"]
    assert {group["logGroupName"].rpartition("/")[2] for group in groups} == {"api", "indexer", "search"}
    assert {group["retentionInDays"] for group in groups} == {30}


@pytest.mark.parametrize(
    ("function", "metrics"),
    [("indexer", {"ImagesIndexed", "EmbedTime", "Generation"}), ("search", {"SearchTime", "QueryEmbedTime", "IndexLoadTime"})],
)
def test_metrics_are_written_into_the_logs(function, metrics, shop):
    pages = shop.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=f"/lookalike/shop/{function}", filterPattern="CloudWatchMetrics"
    )
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    written = {}
    for line in lines:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "lookalike"
            written |= {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    assert metrics <= written.keys()
    assert {line["function"] for line in lines} == {shop.outputs[f"{function.capitalize()}Function"]}
