"""An HTTP server of images, some of whose paths misbehave as servers on the internet do."""

import hashlib
import threading
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = bytes(1 << 16)
# Behind nothing but headers, a client gives up long before.
HANG = 60.0


class ImageServer:
    """Serves `images` by path, over TLS with a context; `behaviours` has functions for paths that misbehave."""

    def __init__(self, tls=None):
        self.images = {}
        self.behaviours = {}
        # Paths of images that are sent without ETag and Last-Modified.
        self.without_validators = set()
        # Called with the number of each request for an image, before it is answered.
        self.watch = None
        self._lock = threading.Lock()
        # Requests by path, which `reset` keeps.
        self._ever = Counter()
        self._closing = threading.Event()
        self.reset()
        server = self

        class Handler(_Handler):
            images = server

        self._http = _Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def reset(self):
        """Forgets the requests so far."""
        with self._lock:
            # Answers by (path, status), and requests by path.
            self.answers = Counter()
            self.requests = Counter()

    def count(self, status):
        """Returns the number of answers with a status."""
        return sum(count for (_, code), count in self.answers.items() if code == status)

    def paths(self, status):
        """Returns the paths that were answered with a status."""
        return {path for path, code in self.answers if code == status}

    def note_request(self, path):
        """Counts a request; returns how many there ever were for the path, and in all since the reset."""
        with self._lock:
            self.requests[path] += 1
            self._ever[path] += 1
            return self._ever[path], self.requests.total()

    def note_answer(self, path, status):
        """Counts an answer."""
        with self._lock:
            self.answers[path, status] += 1

    def hang(self):
        """Waits until the server closes."""
        self._closing.wait(HANG)

    def close(self):
        """Ends the server."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Keeps clients that were killed out of the output."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    images = None

    def do_GET(self):  # noqa: N802
        """Answers one request."""
        self.times, total = self.images.note_request(self.path)
        if self.images.watch is not None:
            self.images.watch(total)
        try:
            if self.path in self.images.behaviours:
                self.images.behaviours[self.path](self)
            elif self.path in self.images.images:
                self._image(self.images.images[self.path])
            else:
                self.answer(404, b"not here")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _image(self, body):
        headers = {}
        if self.path not in self.images.without_validators:
            etag = f'"{hashlib.sha1(body).hexdigest()}"'
            # Every other image has a date instead.
            validator = ("ETag", etag) if etag[1] in "01234567" else ("Last-Modified", dated(etag))
            headers = dict([validator])
            known = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
            if known == validator[1]:
                self.answer(304, b"", **headers)
                return
        self.answer(200, body, **headers)

    def answer(self, status, body, length=None, **headers):
        """Sends an answer; `length` is the stated length, if it is not that of the body."""
        self.head(status, **{"Content-Length": len(body) if length is None else length}, **headers)
        self.wfile.write(body)
        self.images.note_answer(self.path, status)
        if length is not None:
            self.close_connection = True

    def head(self, status, **headers):
        """Sends status and headers."""
        self.send_response(status)
        # A media type that is a lie for whatever is no JPEG.
        self.send_header("Content-Type", "image/jpeg")
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_):
        """Keeps the output of the tests readable."""


def dated(etag):
    """Returns a date that only this content has."""
    return formatdate(int(etag[1:8], 16), usegmt=True)


# Behaviours, made for one image


def slow(body):
    """Sends the image in pieces, each of them in time."""

    def behave(handler):
        handler.head(200, **{"Content-Length": len(body)})
        for start in range(0, len(body), len(body) // 4):
            time.sleep(0.4)
            handler.wfile.write(body[start : start + len(body) // 4])
        handler.images.note_answer(handler.path, 200)

    return behave


def redirected(target):
    """Leads to another path or server."""
    return lambda handler: handler.answer(302, b"", Location=target)


def busy_at_first(body):
    """Is busy for the first request ever and names a pause."""

    def behave(handler):
        if handler.times == 1:
            handler.answer(429, b"slow down", **{"Retry-After": "1"})
        else:
            handler.answer(200, body)

    return behave


def status(code, **headers):
    """Answers with a status."""
    return lambda handler: handler.answer(code, b"sorry", **headers)


def page(handler):
    """Answers with a page that calls itself a JPEG."""
    handler.answer(200, b"<!doctype html><html><p>Image not found")


def breaks_off(body):
    """Sends half of the image, then closes."""
    return lambda handler: handler.answer(200, body[: len(body) // 2], length=len(body))


def states_too_much(body):
    """States a larger length than the image has."""
    return lambda handler: handler.answer(200, body, length=len(body) + 1000)


def states_too_little(body):
    """States a smaller length than the image has."""
    return lambda handler: handler.answer(200, body, length=len(body) * 2 // 3)


def states_a_gigabyte(handler):
    """States a length that no image has."""
    handler.answer(200, b"\xff\xd8\xff", length=1 << 30)


def hangs(handler):
    """Sends headers, and nothing more."""
    handler.head(200, **{"Content-Length": 1000})
    handler.images.hang()
    handler.close_connection = True


def endless(handler):
    """Sends a body without an end."""
    handler.head(200, Connection="close")
    while True:
        handler.wfile.write(CHUNK)
