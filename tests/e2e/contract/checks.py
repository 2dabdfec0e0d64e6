"""Checks promises beyond the OpenAPI document for every request of schemathesis.

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

PREFIX = "urn:lookalike:problem:"

# Problems of requests that follow the document, each with the reason that no schema can state.
OF_MEANING = {
    "unknown-product": "any text may be a product id",
    "unknown-key": "a well-formed key may or may not be stored",
    "forbidden-key": "a key may leave its folder by `..`, which the pattern does not state",
    "unknown-attribute": "the catalog decides which attributes exist",
    "filter-type": "the catalog decides the types of attributes",
    "invalid-filter": "a filter is text in its own language, or a nested object",
    "invalid-cursor": "a cursor is a text that only the service can read",
    "cursor-expired": "the index decides how long a page can be continued",
    "invalid-crop": "the image decides whether a box is inside",
    "invalid-vector": "the index decides the length of vectors and their encoder",
    "invalid-query": "weights may cancel each other out, or all be negative",
    "invalid-base64": "generators ignore `contentEncoding`",
    "empty-picture": "a schema does not state the content of bytes",
    "unsupported-format": "a schema does not state the content of bytes",
    "corrupt-picture": "a schema does not state the content of bytes",
    "too-many-pixels": "a schema does not state the content of bytes",
    "not-yet-indexed": "the index decides its generation",
    "audit-off": "the operator decides whether audits are enabled",
}
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
    schemathesis.openapi.media_type(media_type, st.one_of(IMAGE, st.binary(max_size=100)))


# An existing product and key, and the counts of answers by operation and status.
REAL = {"product": os.environ["CONTRACT_PRODUCT"], "key": os.environ["CONTRACT_KEY"]}
REAL["image"] = base64.b64encode(image((200, 30, 30), "PNG")).decode()
ANSWERS = Counter()
# Options whose generated values are mostly refused.
OF_STATE = ("cursor", "facets", "filter", "min_generation")


@atexit.register
def tell_answers():
    Path(os.environ["CONTRACT_ANSWERS"]).write_text(json.dumps(dict(ANSWERS)), encoding="utf-8")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes half of the valid requests use existing products and keys, so that there are answers and not only problems.
    """
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_valid or zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 2:
        return
    for name in OF_STATE:
        (case.query or {}).pop(name, None)
    for name, real in (("product_id", REAL["product"]), ("key", REAL["key"])):
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = real
    if isinstance(case.body, dict) and case.media_type == "application/json":
        for name in OF_STATE:
            case.body.pop(name, None)
        for item in [case.body, *(case.body.get("query") or [])]:
            item.update({name: real for name, real in REAL.items() if item.get(name) is not None})


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


@schemathesis.check
def valid_data_is_refused_for_its_meaning(ctx, response, case):
    """Valid requests are answered, or refused for a reason that no document can state."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    name = problem_of(response)
    if name in (None, "method-not-allowed", *OF_MEANING) or lacks_images(case):
        return
    # The index decides which generations are far ahead.
    if name == "invalid-parameter" and response.json()["detail"].startswith("min_generation is"):
        return
    raise AssertionError(f"valid data was refused as {name}: {response.json()['detail']}")


def lacks_images(case):
    """Returns true if a form has not the images that its query items name, or none although it has no items."""
    if case.media_type != "multipart/form-data" or not isinstance(case.body, dict):
        return False
    request = case.body["request"] if isinstance(case.body.get("request"), dict) else {}
    items = [item for item in request.get("query") or [] if isinstance(item, dict)]
    named = {item["part"] for item in items if item.get("part") is not None}
    has_subject = any(request.get(name) is not None for name in ("query", "image", "key"))
    return not (named if has_subject else {"image"}) <= set(case.body) or has_subject and "image" in set(case.body) - named
