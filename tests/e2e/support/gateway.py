"""A small HTTP server in front of the service: it is busy at first, and has a page of its own."""

import http.server
import threading
from collections import Counter

import requests

# Headers of the connection; and encodings are undone here.
NOT_FORWARDED = {
    "accept-encoding", "connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding",
}
PAGE = b'<!doctype html><link rel="icon" href="data:,"><script src="script"></script>'
PROBLEM = b'{"type": "urn:lookalike:problem:unavailable", "detail": "busy", "request_id": "R-1"}'


class Gateway:
    """Forwards to `service`, after it has answered each path with 503 a given number of times."""

    def __init__(self, service, script="", busy=0, retry_after="0.2", problem=PROBLEM, content_type="application/problem+json"):
        self.service = service
        self.script = script
        self.busy = busy
        self.retry_after = retry_after
        self.problem = problem
        self.content_type = content_type
        # Requests for each path, without preflights.
        self.asked = Counter()
        handler = type("Handler", (_Handler,), {"gateway": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    gateway = None

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/page":
            return self._reply(200, {"content-type": "text/html"}, PAGE)
        if path == "/script":
            return self._reply(200, {"content-type": "text/javascript; charset=utf-8"}, self.gateway.script.encode())
        return self.do_POST()

    def do_POST(self):
        path = self.path.partition("?")[0]
        self.gateway.asked[path] += 1
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.gateway.asked[path] > self.gateway.busy:
            return self._forward(body)
        # Lets pages of other origins read the header, like the service.
        headers = {"content-type": self.gateway.content_type, "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after"}
        return self._reply(503, headers | {"retry-after": self.gateway.retry_after}, self.gateway.problem)

    def do_OPTIONS(self):
        self._forward(b"")

    def _forward(self, body):
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_FORWARDED}
        url = self.gateway.service + self.path
        reply = requests.request(self.command, url, headers=headers, data=body, timeout=60)
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in NOT_FORWARDED}
        self._reply(reply.status_code, kept, reply.content)

    def _reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Logs nothing."""
