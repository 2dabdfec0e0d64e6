"""The service keeps to its OpenAPI document, as schemathesis finds by requests that it makes from the document.

All of its checks run. What it is told is in `contract/`: values that only the catalog knows, and a check that is ours.
"""

import json
import time
from collections import Counter

import pytest
from support.command import ROOT, run, tool

CONTRACT = ROOT / "tests" / "e2e" / "contract"
MIN_REQUESTS = 1000
AUDIT = "/audit"


@pytest.mark.few_rows("more than a thousand requests take too long if each compares all rows")
def test_the_service_keeps_to_its_document(shop, shop_pictures, engine, tmp_path, figures):
    document = f"{shop.url}/openapi.json"
    answers = tmp_path / "answers.json"
    index = shop.index()
    known = {
        "product": shop_pictures[0].product_id,
        "key": shop_pictures[0].key,
        "fingerprint": index["encoder"]["fingerprint"],
        "dimensions": index["encoder"]["dimensions"],
        "facets": not engine.is_vector_base,
    }
    environment = {
        "PYTHONPATH": str(CONTRACT.parent),
        "CONTRACT_CATALOG": json.dumps(known),
        "CONTRACT_ANSWERS": str(answers),
    }
    config = CONTRACT / "schemathesis.toml"
    # A vector base refuses each audit.
    left_out = [AUDIT] if engine.is_vector_base else []
    options = ["--url", shop.url, *(word for path in left_out for word in ("--exclude-path", path))]
    began = time.monotonic()
    ended = run(
        [tool("schemathesis"), "--no-color", "--config-file", config, "run", document, *options],
        environment,
        timeout=300,
        cwd=tmp_path,
    )
    seconds = time.monotonic() - began
    ended.expect()
    given = Counter(json.loads(answers.read_text(encoding="utf-8")))
    figures(f"OpenAPI document: {given.total()} requests made from it in {seconds:.0f} s")
    assert given.total() > MIN_REQUESTS
    for path, item in shop.get("/openapi.json")["paths"].items():
        for method in item:
            answered = given[f"{method.upper()} {path} 200"]
            # The document itself is not requested again.
            assert answered > 0 or path in ["/openapi.json", *left_out], f"{method} {path} never answered: {given}"
