"""Exports backbones of Keras with tf2onnx: channels last, a Transpose first, random weights.

    python tests/e2e/backbones/export_keras.py FOLDER
    python tests/e2e/backbones/make_skeletons.py --from FOLDER

Ran with tensorflow-cpu 2.21.0, keras 3.15.1 and tf2onnx 1.17.0.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

SIDE = 224
OPSET = 17
MEAN, DEVIATION = 127.5, 127.5
# Constructor, further arguments, and true if it normalises pixels of 0 to 255 itself.
ARCHITECTURES = {
    "mobilenet_v2": (keras.applications.MobileNetV2, {}, False),
    "mobilenet_v3_small": (keras.applications.MobileNetV3Small, {"include_preprocessing": False}, False),
    "mobilenet_v3_large": (keras.applications.MobileNetV3Large, {}, True),
    "efficientnetv2_b0": (keras.applications.EfficientNetV2B0, {"include_preprocessing": False}, False),
    "resnet50": (keras.applications.ResNet50, {}, False),
    "resnet50_v2": (keras.applications.ResNet50V2, {}, False),
}


def build(constructor, options, normalises):
    """Returns a network [N, 224, 224, 3] -> [N, D] whose normalisation fits its random weights."""
    shape = (SIDE, SIDE, 3)
    model = constructor(weights=None, include_top=False, pooling="avg", input_shape=shape, **options)
    noise = np.random.default_rng(7).normal(size=(4, *shape)).astype(np.float32)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(noise * DEVIATION / 2 + MEAN if normalises else noise, training=True)
    return model


def preprocessing(normalises):
    """Returns the preprocessing file's content."""
    steps = {
        "size": {"height": SIDE, "width": SIDE},
        "resample": 2,
        "do_rescale": False,
        "do_normalize": not normalises,
        "data_format": "channels_last",
    }
    if not normalises:
        steps |= {"image_mean": [MEAN] * 3, "image_std": [DEVIATION] * 3}
    return steps


def main():
    keras.utils.set_random_seed(7)
    for name, (constructor, options, normalises) in ARCHITECTURES.items():
        model = build(constructor, options, normalises)
        folder = Path(sys.argv[1]) / f"{name}.keras.tf2onnx.free"
        folder.mkdir(parents=True)
        network = tf.function(lambda pixels, model=model: model(pixels, training=False))
        signature = [tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32, name="pixels")]
        tf2onnx.convert.from_function(
            network, input_signature=signature, opset=OPSET, output_path=folder / "model.onnx"
        )
        text = json.dumps(preprocessing(normalises), indent=2) + "\n"
        (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
