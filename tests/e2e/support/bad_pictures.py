"""Files that claim to be images but are not."""

import io
import struct
import zlib

from PIL import Image


def png_chunk(name, data):
    """Returns a chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def huge_png(side=100_000):
    """Returns a PNG of a few bytes that claims side x side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", data)
        + png_chunk(b"IEND", b"")
    )


def vast_png(side):
    """Returns a valid PNG of one colour: millions of pixels in little more than a thousandth as many bytes."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packed = zlib.compressobj()
    row = b"\0" + bytes((200, 60, 30)) * side
    data = b"".join(packed.compress(row) for _ in range(side)) + packed.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", data)
        + png_chunk(b"IEND", b"")
    )


def jpeg_2000():
    """Returns a valid image in an unsupported format."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "JPEG2000")
    return buffer.getvalue()


def truncated(jpeg):
    """Returns the first third of an image."""
    return jpeg[: len(jpeg) // 3]


TEXT = b"this is no image, whatever its name says\n" * 20
