"""The command embeds images as Pillow and onnxruntime do."""

import json

import numpy as np
from support.command import ROOT, lookalike

MIN_COSINE = 0.999
PICTURES = 48


def test_embeddings_match_pillow_and_onnxruntime(catalog, figures, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "crates" / "encoder" / "tests")
    from pillow_reference import Reference

    paths = [picture.path for picture in catalog.sample(PICTURES, seed=3)]
    # Trimming margins is a step of this project.
    printed = lookalike("embed", "--json", "--no-trim", *paths).expect().stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["image"] for line in lines] == [str(path) for path in paths]

    reference = Reference()
    cosines = {}
    for path, line in zip(paths, lines, strict=True):
        embedding = np.array(line["embedding"])
        assert abs(np.linalg.norm(embedding) - 1) < 1e-5
        cosines[path.name] = float(reference.embedding(path) @ embedding)
    worst = min(cosines, key=cosines.get)
    figures(f"least cosine to Pillow + onnxruntime over {len(paths)} images: {cosines[worst]:.6f} ({worst})")
    assert cosines[worst] >= MIN_COSINE
