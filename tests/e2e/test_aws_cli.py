"""The AWS CLI against the local endpoints changes search results within 3 seconds."""

import pytest
import requests
from support.command import run, tool
from support.system import CATALOG_BUCKET, result_of

LIMIT = 3.0


@pytest.fixture
def aws(shop):
    """Runs the AWS CLI with the environment that `serve` prints."""

    def call(*arguments):
        return run([tool("aws"), *arguments], shop.environment).expect()

    return call


def test_cp_and_rm(shop, spare, aws, figures):
    picture = spare()
    key = f"catalog/cli/a b+c% {picture.path.name}"
    uri = f"s3://{CATALOG_BUCKET}/{key}"

    aws("s3", "cp", "--no-progress", picture.path, uri)
    found, appeared = shop.until_found(picture.bytes, key)
    assert requests.get(found["image"]["url"], timeout=30).content == picture.bytes

    aws("s3", "rm", uri)
    vanished = shop.until_gone(picture.bytes, key)

    figures(f"aws s3 cp to search result: {appeared:.2f} s; aws s3 rm: {vanished:.2f} s")
    assert appeared < LIMIT
    assert vanished < LIMIT


def test_sync(shop, catalog, spare, aws, tmp_path, figures):
    pictures = [spare() for _ in range(12)]
    folder = catalog.copy(pictures, tmp_path / "season")
    keys = {picture: f"catalog/season/{picture.below}" for picture in pictures}
    uri = f"s3://{CATALOG_BUCKET}/catalog/season"

    images = shop.index()["images"]
    aws("s3", "sync", "--no-progress", folder, uri)
    appeared = shop.until_images(images + len(pictures))
    for picture, key in keys.items():
        assert result_of(shop.search(picture.bytes), key)

    removed, replaced, kept = pictures[:4], pictures[4], pictures[5:]
    for picture in removed:
        (folder / picture.below).unlink()
    fresh = spare()
    (folder / replaced.below).write_bytes(fresh.bytes)
    aws("s3", "sync", "--no-progress", "--delete", folder, uri)
    vanished = shop.until_images(images + len(pictures) - len(removed))
    for picture in removed:
        assert result_of(shop.search(picture.bytes), keys[picture]) is None
    key = keys[replaced]
    shop.until(lambda: result_of(shop.search(fresh.bytes, k=1, min_score=0.999), key))
    for picture in kept:
        assert result_of(shop.search(picture.bytes), keys[picture])
    figures(
        f"aws s3 sync of {len(pictures)} images to search results: {appeared:.2f} s; "
        f"--delete of {len(removed)}: {vanished:.2f} s"
    )
    assert appeared < LIMIT
    assert vanished < LIMIT

    aws("s3", "rm", "--recursive", uri)
    shop.until_images(images)


def test_mv_within_the_catalog(shop, spare, aws):
    picture = spare()
    old, new = "catalog/old/thing.jpg", "catalog/new/thing.jpg"
    shop.put(old, picture.bytes)
    shop.until_found(picture.bytes, old)
    aws("s3", "mv", f"s3://{CATALOG_BUCKET}/{old}", f"s3://{CATALOG_BUCKET}/{new}")
    found, _ = shop.until_found(picture.bytes, new)
    assert found["metadata"]["category"] == "new"
    assert result_of(shop.search(picture.bytes), old) is None
    shop.delete(new)


def test_presign(shop_pictures, aws):
    picture = shop_pictures[0]
    url = aws("s3", "presign", f"s3://{CATALOG_BUCKET}/{picture.key}").stdout.strip()
    assert requests.get(url, timeout=30).content == picture.bytes
    tampered = url.replace(picture.path.stem, "other")
    assert requests.get(tampered, timeout=30).status_code == 403


def test_ls_and_the_table(shop, shop_pictures, aws):
    picture = shop_pictures[0]
    folder = picture.key.rpartition("/")[0]
    assert picture.path.name in aws("s3", "ls", f"s3://{CATALOG_BUCKET}/{folder}/").stdout
    tables = aws("dynamodb", "list-tables", "--output", "json").stdout
    assert f'"{shop.table}"' in tables
    key = '{"product_id": {"S": "%s"}, "item": {"S": "product"}}' % picture.product_id
    item = aws("dynamodb", "get-item", "--table-name", shop.table, "--key", key).stdout
    assert picture.category in item
