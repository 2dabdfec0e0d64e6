"""Backbones of the families that people use, as exporters write them, against onnxruntime."""

import json
import time

import numpy as np
import pytest
from PIL import Image
from support import backbones
from support.command import ROOT, lookalike

LEAST_COSINE = 0.9999
FAMILIES = {
    "MobileNet": ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"],
    "EfficientNet": ["efficientnet_b0", "efficientnet_lite0"],
    "ResNet": ["resnet18", "resnet50"],
    "BiT": ["bit_resnet50x1"],
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Pictures that differ in shape, colour and texture; PNG, so that no JPEG decoder has a say."""
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(5)
    rows, columns = np.mgrid[0:260, 0:300]
    stripes = np.stack([(columns // 9 % 2) * 255, (rows // 30 % 2) * 200, rows * 255 // 260], axis=-1)
    disc = np.where(((rows - 130) ** 2 + (columns - 150) ** 2 < 90**2)[..., None], [200, 30, 60], [240, 240, 235])
    noise = draw.integers(0, 256, (280, 230, 3))
    paths = []
    for name, pixels in [("stripes", stripes), ("disc", disc), ("noise", noise)]:
        paths.append(folder / f"{name}.png")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def reference():
    """The class that preprocesses with Pillow and runs onnxruntime."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "crates" / "encoder" / "tests")
        from pillow_reference import Reference
    return Reference


def embed(folder, pictures):
    """The command's embeddings, [pictures, D]."""
    chosen = {"LOOKALIKE_ENCODER": str(folder)}
    printed = lookalike("embed", "--json", *pictures, extra_environment=chosen).expect().stdout
    return np.array([json.loads(line)["embedding"] for line in printed.splitlines()])


def test_every_family_is_here_from_both_exporters():
    exported = {tuple(name.split(".")) for name in backbones.names()}
    for family, architectures in FAMILIES.items():
        here = {(exporter, batch) for arch, _, exporter, batch in exported if arch in architectures}
        for wanted in [("torchscript", "fixed"), ("torchscript", "free"), ("dynamo", "fixed"), ("dynamo", "free")]:
            assert wanted in here or (family == "BiT" and wanted[0] in dict(here)), (family, wanted)
        missing = set(architectures) - {arch for arch, *_ in exported}
        assert not missing, f"{family} without {missing}"


@pytest.mark.parametrize("name", backbones.names())
def test_embeddings_match_onnxruntime(name, pictures, reference, figures, tmp_path):
    folder = backbones.write(backbones.filled(name), tmp_path / name)
    began = time.monotonic()
    found = embed(folder, pictures)
    seconds = time.monotonic() - began
    expected = np.stack([reference(folder).embedding(path) for path in pictures]).astype(np.float64)
    least = (found * expected).sum(axis=1).min()
    # Agreement means little where all pictures look alike to the network.
    others = (expected @ expected.T)[np.triu_indices(len(pictures), 1)].max()
    figures(f"{name}: least cosine {least:.7f}, of different pictures {others:.4f}, {seconds:.1f} s")
    assert found.shape == expected.shape
    assert least >= LEAST_COSINE
    assert 1 - least < (1 - others) / 10
