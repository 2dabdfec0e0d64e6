"""Requests of searches, and the keys, products and images in their answers."""

import io

from PIL import Image


def keys(found):
    """Returns the image keys of an answer, in order."""
    return [result["image"]["key"] for result in found["results"]]


def products(found):
    """Returns the product ids of an answer, in order."""
    return [result["product_id"] for result in found["results"]]


def jpeg(picture, **options):
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", **({"quality": 92} | options))
    return buffer.getvalue()


def opened(picture):
    return Image.open(io.BytesIO(picture.bytes)).convert("RGB")
