"""A shop's software with boto3: from making a bucket to removing an image."""

import io
import random

import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from PIL import Image
from support.system import CATALOG_BUCKET, result_of

AWKWARD_NAMES = [
    "with space.jpg",
    " leading and double  space .jpg",
    "a+b.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "a%2Bb.jpg",
    "grün-日本語-🦀.jpg",
    "e\u0301 decomposed.jpg",
    "semi;colon&amp=?#hash.jpg",
    "quote's \"double\".jpg",
    "[brackets]{braces}(x)!*~@,$:^`|<>.jpg",
    "back\\slash.jpg",
    "..dots...jpg",
    "sub folder/ü+%/deep.jpg",
]


def test_a_full_round(shop, spare):
    picture = spare()
    key = f"catalog/round/{picture.path.name}"

    shop.s3.create_bucket(Bucket="archive")
    shop.s3.put_object(Bucket="archive", Key="a/b.jpg", Body=picture.bytes)
    listed = shop.s3.list_objects_v2(Bucket="archive")["Contents"]
    assert [entry["Key"] for entry in listed] == ["a/b.jpg"]
    assert "archive" in {bucket["Name"] for bucket in shop.s3.list_buckets()["Buckets"]}

    before = shop.index()
    typed = {"ContentType": "image/jpeg"}
    shop.s3.upload_file(str(picture.path), CATALOG_BUCKET, key, ExtraArgs=typed)
    found, _ = shop.until_found(picture.bytes, key)
    assert found["product_id"] == picture.product_id
    assert found["score"] > 0.999
    after = shop.index()
    assert after["images"] == before["images"] + 1
    assert after["generation"] > before["generation"]

    downloaded = requests.get(found["image"]["url"], timeout=30)
    assert downloaded.status_code == 200
    assert downloaded.content == picture.bytes
    assert downloaded.headers["content-type"] == "image/jpeg"

    shop.delete(key)
    shop.until_gone(picture.bytes, key)
    assert requests.get(found["image"]["url"], timeout=30).status_code == 404
    assert shop.index()["images"] == before["images"]


def test_a_shoppers_upload(shop, shop_pictures):
    picture = shop_pictures[0]
    link = shop.post("/uploads", json={"size": len(picture.bytes), "content_type": "image/jpeg"}).json()
    assert set(link) == {"url", "key", "expires_in", "headers"}
    assert link["key"].startswith("uploads/")
    assert link["expires_in"] > 0
    put = requests.put(link["url"], data=picture.bytes, headers=link["headers"], timeout=30)
    assert put.status_code == 200, put.text
    again = requests.put(link["url"], data=picture.bytes, headers=link["headers"], timeout=30)
    assert again.status_code == 412, "a link stores one image"

    by_key = shop.search(link["key"], k=5)
    by_bytes = shop.search(picture.bytes, k=5)
    assert by_key["results"][0]["image"]["key"] == picture.key
    assert [r["product_id"] for r in by_key["results"]] == [
        r["product_id"] for r in by_bytes["results"]
    ]
    # Shoppers' uploads never become part of the catalog.
    assert link["key"] not in shop.stored()
    assert shop.product(link["key"].removeprefix("uploads/").partition(".")[0]).status_code == 404


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (b"<script>", {"content-type": "text/html"}),
        (b"<script>, and more", {}),
        (b"<script>", {"if-none-match": None}),
    ],
    ids=["type", "size", "overwriting"],
)
def test_an_upload_link_fixes_type_size_and_that_nothing_is_overwritten(shop, body, changed):
    link = shop.post("/uploads", json={"size": len(b"<script>"), "content_type": "image/png"}).json()
    # The size is what the client sends, whatever the caller says.
    headers = {name: value for name, value in link["headers"].items() if name != "content-length"}
    put = requests.put(link["url"], data=body, headers=headers | changed, timeout=30)
    assert put.status_code == 403, put.text


