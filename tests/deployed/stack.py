"""A stack: deployed, changed and deleted by the SAM CLI, used by `lookalike`, boto3 and HTTP clients."""

import json
import os
import platform
import re
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from emulator import REGION, ROOT_KEY
from support.command import ROOT, lookalike, run, tool
from support.waiting import until

# What an earlier `sam build` made, if that is not to be made again.
BUILD = os.environ.get("LOOKALIKE_BUILD")
TEMPLATE = Path(BUILD or ROOT / ".aws-sam" / "build") / "template.yaml"
# The emulator refuses alarms on expressions of metrics, so its stacks go without this one.
REFUSED_ALARM = "ApiFaultsAlarm"
# The emulator runs the functions on this machine.
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
QUEUES = ["ChangesQueue", "RetryQueue", "DeadLetters", "ProductDeadLetters", "InvocationDeadLetters"]
DEPLOY = 240.0
CAUGHT_UP = 60.0


class Stack:
    """One stack of an emulator, by name; deployed or not."""

    def __init__(self, emulator, name):
        self.emulator = emulator
        self.name = name
        self.outputs = {}
        self.environment = emulator.environment | {
            # cargo-lambda and zig stand beside this Python.
            "PATH": f"{tool('sam').parent}{os.pathsep}{os.environ['PATH']}",
        }

    # Its life

    def deploy(self, template=None, code=0, **parameters):
        """Deploys as `make deploy` does, but without asking back, and reads the outputs."""
        values = {"Architecture": ARCHITECTURE, "Name": self.name} | parameters
        command = [tool("sam"), "deploy", "--stack-name", self.name, "--no-confirm-changeset", "--no-progressbar"]
        command += ["--template-file", template or for_emulator(), "--config-file", ROOT / "samconfig.toml"]
        command += ["--parameter-overrides", *(f'{name}="{value}"' for name, value in values.items())]
        outcome = run(command, self.environment, timeout=DEPLOY, cwd=ROOT).expect(code)
        if code == 0:
            self.read_outputs()
        return outcome

    def delete(self):
        """Deletes it as an operator does."""
        command = [tool("sam"), "delete", "--stack-name", self.name, "--no-prompts", "--region", REGION]
        return run(command, self.environment, timeout=DEPLOY, cwd=ROOT).expect()

    def read_outputs(self):
        """Reads the outputs, and lets the emulator poll the queues."""
        described = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        # CloudFormation hands numbers over as numbers. The emulator keeps the parameter's text here, which
        # its own poller cannot compare with a number: then it polls no queue at all.
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            if scaling := mapping.get("ScalingConfig"):
                scaling = {"MaximumConcurrency": int(scaling["MaximumConcurrency"])}
                functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)

    @property
    def status(self):
        """What CloudFormation says of it; None if there is no such stack."""
        stacks = self.client("cloudformation")
        try:
            return stacks.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
        except stacks.exceptions.ClientError as error:
            assert "does not exist" in str(error)
            return None

    def resource(self, logical):
        """The name that a resource of the template got."""
        detail = self.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical
        )
        return detail["StackResourceDetail"]["PhysicalResourceId"]

    # Its clients

    def client(self, service, **options):
        """A boto3 client of the account's root, or with `credentials`."""
        return self.emulator.client(service, **options)

    @property
    def s3(self):
        """A boto3 client of S3."""
        return self.client("s3")

    @property
    def catalog(self):
        """Name of the catalog bucket."""
        return self.outputs["CatalogBucket"]

    @property
    def index(self):
        """Name of the index bucket."""
        return self.outputs["IndexBucket"]

    @property
    def table(self):
        """Name of the table."""
        return self.outputs["Table"]

    def lookalike(self, *arguments, **options):
        """Runs a command against the stack."""
        return lookalike(*arguments, "--stack", self.name, extra_environment=self.environment, **options)

    def aws(self, *arguments):
        """Runs the AWS CLI."""
        return run([tool("aws"), *arguments], self.environment, cwd=ROOT).expect()

    # Its API

    @property
    def host(self):
        """The API's host, with port."""
        return urlsplit(self.outputs["ApiUrl"]).netloc

    def request(self, method, path, signed=False, through_path=False, **request):
        """The reply of the API, whatever its status.

        Python finds no address for names below localhost: the host goes into the header. What the emulator
        would answer for itself, such as /health, is asked by path.
        """
        api = self.host.partition(".")[0]
        base = f"{self.emulator.url}/_aws/execute-api/{api}/$default" if through_path else self.emulator.url
        headers = request.pop("headers", {}) | ({} if through_path else {"Host": self.host})
        prepared = requests.Request(method, f"{base}{path}", headers=headers, **request).prepare()
        if signed:
            prepared.headers.update(signature(prepared))
        with requests.Session() as session:
            return session.send(prepared, verify=str(self.emulator.ca), timeout=60)

    def search(self, body, path="/search?k=5", **options):
        """The answer to a search by the bytes of an image."""
        reply = self.request("POST", path, data=body, **options)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def found(self, body, **options):
        """Keys of what a search finds, the best first."""
        return [result["image"]["key"] for result in self.search(body, **options)["results"]]

    def counts(self):
        """Generation, images and so on, as `lookalike status` prints them."""
        return self.lookalike("status", "--json").expect().json()

    def wait_for(self, images):
        """Waits until the index has so many images."""
        until(lambda: self.indexed() == images, CAUGHT_UP, f"{images} images in the index")

    def indexed(self):
        """How many images the index has."""
        return self.counts()["images"]

    @contextmanager
    def unpolled(self):
        """Keeps Lambda from polling queues and stream; what was queued meanwhile is thrown away."""
        functions, queues = self.client("lambda"), self.client("sqs")
        mapped = functions.list_event_source_mappings(FunctionName=self.outputs["IndexerFunction"])
        mappings = [mapping["UUID"] for mapping in mapped["EventSourceMappings"]]
        for mapping in mappings:
            functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        # A batch that was taken before is done by then.
        time.sleep(1)
        yield
        for queue in QUEUES:
            queues.purge_queue(QueueUrl=self.resource(queue))
        for mapping in mappings:
            functions.update_event_source_mapping(UUID=mapping, Enabled=True)

    def renew(self, function):
        """Makes the next call of a function start a new process, as a change of its configuration does."""
        functions = self.client("lambda")
        name = self.outputs[f"{function}Function"]
        timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=timeout)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def invoke(self, function, event):
        """What a function answers to an event; None if it fails."""
        reply = self.client("lambda").invoke(
            FunctionName=self.outputs[f"{function}Function"], Payload=json.dumps(event)
        )
        answer = json.loads(reply["Payload"].read())
        return None if reply.get("FunctionError") else answer

    def event(self, name, key):
        """A sample event of S3, about a key of this catalog."""
        text = (ROOT / "infra" / "events" / f"{name}.json").read_text(encoding="utf-8")
        event = json.loads(text)
        for record in event["Records"]:
            record["s3"]["bucket"] = {"name": self.catalog, "arn": f"arn:aws:s3:::{self.catalog}"}
            record["s3"]["object"] = {"key": key, "sequencer": "0065E2EXAMPLE01"}
        return event


def for_emulator(change=lambda text: text):
    """A copy of the built template, beside it, as far as the emulator takes it; `change` may change its text."""
    text, count = re.subn(rf"(?m)^  {REFUSED_ALARM}:\n(?:    .*\n)+", "", TEMPLATE.read_text(encoding="utf-8"))
    assert count == 1
    copy = TEMPLATE.with_name("emulated.yaml")
    copy.write_text(change(text), encoding="utf-8")
    return copy


def signature(prepared):
    """The headers that sign a request for an API with AWS_IAM, by the account's root."""
    headers = {name: value for name, value in prepared.headers.items() if name.lower() in ("host", "content-type")}
    request = AWSRequest(prepared.method, prepared.url, data=prepared.body, headers=headers)
    SigV4Auth(Credentials(ROOT_KEY, ROOT_KEY), "execute-api", REGION).add_auth(request)
    return dict(request.headers.items())
