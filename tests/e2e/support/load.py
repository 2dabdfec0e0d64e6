"""Continuous searches in the background."""

import threading
import time
from itertools import cycle

import requests


class Load:
    """Threads that search a system until told to stop, and their errors."""

    def __init__(self, system, pictures):
        self.pictures = pictures
        self.url = system.url
        self.requests = 0
        self.failures = []
        self.slowest = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=kind) for kind in self._kinds().items()]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, requests, deadline=60.0):
        """Waits for `count` more requests."""
        wanted, end = self.requests + requests, time.monotonic() + deadline
        while self.requests < wanted:
            assert time.monotonic() < end, f"{self.requests} requests, {self.failures[:3]}"
            time.sleep(0.02)

    def _kinds(self):
        """Returns a function for each thread, by name: it returns what is wrong with an answer, if anything."""
        return {"image": self._by_picture, "key": self._by_key, "product": self._by_product}

    def _run(self, name, kind):
        session = requests.Session()
        for picture in cycle(self.pictures):
            if self._stop.is_set():
                return
            began = time.monotonic()
            try:
                wrong = kind(session, picture)
            except (requests.RequestException, KeyError, ValueError) as error:
                wrong = repr(error)
            with self._lock:
                self.requests += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                if wrong:
                    self.failures.append(f"{name} {picture.key}: {wrong}")

    def _by_picture(self, session, picture):
        reply = session.post(f"{self.url}/search?k=5", data=picture.bytes, timeout=60)
        return self._wrong_search(reply, picture)

    def _by_key(self, session, picture):
        query = {"key": picture.key}
        reply = session.post(f"{self.url}/search?k=5", json=query, timeout=60)
        return self._wrong_search(reply, picture)

    def _by_product(self, session, picture):
        path = f"/products/{picture.product_id}/similar?k=5"
        reply = session.get(f"{self.url}{path}", timeout=60)
        if reply.status_code != 200:
            return f"{reply.status_code} {reply.text}"
        found = [result["product_id"] for result in reply.json()["results"]]
        if len(found) != 5 or picture.product_id in found or len(set(found)) != 5:
            return f"found {found}"
        return None

    def _wrong_search(self, reply, picture):
        """What is wrong with the answer to a search for an image of the catalog, if anything.

        The image itself scores 1, which it would not if its vector were of another encoder than the
        index: most likely, the search would fail altogether.
        """
        if reply.status_code != 200:
            return f"{reply.status_code} {reply.text}"
        answer = reply.json()
        if "stale" in answer["index"]:
            return f"stale: {answer['index']['stale']}"
        scores = {result["image"]["key"]: result["score"] for result in answer["results"]}
        if scores.get(picture.key, 0) < 0.999 or len(scores) != 5:
            return f"scores {scores}"
        return None
