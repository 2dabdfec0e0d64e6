"""Writes the AVIF files of this folder from golden images: python make.py, with Pillow 11.3 or later.

deep-10.avif is by libavif's command, because Pillow writes eight bits only:
avifenc --depth 10 --min 8 --max 14 SOURCE.png deep-10.avif
"""

import pathlib

from PIL import Image

HERE = pathlib.Path(__file__).parent
PICTURES = HERE.parent / "golden" / "pictures"


def write(name, source, mode, **options):
    """Converts one image as stored."""
    image = Image.open(PICTURES / source).convert(mode)
    image.save(HERE / f"{name}.avif", quality=85, speed=4, **options)


write("colour-420", "baseline-444-300x400.jpg", "RGB", subsampling="4:2:0")
write("colour-444", "baseline-444-300x400.jpg", "RGB", subsampling="4:4:4")
write("limited", "baseline-444-300x400.jpg", "RGB", subsampling="4:2:2", range="limited")
write("grey", "grey-320x213.jpg", "L", subsampling="4:0:0")
write("alpha", "alpha-200x180.png", "RGBA")
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    write(f"turned-{orientation}", f"exif-{orientation}.jpg", "RGB", exif=exif.tobytes())
