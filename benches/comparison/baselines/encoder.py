"""Image to vector with Pillow and onnxruntime, by the model's own preprocessing file."""

import io
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

MODEL = Path(__file__).resolve().parents[3] / "models" / "lite0-general"


class Encoder:
    """The default model on one thread."""

    def __init__(self):
        config = json.loads((MODEL / "preprocessor_config.json").read_text())
        self.edge = config["size"]["shortest_edge"]
        self.filter = Image.Resampling(config["resample"])
        self.width, self.height = config["crop_size"]["width"], config["crop_size"]["height"]
        self.mean = np.array(config["image_mean"], np.float32)
        self.deviation = np.array(config["image_std"], np.float32)
        if config["do_rescale"] or config["channel_order"] != "rgb":
            raise SystemExit(f"{MODEL}: the baseline does not support this preprocessing")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name

    def pixels(self, picture, draft=None):
        """Returns the network's input, [1, 3, height, width]. With `draft` a JPEG is decoded at the smallest of its
        scales that is at least that large.
        """
        image = Image.open(io.BytesIO(picture))
        if draft:
            image.draft("RGB", (draft, draft))
        image = ImageOps.exif_transpose(image).convert("RGB")
        width, height = image.size
        if width <= height:
            width, height = self.edge, int(self.edge * height / width)
        else:
            width, height = int(self.edge * width / height), self.edge
        image = image.resize((width, height), self.filter)
        left, top = (width - self.width) // 2, (height - self.height) // 2
        image = image.crop((left, top, left + self.width, top + self.height))
        values = (np.asarray(image, np.float32) - self.mean) / self.deviation
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None])

    def run(self, pixels):
        """Returns the network's output, [dimensions]."""
        return self.session.run(None, {self.input: pixels})[0].reshape(-1)

    def embed(self, picture, draft=None):
        """Returns the vector of unit length, [dimensions]."""
        features = self.run(self.pixels(picture, draft))
        return features / np.linalg.norm(features)
