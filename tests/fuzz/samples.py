"""Files that fuzzing starts from, in the formats of which the tests have few files, and in several kinds of each."""

import json

from PIL import Image

# Tables that lead to every format and every type of column.
TABLES = {
    "plain.csv": 'product_id;price;date;sold;image\na;"1.299,00 €";31.12.2024;true;./x/a.jpg|b%20c.jpg\nb;19,99;1.1.2025;;\n',
    "google.csv": "id\ttitle\timage link\tprice\nA\tShoe\thttps://x/a.jpg\t19.99 EUR\n",
    "shopify.csv": "Handle,Title,Option1 Name,Option1 Value,Variant Price,Image Src\na,A,Size,1,5,https://x/1\na,,,2,6,\n",
    "woocommerce.csv": "ID,Type,SKU,Name,Regular price,Categories,Images,Parent\n1,variable,A,A,,x,,\n2,variation,,,5,,,A\n",
    "rss.xml": "<rss><item><g:id>1</g:id><title>a &amp; b</title><link><![CDATA[x]]></link></item></rss>",
    "windows.csv": "sep=,\nproduct_id,n\n1,gr\xfcn\n",
}

FILTERS = {
    "short": 'a=1,true,"x"\nb!=x\nc<=1e300\nc>-0.0\n!word\nexists\n',
    "ranges": '{"a": {"gte": 1, "lt": 2}, "b": {"gt": "a", "lte": "x", "ne": ["y", ""], "exists": true}}',
    "nested": '{"or": [{"not": {"a": [1, "z", false]}}, {"and": [{"b": "x"}, {"c": {"exists": false}}]}]}',
    "words": "and=x\nnot=true\nword=5\nb>größe\ndeclared=1",
}

FINGERPRINT = "07" * 32
FORM = "--x\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n{}\r\n"
REQUESTS = {
    "image": "POST /search?k=3&min_score=0.1&crop=10%25,10%25,50%25,50%25&trim=false\nimage/png\n\x89PNG",
    "key": 'POST /search\napplication/json\n{"key": "uploads/photo", "k": 3, "images": "all", "filter": {"category": "shoes"}}',
    "base64": 'POST /search\napplication/json\n{"image": "iVBORw0KGgo=", "diversity": 0.3, "collapse": true, "links": false}',
    "query": 'POST /search\napplication/json\n{"query": [{"product": "p01", "weight": -0.5}, {"vector": [1, 0.5], "fingerprint": '
    + f'"{FINGERPRINT}"' + '}, {"key": "catalog/things/00-a.png", "crop": {"x": 0, "y": 0, "w": 1, "h": 1, "unit": "share"}}]}',
    "form": "POST /search?facets=category,price\nmultipart/form-data; boundary=x\n"
    + FORM.format("image", '; filename="a.png"\r\nContent-Type: image/png', "PNG")
    + FORM.format("request", "", '{"query": [{"part": "image"}], "k": 2, "fields": ["name"]}')
    + "--x--\r\n",
    "similar": "GET /products/p01/similar?k=5&filter=price%3C9&filter=category!=hats&group_by=image&min_match=similar\n\n",
    "product": "GET /products/p%3001\n\n",
    "state": "GET /images/catalog/things/00-a.png\n\n",
    "index": "GET /index\n\n",
    "upload": 'POST /uploads\napplication/json\n{"size": 5000, "content_type": "image/png"}',
    "cursor": "GET /products/p01/similar?cursor=AQ&min_generation=1\n\n",
}

SEGMENT = {"id": "00000000010000000000000001", "kind": "base", "rows": 9, "bytes": 900, "meta_bytes": 300}
MANIFEST = {
    "fingerprint": FINGERPRINT,
    "encoder": "e",
    "dimensions": 2,
    "generation": 3,
    "segments": [
        SEGMENT
        | {"recall": {"found": 9, "expected": 10}}
        | {"calibration": {"same": 0.9, "variant": 0.7, "similar": 0.5, "samples": 40}}
    ],
    "retired": [{"id": "00000000020000000000000001", "at": 5}],
    "lease": {"owner": "o", "until": 7},
    "sides": [
        {"role": role, "fingerprint": digit * 64, "encoder": "f", "dimensions": 3, "segments": [], "lease": None}
        for role, digit in [("building", "1"), ("previous", "2")]
    ],
    "history": [
        {"generation": 2, "at": 1, "added": 1, "step": "rebuild_begun", "side": "building"},
        {"generation": 3, "at": 2, "step": "of_a_later_release"},
    ],
}

# A binding, then the generation, and for each segment its number and its rows, each as the difference to the one before.
CURSORS = {
    "rows": bytes(16) + bytes([7, 2, 0, 3, 1, 4, 9, 2, 1, 0x80, 0x01]),
    "text": b"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
}

TEXTS = {"filter": FILTERS, "body": REQUESTS, "cursor": CURSORS, "manifest": {"inner": json.dumps(MANIFEST)}}

KINDS_OF_IMAGES = {
    "bmp": [{}],
    "tiff": [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}, {"compression": "packbits"}],
    "gif": [{}, {"interlace": 0}],
    "webp": [{}, {"lossless": True}],
    "jpeg": [{}, {"progressive": True}, {"subsampling": "4:2:2", "optimize": True}, {"restart_marker_blocks": 2}],
    "png": [{}],
}


def write_samples(folder):
    """Writes the tables and images, and the texts of each target as files with its name as their ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TABLES.items():
        (folder / name).write_bytes(text.encode("latin-1" if name == "windows.csv" else "utf-8"))
    for target, texts in TEXTS.items():
        for name, text in texts.items():
            content = text if isinstance(text, bytes) else text.encode()
            (folder / f"{name}.{target}").write_bytes(content)
    draw_images(folder)


def draw_images(folder):
    """Draws small images."""
    image = Image.radial_gradient("L").resize((37, 29))
    color = Image.merge("RGB", [image, image.transpose(0), image.transpose(1)])
    for ending, options in KINDS_OF_IMAGES.items():
        for number, option in enumerate(options):
            for mode in ["L", "RGB", "P", "1", "RGBA", "CMYK"]:
                try:
                    color.convert(mode).save(folder / f"{mode}-{number}.{ending}", **option)
                except (OSError, ValueError, KeyError):
                    # Not every format has every mode.
                    (folder / f"{mode}-{number}.{ending}").unlink(missing_ok=True)