def test_a_catalog_key_can_be_searched(shop, shop_pictures):
    best = shop.search(shop_pictures[3].key, k=3)["results"][0]
    assert best["image"]["key"] == shop_pictures[3].key
    assert best["score"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_awkward_keys(shop, spare, name):
    picture = spare()
    key = f"catalog/awkward/{name}"
    product_id = name.rpartition("/")[2].rpartition(".")[0]
    shop.put(key, picture.bytes, ContentType="image/jpeg")
    found, _ = shop.until_found(picture.bytes, key)
    assert found["product_id"] == product_id
    assert requests.get(found["image"]["url"], timeout=30).content == picture.bytes
    assert result_of(shop.search(key), key) is not None
    view = shop.product(product_id)
    assert view.status_code == 200, view.text
    assert [image["key"] for image in view.json()["images"]] == [key]

    shop.delete(key)
    shop.until_gone(picture.bytes, key)
    assert shop.product(product_id).status_code == 404


def test_metadata_from_the_table_is_in_the_results(shop, spare):
    picture = spare()
    key = f"catalog/priced/{picture.path.name}"
    shop.put(key, picture.bytes)
    found, _ = shop.until_found(picture.bytes, key)
    shop.dynamodb.put_item(
        TableName=shop.table,
        Item={
            "product_id": {"S": picture.product_id},
            "item": {"S": "product"},
            "metadata": {
                "M": {
                    "name": {"S": "Grüne Jacke"},
                    "price": {"N": "19.95"},
                    "stock": {"N": "7"},
                    "sale": {"BOOL": True},
                }
            },
        },
    )
    metadata = result_of(shop.search(picture.bytes), key)["metadata"]
    expected = {"name": "Grüne Jacke", "price": 19.95, "stock": 7, "sale": True}
    assert {name: metadata.get(name) for name in expected} == expected
    assert shop.product(picture.product_id).json()["metadata"]["price"] == 19.95
    shop.delete(key)


def test_a_product_without_metadata_is_returned_with_its_id(shop, spare):
    picture = spare()
    shop.put("catalog/unheard-of/nobody-knows.jpg", picture.bytes)
    found, _ = shop.until_found(picture.bytes, "catalog/unheard-of/nobody-knows.jpg")
    assert found["product_id"] == "nobody-knows"
    assert found["metadata"] == {"category": "unheard-of"}
    shop.delete("catalog/unheard-of/nobody-knows.jpg")


def test_object_metadata_names_product_and_category(shop, spare):
    front, back = spare(), spare()
    for name, picture in (("front", front), ("back", back)):
        metadata = {"product-id": "two-pictures", "category": "coats"}
        shop.put(f"catalog/x/{name}.jpg", picture.bytes, Metadata=metadata)
        found, _ = shop.until_found(picture.bytes, f"catalog/x/{name}.jpg")
        assert found["product_id"] == "two-pictures"
        assert found["metadata"]["category"] == "coats"
    view = shop.product("two-pictures").json()
    assert [image["key"] for image in view["images"]] == ["catalog/x/back.jpg", "catalog/x/front.jpg"]
    # Each product is in an answer once, through its best image.
    ids = [result["product_id"] for result in shop.search(back.bytes, k=50)["results"]]
    assert ids.count("two-pictures") == 1
    similar = shop.get("/products/two-pictures/similar?k=20")["results"]
    assert len(similar) == 20
    assert "two-pictures" not in [result["product_id"] for result in similar]

    keys = ["catalog/x/front.jpg", "catalog/x/back.jpg"]
    shop.s3.delete_objects(Bucket=CATALOG_BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    shop.until(lambda: shop.product("two-pictures").status_code == 404)


def test_multipart_upload_and_copy(shop):
    pixels = random.Random(5).randbytes(1600 * 1600 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (1600, 1600), pixels).save(buffer, "PNG", compress_level=1)
    picture = buffer.getvalue()
    assert len(picture) > 6 * 1024 * 1024
    config = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    key, copy = "catalog/large/noise.png", "catalog/large/noise copy+1.png"
    shop.s3.upload_fileobj(io.BytesIO(picture), CATALOG_BUCKET, key, Config=config)
    assert shop.s3.head_object(Bucket=CATALOG_BUCKET, Key=key)["ETag"].endswith('-2"')
    # Too large for a request: searched by its key.
    shop.until(lambda: result_of(shop.search(key), key))
    source = {"Bucket": CATALOG_BUCKET, "Key": key}
    shop.s3.copy_object(Bucket=CATALOG_BUCKET, Key=copy, CopySource=source)
    shop.until(lambda: result_of(shop.search(key), copy))
    for gone in (key, copy):
        shop.delete(gone)


def test_overwriting_a_picture_replaces_it(shop, spare):
    before, after = spare(), spare()
    key = "catalog/changing/it.jpg"
    shop.put(key, before.bytes)
    shop.until_found(before.bytes, key)
    images = shop.index()["images"]
    shop.put(key, after.bytes)
    shop.until(lambda: result_of(shop.search(after.bytes, k=1, min_score=0.999), key))
    assert shop.index()["images"] == images
    shop.delete(key)


def test_conditional_requests(shop, spare):
    picture = spare()
    key = "uploads/conditional.jpg"
    put = {"Bucket": CATALOG_BUCKET, "Key": key, "Body": picture.bytes}
    etag = shop.s3.put_object(**put, IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError) as refused:
        shop.s3.put_object(**put, IfNoneMatch="*")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError) as unchanged:
        shop.s3.get_object(Bucket=CATALOG_BUCKET, Key=key, IfNoneMatch=etag)
    assert unchanged.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304
