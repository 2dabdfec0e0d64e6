"""The images for both sides."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from .problem import Problem

# Sizes of the dataset's photos and of a phone's.
SMALL = (400, 533)
LARGE = (4000, 3000)


class Pictures:
    """Photos of LOOKALIKE_DATASET, otherwise drawn ones."""

    def __init__(self, work, program, most, drawn_most):
        """Uses at most `most` photos, or draws as many images with `program`, the built `lookalike`."""
        dataset = os.environ.get("LOOKALIKE_DATASET")
        if dataset:
            folder, self.source = Path(dataset), "photos of LOOKALIKE_DATASET"
            found = photos(folder)
        else:
            # About one product in three has a second image.
            most, products = drawn_most, drawn_most * 3 // 4
            folder, self.source = work / f"drawn-{products}", "drawn by `lookalike draw`"
            found = drawn(folder, program, products)
        self.all = thinned(found, most)
        self.source = f"{len(self.all):,} {self.source}"
        names = [f"{path.relative_to(folder)} {path.stat().st_size}" for path in self.all]
        self.digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]
        self.work = work / f"pictures-{self.digest}"
        self.work.mkdir(parents=True, exist_ok=True)

    def small(self, count):
        """Returns JPEG files of 400x533 from all over the catalog, unchanged if there are such."""
        fitting = [path for path in self.all if size_of(path) == SMALL]
        if len(fitting) >= count:
            return thinned(fitting, count)
        chosen = thinned(self.all, count)
        files = [self.work / f"small-{number}-of-{count}.jpg" for number in range(len(chosen))]
        return [made(file, lambda path: filled(path, SMALL), path) for file, path in zip(files, chosen)]

    def large(self):
        """Returns JPEG files of 12 megapixels, by kind."""
        return {
            "smooth": made(self.work / "large-smooth.jpg", smooth, self.all),
            "detailed": made(self.work / "large-detailed.jpg", detailed, self.all),
            "patterned": made(self.work / "large-patterned.jpg", patterned, self.all),
            "progressive": made(
                self.work / "large-progressive.jpg", detailed, self.all, progressive=True
            ),
        }


def photos(folder):
    for part in ["train", "validation"]:
        if not (folder / part).is_dir():
            raise Problem(
                f"LOOKALIKE_DATASET is {str(folder)!r}, but that is not a folder with train/ and validation/: "
                "name one, or leave the variable unset to use drawn images"
            )
    found = sorted(
        path for part in ["train", "validation"] for path in (folder / part).rglob("*.jpg")
    )
    if len(found) < 200:
        raise Problem(f"LOOKALIKE_DATASET has {len(found)} *.jpg, at least 200 are needed")
    return found


def drawn(folder, program, products):
    ready = folder / "drawn"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"drawing {products} products", file=sys.stderr)
        command = [program, "draw", folder, "--products", str(products)]
        if not program.exists():
            raise Problem(f"{program} is missing: build it with `cargo build --release --bin lookalike`")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        ready.touch()
    return sorted((folder / "pictures").rglob("*.jpg"))


def thinned(things, most):
    """Returns at most `most` items, spread evenly."""
    count = min(most, len(things))
    return [things[place * len(things) // count] for place in range(count)]


@cache
def size_of(path):
    """Returns width and height according to the file's header."""
    with Image.open(path) as picture:
        return picture.size


def made(path, make, source, **options):
    """Returns a JPEG file, which is made only once."""
    if not path.exists():
        unfinished = path.with_suffix(".part")
        make(source).save(unfinished, "JPEG", quality=90, **options)
        unfinished.rename(path)
    return path


def filled(path, size):
    """Enlarges the image until it covers the size, and crops it."""
    with Image.open(path) as picture:
        picture = picture.convert("RGB")
        scale = max(size[0] / picture.width, size[1] / picture.height)
        large = (round(picture.width * scale) + 1, round(picture.height * scale) + 1)
        picture = picture.resize(large, Image.Resampling.BICUBIC)
    left, top = (large[0] - size[0]) // 2, (large[1] - size[1]) // 2
    return picture.crop((left, top, left + size[0], top + size[1]))


def noisy(picture, deviation, seed):
    """Adds the noise of a sensor, the same in all channels."""
    noise = np.random.default_rng(seed).normal(0, deviation, (picture.height, picture.width, 1))
    values = np.asarray(picture, np.float32) + noise.astype(np.float32)
    return Image.fromarray(np.rint(values.clip(0, 255)).astype(np.uint8))


def smooth(pictures):
    """Enlarges one photo tenfold, a little soft, with the noise of good light."""
    picture = filled(thinned(pictures, 7)[3], LARGE)
    return noisy(picture.filter(ImageFilter.GaussianBlur(2)), 1.0, 1)


def detailed(pictures):
    """Puts twelve photos side by side, each with the fine grain of twelve smaller ones, and stronger noise."""
    whole = Image.new("RGB", LARGE)
    chosen, edge = thinned(pictures, 24), LARGE[0] // 4
    for place, path in enumerate(chosen[:12]):
        tile = np.asarray(filled(path, (edge, edge)), np.float32)
        # The grain is a photo at its own size, repeated, as contrast around its mean.
        grain = np.asarray(filled(chosen[12 + place], (edge // 4, edge // 4)).convert("L"), np.float32)
        grain = np.tile(grain - grain.mean(), (4, 4))[:, :, None]
        mixed = Image.fromarray(np.rint((tile + 0.4 * grain).clip(0, 255)).astype(np.uint8))
        whole.paste(mixed, (place % 4 * edge, place // 4 * edge))
    return noisy(whole, 5.0, 2)


def patterned(pictures):
    """Enlarges one photo tenfold, as if printed on a weave whose threads are 3 pixels wide."""
    picture = np.asarray(filled(thinned(pictures, 7)[3], LARGE), np.float32)
    across, down = (np.arange(length) // 3 % 2 for length in LARGE)
    weave = np.where(down[:, None] == across, 30.0, -30.0)[:, :, None]
    return Image.fromarray(np.rint((picture + weave).clip(0, 255)).astype(np.uint8))
