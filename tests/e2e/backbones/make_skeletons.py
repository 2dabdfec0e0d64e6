"""Writes the skeletons: exported backbones without their weights, a few kilobytes each.

    python tests/e2e/backbones/make_skeletons.py                 every case below, by models/export.py
    python tests/e2e/backbones/make_skeletons.py --from FOLDER   exports made elsewhere: FOLDER/NAME/model.onnx

The graph stays as the exporter wrote it. A large tensor keeps its shape and, as its `doc_string`, the mean,
deviation, least and most of its values, by which the tests draw others. Needs models/requirements-backbones.txt;
export_keras.py beside this file makes the exports of Keras.
"""

import argparse
import lzma
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx
from onnx import numpy_helper

HERE = Path(__file__).resolve().parent
EXPORT = HERE.parents[2] / "models" / "export.py"
TORCHVISION = ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "resnet18", "resnet50"]
TIMM = [*TORCHVISION, "efficientnet_lite0", "bit_resnet50x1"]
# Smaller tensors hold shapes, axes and limits, which the graph needs.
KEPT_VALUES = 64


def cases():
    """Returns name and options of every export; each exporter has both a fixed and a free number of images."""
    for library, architectures in [("torchvision", TORCHVISION), ("timm", TIMM)]:
        for exporter in ["torchscript", "dynamo"]:
            free = (library == "timm") == (exporter == "torchscript")
            batch = ["--free-batch"] if free else []
            for arch in architectures:
                options = ["--arch", arch, "--library", library, "--exporter", exporter, *batch]
                yield f"{arch}.{library}.{exporter}.{'free' if free else 'fixed'}", options


def export_all(folder):
    """Runs models/export.py for every case."""
    for name, options in cases():
        print(name, flush=True)
        command = [sys.executable, EXPORT, *options, "--random", "7", "--out", folder / name]
        subprocess.run(command, check=True)


def strip(model):
    """Replaces the values of large tensors by a description of them."""
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.size <= KEPT_VALUES or values.dtype.kind != "f":
            continue
        for field in ["raw_data", "float_data", "int32_data"]:
            tensor.ClearField(field)
        like = values.astype("float64")
        tensor.doc_string = " ".join(f"{x:.6g}" for x in [like.mean(), like.std(), like.min(), like.max()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="folder", type=Path, help="strip these exports")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        if not arguments.folder:
            export_all(folder)
        for path in sorted(folder.glob("*/model.onnx")):
            model = onnx.load(path)
            strip(model)
            preprocessing = (path.parent / "preprocessor_config.json").read_text(encoding="utf-8")
            model.metadata_props.add(key="preprocessor_config.json", value=preprocessing)
            packed = lzma.compress(model.SerializeToString(deterministic=True), preset=9)
            target = HERE / f"{path.parent.name}.onnx.xz"
            target.write_bytes(packed)
            print(f"{target.name}: {len(packed)} bytes")


if __name__ == "__main__":
    main()
