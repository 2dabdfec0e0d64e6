"""The command line as a whole: help, wrong usage, completions, and the named system."""

import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from support.command import lookalike, run

COMMANDS = [
    "demo",
    "serve",
    "upload",
    "import",
    "search",
    "embed",
    "evaluate",
    "audit",
    "export-similar",
    "index",
    "status",
    "dead-letters",
    "draw",
    "completions",
]
# Commands that need a system, each with valid arguments.
NEEDY = [
    ["upload", "FOLDER"],
    ["import", "CSV"],
    ["search", "PICTURE"],
    ["index", "info"],
    ["index", "verify"],
    ["index", "refresh-attributes"],
    ["index", "show", "shoe"],
    ["index", "rebuild"],
    ["index", "gc"],
    ["audit"],
    ["export-similar", "--out", "FOLDER"],
    ["status"],
    ["dead-letters", "list"],
    ["dead-letters", "replay"],
]


@pytest.fixture
def with_arguments(tmp_path, shop_pictures):
    """Fills in the arguments of a command that needs a system."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "table.csv").write_text("product_id\n1\n")
    known = {
        "FOLDER": tmp_path / "folder",
        "CSV": tmp_path / "table.csv",
        "PICTURE": shop_pictures[0].path,
    }
    return lambda words: [known.get(word, word) for word in words]


# Help and wrong usage


def test_help_and_version():
    overview = lookalike("--help").expect().stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", overview, re.MULTILINE), command
        assert "Usage: lookalike" in lookalike(command, "--help").expect().stdout
    assert "Exit codes" in overview
    assert re.fullmatch(r"lookalike \d+\.\d+\.\d+\n", lookalike("--version").expect().stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["serve"],
        ["search"],
        ["embed"],
        ["evaluate", "--catalog", "a"],
        ["upload", "a", "b"],
        ["status", "--fail"],
        ["index"],
        ["serve", "--data", "x", "--port", "70000"],
        ["draw", "x", "--products", "0"],
        ["completions", "tcsh"],
        ["status", "--stack", "a", "--data", "b"],
        ["serve", "--data", "x", "--filterable", "price<5"],
        ["index", "verify", "--filterable", "not"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments):
    refused = lookalike(*arguments).expect(2)
    assert "Usage" in refused.stderr or "possible values" in refused.stderr or "error:" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("words", NEEDY, ids=" ".join)
def test_no_system_is_named(words, with_arguments):
    refused = lookalike(*with_arguments(words)).expect(1)
    for way in ("--stack", "--data"):
        assert way in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("words", NEEDY, ids=" ".join)
def test_nothing_runs_on_the_data_folder(words, with_arguments, tmp_path):
    refused = lookalike(*with_arguments(words), "--data", tmp_path).expect(1)
    assert f"lookalike serve --data {tmp_path}" in refused.stderr


def test_the_process_on_the_data_folder_was_killed(make_system):
    system = make_system().start()
    system.kill()
    for words in (["status"], ["index", "info"]):
        refused = system.lookalike(*words, timeout=20).expect(1)
        assert "nothing answers at http://127.0.0.1:" in refused.stderr
        assert f"lookalike serve --data {system.data}" in refused.stderr


@pytest.mark.parametrize("name", ["LOOKALIKE_CATALOG_BUCKET", "LOOKALIKE_INDEX_BUCKET", "LOOKALIKE_TABLE"])
def test_a_bucket_or_table_that_does_not_exist(shop, name):
    variables = shop.environment | {name: "no-such-thing"}
    words = ["index", "verify"] if name.endswith("BUCKET") else ["status", "--failed"]
    refused = lookalike(*words, extra_environment=variables).expect(1)
    assert "no-such-thing" in refused.stderr
    reply = lookalike(*words, "--json", extra_environment=variables).expect(1)
    assert reply.stdout == ""


# Completions


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "elvish"])
def test_completions(shell, tmp_path):
    script = lookalike("completions", shell).expect().stdout
    for command in COMMANDS:
        assert command in script
    if shell in ("bash", "zsh", "fish") and shutil.which(shell):
        path = tmp_path / "script"
        path.write_text(script, encoding="utf-8")
        run([shell, "-n", path]).expect()


def test_bash_completes_commands(tmp_path):
    if not shutil.which("bash"):
        pytest.skip("there is no bash here")
    path = tmp_path / "script"
    path.write_text(lookalike("completions", "bash").expect().stdout, encoding="utf-8")
    ask = 'source "$0"; COMP_WORDS=(lookalike se); COMP_CWORD=1; _lookalike lookalike se lookalike; echo "${COMPREPLY[@]}"'
    assert run(["bash", "-c", ask, path]).expect().stdout.split() == ["serve", "search"]


# --stack


def test_a_stack_is_found_by_its_outputs(shop):
    outputs = {
        "CatalogBucket": "catalog",
        "IndexBucket": "index",
        "IndexPrefix": "index",
        "Table": shop.table,
        "ChangesQueueUrl": shop.environment["LOOKALIKE_QUEUE_URL"],
        "Encoder": "embedded",
        "ApiUrl": "https://example.com",
    }
    with cloudformation({"shop": outputs, "strange": {}}) as url:
        kept = {name: value for name, value in shop.environment.items() if name.startswith("AWS_")}
        variables = kept | {"AWS_ENDPOINT_URL_CLOUDFORMATION": url}
        images = shop.index()["images"]
        status = lookalike("status", "--json", "--stack", "shop", extra_environment=variables)
        assert status.expect().json()["images"] == images
        named = lookalike("status", extra_environment=variables | {"LOOKALIKE_STACK": "shop"})
        assert f"{images} images" in named.expect().stdout
        # The command line takes precedence, and a variable set to an empty text is not set.
        for words, stack in ((["--data", shop.data], "missing"), (["--stack", "shop"], "missing")):
            chosen = lookalike("status", *words, extra_environment=variables | {"LOOKALIKE_STACK": stack})
            assert f"{images} images" in chosen.expect().stdout
        unset = lookalike("status", extra_environment=shop.environment | {"LOOKALIKE_STACK": ""})
        assert f"{images} images" in unset.expect().stdout
        refused = lookalike("status", "--stack", "strange", extra_environment=variables).expect(1)
        assert "strange" in refused.stderr
        refused = lookalike("status", "--stack", "missing", extra_environment=variables).expect(1)
        assert "missing" in refused.stderr
        assert "does not exist" in refused.stderr


class cloudformation:
    """A server that describes stacks, with outputs by name."""

    def __init__(self, stacks):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                name = re.search(r"StackName=(\w+)", form).group(1)
                body = described(name, stacks.get(name))
                self.send_response(400 if name not in stacks else 200)
                self.send_header("content-type", "text/xml")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def described(name, outputs):
    """Returns the XML of CloudFormation's answer."""
    namespace = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'
    if outputs is None:
        return (
            f"<ErrorResponse {namespace}><Error><Type>Sender</Type><Code>ValidationError</Code>"
            f"<Message>Stack with id {name} does not exist</Message></Error></ErrorResponse>"
        ).encode()
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return (
        f"<DescribeStacksResponse {namespace}><DescribeStacksResult><Stacks><member>"
        f"<StackName>{name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
        f"<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{members}</Outputs>"
        f"</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    ).encode()


def test_dead_letters_belong_to_a_stack(shop):
    for action in ("list", "replay"):
        assert "name it with --stack" in shop.lookalike("dead-letters", action).expect(1).stderr
