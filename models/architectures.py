"""Backbones of torchvision and timm: the network up to its pooled features, and its preprocessing."""

import json
import math
import urllib.error
from dataclasses import dataclass

import torch

# Pillow's numbers.
RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}

# Name of an architecture, and its names in the libraries.
NAMES = {
    "mobilenet_v2": {"torchvision": "mobilenet_v2", "timm": "mobilenetv2_100.ra_in1k"},
    "mobilenet_v3_small": {"torchvision": "mobilenet_v3_small", "timm": "mobilenetv3_small_100.lamb_in1k"},
    "mobilenet_v3_large": {"torchvision": "mobilenet_v3_large", "timm": "mobilenetv3_large_100.ra_in1k"},
    "efficientnet_b0": {"torchvision": "efficientnet_b0", "timm": "efficientnet_b0.ra_in1k"},
    "efficientnet_lite0": {"timm": "efficientnet_lite0.ra_in1k"},
    "resnet18": {"torchvision": "resnet18", "timm": "resnet18.a1_in1k"},
    "resnet50": {"torchvision": "resnet50", "timm": "resnet50.a1_in1k"},
    "bit_resnet50x1": {"timm": "resnetv2_50x1_bit.goog_in21k"},
}


class Unknown(Exception):
    """No library has an architecture with this name."""


class NoDownload(Exception):
    """The weights could not be downloaded."""


@dataclass
class Backbone:
    """A network [N, 3, height, width] -> [N, D], and all that belongs to it."""

    library: str
    name: str
    network: torch.nn.Module
    # Prefixes of weights that are left out.
    head: tuple
    # Height and width in pixels.
    side: tuple
    preprocessing: dict


def build(arch, library, pretrained):
    """Returns the backbone with this name from this library, or from the first that has it; weights are random unless
    pretrained.
    """
    names = NAMES.get(arch, {"torchvision": arch, "timm": arch})
    makers = {"torchvision": from_torchvision, "timm": from_timm}
    for candidate in [library] if library else makers:
        if candidate in names:
            backbone = makers[candidate](names[candidate], pretrained)
            if backbone:
                return backbone
    where = library or "torchvision and timm"
    raise Unknown(f"{where}: no backbone {arch}; expected one of {', '.join(NAMES)}, or a name of the library")


def from_torchvision(name, pretrained):
    """Returns a classifier of torchvision without its last layer, or None."""
    from torchvision import models

    if name not in models.list_models(module=models):
        return None
    weights = models.get_model_weights(name).DEFAULT
    network = fetch(name, lambda: models.get_model(name, weights=weights if pretrained else None))
    head = next((part for part in ("classifier", "fc") if hasattr(network, part)), None)
    if head is None:
        raise Unknown(f"torchvision: {name} has neither `classifier` nor `fc` to leave out; try --library timm")
    setattr(network, head, torch.nn.Identity())
    steps = weights.transforms()
    [crop], [shortest] = steps.crop_size, steps.resize_size
    preprocessing = described(
        {"shortest_edge": shortest}, (crop, crop), steps.interpolation.value, steps.mean, steps.std
    )
    return Backbone("torchvision", name, network, (f"{head}.",), (crop, crop), preprocessing)


def from_timm(name, pretrained):
    """Returns a model of timm without its classifier, or None."""
    import timm
    from timm.data import resolve_model_data_config

    if not timm.is_model(name):
        return None
    network = fetch(name, lambda: timm.create_model(name, pretrained=pretrained, num_classes=0))
    config = resolve_model_data_config(network)
    _, height, width = config["input_size"]
    scaled = [math.floor(side / config["crop_pct"]) for side in (height, width)]
    if config["crop_mode"] == "squash":
        size = {"height": scaled[0], "width": scaled[1]}
    elif config["crop_mode"] == "center" and height == width:
        size = {"shortest_edge": scaled[0]}
    else:
        raise Unknown(f"timm: {name} requires crop mode {config['crop_mode']}, which is not supported")
    interpolation = config["interpolation"].replace("random", "bilinear")
    preprocessing = described(size, (height, width), interpolation, config["mean"], config["std"])
    classifier = network.pretrained_cfg["classifier"]
    heads = (classifier,) if isinstance(classifier, str) else tuple(classifier)
    head = tuple(f"{part}." for part in heads)
    return Backbone("timm", name, network, head, (height, width), preprocessing)


def fetch(name, create):
    """Returns the result of `create`; a failed download becomes one sentence."""
    try:
        return create()
    except json.JSONDecodeError:
        raise
    except (OSError, RuntimeError, urllib.error.URLError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NoDownload(
            f"the weights of {name} cannot be downloaded here ({reason[:200]}): download them elsewhere and"
            " name the file with --weights, or use --random"
        ) from error


def described(size, crop, interpolation, mean, deviation):
    """Returns the preprocessing file's content: resize, crop the middle, scale to 0..1, normalise."""
    return {
        "do_resize": True,
        "size": size,
        "resample": RESAMPLE[interpolation],
        "do_center_crop": True,
        "crop_size": {"height": crop[0], "width": crop[1]},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(mean),
        "image_std": list(deviation),
    }
