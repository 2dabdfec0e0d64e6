"""Backbones of common families, as exporters write them, compared with onnxruntime."""

import json
import time

import numpy as np
import pytest
from PIL import Image
from support import backbones
from support.command import ROOT, lookalike

MIN_COSINE = 0.9999
SIDE = 224
FAMILIES = {
    "MobileNet": ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"],
    "EfficientNet": ["efficientnet_b0", "efficientnet_lite0"],
    "ResNet": ["resnet18", "resnet50"],
    "BiT": ["bit_resnet50x1"],
}


def draw(folder, side):
    """Draws three square images that differ in shape, colour and texture; PNG, so that JPEG decoders do not matter.
    """
    random = np.random.default_rng(5)
    rows, columns = np.mgrid[0:side, 0:side]
    stripes = np.stack([(columns // 9 % 2) * 255, (rows // 30 % 2) * 200, rows * 255 // side], axis=-1)
    inside = (rows - side // 2) ** 2 + (columns - side // 2) ** 2 < (side // 3) ** 2
    disc = np.where(inside[..., None], [200, 30, 60], [240, 240, 235])
    noise = random.integers(0, 256, (side, side, 3))
    paths = []
    for name, pixels in [("stripes", stripes), ("disc", disc), ("noise", noise)]:
        paths.append(folder / f"{name}-{side}.png")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Images of the networks' size."""
    return draw(tmp_path_factory.mktemp("pictures"), SIDE)


@pytest.fixture(scope="module")
def reference():
    """The class that preprocesses with Pillow and runs onnxruntime."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "crates" / "encoder" / "tests")
        from pillow_reference import Reference
    return Reference


def embed(folder, pictures):
    """Returns the command's embeddings of whole images, [images, D]."""
    chosen = {"LOOKALIKE_ENCODER": str(folder)}
    printed = lookalike("embed", "--json", "--no-trim", *pictures, extra_environment=chosen).expect().stdout
    return np.array([json.loads(line)["embedding"] for line in printed.splitlines()])


def test_every_family_is_here_from_both_exporters():
    exported = [name.split(".") for name in backbones.names()]
    for family, architectures in FAMILIES.items():
        for exporter in ["torchscript", "dynamo"]:
            here = {arch for arch, _, found, _ in exported if found == exporter}
            assert here.issuperset(architectures), f"{family} by {exporter}: only {here}"
    assert {(exporter, batch) for _, _, exporter, batch in exported} >= {
        ("torchscript", "fixed"),
        ("torchscript", "free"),
        ("dynamo", "fixed"),
        ("dynamo", "free"),
        ("tf2onnx", "free"),
    }


@pytest.mark.parametrize("name", backbones.names())
def test_embeddings_match_onnxruntime(name, pictures, reference, figures, tmp_path):
    model = backbones.filled(name)
    # Resized images may differ by one in 255 from Pillow's, and random weights can amplify it.
    steps = backbones.exactly(backbones.preprocessing(model))
    folder = backbones.write(model, tmp_path / name, steps)
    began = time.monotonic()
    found = embed(folder, pictures)
    seconds = time.monotonic() - began
    expected = np.stack([reference(folder).embedding(path) for path in pictures]).astype(np.float64)
    (folder / "model.onnx").unlink()
    least = (found * expected).sum(axis=1).min()
    # Agreement proves little if all images look alike to the network.
    others = (expected @ expected.T)[np.triu_indices(len(pictures), 1)].max()
    figures(f"{name}: least cosine {least:.7f}, of different images {others:.4f}, {seconds:.1f} s")
    assert found.shape == expected.shape
    assert least >= MIN_COSINE
    assert 1 - least < (1 - others) / 10


def test_exported_preprocessing_agrees_with_pillow(reference, tmp_path):
    exported = {json.dumps(backbones.preprocessing(backbones.skeleton(name))) for name in backbones.names()}
    model = backbones.filled("mobilenet_v3_small.torchvision.torchscript.fixed")
    pictures = draw(tmp_path, 300)[:2]
    for number, text in enumerate(sorted(exported)):
        steps = json.loads(text)
        if steps.get("data_format") == "channels_last":
            continue
        folder = backbones.write(model, tmp_path / str(number), steps)
        found = embed(folder, pictures)
        for path, embedding in zip(pictures, found, strict=True):
            assert reference(folder).embedding(path) @ embedding >= 0.999, text


def test_a_skeleton_without_weights_is_refused(pictures, tmp_path):
    name = "resnet18.torchvision.torchscript.fixed"
    model = backbones.skeleton(name)
    folder = backbones.write(model, tmp_path / name, backbones.preprocessing(model))
    refused = lookalike("embed", pictures[0], extra_environment={"LOOKALIKE_ENCODER": str(folder)}).expect(1)
    assert "tensors without values" in refused.stderr
    assert "export the network again" in refused.stderr


def test_weights_beside_the_model_are_refused(pictures, tmp_path):
    import onnx

    name = "mobilenet_v3_small.torchvision.torchscript.fixed"
    model = backbones.filled(name)
    folder = backbones.write(model, tmp_path / name, backbones.preprocessing(model))
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="model.onnx.data")
    chosen = {"LOOKALIKE_ENCODER": str(folder)}
    refused = lookalike("embed", pictures[0], extra_environment=chosen).expect(1)
    assert '"model.onnx.data"' in refused.stderr
    # The advice in the error helps.
    onnx.save(onnx.load(folder / "model.onnx"), folder / "joined.onnx")
    (folder / "joined.onnx").rename(folder / "model.onnx")
    lookalike("embed", pictures[0], extra_environment=chosen).expect()


def test_half_precision_is_computed_in_full(pictures, reference, tmp_path):
    model = backbones.filled("resnet18.torchvision.torchscript.fixed")
    steps = backbones.exactly(backbones.preprocessing(model))
    narrow, wide = backbones.halved(model)
    found = embed(backbones.write(narrow, tmp_path / "narrow", steps), pictures)
    for kind, least in [(narrow, 0.999), (wide, MIN_COSINE)]:
        other = reference(backbones.write(kind, tmp_path / "reference", steps))
        for path, embedding in zip(pictures, found, strict=True):
            assert other.embedding(path) @ embedding >= least
