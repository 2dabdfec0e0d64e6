"""Writes tiny networks that a custom encoder may or may not be: `python make_models.py`.

Needs onnx (1.23.2 was used). Each takes pixels of 4x4 and costs a few hundred bytes.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

HERE = Path(__file__).resolve().parent
FIRST = [1, 3, 4, 4]


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def pool(source="pixels", target="pooled"):
    return helper.make_node("GlobalAveragePool", [source], [target])


def flatten(target="features"):
    return helper.make_node("Flatten", ["pooled"], [target], axis=1)


def main():
    pixels = tensor("pixels", FIRST)
    features = tensor("features", [1, 3])
    pooled = tensor("pooled", [1, 3, 1, 1])
    save("flat", [pool(), flatten()], [pixels], [features])
    save("pooled", [pool()], [pixels], [pooled])
    free = tensor("pixels", ["batch", 3, "height", "width"])
    save("free-shape", [pool(), flatten()], [free], [tensor("features", ["batch", 3])])
    last = tensor("pixels", [1, 4, 4, 3])
    mean = helper.make_node("ReduceMean", ["pixels"], ["features"], axes=[1, 2], keepdims=0)
    save("channels-last", [mean], [last], [features])
    save("two-outputs", [pool(), flatten()], [pixels], [features, pooled])
    more = helper.make_node("Add", ["pixels", "more"], ["sum"])
    save("two-inputs", [more, pool("sum"), flatten()], [pixels, tensor("more", FIRST)], [features])
    save("not-pooled", [helper.make_node("Relu", ["pixels"], ["map"])], [pixels], [tensor("map", FIRST)])
    cast = helper.make_node("Cast", ["pooled"], ["features"], to=TensorProto.INT64)
    save("integers", [pool(), cast], [pixels], [tensor("features", [1, 3, 1, 1], TensorProto.INT64)])
    nothing = numpy_helper.from_array(np.zeros(1, np.float32), "nothing")
    dark = helper.make_node("Mul", ["pixels", "nothing"], ["dark"])
    save("blind", [dark, pool("dark"), flatten()], [pixels], [features], [nothing])


if __name__ == "__main__":
    main()
