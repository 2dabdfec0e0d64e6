"""The AWS CLI and boto3 against the local cloud.

Run as `python tests/aws_clients.py PATH_OF_THE_EXAMPLE local_cloud`, in an environment that has boto3
and awscli: `cargo build -p lookalike-local-cloud --example local_cloud` makes the example.
"""

import hashlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, MissingDependencyException

EXAMPLE = sys.argv.pop(1) if len(sys.argv) > 1 else ""
MIB = 1 << 20
BUCKET = "catalog"
KEYS = ["plain.jpg", "a b+c.jpg", "per%cent %41.jpg", "ünï/日本語 😀.jpg", "a&b<c>'\"d.jpg", "q?x=1#f.jpg"]


class Server:
    """The example, its endpoints and the events that it prints."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [EXAMPLE, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.endpoints = json.loads(self.process.stdout.readline())
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def event(self):
        event = self.events.get(timeout=10)
        return event["eventName"], event["s3"]["object"]["key"]

    def environment(self):
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": self.endpoints["access_key"],
            "AWS_SECRET_ACCESS_KEY": self.endpoints["secret_key"],
            "AWS_DEFAULT_REGION": self.endpoints["region"],
            "AWS_ENDPOINT_URL_S3": self.endpoints["s3"],
            "AWS_ENDPOINT_URL_DYNAMODB": self.endpoints["dynamodb"],
            "AWS_ENDPOINT_URL_SQS": self.endpoints["sqs"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service, **config):
        return boto3.client(
            service,
            endpoint_url=self.endpoints[service],
            aws_access_key_id=self.endpoints["access_key"],
            aws_secret_access_key=self.endpoints["secret_key"],
            region_name=self.endpoints["region"],
            config=Config(**config),
        )

    def aws(self, *arguments, **options):
        command = [sys.executable, "-m", "awscli", *arguments]
        return subprocess.run(
            command, env=self.environment(), text=True, capture_output=True, timeout=120, **options
        )

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(timeout=20)


class AwsClients(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.data = self.folder.name + "/data"
        self.start()

    def start(self):
        self.server = Server(self.data)
        self.addCleanup(self.end, self.server)
        self.s3 = self.server.client("s3")

    @staticmethod
    def end(server):
        if server.process.poll() is None:
            server.stop()
        server.process.stdout.close()
        server.process.stdin.close()

    def restart(self):
        self.server.stop()
        self.start()

    def body(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def code(self, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        response = caught.exception.response
        return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]

    def test_awkward_keys(self):
        for key in KEYS:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
            self.assertEqual(self.body(key), key.encode())
        listed = [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        self.assertEqual(listed, sorted(KEYS, key=str.encode))
        for key in KEYS:
            source = {"Bucket": BUCKET, "Key": key}
            self.s3.copy_object(Bucket=BUCKET, Key="copy/" + key, CopySource=source)
            self.assertEqual(self.body("copy/" + key), key.encode())
        self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in KEYS]})
        listed = [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        self.assertEqual(listed, sorted(("copy/" + key for key in KEYS), key=str.encode))

    def test_descriptions_and_conditions(self):
        put = self.s3.put_object(
            Bucket=BUCKET, Key="a", Body=b"hello", ContentType="image/png", Metadata={"product-id": "7"}
        )
        self.assertEqual(put["ETag"], '"5d41402abc4b2a76b9719d911017c592"')
        self.restart()
        head = self.s3.head_object(Bucket=BUCKET, Key="a")
        self.assertEqual((head["ContentType"], head["Metadata"]), ("image/png", {"product-id": "7"}))
        get, etag = self.s3.get_object, put["ETag"]
        self.assertEqual(self.code(get, Bucket=BUCKET, Key="a", IfNoneMatch=etag)[0], 304)
        self.assertEqual(self.code(get, Bucket=BUCKET, Key="a", IfMatch='"x"')[0], 412)
        self.assertEqual(self.code(get, Bucket=BUCKET, Key="none"), (404, "NoSuchKey"))
        again = self.code(self.s3.put_object, Bucket=BUCKET, Key="a", IfNoneMatch="*")
        self.assertEqual(again, (412, "PreconditionFailed"))
        self.s3.put_object(Bucket=BUCKET, Key="a", Body=b"next", IfMatch=etag)
        self.assertEqual(self.body("a"), b"next")

    def test_multipart(self):
        content = os.urandom(12 * MIB)
        path = Path(self.folder.name, "big")
        path.write_bytes(content)
        config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB)
        extra = {"ContentType": "image/webp", "Metadata": {"product-id": "9"}}
        self.s3.upload_file(str(path), BUCKET, "big +", ExtraArgs=extra, Config=config)
        head = self.s3.head_object(Bucket=BUCKET, Key="big +")
        parts = [hashlib.md5(content[: 8 * MIB]).digest(), hashlib.md5(content[8 * MIB :]).digest()]
        self.assertEqual(head["ETag"], f'"{hashlib.md5(b"".join(parts)).hexdigest()}-2"')
        self.assertEqual((head["ContentType"], head["Metadata"]), ("image/webp", {"product-id": "9"}))
        self.s3.download_file(BUCKET, "big +", str(path) + ".back", Config=config)
        self.assertEqual(Path(str(path) + ".back").read_bytes(), content)
        self.s3.copy({"Bucket": BUCKET, "Key": "big +"}, BUCKET, "copy", Config=config)
        self.assertEqual(self.body("copy"), content)
        names = [self.server.event()[0] for _ in range(2)]
        self.assertEqual(names, ["ObjectCreated:CompleteMultipartUpload"] * 2)

    def test_checksums(self):
        for name in ["CRC32", "CRC64NVME", "SHA1", "SHA256"]:
            try:
                put = self.s3.put_object(Bucket=BUCKET, Key="sum", Body=b"hello", ChecksumAlgorithm=name)
            except MissingDependencyException:  # CRC64NVME needs the package awscrt.
                continue
            got = self.s3.get_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
            self.assertEqual(got["Body"].read(), b"hello")
            self.assertEqual(got["Checksum" + name], put["Checksum" + name])

    def test_presigned(self):
        key = "uploads/a b+%ü.jpg"
        for version in ["s3v4", "s3"]:
            s3 = self.server.client("s3", signature_version=version)
            names = {"Bucket": BUCKET, "Key": key}
            url = s3.generate_presigned_url("put_object", Params={**names, "ContentType": "image/jpeg"})
            request = urllib.request.Request(
                url, data=version.encode(), method="PUT", headers={"Content-Type": "image/jpeg"}
            )
            urllib.request.urlopen(request).close()
            url = s3.generate_presigned_url("get_object", Params=names)
            with urllib.request.urlopen(url) as reply:
                self.assertEqual(reply.read(), version.encode())
                self.assertEqual(reply.headers["Content-Type"], "image/jpeg")
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url.replace("a%20b", "a%20c"))
            self.assertEqual(caught.exception.code, 403)
            caught.exception.close()

    def test_form_post(self):
        post = self.s3.generate_presigned_post(BUCKET, "uploads/${filename}")
        fields = {**post["fields"], "key": "uploads/form.jpg"}
        boundary = "boundary"
        lines = []
        for name, value in fields.items():
            lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
        lines += [f"--{boundary}", 'Content-Disposition: form-data; name="file"; filename="f.jpg"']
        lines += ["Content-Type: image/jpeg", "", "hello", f"--{boundary}--", ""]
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(post["url"], "\r\n".join(lines).encode(), headers)
        urllib.request.urlopen(request).close()
        self.assertEqual(self.body("uploads/form.jpg"), b"hello")
        self.assertEqual(self.server.event(), ("ObjectCreated:Post", "uploads/form.jpg"))

    def test_listing_pages(self):
        for number in range(25):
            self.s3.put_object(Bucket=BUCKET, Key=f"p/{number:02}/é +{number}", Body=b"x")
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix="p/", Delimiter="/", PaginationConfig={"PageSize": 4}
        )
        prefixes = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        self.assertEqual(prefixes, [f"p/{number:02}/" for number in range(25)])
        pages = self.s3.get_paginator("list_objects").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 7})
        self.assertEqual(sum(len(page["Contents"]) for page in pages), 25)

    def test_command_line(self):
        aws, tree = self.server.aws, Path(self.folder.name, "tree")
        (tree / "shoes").mkdir(parents=True)
        (tree / "shoes" / "a b+.jpg").write_bytes(b"one")
        (tree / "ü.jpg").write_bytes(b"two")
        big = os.urandom(9 * MIB)
        (tree / "big.png").write_bytes(big)

        def run(*arguments):
            done = aws(*arguments)
            self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
            return done.stdout

        self.assertIn(BUCKET, run("s3", "ls"))
        run("s3", "cp", str(tree), f"s3://{BUCKET}/catalog/", "--recursive")
        self.assertEqual(self.body("catalog/shoes/a b+.jpg"), b"one")
        self.assertEqual(self.body("catalog/big.png"), big)
        self.assertIn("PRE shoes/", run("s3", "ls", f"s3://{BUCKET}/catalog/"))
        self.assertEqual(run("s3", "sync", str(tree), f"s3://{BUCKET}/catalog/").strip(), "")
        back = Path(self.folder.name, "back")
        run("s3", "sync", f"s3://{BUCKET}/catalog/", str(back))
        self.assertEqual((back / "shoes" / "a b+.jpg").read_bytes(), b"one")
        self.assertEqual((back / "big.png").read_bytes(), big)
        run("s3", "mv", f"s3://{BUCKET}/catalog/big.png", f"s3://{BUCKET}/moved.png")
        self.assertEqual(self.body("moved.png"), big)
        url = run("s3", "presign", f"s3://{BUCKET}/moved.png").strip()
        with urllib.request.urlopen(url) as reply:
            self.assertEqual(reply.read(), big)
        head = json.loads(run("s3api", "head-object", "--bucket", BUCKET, "--key", "catalog/ü.jpg"))
        self.assertEqual(head["ContentLength"], 3)
        run("s3", "rm", f"s3://{BUCKET}/", "--recursive")
        self.assertNotIn("Contents", self.s3.list_objects_v2(Bucket=BUCKET))
        run("s3", "mb", "s3://another")
        run("s3", "rb", "s3://another")
        self.assertIn("products", run("dynamodb", "list-tables"))
        item = json.dumps({"product_id": {"S": "1"}, "price": {"N": "9.5"}})
        run("dynamodb", "put-item", "--table-name", "products", "--item", item)
        names = {self.server.event() for _ in range(self.server.events.qsize())}
        self.assertIn(("ObjectRemoved:Delete", "catalog/shoes/a+b%2B.jpg"), names)

    def message(self, key):
        """Returns a message that the example prints as an event."""
        record = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}
        return json.dumps({"Records": [record]})

    def counts(self, read):
        names = ["", "NotVisible", "Delayed"]
        return [int(read["Attributes"]["ApproximateNumberOfMessages" + name]) for name in names]

    def test_queue(self):
        sqs, url = self.server.client("sqs"), self.server.endpoints["queue"]
        self.assertEqual(sqs.get_queue_url(QueueName="lookalike-changes")["QueueUrl"], url)
        self.assertEqual(sqs.list_queues()["QueueUrls"], [url])
        body = self.message("ü.jpg")
        sent = sqs.send_message(QueueUrl=url, MessageBody=body)
        self.assertEqual(sent["MD5OfMessageBody"], hashlib.md5(body.encode()).hexdigest())
        self.assertEqual(self.server.event(), ("ObjectCreated:Put", "ü.jpg"))
        entries = [{"Id": str(n), "MessageBody": self.message(f"{n}.jpg")} for n in range(9)]
        entries.append({"Id": "bad", "MessageBody": "a\x07"})
        sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        self.assertEqual([entry["Id"] for entry in sent["Successful"]], [str(n) for n in range(9)])
        self.assertEqual([(entry["Id"], entry["SenderFault"]) for entry in sent["Failed"]], [("bad", True)])
        self.assertEqual({self.server.event()[1] for _ in range(9)}, {f"{n}.jpg" for n in range(9)})
        sqs.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=900)
        read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        self.assertEqual(self.counts(read), [0, 0, 1])
        sqs.purge_queue(QueueUrl=url)
        read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        self.assertEqual(self.counts(read), [0, 0, 0])

    def test_queue_errors(self):
        sqs, url = self.server.client("sqs"), self.server.endpoints["queue"]
        with self.assertRaises(sqs.exceptions.QueueDoesNotExist):
            sqs.send_message(QueueUrl=url + "x", MessageBody="a")
        prefix = "AWS.SimpleQueueService."
        batch = sqs.send_message_batch
        entry = {"Id": "a", "MessageBody": "a"}
        for entries, code in [
            ([], "EmptyBatchRequest"),
            ([entry] * 11, "TooManyEntriesInBatchRequest"),
            ([entry] * 2, "BatchEntryIdsNotDistinct"),
            ([{"Id": "a", "MessageBody": "x" * 262145}], "BatchRequestTooLong"),
        ]:
            self.assertEqual(self.code(batch, QueueUrl=url, Entries=entries), (400, prefix + code))
        bell = self.code(sqs.send_message, QueueUrl=url, MessageBody="\x07")
        self.assertEqual(bell, (400, "InvalidMessageContents"))
        for call, arguments in [
            (sqs.receive_message, {"QueueUrl": url}),
            (sqs.create_queue, {"QueueName": "other"}),
        ]:
            self.assertEqual(self.code(call, **arguments), (400, prefix + "UnsupportedOperation"))

    def test_queue_by_command_line(self):
        url = self.server.endpoints["queue"]
        # Version 1 of the AWS CLI ignores the variable for SQS.
        server = ["--endpoint-url", self.server.endpoints["sqs"]]

        def run(*arguments):
            done = self.server.aws(*server, "sqs", *arguments)
            self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
            return json.loads(done.stdout or "null")

        self.assertEqual(run("list-queues")["QueueUrls"], [url])
        sent = run("send-message", "--queue-url", url, "--message-body", self.message("cli.jpg"))
        self.assertEqual(len(sent["MessageId"]), 36)
        self.assertEqual(self.server.event()[1], "cli.jpg")
        entries = json.dumps([{"Id": key, "MessageBody": self.message(key)} for key in ["a", "b"]])
        sent = run("send-message-batch", "--queue-url", url, "--entries", entries)
        self.assertEqual(len(sent["Successful"]), 2)
        self.assertEqual({self.server.event()[1] for _ in range(2)}, {"a", "b"})
        read = run("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")
        self.assertEqual(self.counts(read), [0, 0, 0])
        refused = self.server.aws(*server, "sqs", "receive-message", "--queue-url", url)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("UnsupportedOperation", refused.stderr)

    def test_dynamodb_survives_a_kill(self):
        db = self.server.client("dynamodb")
        for number in range(50):
            db.put_item(TableName="products", Item={"product_id": {"S": str(number)}})
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.start()
        db = self.server.client("dynamodb")
        self.assertEqual(db.scan(TableName="products")["Count"], 50)

    def test_a_kill_leaves_whole_objects(self):
        """Writers replace objects until the server is killed; each remaining object is one of the versions."""
        bodies = {version: bytes([65 + version]) * (200_000 + version) for version in range(4)}
        etags = {f'"{hashlib.md5(body).hexdigest()}"': version for version, body in bodies.items()}
        for turn in range(4):
            server = self.server

            def write(writer):
                s3 = server.client("s3", retries={"max_attempts": 1})
                try:
                    for count in range(10_000):
                        version = (count + writer) % 4
                        s3.put_object(
                            Bucket=BUCKET, Key=f"k{count % 5}", Body=bodies[version], ContentType=f"v/{version}"
                        )
                except Exception:
                    pass

            writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
            for writer in writers:
                writer.start()
            threading.Event().wait(0.7 + 0.13 * turn)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            for writer in writers:
                writer.join()
            self.start()
            listed = self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
            self.assertTrue(all(item["Key"][0] == "k" for item in listed), listed)
            for item in listed:
                got = self.s3.get_object(Bucket=BUCKET, Key=item["Key"])
                version = etags[got["ETag"]]
                self.assertEqual(got["Body"].read(), bodies[version])
                self.assertEqual(got["ContentType"], f"v/{version}")
                self.assertEqual(item["ETag"], got["ETag"])
            self.assertEqual(os.listdir(self.data + "/s3-incoming"), [])

    def test_a_terminated_server_ends_without_an_error(self):
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.process.wait(timeout=10), 0)

    def test_a_folder_in_use(self):
        second = subprocess.run([EXAMPLE, self.data], text=True, capture_output=True, timeout=20)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("FolderInUse", second.stderr)


if __name__ == "__main__":
    if not EXAMPLE:
        sys.exit("expected the path of the example: python aws_clients.py PATH")
    unittest.main()
