"""What needs the permissions of the functions' roles. Each use returns whether it worked.

Some run a function. Others make a call with the role's credentials that the emulator does not: those that AWS makes
with the role, for Lambda's pollers and logs, and those that a function makes in an hour or after a fault.
"""

import itertools
import time
from contextlib import contextmanager

import requests
from roles import is_denied

KEY = "catalog/probe/probe.jpg"
PRODUCT = "probe"


class Arns:
    """What the resources of a stack are called in policies."""

    def __init__(self, stack):
        self.stack = stack

    def catalog(self, key=""):
        """The catalog bucket, or an object in it."""
        return f"arn:aws:s3:::{self.stack.catalog}{key}"

    def index(self, key=""):
        """The index bucket, or an object in it."""
        return f"arn:aws:s3:::{self.stack.index}{key}"

    def encoder(self):
        """A file of the encoder that the stack was given."""
        folder = self.stack.outputs["Encoder"].removeprefix("s3://")
        return f"arn:aws:s3:::{folder}/model.onnx"

    def table(self, end=""):
        """The table of products, and what its ARN is continued with."""
        described = self.stack.client("dynamodb").describe_table(TableName=self.stack.table)
        return f"{described['Table']['TableArn']}{end}"

    def queue(self, logical):
        """A queue."""
        url = self.stack.resource(logical)
        attributes = self.stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return attributes["Attributes"]["QueueArn"]


class Uses:
    """The uses of one stack, whose queues are not polled meanwhile."""

    def __init__(self, stack, picture, role_arn, credentials):
        self.stack = stack
        self.picture = picture
        self.role_arn = role_arn
        self.credentials = credentials
        self.arns = Arns(stack)
        self.versions = itertools.count()

    # The functions

    def indexes(self):
        """The indexer takes a new image."""
        self.put()
        answer = self.stack.invoke("Indexer", self.stack.event("s3-put", KEY))
        return bool(answer) and answer["indexed"] + answer["updated"] == 1

    def removes(self):
        """The indexer takes note of a removal, and forgets what it recorded of the image."""
        if not self.indexes():
            return False
        self.stack.s3.delete_object(Bucket=self.stack.catalog, Key=KEY)
        answer = self.stack.invoke("Indexer", self.stack.event("s3-delete", KEY))
        return bool(answer) and answer["removed"] == 1

    def links(self):
        """The links in answers open."""
        found = self.stack.search(self.picture)["results"][0]
        return self.fetch("GET", found["image"]["url"]).ok

    def searches_anew(self):
        """A new search function reads the index."""
        self.stack.renew("Search")
        return self.stack.request("POST", "/search", data=self.picture).ok

    def joins_metadata(self):
        """Results come with the metadata of their products."""
        reply = self.stack.request("POST", "/search?k=1", data=self.picture)
        return reply.ok and bool(reply.json()["results"][0]["metadata"])

    def counts_failures(self):
        """The state of the index comes with its failures, which are remembered for a second."""
        time.sleep(1.1)
        return self.stack.request("GET", "/index").ok

    def takes_uploads(self):
        """A shopper's image can be put where the link says."""
        _, reply = self.upload()
        return reply.ok

    def searches_uploads(self):
        """A shopper's image can be searched by its key."""
        key, reply = self.upload()
        assert reply.ok
        return self.stack.request("POST", "/search", json={"key": key}).ok

    def audits(self):
        """The whole catalog is looked through."""
        reply = self.stack.request("GET", "/audit", signed=True)
        return reply.ok

    def starts(self, function):
        """With an empty index, a new function reads the encoder that the stack was given."""
        with self.emptied():
            self.stack.renew(function)
            return self.indexes() if function == "Indexer" else self.stack.request("GET", "/index", signed=True).ok

    # What AWS does with a role, or the functions do in an hour

    def lists(self, bucket):
        """Without the right to list, S3 calls a missing object denied. The emulator always calls it missing."""
        return self.may("s3", "list_objects_v2", Bucket=self.stack.outputs[bucket])

    def deletes_segments(self):
        """Garbage collection deletes segments that are an hour old."""
        return self.may("s3", "delete_object", Bucket=self.stack.index, Key="index/segments/none.seg")

    def aborts(self):
        """A large segment is sent in parts; when a part fails, the others are thrown away."""
        place = {"Bucket": self.stack.index, "Key": "index/segments/none.seg"}
        upload = self.stack.s3.create_multipart_upload(**place)["UploadId"]
        return self.may("s3", "abort_multipart_upload", UploadId=upload, **place)

    def receives(self, queue):
        """Lambda receives for the function."""
        return self.may("sqs", "receive_message", QueueUrl=self.queue_url(queue), WaitTimeSeconds=0)

    def deletes(self, queue):
        """Lambda deletes what the function has done."""
        self.send(queue)
        handle = self.receive(queue)[0]["ReceiptHandle"]
        return self.may("sqs", "delete_message", QueueUrl=self.queue_url(queue), ReceiptHandle=handle)

    def sees(self, queue):
        """Lambda scales by how much waits."""
        return self.may("sqs", "get_queue_attributes", QueueUrl=self.queue_url(queue), AttributeNames=["All"])

    def sends(self, queue):
        """Lambda sends failed work to the queues of dead letters, the indexer changes and requests to its own queues."""
        return self.may("sqs", "send_message", QueueUrl=self.queue_url(queue), MessageBody="{}")

    def stream(self, action):
        """Lambda reads the table's stream."""
        streams = self.stack.client("dynamodbstreams")
        arn = streams.list_streams(TableName=self.stack.table)["Streams"][0]["StreamArn"]
        return self.is_granted(action, arn)

    def logs(self, function, action):
        """Lambda writes what the function prints into its log."""
        groups = self.stack.client("logs").describe_log_groups(
            logGroupNamePrefix=f"/lookalike/{self.stack.name}/{function}"
        )
        (group,) = groups["logGroups"]
        # With :* at the end, which is the form for policies.
        arn = group["arn"].removesuffix(":*")
        stream = ":log-stream:probe" if action == "logs:PutLogEvents" else ":*"
        return self.is_granted(action, f"{arn}{stream}")

    def vector_base(self, action, index=""):
        """The function reads or writes a vector base, of which the stack has none."""
        return self.is_granted(action, self.arns.table(f"-base-probe{index}"))

    def key(self, call):
        """S3, DynamoDB and SQS use the key in the role's name. The emulator's do not ask it."""
        key = self.stack.key_arn
        if call == "generate_data_key":
            return self.may("kms", call, KeyId=key, KeySpec="AES_256")
        sealed = self.stack.client("kms").encrypt(KeyId=key, Plaintext=b"probe")["CiphertextBlob"]
        return self.may("kms", call, CiphertextBlob=sealed)

    # Help

    def may(self, service, call, **arguments):
        """Whether a call is allowed."""
        client = self.stack.client(service, credentials=self.credentials)
        return not is_denied(lambda: getattr(client, call)(**arguments))

    def is_granted(self, action, resource):
        """Whether the role's policies allow an action on a resource.

        Asked for the ARN by which AWS decides; for calls of logs and streams the emulator itself uses another.
        """
        simulated = self.stack.client("iam").simulate_principal_policy(
            PolicySourceArn=self.role_arn, ActionNames=[action], ResourceArns=[resource]
        )
        return simulated["EvaluationResults"][0]["EvalDecision"] == "allowed"

    @contextmanager
    def emptied(self):
        """Takes the index away, with the encoder that is stored beside it, for as long as the block runs."""
        before = self.index_objects()
        for key in before:
            self.stack.s3.delete_object(Bucket=self.stack.index, Key=key)
        try:
            yield
        finally:
            for key in self.index_objects().keys() - before.keys():
                self.stack.s3.delete_object(Bucket=self.stack.index, Key=key)
            for key, body in before.items():
                self.stack.s3.put_object(Bucket=self.stack.index, Key=key, Body=body)

    def index_objects(self):
        """What is stored of the index."""
        place = {"Bucket": self.stack.index}
        keys = [entry["Key"] for entry in self.stack.s3.list_objects_v2(**place).get("Contents", [])]
        return {key: self.stack.s3.get_object(**place, Key=key)["Body"].read() for key in keys}

    def put(self):
        """Replaces the image, with other bytes each time: what follows a JPEG's end is not looked at."""
        body = self.picture + str(next(self.versions)).encode()
        self.stack.s3.put_object(Bucket=self.stack.catalog, Key=KEY, Body=body)

    def upload(self):
        """Asks for a link and puts an image there: the key, and the reply of S3."""
        place = self.stack.request("POST", "/uploads", json={"size": len(self.picture)}).json()
        reply = self.fetch("PUT", place["url"], headers=place["headers"], data=self.picture)
        return place["key"], reply

    def fetch(self, method, url, **request):
        """The reply to a request without credentials of its own."""
        return requests.request(method, url, verify=str(self.stack.emulator.ca), timeout=30, **request)

    def queue_url(self, queue):
        """Where a queue of the template is."""
        return self.stack.resource(queue)

    def send(self, queue):
        """Puts a message into a queue."""
        self.stack.client("sqs").send_message(QueueUrl=self.queue_url(queue), MessageBody="{}")

    def receive(self, queue):
        """What a queue hands out now."""
        received = self.stack.client("sqs").receive_message(QueueUrl=self.queue_url(queue), WaitTimeSeconds=0)
        return received.get("Messages", [])
