"""Writes encoders/small: a tiny encoder with random weights, for tests that change the encoder.

A few convolutions and a global average. Nobody would search a shop with it, but images that differ
get vectors that differ, of another length than the built-in encoder's.

    pip install onnx numpy && python tests/e2e/encoders/make_small.py
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
CHANNELS = (3, 16, 32, 96)


def main():
    random = np.random.default_rng(20)
    nodes, weights, last = [], [], "pixels"
    for layer, (given, made) in enumerate(zip(CHANNELS, CHANNELS[1:])):
        kernel = random.normal(0, (2 / (9 * given)) ** 0.5, (made, given, 3, 3))
        weights.append(numpy_helper.from_array(kernel.astype(np.float32), f"kernel{layer}"))
        convolved = f"convolved{layer}"
        nodes.append(
            helper.make_node(
                "Conv",
                [last, f"kernel{layer}"],
                [convolved],
                kernel_shape=[3, 3],
                strides=[2, 2],
                pads=[1, 1, 1, 1],
            )
        )
        last = f"active{layer}"
        nodes.append(helper.make_node("Relu", [convolved], [last]))
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["embedding"]))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    made = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, CHANNELS[-1], 1, 1])
    graph = helper.make_graph(nodes, "small", [pixels], [made], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    folder = Path(__file__).parent / "small"
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    config = {
        "size": {"height": SIDE, "width": SIDE},
        "resample": 2,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.25, 0.25, 0.25],
    }
    text = json.dumps(config, indent=2) + "\n"
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
