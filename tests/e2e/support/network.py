"""The network between a program and the cloud, which can be slow, broken or refuse to take so many requests."""

import http.client
import json
import random
import socket
import struct
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from support.http_server import Handler, Server

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message><RequestId>0</RequestId></Error>"
)
TOO_MANY = "The level of configured provisioned throughput for the table was exceeded."
HOP_BY_HOP = ("transfer-encoding", "connection", "keep-alive", "expect")
PIECE = 4096


@dataclass(frozen=True)
class Weather:
    """What happens to requests; shares are of all requests, seconds are from and to."""

    delay: tuple = (0.0, 0.0)
    # The connection closes before the cloud gets the request.
    cut: float = 0.0
    # The cloud does what is asked, and the answer is lost.
    lost: float = 0.0
    # Half of the answer arrives.
    halved: float = 0.0
    # The cloud takes no more requests for now.
    throttled: float = 0.0
    # Bytes of answers in a second.
    bandwidth: float = 0.0


FAIR = Weather()


class Link(Server):
    """The way of one program to the cloud at `url`."""

    def __init__(self, url, seed, answer=None, certificate=None, trusted=None):
        self.cloud = urlsplit(url)
        # Called with the target and body of a request; returns the content of an answer if it is for the test alone.
        self.answer = answer or (lambda target, body: None)
        self.trusted = trusted
        self.weather = FAIR
        self.injected = Counter()
        # Called with method, path and "request" or "answer" before either is passed on.
        self.watch = None
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        super().__init__(_Forwarder, self, certificate)

    def happens(self, name):
        """Decides whether a fault of the weather hits a request, and counts it."""
        with self._lock:
            if self._dice.random() >= getattr(self.weather, name):
                return False
            self.injected[name] += 1
            return True

    def pause(self):
        """Waits as long as the weather has it."""
        with self._lock:
            seconds = self._dice.uniform(*self.weather.delay)
            self.injected["delayed"] += seconds > 0
        time.sleep(seconds)


class _Forwarder(Handler):
    """Passes requests on unchanged, with the host, which is signed."""

    def forward(self):
        link = self.server
        body = self.body()
        link.pause()
        if link.happens("cut"):
            return self.drop()
        if link.happens("throttled"):
            return self.refuse()
        if link.watch:
            link.watch(self.command, self.path, "request")
        try:
            status, headers, content = self.ask(body)
        except (OSError, http.client.HTTPException):
            return self.drop()
        if link.watch:
            link.watch(self.command, self.path, "answer")
        if link.happens("lost"):
            return self.drop()
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if link.happens("halved"):
            self.wfile.write(content[: len(content) // 2])
            return self.drop()
        self.write_slowly(content)

    def ask(self, body):
        """Returns the cloud's status, headers and content."""
        if (own := self.server.answer(self.headers.get("X-Amz-Target", ""), body)) is not None:
            content = json.dumps(own).encode()
            return 200, [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", len(content))], content
        upstream = self.connect()
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        headers = [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP]
        if answer.getheader("Content-Length") is None and answer.status not in (204, 304):
            headers.append(("Content-Length", len(content)))
        return answer.status, headers, content

    def connect(self):
        """Returns a connection to the cloud."""
        cloud = self.server.cloud
        if cloud.scheme == "https":
            return http.client.HTTPSConnection(cloud.netloc, timeout=60, context=self.server.trusted)
        return http.client.HTTPConnection(cloud.netloc, timeout=60)

    def refuse(self):
        """Answers as S3 or DynamoDB do when there are too many requests."""
        target = self.headers.get("X-Amz-Target", "")
        if not target:
            return self.reply(503, SLOW_DOWN, [("Content-Type", "application/xml")])
        kind, code = (
            ("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", 400)
            if target.startswith("DynamoDB")
            else ("com.amazonaws.sqs#RequestThrottled", 403)
        )
        content = json.dumps({"__type": kind, "message": TOO_MANY}).encode()
        self.reply(code, content, [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", str(uuid.uuid4()))])

    def write_slowly(self, content):
        """Sends content, at the bandwidth of the weather."""
        bandwidth = self.server.weather.bandwidth
        if not bandwidth:
            self.wfile.write(content)
            return
        for start in range(0, len(content), PIECE):
            self.wfile.write(content[start : start + PIECE])
            self.server.injected["pieces at low bandwidth"] += 1
            time.sleep(PIECE / bandwidth)

    def drop(self):
        """Closes the connection with a reset, as when a network breaks."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward
