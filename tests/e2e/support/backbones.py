"""Backbones with random weights, made from the skeletons in tests/e2e/backbones."""

import json
import lzma
import zlib

import numpy as np
import onnx
from onnx import numpy_helper

from support.command import ROOT

FOLDER = ROOT / "tests" / "e2e" / "backbones"
ENDING = ".onnx.xz"
# Gates (SiLU, squeeze and excitation) weaken activations. With less, all images end alike; with 2, rounding decides.
GAIN = 1.5


def names():
    """Returns the name of every skeleton: architecture.library.exporter.batch."""
    return sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}"))


def skeleton(name):
    """Returns the exported graph; large tensors have a shape but no values."""
    return onnx.load_from_string(lzma.decompress((FOLDER / f"{name}{ENDING}").read_bytes()))


def filled(name, seed=1):
    """The graph with weights drawn to be like the exported ones: same mean, deviation and bounds.

    Kernels are kept from amplifying. Exported ones may have batch normalisation folded in, which holds each
    channel in check; drawn ones of the same deviation would let activations grow until rounding decides.
    """
    model = skeleton(name)
    for tensor in model.graph.initializer:
        if not tensor.doc_string:
            continue
        mean, deviation, least, most = map(float, tensor.doc_string.split())
        if len(tensor.dims) == 4:
            deviation = min(deviation, GAIN * he_deviation(tensor))
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        draw = np.random.default_rng([seed, zlib.crc32(tensor.name.encode())])
        values = draw.standard_normal(tuple(tensor.dims), dtype=np.float32)
        values = np.clip(values * np.float32(deviation) + np.float32(mean), least, most)
        tensor.CopyFrom(numpy_helper.from_array(values.astype(kind), tensor.name))
    return model


def he_deviation(kernel):
    """Returns the deviation that neither amplifies nor weakens (K. He et al., "Delving Deep into Rectifiers", 2015)."""
    return float(np.sqrt(2 / np.prod(kernel.dims[1:])))


def preprocessing(model):
    """Returns the preprocessing file that the exporter wrote."""
    [text] = [entry.value for entry in model.metadata_props if entry.key == "preprocessor_config.json"]
    return json.loads(text)


def exactly(steps):
    """Returns the steps for images of the network's size: nothing is resized or cropped."""
    side = steps.get("crop_size", steps["size"])
    kept = {name: value for name, value in steps.items() if name not in ("do_center_crop", "crop_size")}
    return kept | {"size": side}


def write(model, folder, steps):
    """Writes the folder of an encoder with a filled model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "preprocessor_config.json").write_text(json.dumps(steps), encoding="utf-8")
    return folder


def halved(model):
    """Returns the model in half precision throughout, and in full precision with weights rounded to half."""
    narrow, wide = onnx.ModelProto(), onnx.ModelProto()
    for copy in (narrow, wide):
        copy.CopyFrom(model)
        for tensor in copy.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT:
                half = numpy_helper.to_array(tensor).astype(np.float16)
                values = half if copy is narrow else half.astype(np.float32)
                tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    del narrow.graph.value_info[:]
    for value in [*narrow.graph.input, *narrow.graph.output]:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    return narrow, wide
