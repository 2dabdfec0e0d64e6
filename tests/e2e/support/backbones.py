"""Backbones with random weights, made from the skeletons in tests/e2e/backbones."""

import lzma
import zlib
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from support.command import ROOT

FOLDER = ROOT / "tests" / "e2e" / "backbones"
ENDING = ".onnx.xz"


def names():
    """Every skeleton: architecture.library.exporter.batch."""
    return sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}"))


def skeleton(name):
    """The exported graph; large tensors have a shape but no values."""
    return onnx.load_from_string(lzma.decompress((FOLDER / f"{name}{ENDING}").read_bytes()))


def filled(name, seed=1):
    """The graph with weights drawn to be like the exported ones: same mean, deviation and bounds."""
    model = skeleton(name)
    for tensor in model.graph.initializer:
        if not tensor.doc_string:
            continue
        mean, deviation, least, most = map(float, tensor.doc_string.split())
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        draw = np.random.default_rng([seed, zlib.crc32(tensor.name.encode())])
        values = draw.standard_normal(tuple(tensor.dims), dtype=np.float32)
        values = np.clip(values * np.float32(deviation) + np.float32(mean), least, most)
        tensor.CopyFrom(numpy_helper.from_array(values.astype(kind), tensor.name))
    return model


def write(model, folder):
    """An encoder's folder for a filled model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    [preprocessing] = [entry.value for entry in model.metadata_props if entry.key == "preprocessor_config.json"]
    (folder / "preprocessor_config.json").write_text(preprocessing, encoding="utf-8")
    return folder
