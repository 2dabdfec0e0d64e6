"""A small HTTP server of a test."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """A server on a free port, in threads of its own; over TLS with the context of a certificate."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler, owner, certificate=None):
        super().__init__(("127.0.0.1", 0), handler)
        self.owner = owner
        self.scheme = "http"
        if certificate is not None:
            self.scheme = "https"
            # Hands shake in the thread of the connection, so that no client keeps others waiting.
            self.socket = certificate.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.closed = False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self):
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self):
        """Root of the server."""
        return f"{self.scheme}://{self.address}"

    def close(self):
        """Stops listening."""
        self.closed = True
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Ignores connections of killed processes."""


class Handler(BaseHTTPRequestHandler):
    """Common parts of the servers."""

    protocol_version = "HTTP/1.1"

    def body(self):
        """Returns the request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, status, body=b"", headers=()):
        """Sends a reply."""
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Logs nothing."""
