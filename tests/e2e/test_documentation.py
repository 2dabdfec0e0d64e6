"""The documentation names everything that users can set and call, and its links work."""

import re

import pytest
from samcli.yamlhelper import yaml_parse
from support.command import ROOT, lookalike

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "benches/*.md", "infra/*.md", "models/**/*.md", "crates/jpeg/*.md")
    for path in ROOT.glob(pattern)
)
MAX_README_LINES = 250
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def first_cells(page):
    """Returns everything in code spans in the first column of the tables of a page."""
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def anchors(page):
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def template():
    return yaml_parse(text("template.yaml"))


@pytest.fixture(scope="module")
def listed():
    """Returns the names listed in the page on operations."""
    return first_cells(text("docs/operations.md"))


def test_the_readme_is_short():
    assert len(text("README.md").splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_work(path):
    page = path.read_text(encoding="utf-8")
    for link in LINK.findall(FENCED.sub("", page)):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_parameter_of_the_template_is_listed(template, listed):
    assert set(template["Parameters"]) - listed == set()


def test_every_output_and_alarm_of_the_template_is_mentioned(template):
    page = text("docs/operations.md")
    alarms = [name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::CloudWatch::Alarm"]
    assert [name for name in [*template["Outputs"], *alarms] if f"`{name}`" not in page] == []


def test_every_environment_variable_is_listed(template, listed):
    functions = [template["Globals"]["Function"]]
    functions += [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    variables = {name for function in functions for name in function["Environment"]["Variables"]}
    assert {name for name in variables if name.startswith("LOOKALIKE_")} - listed == set()


def test_every_metric_is_listed(template, listed):
    watched = set(re.findall(r'\["lookalike", "(\w+)"', template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]))
    assert len(watched) >= 3
    assert watched - listed == set()


def commands(*group):
    """Returns the names of the commands in the help of the program, or of one of its commands."""
    said = lookalike(*group, "--help").expect().stdout
    section = said.partition("Commands:\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^  ([a-z-]+)", section, re.MULTILINE)) - {"help"}


def test_every_command_is_listed(listed):
    described = {" ".join(name.split()[:words]) for name in listed for words in (1, 2)}
    wanted = commands() | {f"index {name}" for name in commands("index")}
    assert len(wanted) > 15
    assert wanted - described == set()
