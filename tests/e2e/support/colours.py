"""An encoder that sees nothing but the mean colour, and images of one colour: small enough to
reckon by hand what a search over them finds."""

import json
import shutil

from PIL import Image
from support.command import ROOT

MODEL = ROOT / "crates" / "encoder" / "tests" / "models" / "flat.onnx"
PREPROCESSING = {
    "size": {"height": 4, "width": 4},
    "resample": 2,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


def encoder(folder):
    """Writes the encoder to a folder."""
    folder.mkdir(parents=True)
    shutil.copyfile(MODEL, folder / "model.onnx")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSING))
    return folder


def pictures(folder, colours):
    """Makes images, by their path below the folder."""
    for name, colour in colours.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), colour).save(path)
    return folder
