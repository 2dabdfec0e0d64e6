"""Shoppers, who search all the time through both search functions."""

import base64
import json
import random
import threading
import time
from collections import Counter
from urllib.parse import urlencode

PAUSE = 0.05
# A search that began before a fault ended may still fail; also the first load after it takes its time.
GRACE = 3.0


class Answer:
    """What a search function answered."""

    def __init__(self, reply):
        self.status = reply.get("statusCode")
        self.text = reply.get("body", "")
        # An error of the runtime.
        self.error = reply.get("errorMessage")

    @property
    def json(self):
        """The body."""
        return json.loads(self.text)


def ask(function, method, path, body=None, **query):
    """Sends a request as API Gateway does; returns the answer, or None if the process ended."""
    is_json = isinstance(body, dict)
    content = json.dumps(body).encode() if is_json else body
    headers = {"host": "shop.example", "content-type": "application/json" if is_json else "image/jpeg"}
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "headers": headers | ({"content-length": str(len(content))} if content else {}),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "tested",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "test"},
            "requestId": "tested",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": base64.b64encode(content).decode() if content else None,
        "isBase64Encoded": bool(content),
    }
    reply = function.invoke(event)
    return None if reply is None else Answer(reply)


class Shoppers:
    """One thread for each search function. What they get is kept, and judged when the faults are known."""

    def __init__(self, functions, anchors, seed):
        self.functions = functions
        self.anchors = list(anchors.items())
        self.counts = Counter()
        # Answers of the server's fault: when they were asked for and came, of which function, and what they say.
        self.refused = []
        self.wrong = []
        self._stop = threading.Event()
        runs = [threading.Thread(target=self._run, args=(at, f"{seed}-{at}"), daemon=True) for at in range(len(functions))]
        self._threads = runs

    def open(self):
        """Begins to search."""
        for thread in self._threads:
            thread.start()

    def close(self):
        """Ends the searches."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, at, seed):
        dice = random.Random(seed)
        while not self._stop.wait(dice.uniform(0, 2 * PAUSE)):
            key, content = dice.choice(self.anchors)
            try:
                if dice.random() < 0.3:
                    self._pages(at, key)
                else:
                    self._search(at, key, {"key": key} if dice.random() < 0.5 else content)
            except Exception as error:
                self.wrong.append(f"{self.functions[at].name}: {error!r}")

    def _search(self, at, key, body):
        answer = self._ask(at, body, k=5)
        if answer is not None:
            scores = {result["image"]["key"]: result["score"] for result in answer["results"]}
            if scores.get(key, 0) < 0.999 or len(answer["results"]) != 5:
                self.wrong.append(f"{self.functions[at].name} found {scores}, not {key}")

    def _pages(self, at, key):
        """Asks one function for the first page and another one for the second."""
        first = self._ask(at, {"key": key}, k=4, min_score=-1)
        if first is None:
            return
        following = (at + 1) % len(self.functions)
        second = self._ask(following, {"key": key}, k=4, min_score=-1, cursor=first["next_cursor"])
        if second is None:
            return
        self.counts["second pages"] += 1
        found = [result["product_id"] for page in (first, second) for result in page["results"]]
        generations = {page["index"]["generation"] for page in (first, second)}
        if len(found) != 8 or len(set(found)) != 8 or len(generations) != 1:
            self.wrong.append(f"pages of generations {generations}: {found}")

    def _ask(self, at, body, **query):
        """Returns what was found; None if there is no answer now, which is noted."""
        function, asked = self.functions[at], time.monotonic()
        answer = ask(function, "POST", "/search", body, **query)
        if answer is None:
            self.counts["no answer"] += 1
        elif answer.status == 200:
            self.counts["found"] += 1
            return answer.json
        elif answer.status == 410:
            self.counts["expired pages"] += 1
        elif answer.error or answer.status >= 500:
            self.counts["refused"] += 1
            self.refused.append((asked, time.monotonic(), function.name, answer.error or answer.text))
        else:
            self.wrong.append(f"{function.name} answered {answer.status}: {answer.text}")
        return None

    def unexplained(self, faults):
        """Returns the answers of the server's fault that no fault explains; faults have begin, end and a function or None."""
        return [
            f"{name}: {text}"
            for asked, answered, name, text in self.refused
            if not any(begin <= answered and asked <= end + GRACE and of in (None, name) for begin, end, of in faults)
        ]
