"""Two indexers and two search functions as processes over one local cloud, with a shop and its shoppers."""

import time
from contextlib import contextmanager

from support.command import BINARY
from support.network import Link

from clock import KEPT, LIBRARY, Clock
from cloud import Cloud
from function import Function
from queues import Poller, Queue, sqs_reply
from shop import Shop
from shoppers import Shoppers, ask

FUNCTIONS = {"indexer-1": "indexer", "indexer-2": "indexer", "search-1": "search", "search-2": "search"}
# Of an invocation; a message comes back later, as in template.yaml.
SECONDS = 10
BATCH = 10


class World:
    """Everything, on one clock and decided by one seed."""

    def __init__(self, folder, pictures, seed):
        self.folder = folder
        self.clock = Clock(folder)
        self.cloud = Cloud(folder, self.clock).start()
        self.queues = {
            "changes": Queue("changes", BATCH, f"{seed} changes"),
            "retries": Queue("retries", 1, f"{seed} retries"),
            "stream": Queue("stream", BATCH, f"{seed} stream"),
        }
        self.links = {name: self.link(f"{seed} {name}") for name in FUNCTIONS}
        self.functions = {
            name: Function(name, BINARY.parent / program, self._environment_of(name), self.clock, folder, SECONDS)
            for name, program in FUNCTIONS.items()
        }
        self.indexers = [self.functions[name] for name in ("indexer-1", "indexer-2")]
        self.searchers = [self.functions[name] for name in ("search-1", "search-2")]
        self.shop = Shop(self.cloud, self.queues["changes"], self.queues["stream"], pictures, f"{seed} shop")
        self.shoppers = Shoppers(self.searchers, self.shop.anchors, f"{seed} shoppers")
        self.pollers = []

    def link(self, seed):
        """Makes a way to the cloud, where requests to SQS end at the queues of the test."""
        return Link(self.cloud.url, seed, lambda target, body: sqs_reply(self.queues, target, body))

    def _environment_of(self, name):
        link = self.links[name]
        queues = {
            "LOOKALIKE_QUEUE_URL": f"{link.url}/000000000000/changes",
            "LOOKALIKE_RETRY_QUEUE_URL": f"{link.url}/000000000000/retries",
            "LOOKALIKE_INDEXER_SECONDS": str(SECONDS),
        }
        return lambda: self.cloud.variables(link.url) | queues

    def open(self):
        """Lets everyone in, once the images that stay are indexed."""
        order = ["retries", "stream", "changes"]
        self.pollers = [Poller(indexer, [self.queues[name] for name in order]) for indexer in self.indexers]
        self.shop.open()
        self.shoppers.open()

    def end_changes(self):
        """Ends what shop and shoppers do."""
        self.shoppers.close()
        self.shop.close()

    def ask(self, at, path, body=None, method=None, **query):
        """Asks a search function; returns what it found, which it must."""
        answer = ask(self.searchers[at], method or ("POST" if body else "GET"), path, body, **query)
        assert answer is not None and answer.status == 200, f"{path}: {answer and (answer.status, answer.text)}"
        return answer.json

    def jump(self, seconds):
        """Moves all clocks at once, as if every process had slept."""
        if LIBRARY is None:
            return
        with self.asleep():
            self.clock.jump(seconds)
            # So that each of them reads its clock again when it wakes.
            time.sleep(KEPT + 0.2)

    @contextmanager
    def asleep(self):
        """Stops all functions, then the cloud, so that no request is under way with an old signature."""
        for function in self.functions.values():
            function.hold()
        time.sleep(0.3)
        self.cloud.hold()
        try:
            yield
        finally:
            self.cloud.let_go()
            for function in self.functions.values():
                function.let_go()

    def close(self):
        """Ends everything."""
        for poller in self.pollers:
            poller.close()
        for part in [*self.functions.values(), *self.links.values(), self.cloud]:
            part.close()
