"""The service keeps to its OpenAPI document, as schemathesis finds by requests that it makes from the document.

What it is told is in `contract/`: the checks that are ours, and why some valid requests may be refused.
"""

import json
import time
from collections import Counter

from support.command import ROOT, run, tool

CONTRACT = ROOT / "tests" / "e2e" / "contract"
MIN_REQUESTS = 1000


def test_the_service_keeps_to_its_document(shop, shop_pictures, tmp_path, figures):
    document = f"{shop.url}/openapi.json"
    answers = tmp_path / "answers.json"
    environment = {
        "PYTHONPATH": str(CONTRACT.parent),
        "CONTRACT_PRODUCT": shop_pictures[0].product_id,
        "CONTRACT_KEY": shop_pictures[0].key,
        "CONTRACT_ANSWERS": str(answers),
    }
    config = CONTRACT / "schemathesis.toml"
    began = time.monotonic()
    ended = run(
        [tool("schemathesis"), "--no-color", "--config-file", config, "run", document, "--url", shop.url],
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
            assert answered > 0 or path == "/openapi.json", f"{method} {path} never answered: {given}"
