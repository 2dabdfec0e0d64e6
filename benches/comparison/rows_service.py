"""Rows about the service under load: images and look-alikes of products, on one core and on two."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .arithmetic import Samples, interleave
from .child import Child
from .problem import Problem
from .pictures import thinned
from .table import Row

CONNECTIONS = 8
ANSWER_TIME = 60


class ServiceRows:
    """Both services, and the program that sends requests."""

    def __init__(self, inputs, indexes, program, logs, plan):
        self.inputs, self.indexes, self.program = inputs, indexes, program
        self.logs, self.plan = logs, plan
        self.lists = {
            "pictures": inputs.folder / "load-pictures.txt",
            "products": inputs.folder / "load-products.txt",
        }
        pictures = inputs.pictures.small(64)
        ids = [line.split("\t")[1] for line in inputs.rows_file.read_text().splitlines()]
        self.lists["pictures"].write_text("\n".join(map(str, pictures)))
        self.lists["products"].write_text("\n".join(thinned(ids, 2000)))

    def rows(self):
        everywhere = sorted(os.sched_getaffinity(0))[:2]
        for cores, asking in [(everywhere, everywhere), (everywhere[:1], everywhere[1:])]:
            with self.ours(cores) as mine, self.baselines(cores) as theirs:
                ports = {"ours": mine, "baseline": theirs}
                self.answers_agree(ports)
                for kind, at_most in [("pictures", 0.75), ("products", 0.1)]:
                    yield from self.compare(kind, cores, asking, ports, at_most)

    def answers_agree(self, ports):
        """Fails unless both services find the same, except for a few neighbours that one of them misses."""
        picture = Path(self.lists["pictures"].read_text().splitlines()[0]).read_bytes()
        product = self.lists["products"].read_text().splitlines()[0]
        for path, body in [("search?k=10&trim=false", picture), (f"products/{product}/similar?k=10", None)]:
            found = [asked(f"http://127.0.0.1:{port}/{path}", body) for port, *_ in ports.values()]
            if len(found[0] & found[1]) < 8:
                raise Problem(f"the services answer /{path} with different products: {found}")

    def compare(self, kind, cores, asking, ports, at_most):
        reports = {name: [] for name in ports}

        def subject(name):
            def run():
                report = self.load(ports[name], kind, asking)
                reports[name].append(report)
                return [report["per_second"]]

            return run

        rates = interleave({name: subject(name) for name in ports}, self.plan.load_test_rounds)
        queries = {"pictures": "image queries", "products": "`similar` queries"}[kind]
        several = len(cores) > 1
        where = f"{len(cores)} cores" if several else "1 core"
        workers = f"Python service, {len(cores)} worker{'s' if several else ''}"
        ours, theirs = Samples(rates["ours"], True), Samples(rates["baseline"], True)
        yield Row(
            f"requests per second, {queries}, {where} (baseline / ours)", workers, "per s", ours, theirs,
            at_most if several else None, note=f"{CONNECTIONS} connections",
        )
        for share in ["p50", "p99"]:
            both = [Samples([r[f"{share}_ms"] for r in reports[name]]) for name in ("ours", "baseline")]
            yield Row(f"{share}, {queries}, {where}", workers, "ms", *both)

    def load(self, ports, kind, cores):
        seconds = self.plan.load_test_seconds
        command = ["taskset", "--cpu-list", ",".join(map(str, cores)), self.program, "load"]
        for port in ports:
            command += ["--port", port]
        command += [f"--{kind}", self.lists[kind], "--connections", CONNECTIONS]
        command += ["--seconds", seconds, "--warm-up", min(1, seconds / 4)]
        command = [str(part) for part in command]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Problem(f"the load of {kind} on {ports} ended early: {done.stderr.strip()}")
        return json.loads(done.stdout)

    @contextmanager
    def ours(self, cores):
        command = [self.program, "http", self.indexes.graph, self.inputs.products_file]
        with Child(command, self.logs, f"http-{len(cores)}", len(cores), cores) as child:
            yield [child.receive()["port"]]

    @contextmanager
    def baselines(self, cores):
        """Starts a worker for each core on its own port: on a shared port, one worker may get all connections."""
        inputs = self.inputs
        settings = {
            "BESIDE_DIMENSIONS": inputs.dimensions,
            "BESIDE_INDEX": self.indexes.hnswlib,
            "BESIDE_EF": self.indexes.ef,
            "BESIDE_PRODUCTS": inputs.products_file,
            "BESIDE_ROWS": inputs.rows_file,
        }
        command = ["env", *(f"{name}={value}" for name, value in settings.items())]
        command += [sys.executable, "-m", "uvicorn", "comparison.baselines.service:app", "--host", "127.0.0.1"]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        ports = [free_port() for _ in cores]
        with ExitStack() as stack:
            for port in ports:
                name = f"python-service-{ports.index(port) + 1}-of-{len(cores)}"
                child = Child([*command, "--port", port], self.logs, name, 1, cores)
                wait_for(port, stack.enter_context(child))
            yield ports


def asked(url, body):
    """Returns the products in a service's answer."""
    request = urllib.request.Request(url, body, {"Content-Type": "image/jpeg"} if body else {})
    with urllib.request.urlopen(request, timeout=ANSWER_TIME) as reply:
        return {found["product_id"] for found in json.load(reply)["results"]}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, child):
    """Waits until the service is loaded and answers."""
    until = time.monotonic() + ANSWER_TIME
    while True:
        if child.process.poll() is not None:
            child.ended()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > until:
                raise Problem(f"{child.name} did not answer within {ANSWER_TIME} s: {error}") from error
            time.sleep(0.1)
