"""The indexer's program under a Lambda runtime API, with S3 and SQS controlled by the test."""

import http.client
import json
import subprocess
import uuid
from urllib.parse import unquote, urlsplit

from support.command import BINARY, environment
from support.http_server import Handler, Server
from support.runtime_api import RuntimeApi, variables

INDEXER = BINARY.parent / "indexer"
SECONDS = 60


class Indexer:
    """Starts the program for an event, and again after it was killed: whenever it fetches one of `deadly`."""

    def __init__(self, system, deadly):
        self.system = system
        self.deadly = set(deadly)
        self.process = None
        self.kills = 0
        self.sent = []
        self.s3 = Server(S3, self)
        self.sqs = Server(Sqs, self)
        self.api = None

    def invoke(self, event):
        """Returns the program's answer, or None if it was killed."""
        if self.process is None:
            self.start()
        request = self.api.send(event, SECONDS)
        while self.process.poll() is None:
            if answer := self.api.answer(request):
                return answer
        self.stop()
        return None

    def start(self):
        """Starts a process with its own runtime API: requests of a dead one are not answered."""
        self.api = RuntimeApi()
        function = variables("indexer", self.api) | {
            "AWS_ENDPOINT_URL_S3": self.s3.url,
            "AWS_ENDPOINT_URL_SQS": self.sqs.url,
            # Events are repeated at once.
            "LOOKALIKE_INDEXER_SECONDS": "0",
            "LOOKALIKE_RETRY_QUEUE_URL": f"{self.sqs.url}/000000000000/retries",
        }
        with (self.system.data.parent / "indexer.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(INDEXER)],
                env=environment(self.system.environment | function),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def fetched(self, key):
        """Kills the process if it is about to work on this image; returns true if so."""
        if key not in self.deadly:
            return False
        self.kills += 1
        self.process.kill()
        return True

    def stop(self):
        """Ends the process, if it runs, and its runtime API."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.api.close()

    def close(self):
        """Ends everything."""
        self.stop()
        self.s3.close()
        self.sqs.close()


class Sqs(Handler):
    """Takes messages for the queue of retries."""

    def do_POST(self):
        entries = json.loads(self.body())["Entries"]
        self.server.owner.sent += [entry["MessageBody"] for entry in entries]
        taken = [{"Id": e["Id"], "MessageId": str(uuid.uuid4()), "MD5OfMessageBody": ""} for e in entries]
        body = json.dumps({"Successful": taken, "Failed": []}).encode()
        self.reply(200, body, [("Content-Type", "application/x-amz-json-1.0")])


class S3(Handler):
    """Forwards requests unchanged to the system's S3."""

    def forward(self):
        body = self.body()
        bucket_and_key = unquote(urlsplit(self.path).path).lstrip("/")
        key = bucket_and_key.partition("/")[2]
        if self.command == "GET" and self.server.owner.fetched(key):
            self.close_connection = True
            return
        upstream = http.client.HTTPConnection(urlsplit(self.server.owner.system.connection["s3_url"]).netloc)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        # Including the host, which is signed.
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None and answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward
