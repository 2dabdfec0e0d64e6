"""The service keeps to its OpenAPI document, as schemathesis finds by requests that it makes from the document.

All of its checks run. What it is told is in `contract/`: values that only the catalog knows, and a check that is ours.
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
    index = shop.index()
    known = {
        "product": shop_pictures[0].product_id,
        "key": shop_pictures[0].key,
        "fingerprint": index["encoder"]["fingerprint"],
        "dimensions": index["encoder"]["dimensions"],
    }
    environment = {
        "PYTHONPATH": str(CONTRACT.parent),
        "CONTRACT_CATALOG": json.dumps(known),
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
