"""The service keeps to its OpenAPI document, as schemathesis finds by requests that it makes from the document.

What it is told is in `contract/`: in `schemathesis.toml` the checks that are ours, and why some valid requests may be
refused; in `defaults.toml` all default checks, for requests that the catalog can answer.
"""

import json
import time
from collections import Counter

import pytest
from support.command import ROOT, run, tool

CONTRACT = ROOT / "tests" / "e2e" / "contract"
MIN_REQUESTS = 1000


@pytest.mark.parametrize("asked", ["schemathesis", "defaults"])
def test_the_service_keeps_to_its_document(shop, shop_pictures, tmp_path, figures, asked):
    document = f"{shop.url}/openapi.json"
    answers = tmp_path / "answers.json"
    environment = {
        "PYTHONPATH": str(CONTRACT.parent),
        "CONTRACT_PRODUCT": shop_pictures[0].product_id,
        "CONTRACT_KEY": shop_pictures[0].key,
        "CONTRACT_ANSWERS": str(answers),
    }
    config = CONTRACT / f"{asked}.toml"
    began = time.monotonic()
    ended = run(
        [tool("schemathesis"), "--no-color", "--config-file", config, "run", document, "--url", shop.url],
        environment,
        timeout=900,
        cwd=tmp_path,
    )
    seconds = time.monotonic() - began
    ended.expect()
    given = Counter(json.loads(answers.read_text(encoding="utf-8")))
    figures(f"OpenAPI document ({asked}): {given.total()} requests made from it in {seconds:.0f} s")
    assert given.total() > MIN_REQUESTS
    for path, item in shop.get("/openapi.json")["paths"].items():
        for method in item:
            answered = given[f"{method.upper()} {path} 200"]
            # The document itself is not requested again.
            assert answered > 0 or path == "/openapi.json", f"{method} {path} never answered: {given}"
