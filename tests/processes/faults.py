"""The faults, each decided by a seed: what happens to whom and for how long."""

import random
import subprocess
import threading
import time
from collections import Counter

from support.command import BINARY, environment
from support.network import FAIR, Weather

from clock import LIBRARY
from cloud import has_disk

# Longer than the safe age, an hour, any lease and any invocation.
LONG = 7200
# Signatures are good for 15 minutes.
BEARABLE_SKEW, UNBEARABLE_SKEW = 600, 1200

SLOW = Weather(delay=(0.02, 0.4), bandwidth=200_000)
# Longer than clients wait, which is ten seconds.
STALLED = Weather(delay=(0.0, 12.0))
BROKEN = Weather(cut=0.15, lost=0.15, halved=0.1)
THROTTLED = Weather(throttled=0.4)
DOWN = Weather(cut=1.0)


class Faults:
    """Injects faults in two threads at once, one of processes and one of network and cloud, for some seconds."""

    def __init__(self, world, seed):
        self.world = world
        self.seed = seed
        self.counts = Counter()
        # Begin, end and the search function that it affects, None for all.
        self.felt = []
        self.errors = []
        self.of_processes = [self.kill_indexer, self.kill_search, self.stop_indexer, self.stop_search, self.kill_rebuild]
        if LIBRARY is not None:
            self.of_processes += [self.sleep_long, self.skew_clock]
        self.of_cloud = [self.slow, self.stalled, self.broken, self.throttled, self.down]
        if has_disk():
            self.of_cloud += [self.full_disk]

    def run(self, seconds):
        """Injects faults for so long; each kind comes up before one comes up again."""
        end = time.monotonic() + seconds
        lanes = [
            threading.Thread(target=self._lane, args=(kinds, random.Random(f"{self.seed} {at}"), end), daemon=True)
            for at, kinds in enumerate([self.of_processes, self.of_cloud])
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        if self.errors:
            raise self.errors[0]

    def _lane(self, kinds, dice, end):
        try:
            while True:
                for kind in dice.sample(kinds, len(kinds)):
                    if time.monotonic() > end:
                        return
                    time.sleep(dice.uniform(0.2, 1.0))
                    self.counts[kind.__name__.replace("_", " ")] += 1
                    kind(dice)
        except Exception as error:
            self.errors.append(error)

    # Processes

    def kill_indexer(self, dice):
        """Kills an indexer at any moment, a few times."""
        for _ in range(3):
            time.sleep(dice.uniform(0.1, 1.0))
            dice.choice(self.world.indexers).kill()

    def kill_search(self, dice):
        """Kills a search function at any moment."""
        function = dice.choice(self.world.searchers)
        with Felt(self, function.name):
            function.kill()

    def stop_indexer(self, dice):
        """Stops an indexer until the other one has got its messages."""
        function = dice.choice(self.world.indexers)
        function.hold()
        time.sleep(dice.uniform(1.0, 10.0))
        function.let_go()

    def stop_search(self, dice):
        """Stops a search function for a while."""
        function = dice.choice(self.world.searchers)
        with Felt(self, function.name):
            function.hold()
            time.sleep(dice.uniform(0.5, 4.0))
            function.let_go()

    def sleep_long(self, dice):
        """Stops an indexer or a search function for two hours, in which garbage is collected."""
        function = dice.choice([*self.world.indexers, *self.world.searchers])
        with Felt(self, None):
            function.hold()
            time.sleep(dice.uniform(0.0, 1.0))
            self.world.jump(LONG)
            self.world.cloud.lookalike("index", "gc")
            time.sleep(dice.uniform(0.0, 1.0))
            function.let_go()

    def skew_clock(self, dice):
        """Sets the clock of a function forward or back, so far that it still works, or farther."""
        function = dice.choice([*self.world.indexers, *self.world.searchers])
        seconds = dice.choice([BEARABLE_SKEW, UNBEARABLE_SKEW]) * dice.choice([1, -1])
        with Felt(self, function.name):
            self.world.clock.skew(function.name, seconds)
            time.sleep(dice.uniform(2.0, 4.0))
            self.world.clock.skew(function.name, 0)
            # Until it has read its clock again.
            time.sleep(1.2)

    def kill_rebuild(self, dice):
        """Kills a rebuild of an operator at any moment, so that its lease stays behind."""
        cloud, clock = self.world.cloud, self.world.clock
        process = subprocess.Popen(
            [str(BINARY), "index", "rebuild"],
            env=environment(cloud.variables() | clock.variables("operator")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(dice.uniform(0.0, 0.6))
        process.kill()
        process.wait()

    # Network and cloud

    def slow(self, dice):
        """Delays requests, and sends answers at a low bandwidth."""
        self._weather(dice, SLOW, 2.0, 5.0)

    def stalled(self, dice):
        """Delays requests for longer than clients wait."""
        self._weather(dice, STALLED, 2.0, 4.0)

    def broken(self, dice):
        """Cuts connections before and within answers, and loses answers to what was done."""
        self._weather(dice, BROKEN, 3.0, 6.0)

    def throttled(self, dice):
        """Refuses requests to S3, DynamoDB and SQS, as they do."""
        self._weather(dice, THROTTLED, 3.0, 6.0)

    def down(self, dice):
        """Cuts a function off."""
        self._weather(dice, DOWN, 1.0, 4.0)

    def full_disk(self, dice):
        """Leaves the cloud no room to write anything."""
        with Felt(self, None):
            self.world.cloud.fill_disk()
            time.sleep(dice.uniform(1.0, 3.0))
            self.world.cloud.free_disk()

    def _weather(self, dice, weather, shortest, longest):
        """Sets the weather of one function, or of all."""
        names = [*self.world.links] if dice.random() < 0.4 else [dice.choice([*self.world.links])]
        links = [self.world.links[name] for name in names]
        with Felt(self, None if len(names) > 1 else names[0]):
            for link in links:
                link.weather = weather
            time.sleep(dice.uniform(shortest, longest))
            for link in links:
                link.weather = FAIR


class Felt:
    """Notes begin and end of a fault that searches may feel."""

    def __init__(self, faults, function):
        self.faults = faults
        self.function = function

    def __enter__(self):
        # Without an end for as long as it lasts.
        self.begin = time.monotonic()

    def __exit__(self, *_):
        self.faults.felt.append((self.begin, time.monotonic(), self.function))
