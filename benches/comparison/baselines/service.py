"""The same service written in Python: FastAPI, onnxruntime, Pillow, hnswlib, products in memory.

Written for speed: it takes the image as the request's body without a form around it, answers without
models to validate, and works in the event loop, because a worker process has one core to itself and a
thread beside the loop would only cost switches. uvicorn runs it with uvloop and httptools.
"""

import json
import os
import time

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from .encoder import Encoder
from .indexes import Hnswlib

MAX_BYTES = 6 * 1024 * 1024

encoder = Encoder()
index = Hnswlib(int(os.environ["BESIDE_DIMENSIONS"]))
index.load(os.environ["BESIDE_INDEX"])
index.set(int(os.environ["BESIDE_EF"]))
with open(os.environ["BESIDE_PRODUCTS"]) as lines:
    products = [json.loads(line) for line in lines]
with open(os.environ["BESIDE_ROWS"]) as lines:
    keys = [line.split("\t", 1)[0] for line in lines]
rows = {product["product_id"]: row for row, product in enumerate(products)}
app = FastAPI(openapi_url=None)


def answer(vector, k, without, embedding_ms):
    begun = time.perf_counter()
    labels, distances = index.index.knn_query(vector[None], k + (without is not None), num_threads=1)
    results = []
    for row, distance in zip(labels[0].tolist(), distances[0].tolist()):
        if row == without or len(results) == k:
            continue
        product = products[row]
        results.append(
            {
                "product_id": product["product_id"],
                "score": 1 - distance,
                "image": {"key": keys[row], "url": f"memory:///{keys[row]}"},
                "metadata": product["metadata"],
            }
        )
    search_ms = (time.perf_counter() - begun) * 1e3
    query = {"embedding_ms": embedding_ms, "search_ms": search_ms}
    images = {"generation": 1, "images": len(products), "products": len(products)}
    return JSONResponse({"results": results, "index": images, "query": query})


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/search")
async def search(request: Request, k: int = 10):
    picture = await request.body()
    if len(picture) > MAX_BYTES:
        raise HTTPException(413, "the image has too many bytes")
    begun = time.perf_counter()
    try:
        vector = encoder.embed(picture)
    except OSError as error:
        raise HTTPException(422, f"this image cannot be read: {error}") from error
    return answer(vector, k, None, (time.perf_counter() - begun) * 1e3)


@app.get("/products/{product_id}/similar")
async def similar(product_id: str, k: int = 10):
    row = rows.get(product_id)
    if row is None:
        raise HTTPException(404, "there is no such product")
    vector = np.array(index.index.get_items([row])[0], np.float32)
    return answer(vector, k, row, 0.0)
