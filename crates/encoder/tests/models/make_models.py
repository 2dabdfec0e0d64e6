"""Writes tiny networks, valid and invalid as custom encoders: `python make_models.py`.

Needs onnx (1.23.2 was used). Each takes pixels of 4x4 and costs a few hundred bytes.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

HERE = Path(__file__).resolve().parent
FIRST = [1, 3, 4, 4]


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, weights=(), functions=(), whole=True):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(weights))
    domains = {node.domain for node in nodes if node.domain}
    opsets = [helper.make_opsetid("", 13), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))
    if whole:
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
    unusual_inputs(features)
    unusual_outputs(pixels, features)
    unusual_weights(pixels, features)
    unusual_operators(pixels, features)


def unusual_inputs(features):
    for name, shape in [
        ("one-channel", [1, 1, 4, 4]),
        ("rank-three", [3, 4, 4]),
        ("batch-of-two", [2, 3, 4, 4]),
    ]:
        mean = helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[-2, -1], keepdims=0)
        shape_of_features = numpy_helper.from_array(np.array([1, -1]), "shape")
        flat = helper.make_node("Reshape", ["means", "shape"], ["features"])
        size = int(np.prod(shape[:-2]))
        save(name, [mean, flat], [tensor("pixels", shape)], [tensor("features", [1, size])], [shape_of_features])
    cast = helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT)
    octets = tensor("pixels", FIRST, TensorProto.UINT8)
    save("bytes", [cast, pool("numbers"), flatten()], [octets], [features])


def unusual_outputs(pixels, features):
    shape = numpy_helper.from_array(np.array([1, 1, 1, 3]), "shape")
    last = helper.make_node("Reshape", ["pooled", "shape"], ["features"])
    save("pooled-last", [pool(), last], [pixels], [tensor("features", [1, 1, 1, 3])], [shape])
    shape = numpy_helper.from_array(np.array([1, 16, 3]), "shape")
    tokens = helper.make_node("Reshape", ["pixels", "shape"], ["tokens"])
    save("tokens", [tokens], [pixels], [tensor("tokens", [1, 16, 3])], [shape])
    save("unmade-output", [pool()], [pixels], [features], whole=False)


def unusual_weights(pixels, features):
    def scaled(name, weight):
        scale = helper.make_node("Mul", ["pixels", "scale"], ["scaled"])
        save(name, [scale, pool("scaled"), flatten()], [pixels], [features], [weight], whole=False)

    weight = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "scale")
    weight.ClearField("raw_data")
    scaled("no-weights", weight)
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="model.onnx.data")
    scaled("external-weights", weight)

    # Half precision inside, as converters write it; and throughout, as PyTorch's `half()` exports it.
    scale = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float16), "scale")
    into = helper.make_node("Cast", ["pixels"], ["narrow"], to=TensorProto.FLOAT16)
    times = helper.make_node("Mul", ["narrow", "scale"], ["scaled"])
    out = helper.make_node("Cast", ["scaled"], ["wide"], to=TensorProto.FLOAT)
    save("half-within", [into, times, out, pool("wide"), flatten()], [pixels], [features], [scale])
    times = helper.make_node("Mul", ["pixels", "scale"], ["scaled"])
    narrow = [tensor("pixels", FIRST, TensorProto.FLOAT16)], [tensor("features", [1, 3], TensorProto.FLOAT16)]
    save("half-throughout", [times, pool("scaled"), flatten()], *narrow, [scale])


def unusual_operators(pixels, features):
    special = helper.make_node("Polish", ["pooled"], ["polished"], domain="com.example")
    flat = helper.make_node("Flatten", ["polished"], ["features"], axis=1)
    save("unknown-operator", [pool(), special, flat], [pixels], [features], whole=False)
    body = [helper.make_node("Relu", ["x"], ["y"])]
    function = helper.make_function("com.example", "Polish", ["x"], ["y"], body, [helper.make_opsetid("", 13)])
    save("own-function", [pool(), special, flat], [pixels], [features], functions=[function])


if __name__ == "__main__":
    main()
