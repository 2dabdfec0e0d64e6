"""A shop that changes its catalog all the time, and knows what the index has to become."""

import random
import threading

from botocore.exceptions import BotoCoreError, ClientError
from support.bad_pictures import TEXT, truncated
from support.waiting import until

from cloud import CATALOG, TABLE
from queues import notification

ANCHORS = 12
KEYS = 48
PRODUCTS = 24
CHANGE_PAUSE = 0.12
EVENT_DELAY = 1.5
# Errors of a cloud that cannot write.
FAILED = (BotoCoreError, ClientError)


class Shop:
    """Images and products, changed from one thread; events about them are lost, doubled, late and out of order."""

    def __init__(self, cloud, changes, stream, pictures, seed):
        self.cloud = cloud
        self.changes, self.stream = changes, stream
        self.dice = random.Random(seed)
        # Never changed, so that every search, whatever happens, has to find them.
        self.anchors = {f"catalog/anchors/anchor-{at}.jpg": picture.bytes for at, picture in enumerate(pictures[:ANCHORS])}
        self.pool = [picture.bytes for picture in pictures[ANCHORS:]]
        self.keys = [f"catalog/kind-{at % 4}/item-{at}.jpg" for at in range(KEYS)]
        # Bytes of good and bad images by key, and metadata by product id.
        self.good, self.bad, self.products = dict(self.anchors), {}, {}
        # Keys and products whose last write got an error, with what they may be now.
        self.unsure_keys, self.unsure_products = {}, {}
        self.counts = {"uploads": 0, "bad uploads": 0, "removals": 0, "changed products": 0, "lost events": 0}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.error = None

    def open(self):
        """Stores the images that stay, and begins to change others."""
        for key, content in self.anchors.items():
            self.cloud.s3.put_object(Bucket=CATALOG, Key=key, Body=content)
            self.changes.send(notification(key))
        until(lambda: not len(self.changes), what="the first images are indexed")
        self._thread.start()

    def close(self):
        """Ends the changes, and finds out about those that got an error."""
        self._stop.set()
        self._thread.join()
        if self.error:
            raise self.error
        for key, candidates in self.unsure_keys.items():
            self._resolve_key(key, candidates)
        for product, candidates in self.unsure_products.items():
            self._resolve_product(product, candidates)

    def _run(self):
        try:
            while not self._stop.wait(self.dice.uniform(0, 2 * CHANGE_PAUSE)):
                self.change()
        except BaseException as error:
            self.error = error
            raise

    def change(self):
        """Changes one image or product."""
        kind = self.dice.choices(["upload", "bad", "remove", "product"], [10, 2, 4, 6])[0]
        if kind == "product":
            return self.change_product(f"item-{self.dice.randrange(PRODUCTS)}")
        key = self.dice.choice(self.keys)
        if kind == "remove":
            self.counts["removals"] += 1
            return self._write_key(key, None, None)
        if kind == "bad":
            self.counts["bad uploads"] += 1
            return self._write_key(key, None, self.dice.choice([TEXT, truncated(self.dice.choice(self.pool))]))
        self.counts["uploads"] += 1
        return self._write_key(key, self.dice.choice(self.pool), None)

    def change_product(self, product):
        """Writes or removes metadata."""
        self.counts["changed products"] += 1
        key = {"product_id": {"S": product}, "item": {"S": "product"}}
        price = self.dice.randrange(1, 1000) if self.dice.random() < 0.85 else None
        candidates = self.unsure_products.pop(product, [self.products.get(product)]) + [price]
        try:
            if price is None:
                self.cloud.dynamodb.delete_item(TableName=TABLE, Key=key)
            else:
                metadata = {"M": {"price": {"N": str(price)}, "category": {"S": "tested"}}}
                self.cloud.dynamodb.put_item(TableName=TABLE, Item=key | {"metadata": metadata})
            self._note(self.products, product, price)
        except FAILED:
            self.unsure_products[product] = candidates
        self._tell(self.stream, product)

    def _write_key(self, key, good, bad):
        candidates = self.unsure_keys.pop(key, [self.good.get(key) or self.bad.get(key)]) + [good or bad]
        try:
            if good or bad:
                self.cloud.s3.put_object(Bucket=CATALOG, Key=key, Body=good or bad)
            else:
                self.cloud.s3.delete_object(Bucket=CATALOG, Key=key)
            self._note(self.good, key, good)
            self._note(self.bad, key, bad)
        except FAILED:
            self.unsure_keys[key] = candidates
        self._tell(self.changes, notification(key))

    def _tell(self, queue, body):
        fate = self.dice.choices(["once", "twice", "late", "lost"], [70, 12, 13, 5])[0]
        if fate == "lost":
            self.counts["lost events"] += 1
            return
        queue.send(body, EVENT_DELAY * self.dice.random() if fate == "late" else 0.0)
        if fate == "twice":
            queue.send(body, EVENT_DELAY * self.dice.random())

    @staticmethod
    def _note(known, name, value):
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value

    def _resolve_key(self, key, candidates):
        stored = self.cloud.s3.list_objects_v2(Bucket=CATALOG, Prefix=key).get("KeyCount", 0)
        content = self.cloud.s3.get_object(Bucket=CATALOG, Key=key)["Body"].read() if stored else None
        assert content in candidates, f"{key} is neither what it was nor what was written: {len(content or b'')} bytes"
        is_good = content in self.pool
        self._note(self.good, key, content if is_good else None)
        self._note(self.bad, key, None if is_good else content)

    def _resolve_product(self, product, candidates):
        price = self.stored_products().get(product)
        assert price in candidates, f"{product} costs {price}, none of {candidates}"
        self._note(self.products, product, price)

    def stored_products(self):
        """Returns the prices in the table by product."""
        return {key[0]: int(item["metadata"]["price"]) for key, item in self.items().items() if key[1] == "product"}

    def items(self):
        """Returns the items of the table by product and item."""
        return self.cloud.system.items(TABLE)

    def put_extra(self):
        """Stores one more image, whose event is not sent; returns its key."""
        key = "catalog/extra/extra.jpg"
        self.cloud.s3.put_object(Bucket=CATALOG, Key=key, Body=self.pool[0])
        self.good[key] = self.pool[0]
        return key
