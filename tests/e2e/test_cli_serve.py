"""`serve`, `demo` and `draw`: their output, and how they end."""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess

import pytest
import requests
from support.command import BINARY, environment, lookalike, run
from support.system import FREE_PORTS, PORT_OPTIONS
from support.waiting import until


def test_serve_for_people(tmp_path):
    with running("serve", "--data", tmp_path / "data", *FREE_PORTS, log=tmp_path) as started:
        text = started.wait_for("Ctrl-C stops.")
        assert text.startswith("ready\n")
        exported = dict(re.findall(r"^  export (\w+)=(.*)$", text, re.MULTILINE))
        assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        # One for all services, so none for each.
        assert not [name for name in exported if name.startswith("AWS_ENDPOINT_URL_")]
        assert "warning" not in started.log.read_text(encoding="utf-8")
        status = lookalike("status", extra_environment=exported).expect()
        assert "0 images of 0 products" in status.stdout
        assert started.interrupt() == 0


def test_serve_with_invalid_arguments(tmp_path):
    data = tmp_path / "data"
    serve = ["serve", "--data", data, *FREE_PORTS]
    for option, value in (("--catalog", tmp_path / "no"), ("--metadata", tmp_path / "no.csv")):
        refused = lookalike(*serve, option, value, timeout=30).expect(1)
        assert str(value) in refused.stderr


@pytest.mark.parametrize("option", PORT_OPTIONS)
def test_a_taken_port_is_named_with_its_option(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = [port if previous == option else word for previous, word in zip(("", *FREE_PORTS), FREE_PORTS)]
        refused = lookalike("serve", "--data", tmp_path / "data", *ports).expect(1)
    assert f"port {port} is taken" in refused.stderr
    assert f"with {option}," in refused.stderr


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_serve_is_stopped_while_it_indexes(tmp_path, catalog, spare, signal_name):
    folder = catalog.copy([spare() for _ in range(25)], tmp_path / "pictures")
    data = tmp_path / "data"
    with running("serve", "--data", data, "--catalog", folder, *FREE_PORTS, log=tmp_path) as started:
        until((data / "serve.json").exists, 60, "serve.json", started.expect_alive)
        started.process.send_signal(getattr(signal, signal_name))
        assert started.process.wait(20) == 3
        assert "the next start continues" in started.log.read_text(encoding="utf-8")
        assert "ready" not in started.output.read_text(encoding="utf-8")
    assert not (data / "serve.json").exists()
    with running("serve", "--data", data, "--catalog", folder, *FREE_PORTS, log=tmp_path) as started:
        started.wait_for("Ctrl-C stops.")
        status = lookalike("status", "--data", data, "--json").expect().json()
        assert status["images"] == 25


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ((), {}, "public, max-age=60"),
        ((), {"LOOKALIKE_CACHE_SECONDS": "9"}, "public, max-age=9"),
        (("--cache-seconds", "0"), {"LOOKALIKE_CACHE_SECONDS": "9"}, "private, no-cache"),
        (("--cache-seconds", "5"), {"LOOKALIKE_AUTHORIZATION": "JWT"}, "private, max-age=5"),
    ],
)
def test_serve_sends_the_cache_time(tmp_path, spare, words, environment, expected):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.jpg").write_bytes(spare().bytes)
    serve = ["serve", "--data", tmp_path / "data", "--catalog", tmp_path / "pictures", *FREE_PORTS, *words]
    with running(*serve, log=tmp_path, **environment) as started:
        started.wait_for("Ctrl-C stops.")
        url = json.loads((tmp_path / "data" / "serve.json").read_text(encoding="utf-8"))["url"]
        reply = requests.get(f"{url}/products/one/similar", timeout=60)
        assert reply.headers["cache-control"] == expected
        assert started.interrupt() == 0


def test_demo_removes_its_folder_when_it_is_stopped_early(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = ["demo", "--port", "0", "--products", "60"]
    with running(*command, log=tmp_path, TMPDIR=str(temporary)) as started:
        read = lambda: "indexing" in started.log.read_text(encoding="utf-8")
        until(read, 60, "indexing", started.expect_alive)
        assert started.interrupt() == 3
    assert list(temporary.iterdir()) == []


def test_demo(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = ["demo", "--port", "0", "--products", "24"]
    with running(*command, log=tmp_path, TMPDIR=str(temporary)) as started:
        text = started.wait_for("Ctrl-C stops", deadline=120)
        url = re.search(r"open (http://\S+) in a browser", text).group(1)
        curls = [line.strip() for line in text.splitlines() if line.strip().startswith("curl ")]
        assert len(curls) == 3
        if shutil.which("curl"):
            for curl in curls:
                words = shlex.split(curl)
                reply = run([words[0], "--fail", "--silent", "--show-error", *words[1:]]).expect().json()
                assert reply.get("results") or reply.get("images")
        page = requests.get(url, timeout=10)
        assert page.headers["content-type"].startswith("text/html")
        index = requests.get(f"{url}/index", timeout=10).json()
        assert index["products"] == 24
        assert index["images"] > 24
        assert started.interrupt() == 0
    assert list(temporary.iterdir()) == []


def test_draw(tmp_path):
    drawn = [tmp_path / name for name in ("first", "second", "other seed")]
    printed = lookalike("draw", drawn[0], "--products", "16").expect().stdout
    lookalike("draw", drawn[1], "--products", "16", "--seed", "1").expect()
    lookalike("draw", drawn[2], "--products", "16", "--seed", "2").expect()
    content = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")} for folder in drawn
    ]
    pictures = [path for path in content[0] if path.suffix == ".jpg"]
    assert f"{len(pictures)} images in " in printed
    assert len({path.parent for path in pictures}) >= 8
    assert content[0] == content[1]
    assert content[0] != content[2]
    assert len((drawn[0] / "products.csv").read_text(encoding="utf-8").splitlines()) == 17


class running:
    """A command that runs until it is interrupted."""

    def __init__(self, *arguments, log, **variables):
        self.output, self.log = log / "running.out", log / "running.log"
        with self.output.open("wb") as output, self.log.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in (BINARY, *arguments)],
                env=environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait_for(self, text, deadline=60):
        """Waits for output that contains `text`, and returns it."""
        read = lambda: (printed := self.output.read_text(encoding="utf-8")) and text in printed and printed
        return until(read, deadline, text, self.expect_alive)

    def expect_alive(self):
        """Fails if it has ended."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")

    def interrupt(self):
        """Presses Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)
