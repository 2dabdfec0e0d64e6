"""Makes every valid request one that this catalog can answer, so that all default checks of schemathesis hold.

A schema states neither which cursors were given out, nor which attributes exist, nor what is an image. schemathesis
imports this; see defaults.toml beside it. checks.py leaves half of the requests as they are.
"""

import atexit
import base64
import io
import json
import os
from collections import Counter
from pathlib import Path

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.transport.serialization import Binary


def image(color, form):
    """Returns an image of one color."""
    file = io.BytesIO()
    Image.new("RGB", (48, 32), color).save(file, form)
    return file.getvalue()


COLOR = st.tuples(*[st.integers(0, 255)] * 3)
IMAGE = st.builds(image, COLOR, st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
for media_type in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, IMAGE)

FILE = image((200, 30, 30), "PNG")
REAL = {
    "product": os.environ["CONTRACT_PRODUCT"],
    "key": os.environ["CONTRACT_KEY"],
    "image": base64.b64encode(FILE).decode(),
}
# Options whose values the catalog, the index or the image decides about.
OF_STATE = ("cursor", "facets", "filter", "min_generation", "crop")
ANSWERS = Counter()


@atexit.register
def tell_answers():
    Path(os.environ["CONTRACT_ANSWERS"]).write_text(json.dumps(dict(ANSWERS)), encoding="utf-8")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces what only this catalog can decide about."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for name in OF_STATE:
        (case.query or {}).pop(name, None)
    for name, real in (("product_id", REAL["product"]), ("key", REAL["key"])):
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = real
    if not isinstance(case.body, dict):
        return
    if case.media_type == "multipart/form-data":
        request = case.body.get("request")
        options = answerable(request) if isinstance(request, dict) else {}
        for name in ("query", *REAL):
            options.pop(name, None)
        case.body = {"image": Binary(FILE), "request": options}
    else:
        case.body = answerable(case.body)


def answerable(search):
    """Returns a search in JSON with existing subjects."""
    search = {name: value for name, value in search.items() if name not in OF_STATE}
    if search.get("query"):
        search["query"] = [item_of(item) for item in search["query"]]
    return search | {name: REAL[name] for name in REAL if search.get(name) is not None}


def item_of(item):
    """Returns a query item of a positive weight with an existing subject."""
    name = next((name for name in REAL if item.get(name) is not None), "product")
    return {name: REAL[name]}


@schemathesis.check
def answers_are_counted(ctx, response, case):
    """Counts the answers of every operation."""
    ANSWERS[f"{case.operation.label} {response.status_code}"] += 1
