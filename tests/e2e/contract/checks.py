"""Makes the requests of schemathesis fit the catalog, and checks promises beyond the OpenAPI document.

schemathesis imports this; see schemathesis.toml beside it.
"""

import atexit
import base64
import io
import json
import os
import zlib
from collections import Counter
from pathlib import Path

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.transport.serialization import Binary

PREFIX = "urn:lookalike:problem:"

# Problems of a broken store or index, or of too large a catalog, which this test has not.
OF_STORES = {
    "audit-too-large",
    "incomplete-index",
    "internal",
    "misconfigured",
    "other-encoder",
    "unavailable",
    "unreadable-index",
}


def image(color, form):
    """Returns an image of one color."""
    file = io.BytesIO()
    Image.new("RGB", (48, 32), color).save(file, form)
    return file.getvalue()


COLOR = st.tuples(*[st.integers(0, 255)] * 3)
IMAGE = st.builds(image, COLOR, st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
for media_type in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, IMAGE)
schemathesis.openapi.format("binary", IMAGE)

# What is in the catalog: a product, a key, the fingerprint and dimensions of its vectors, and whether values are counted.
CATALOG = json.loads(os.environ["CONTRACT_CATALOG"])
VECTOR = [1.0] + [0.0] * (CATALOG["dimensions"] - 1)
IMAGES = [base64.b64encode(image((200, 30, 30), form)).decode() for form in ("PNG", "JPEG")]
CROPS = ["0.1,0.1,0.8,0.5", "10%,10%,50%,50%", "1,1,20,20"]
BOXES = [{"x": 0.1, "y": 0, "w": 0.5, "h": 1, "unit": "share"}, {"x": 1, "y": 1, "w": 20, "h": 20, "unit": "px"}]
FILTERS = ["category", "!category", "category=shoes,hats", "category!=shoes", 'category<"s"']
NESTED_FILTERS = [{"category": "shoes"}, {"or": [{"category": {"exists": False}}, {"not": {"category": ["hats"]}}]}]
ANSWERS = Counter()


@atexit.register
def tell_answers():
    Path(os.environ["CONTRACT_ANSWERS"]).write_text(json.dumps(dict(ANSWERS)), encoding="utf-8")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives valid requests the values that only this catalog knows, and images that are images; a schema states none of
    that. Ids, keys, cursors and generations stay as they were generated in half of the requests.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    number = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    is_stored = number % 2 == 0
    fill_in_options(case.query or {}, number, [FILTERS[number % len(FILTERS)]], "category")
    if is_stored:
        for options in (case.query, case.body):
            drop_state(options)
    if "crop" in (case.query or {}):
        case.query["crop"] = CROPS[number % len(CROPS)]
    for name, stored in (("product_id", CATALOG["product"]), ("key", CATALOG["key"])):
        if name in (case.path_parameters or {}) and (is_stored or not may_be_key(case.path_parameters[name])):
            case.path_parameters[name] = stored
    if isinstance(case.body, dict) and case.media_type == "application/json":
        fill_in_search(case.body, number, is_stored)
    if isinstance(case.body, dict) and case.media_type == "multipart/form-data":
        fill_in_form(case.body, number, is_stored)
        # Otherwise schemathesis takes every form with bytes that a hook changed for an invalid one.
        case._record_starting_state()


def drop_state(options):
    """Removes options that only one query or a later index could answer, from a query string, JSON or a form."""
    if isinstance(options, dict):
        drop_state(options.get("request"))
        for name in ("cursor", "min_generation"):
            options.pop(name, None)


def fill_in_options(options, number, filters, facets):
    """Fills in the options whose values depend on the attributes of the catalog."""
    for name, value in (("filter", filters), ("facets", facets)):
        if options.get(name) is not None:
            options[name] = value
    # A vector base counts nothing.
    if not CATALOG["facets"]:
        options.pop("facets", None)


def fill_in_search(search, number, is_stored):
    """Fills in the options and items of a search in JSON."""
    fill_in_options(search, number, NESTED_FILTERS[number % 2], ["category"])
    items = [item for item in search.get("query") or [] if isinstance(item, dict)]
    for item in [search, *items]:
        if item.get("image") is not None:
            item["image"] = IMAGES[number % 2]
        if item.get("crop") is not None:
            item["crop"] = [*CROPS, *BOXES][number % 5]
        if item.get("vector") is not None:
            item.update(vector=VECTOR, fingerprint=CATALOG["fingerprint"])
        if item.get("product") is not None and is_stored:
            item["product"] = CATALOG["product"]
        if item.get("key") is not None and (is_stored or not may_be_key(item["key"])):
            item["key"] = CATALOG["key"]
    # Weights may cancel each other out, all be negative, or be too small to count.
    for item in items:
        if item.get("weight") is not None:
            item["weight"] = max(abs(item["weight"]), 0.01)


def fill_in_form(form, number, is_stored):
    """Makes the query items of a form name its images, all of them, and only them. No header can state names with
    control characters.
    """
    for name in [name for name in form if not name.isprintable()]:
        del form[name]
    search = form.get("request")
    if not isinstance(search, dict):
        return
    fill_in_search(search, number, is_stored)
    has_subject = any(search.get(name) is not None for name in ("query", "image", "key"))
    for item in search.get("query") or []:
        if item.get("part") is not None:
            item["part"] = "image"
            form["image"] = Binary(image((200, 30, 30), "PNG"))
    names_image = any(item.get("part") is not None for item in search.get("query") or [])
    if has_subject and not names_image:
        form.pop("image", None)
    elif "image" not in form:
        form["image"] = Binary(image((200, 30, 30), "PNG"))


def may_be_key(key):
    """Returns false if a key leaves its folder or has too many bytes, which no pattern states."""
    return not {"", ".", ".."} & set(str(key).split("/")) and len(str(key).encode()) <= 1024


def problem_of(response):
    """Returns the name of a problem, or None."""
    if response.status_code < 400 or response.request.method == "HEAD":
        return None
    return response.json()["type"].removeprefix(PREFIX)


@schemathesis.check
def problems_are_documented(ctx, response, case):
    """Each kind of problem is among the examples of its operation, under its status."""
    name = problem_of(response)
    ANSWERS[f"{case.operation.label} {name or response.status_code}"] += 1
    if name is None:
        return
    documented = case.operation.definition.raw["responses"][str(response.status_code)]
    examples = documented["content"]["application/problem+json"]["examples"]
    assert name in examples, f"{name} is not among the problems of {case.operation.label}: {', '.join(examples)}"
    assert name not in OF_STORES, f"{name}, although nothing is wrong: {response.json()['detail']}"
    assert response.json()["request_id"] == response.headers["x-request-id"][0]
