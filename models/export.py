"""Writes a backbone for `LOOKALIKE_ENCODER`: model.onnx up to its pooled features, and preprocessor_config.json.

    python models/export.py --arch resnet50 --pretrained --out encoders/resnet50
    python models/export.py --arch mobilenet_v3_large --weights fine-tuned.pt --out encoders/mine
    python models/export.py --arch bit_resnet50x1 --library timm --random 7 --out encoders/trial

`--arch` is a name of the table in models/README.md, or any name that the library itself knows. Sizes, mean
and deviation are the architecture's own. What was written is run by onnxruntime and compared with PyTorch.
Needs models/requirements-backbones.txt. Ends with 3 when weights cannot be downloaded.
"""

import argparse
import hashlib
import json
import os
import sys
import warnings
from pathlib import Path

# Without a network, this should fail within seconds.
os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "10")
os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "10")

import numpy as np
import onnx
import onnxruntime
import torch

import architectures

NO_DOWNLOAD = 3
MIN_COSINE = 0.99999
# Both exporters write it without conversion, and every recent reader accepts it.
OPSET = 18


def parse():
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True, help="e.g. resnet50; see models/README.md")
    parser.add_argument("--library", choices=["torchvision", "timm"], help="default: the first that has it")
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    parser.add_argument("--opset", type=int, default=OPSET, help=f"ONNX operator set, default {OPSET}")
    parser.add_argument("--free-batch", action="store_true", help="leave the number of images open")
    parser.add_argument("--keep-margins", action="store_true", help="keep uniform margins of images")
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--weights", type=Path, help="a state dict: .pt, .pth or .safetensors")
    weights.add_argument("--random", type=int, metavar="SEED", help="untrained weights, for experiments")
    weights.add_argument("--pretrained", action="store_true", help="download the library's weights")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser.parse_args()


def read_weights(path):
    """Returns the state dict in a file."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # each format has errors of its own
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        sys.exit(f"{path}: expected a state dict (.pt, .pth or .safetensors): {reason[:200]}")
    if not isinstance(state, dict):
        sys.exit(f"{path}: expected a state dict, found {type(state).__name__}: save network.state_dict()")
    return state


def load_weights(backbone, path):
    """Loads a state dict into the backbone; weights of a head are left out, all others must fit."""
    state = read_weights(path)
    for wrapper in ("state_dict", "model"):
        state = state.get(wrapper, state)
    state = {name.removeprefix("module."): value for name, value in state.items()}
    try:
        found = backbone.network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        sys.exit(f"{path}: not the weights of this architecture: {error}")
    strangers = [name for name in found.unexpected_keys if not name.startswith(backbone.head)]
    if found.missing_keys or strangers:
        sys.exit(
            f"{path}: not the weights of this architecture: {len(found.missing_keys)} tensors are missing"
            f" (first: {first(found.missing_keys)}), {len(strangers)} are unknown (first: {first(strangers)})"
        )


def first(names):
    """Returns the first name, for messages."""
    return names[0] if names else "none"


def scenes(count, side, generator):
    """Draws blots of all sizes and colours, [count, 3, height, width], about as bright and varied as normalised photos.
    """
    total = torch.zeros(count, 3, *side)
    for cells in [1, 3, 7, 28, 112]:
        blots = torch.randn(count, 3, cells, cells, generator=generator)
        total += torch.nn.functional.interpolate(blots, size=side, mode="bilinear") / 2
    return total


def calibrate(network, side, seed):
    """Sets running means and variances from drawn scenes, so that random weights neither explode nor vanish."""
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.momentum = None
            norm.reset_running_stats()
    generator = torch.Generator().manual_seed(seed)
    network.train()
    with torch.no_grad():
        for _ in range(4):
            network(scenes(4, side, generator))
    network.eval()


def build(arguments):
    """Returns the backbone with its weights, ready to export."""
    torch.manual_seed(arguments.random or 0)
    try:
        backbone = architectures.build(arguments.arch, arguments.library, arguments.pretrained)
    except architectures.Unknown as error:
        sys.exit(str(error))
    except architectures.NoDownload as error:
        print(error, file=sys.stderr)
        sys.exit(NO_DOWNLOAD)
    if arguments.weights:
        load_weights(backbone, arguments.weights)
    if arguments.random is not None:
        calibrate(backbone.network, backbone.side, arguments.random)
    backbone.network.eval()
    return backbone


def export(backbone, target, exporter, opset, free_batch):
    """Writes model.onnx with one of PyTorch's two exporters."""
    # The dynamo exporter treats a batch of one as a constant.
    pixels = torch.zeros(2 if free_batch else 1, 3, *backbone.side)
    names = {"input_names": ["pixels"], "output_names": ["features"], "opset_version": opset}
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    if exporter == "dynamo":
        shapes = ({0: torch.export.Dim("batch")},) if free_batch else None
        torch.onnx.export(
            backbone.network, (pixels,), target, dynamo=True, dynamic_shapes=shapes,
            external_data=False, verbose=False, **names,
        )  # fmt: skip
    else:
        axes = {"pixels": {0: "batch"}, "features": {0: "batch"}} if free_batch else None
        torch.onnx.export(backbone.network, (pixels,), target, dynamo=False, dynamic_axes=axes, **names)
    strip(target)


