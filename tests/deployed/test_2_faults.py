"""Functions that are killed and stopped, on a network that is slow and breaks, until everything agrees again."""

import json
import os
import random
import signal
import ssl
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import ROOT
from support.network import FAIR, Link, Weather
from support.waiting import until

SEED = int(os.environ.get("LOOKALIKE_SEED", "1"))
STEPS = 30
KEYS = [f"catalog/probe/fault-{number}.jpg" for number in range(8)]
# The timeout of the functions meanwhile, and when SQS delivers again.
TIMEOUT, VISIBILITY = 25, 26
# Of a try of one image.
TRY = 10
SETTLED = 180.0
WEATHERS = {
    "slow": Weather(delay=(0.0, 0.3), bandwidth=200_000),
    "broken": Weather(cut=0.15, lost=0.15, halved=0.1),
    "throttled": Weather(throttled=0.4),
}


class Ways:
    """Leads the functions to S3 and DynamoDB through links of the test."""

    def __init__(self, shop):
        self.shop = shop
        emulator = shop.emulator
        trusted = ssl.create_default_context(cafile=emulator.ca)
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.load_cert_chain(emulator.certificate, emulator.key)
        names = ["Indexer", "Search"]
        self.links = {
            name: Link(emulator.url, f"{SEED} {name}", certificate=certificate, trusted=trusted) for name in names
        }

    @contextmanager
    def open(self):
        """Changes the functions' environment and times, and puts them back."""
        functions, queues = self.shop.client("lambda"), self.shop.client("sqs")
        before = {
            name: functions.get_function_configuration(FunctionName=self.shop.outputs[f"{name}Function"])
            for name in self.links
        }
        watched = [self.shop.resource(queue) for queue in ("ChangesQueue", "RetryQueue")]
        visibility = {
            url: queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
            for url in watched
        }
        for name, link in self.links.items():
            own = {"AWS_ENDPOINT_URL_S3": link.url, "AWS_ENDPOINT_URL_DYNAMODB": link.url}
            own["LOOKALIKE_INDEXER_SECONDS"] = str(TRY)
            self._configure(before[name], before[name]["Environment"]["Variables"] | own, TIMEOUT)
        for url in watched:
            queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY)})
        try:
            yield
        finally:
            for configuration in before.values():
                self._configure(configuration, configuration["Environment"]["Variables"], configuration["Timeout"])
            for url, attributes in visibility.items():
                queues.set_queue_attributes(QueueUrl=url, Attributes=attributes)
            for link in self.links.values():
                link.close()

    def _configure(self, configuration, variables, timeout):
        functions = self.shop.client("lambda")
        name = configuration["FunctionName"]
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}, Timeout=timeout
        )
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def processes(shop, function):
    """Returns the processes of a function."""
    name = shop.outputs[f"{function}Function"].rpartition(":")[2]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == shop.emulator.process.pid and (folder / "comm").read_text() == "bootstrap\n":
                variables = (folder / "environ").read_bytes().split(b"\0")
                found += [int(folder.name)] * (f"AWS_LAMBDA_FUNCTION_NAME={name}".encode() in variables)
        except (OSError, ValueError):
            # It has ended meanwhile.
            continue
    return found


def send(shop, function, number):
    """Sends a signal to every process of a function; returns how many there were."""
    sent = 0
    for process in processes(shop, function):
        try:
            os.kill(process, number)
            sent += 1
        except ProcessLookupError:
            pass
    return sent


@pytest.fixture
def ways(shop):
    """The functions behind links, which are opened."""
    ways = Ways(shop)
    with ways.open():
        yield ways


def test_functions_that_are_killed_and_stopped_and_their_network_leave_no_trace(shop, pictures, spare, ways, batches, figures):
    dice = random.Random(SEED)
    contents = [spare().bytes for _ in range(3)]
    # Through the links from here on.
    assert shop.found(pictures[0].bytes)[0] == pictures[0].key
    stored, counts = {}, {"killed": 0, "stopped": 0, "searches": 0, "refused": 0}
    weather = FAIR
    for step in range(STEPS):
        key = dice.choice(KEYS)
        if dice.random() < 0.75:
            stored[key] = dice.choice(contents)
            shop.s3.put_object(Bucket=shop.catalog, Key=key, Body=stored[key])
        else:
            stored.pop(key, None)
            shop.s3.delete_object(Bucket=shop.catalog, Key=key)
        if step % 5 == 0:
            weather = WEATHERS[dice.choice([*WEATHERS])] if weather is FAIR else FAIR
            for link in ways.links.values():
                link.weather = weather
        time.sleep(dice.uniform(0.0, 0.6))
        fate = dice.choice(["killed", "stopped", None])
        function = dice.choice(["Indexer", "Search"])
        if fate == "killed":
            counts["killed"] += send(shop, function, signal.SIGKILL)
        elif fate == "stopped":
            counts["stopped"] += send(shop, function, signal.SIGSTOP)
            time.sleep(dice.uniform(0.2, 1.5))
            send(shop, function, signal.SIGCONT)
        anchor = dice.choice(pictures[:10])
        reply = shop.request("POST", "/search?k=3", data=anchor.bytes)
        counts["searches"] += 1
        if reply.status_code == 200:
            assert reply.json()["results"][0]["image"]["key"] == anchor.key
        else:
            assert reply.status_code >= 500, reply.text
            counts["refused"] += 1
    for link in ways.links.values():
        link.weather = FAIR

    schedule = json.loads((ROOT / "infra" / "events" / "schedule.json").read_text(encoding="utf-8"))

    def agrees():
        if shop.lookalike("index", "verify").code == 0:
            return True
        # What was in the hands of a killed process comes again, or the daily run finds it.
        shop.invoke("Indexer", schedule)
        return False

    until(agrees, SETTLED, "index, bucket and table agree")
    assert shop.indexed() == len(pictures) + len(stored)
    assert shop.counts()["failed"] == 0
    for key, content in stored.items():
        scores = {result["image"]["key"]: result["score"] for result in shop.search(content)["results"]}
        assert scores[key] > 0.999 or len(scores) == 5, key
    hit = {name: dict(link.injected) for name, link in ways.links.items()}
    figures(f"faults on the stack with seed {SEED}: {counts}, requests hit {hit}")
    for key in stored:
        shop.s3.delete_object(Bucket=shop.catalog, Key=key)
    shop.wait_for(len(pictures))
