"""Draws the golden pictures and writes what Pillow and onnxruntime make of them to golden.json,
lite0-general.json and lite2-general.json.

    pip install -r crates/encoder/tests/golden/requirements.txt
    python crates/encoder/tests/golden/make_golden.py

Pictures are drawn with numpy from fixed seeds. Encoders of another Pillow may write other bytes for the
same drawing; the expectations are always computed from the files as they are. `--expectations` leaves
the pictures alone and only writes these files, for a new model or preprocessing.
"""

import argparse
import base64
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from pillow_reference import MODELS, Reference  # noqa: E402

PICTURES = HERE / "pictures"


def scene(width, height, seed=0, texture=10.0):
    """A bag on a table, as floats 0 to 255 of shape [height, width, 3]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    x, y = (x + 0.5) / width, (y + 0.5) / height
    soft = 2.0 / max(width, height)

    def mask(distance):
        return np.clip(0.5 - distance / soft, 0, 1)[..., None]

    def over(base, colour, distance):
        covered = mask(distance)
        return base * (1 - covered) + np.asarray(colour) * covered

    wall = np.array([214.0, 205.0, 190.0]) - 60 * (x + y)[..., None] * [0.5, 0.6, 0.4]
    picture = over(wall, [122, 84, 52], 0.72 - y)
    bag = np.maximum(np.abs(x - 0.47) - 0.24 - 0.05 * y, np.abs(y - 0.6) - 0.22)
    leather = np.stack([150 - 60 * y, 30 + 40 * x, 46 + 20 * np.sin(9 * x)], -1)
    picture = over(picture, leather, bag)
    ring = np.abs(np.hypot(x - 0.47, (y - 0.4) * 0.9) - 0.17) - 0.018
    picture = over(picture, [60, 20, 30], np.maximum(ring, y - 0.4))
    stripes = np.abs(np.mod(x * 14, 1) - 0.5) - 0.13
    picture = over(picture, [235, 214, 160], np.maximum(np.maximum(stripes, bag), 0.62 - y))
    picture = over(picture, [240, 220, 90], np.hypot(x - 0.47, y - 0.55) - 0.04)
    for _ in range(4):
        cx, cy, radius = random.uniform([0.75, 0.1, 0.03], [0.95, 0.9, 0.09])
        picture = over(picture, random.uniform(30, 230, 3), np.hypot(x - cx, y - cy) - radius)
    waves = np.sin(60 * x + 13 * y) * np.sin(47 * y - 9 * x)
    return np.clip(picture + texture * waves[..., None], 0, 255)


def rgb(width, height, seed=0, texture=10.0):
    return Image.fromarray(np.rint(scene(width, height, seed, texture)).astype(np.uint8))


def alpha(width, height):
    """Returns opacity that is opaque in the middle, half transparent around it, and clear at the border: values 0 to
    255.
    """
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5)
    return np.rint(255 * np.clip((0.62 - distance) / 0.2, 0, 1)).astype(np.uint8)


def rgba(width, height, seed=0):
    picture = rgb(width, height, seed)
    picture.putalpha(Image.fromarray(alpha(width, height)))
    return picture


def cut_out(width, height, colours):
    """Draws a palette picture whose last entry is transparent."""
    picture = rgb(width, height, 5).quantize(colours - 1)
    pixels = np.asarray(picture).copy()
    pixels[alpha(width, height) < 128] = colours - 1
    indexed = Image.fromarray(pixels, "P")
    indexed.putpalette(picture.getpalette()[: 3 * (colours - 1)] + [255, 0, 255])
    indexed.info["transparency"] = colours - 1
    return indexed


def upright_tag(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def png(path, samples, colour_type, interlaced=False):
    """Writes PNG files that Pillow cannot write: 16 bits per channel in colour, and Adam7."""
    height, width = samples.shape[:2]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    deep = samples.dtype == np.uint16
    data = b""
    for left, top, right, down in passes:
        part = samples[top::down, left::right]
        if part.size:
            data += b"".join(b"\0" + row.astype(">u2" if deep else "u1").tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, colour_type, 0, 0, int(interlaced))
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    encoded = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + encoded)


def ycck(path, picture):
    """Writes YCCK. Pillow writes only CMYK: it gets YCbCr and black as inks, and the Adobe marker is corrected."""
    inks = np.asarray(picture).astype(int)
    light = Image.fromarray((255 - inks[..., :3]).astype(np.uint8)).convert("YCbCr")
    stored = np.dstack([255 - np.asarray(light), inks[..., 3].astype(np.uint8)])
    Image.fromarray(stored, "CMYK").save(path, "JPEG", quality=90)
    data = bytearray(path.read_bytes())
    marker = data.index(b"Adobe")
    data[marker + 11] = 2
    path.write_bytes(data)


def inks(width, height):
    """Returns four channels, the last of which is black."""
    light = scene(width, height, 3)
    black = np.min(255 - light, axis=-1, keepdims=True) * 0.7
    colours = 255 - light * 255 / np.maximum(255 - black, 1)
    values = np.concatenate([np.clip(colours, 0, 255), black], -1)
    return Image.fromarray(np.rint(values).astype(np.uint8), "CMYK")


def draw():
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.iterdir():
        old.unlink()

    def save(name, picture, **options):
        picture.save(PICTURES / name, **options)

    save("baseline-640x480.jpg", rgb(640, 480), quality=88)
    save("baseline-444-300x400.jpg", rgb(300, 400, 1), quality=90, subsampling=0)
    save("baseline-422-301x203.jpg", rgb(301, 203, 2), quality=90, subsampling=1)
    save("odd-333x257.jpg", rgb(333, 257, 3), quality=85)
    save("restarts-320x240.jpg", rgb(320, 240, 4), quality=85, restart_marker_rows=1)
    save("progressive-400x533.jpg", rgb(400, 533, 5), quality=85, progressive=True)
    save("stored-as-rgb-200x200.jpg", rgb(200, 200, 6), quality=90, keep_rgb=True)
    save("large-4000x3000.jpg", rgb(4000, 3000, 7, texture=2.0), quality=50, optimize=True)
    for orientation in range(1, 9):
        size = (240, 330) if orientation < 5 else (330, 240)
        name = f"exif-{orientation}.jpg"
        save(name, rgb(*size, 8), quality=85, exif=upright_tag(orientation))
    save("exif-6.png", rgb(200, 141, 9).quantize(64), exif=upright_tag(6))
    save("exif-8.webp", rgb(200, 141, 9), quality=80, exif=upright_tag(8))
    save("grey-320x213.jpg", rgb(320, 213, 10).convert("L"), quality=85)
    save("grey-200x150.png", rgb(200, 150, 11).convert("L"))
    save("one-bit-200x150.png", rgb(200, 150, 11).convert("1"))
    deep = scene(160, 121, 12) * 257
    save("grey-16-bit-160x121.png", Image.fromarray(np.rint(deep[..., 1]).astype(np.uint16)))
    png(PICTURES / "rgb-16-bit-90x120.png", np.rint(scene(90, 120, 13) * 257).astype(np.uint16), 2)
    small = np.rint(scene(101, 67, 14)).astype(np.uint8)
    png(PICTURES / "interlaced-101x67.png", small, 2, interlaced=True)
    save("alpha-200x180.png", rgba(200, 180, 15))
    save("grey-alpha-180x200.png", rgba(180, 200, 16).convert("LA"))
    save("palette-240x160.png", rgb(240, 160, 17).quantize(32))
    save("palette-transparent-210x160.png", cut_out(210, 160, 24), transparency=23)
    blue = rgb(120, 90, 18)
    blue.paste((10, 20, 250), (0, 0, 60, 30))
    save("colour-key-120x90.png", blue, transparency=(10, 20, 250))
    save("cmyk-240x200.jpg", inks(240, 200), quality=90)
    ycck(PICTURES / "ycck-240x200.jpg", inks(240, 200))
    save("lossy-400x301.webp", rgb(400, 301, 19), quality=80)
    save("lossy-alpha-201x200.webp", rgba(201, 200, 20), quality=80)
    save("lossless-150x130.webp", rgb(150, 130, 21), lossless=True)
    save("lossless-alpha-130x110.webp", rgba(130, 110, 22), lossless=True)
    frames = [rgb(160, 120, seed) for seed in (23, 24, 25)]
    save("animated-160x120.webp", frames[0], save_all=True, append_images=frames[1:], quality=70)
    save("plain-200x133.gif", rgb(200, 133, 26).quantize(64))
    save("transparent-160x160.gif", cut_out(160, 160, 24), transparency=23)
    frames = [frame.quantize(32) for frame in frames]
    save("animated-160x120.gif", frames[0], save_all=True, append_images=frames[1:], duration=80)
    save("one-pixel.png", Image.new("RGB", (1, 1), (180, 40, 60)))
    save("one-pixel.jpg", Image.new("RGB", (1, 1), (40, 120, 60)))
    save("one-pixel.gif", Image.new("P", (1, 1), 0))
    save("tiny-3x2.png", rgb(3, 2, 27))
    save("line-1x300.png", rgb(1, 300, 28))
    save("strip-900x7.png", rgb(900, 7, 29))


def expect():
    """Writes pixels and vectors of the former built-in encoder, then the vectors of the others."""
    reference = Reference(MODELS / "lite0-clothing")
    entries = []
    for path in sorted(PICTURES.iterdir()):
        pixels = reference.pixels(path)
        embedding = reference.embedding(path).astype("<f4")
        with Image.open(path) as picture:
            size, mode, kind = picture.size, picture.mode, picture.format
        entries.append(
            {
                "file": path.name,
                "format": kind,
                "mode": mode,
                "size": list(size),
                "pixel_means": [round(float(mean), 5) for mean in pixels.mean(axis=(0, 2, 3))],
                "embedding": base64.b64encode(embedding.tobytes()).decode(),
            }
        )
    write("golden.json", entries)
    for name in ("lite0-general", "lite2-general"):
        reference = Reference(MODELS / name)
        vectors = []
        for path in sorted(PICTURES.iterdir()):
            embedding = reference.embedding(path).astype("<f4")
            encoded = base64.b64encode(embedding.tobytes()).decode()
            vectors.append({"file": path.name, "embedding": encoded})
        write(f"{name}.json", vectors)
    size = sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file())
    print(f"{len(entries)} pictures, {size} bytes in all")


def write(name, entries):
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expectations", action="store_true", help="keep the pictures as they are")
    if not parser.parse_args().expectations:
        draw()
    expect()


if __name__ == "__main__":
    main()