def strip(target):
    """Removes what exporters record about the machine they ran on, such as paths of source files."""
    model = onnx.load(target)
    graph = model.graph
    for part in [model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info]:
        del part.metadata_props[:]
        part.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    target.write_bytes(model.SerializeToString(deterministic=True))


def check_against_torch(backbone, target):
    """Exits if onnxruntime and PyTorch differ by more than rounding; returns the length of the features."""
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    scene = scenes(1, backbone.side, torch.Generator().manual_seed(7)).numpy()
    ramp = np.linspace(-1, 1, backbone.side[1], dtype=np.float32)
    ramp = np.broadcast_to(ramp, (1, 3, *backbone.side)).copy()
    for name, pixels in [("scene", scene), ("ramp", ramp)]:
        with torch.no_grad():
            expected = backbone.network(torch.from_numpy(pixels)).numpy().astype(np.float64)
        found = session.run(None, {"pixels": pixels})[0].astype(np.float64)
        if found.shape != expected.shape or found.ndim != 2:
            sys.exit(f"{name}: expected features of shape {expected.shape}, found {found.shape}")
        cosine = float((expected * found).sum() / (np.linalg.norm(expected) * np.linalg.norm(found)))
        print(f"{name}: cosine to PyTorch {cosine:.7f}, largest difference {np.abs(expected - found).max():.1e}")
        if not cosine >= MIN_COSINE:
            sys.exit(f"{name}: the exported network computes something else")
    return found.shape[1]


def main():
    arguments = parse()
    if arguments.out.exists() and any(arguments.out.iterdir()):
        sys.exit(f"{arguments.out} is not empty: name a new folder")
    backbone = build(arguments)
    arguments.out.mkdir(parents=True, exist_ok=True)
    # Gets its final name only after it passed the check.
    unchecked = arguments.out / "unchecked.onnx"
    try:
        export(backbone, unchecked, arguments.exporter, arguments.opset, arguments.free_batch)
        dimensions = check_against_torch(backbone, unchecked)
        target = unchecked.rename(arguments.out / "model.onnx")
    finally:
        unchecked.unlink(missing_ok=True)
    preprocessing = json.dumps(backbone.preprocessing | {"trim_margins": not arguments.keep_margins}, indent=2) + "\n"
    (arguments.out / "preprocessor_config.json").write_text(preprocessing, encoding="utf-8")
    content = target.read_bytes()
    print(
        f"{target}: {backbone.library} {backbone.name}, {dimensions} dimensions, {len(content)} bytes,"
        f" sha256 {hashlib.sha256(content).hexdigest()}"
    )


if __name__ == "__main__":
    main()
