"""The service below a prefix, like behind an API gateway with a stage or a shop's own web server."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

KEPT = {"content-type", "accept"}
DROPPED = {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"}


class Prefixed:
    """A server that removes a prefix and forwards; other paths are not found."""

    def __init__(self, url, prefix):
        handler = type("Handler", (_Handler,), {"target": url, "prefix": prefix})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{prefix}"

    def close(self):
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._forward()

    def do_POST(self):
        self._forward()

    def _forward(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == self.prefix or self.path.startswith((self.prefix + "/", self.prefix + "?")):
            rest = self.path.removeprefix(self.prefix)
            headers = {name: value for name, value in self.headers.items() if name.lower() in KEPT}
            url = self.target + (rest if rest.startswith("/") else "/" + rest)
            answer = requests.request(self.command, url, data=body, headers=headers, timeout=60)
            self._answer(answer.status_code, answer.headers, answer.content)
        else:
            self._answer(404, {"content-type": "text/plain"}, b"outside of the prefix")

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
