"""The reference for the encoder: the same steps with Pillow, numpy and onnxruntime."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

MODELS = Path(__file__).resolve().parents[3] / "models"


def open_rgb(path):
    """Returns the image as 8-bit RGB, upright, on white; of an animation the first frame."""
    picture = Image.open(path)
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # Pillow would clip 16-bit grey to 255; scaling is what people expect.
        deep = np.asarray(picture, dtype=np.float64)
        return Image.fromarray(np.rint(deep / 257).astype(np.uint8), "L").convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def resized(size, wanted):
    """Returns width and height after resizing."""
    if "shortest_edge" not in wanted:
        return wanted["width"], wanted["height"]
    (width, height), edge = size, wanted["shortest_edge"]
    if width <= height:
        return edge, int(edge * height / width)
    return int(edge * width / height), edge


class Reference:
    """The default model in onnxruntime, with the preprocessing of its own file."""

    def __init__(self, model=MODELS / "lite0-general"):
        self.config = json.loads((model / "preprocessor_config.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(model / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def pixels(self, path):
        """Returns the network's input, [1, 3, height, width] or channels last."""
        config = self.config
        picture = open_rgb(path)
        size = resized(picture.size, config["size"])
        picture = picture.resize(size, config["resample"])
        if "crop_size" in config:
            crop = config["crop_size"]
            left, top = (size[0] - crop["width"]) // 2, (size[1] - crop["height"]) // 2
            picture = picture.crop((left, top, left + crop["width"], top + crop["height"]))
        values = np.asarray(picture, dtype=np.float64)
        if config["do_rescale"]:
            values *= config["rescale_factor"]
        if config.get("do_normalize", True):
            values = (values - config["image_mean"]) / config["image_std"]
        values = values.astype(np.float32)[None]
        last = config.get("data_format") == "channels_last"
        return values if last else np.ascontiguousarray(values.transpose(0, 3, 1, 2))

    def embedding(self, path):
        """Returns the embedding of unit length, [dimensions]."""
        declared = self.session.get_inputs()[0]
        kind = np.float16 if declared.type == "tensor(float16)" else np.float32
        features = self.session.run(None, {declared.name: self.pixels(path).astype(kind)})[0]
        features = features.reshape(-1).astype(np.float64)
        return (features / np.linalg.norm(features)).astype(np.float32)
