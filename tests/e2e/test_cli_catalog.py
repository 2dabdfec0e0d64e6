"""`upload` and `import`: their output for people and for programs, and their exit codes."""

import re

import pytest
from support.system import result_of


# upload


def test_upload(shop, catalog, spare, tmp_path):
    pictures = [spare() for _ in range(3)]
    folder = catalog.copy(pictures, tmp_path / "new")
    (folder / "readme.txt").write_text("no image")
    done = shop.lookalike("upload", folder).expect()
    assert "uploaded 3 images, 0 were there already" in done.stderr
    assert "skipped 1 files" in done.stderr
    for picture in pictures:
        shop.until_found(picture.bytes, picture.key)

    report = shop.lookalike("upload", folder, "--json").expect().json()
    assert report == {"uploaded": 0, "unchanged": 3, "skipped": 1, "failed": []}
    report = shop.lookalike("upload", folder, "--force", "--json").expect().json()
    assert (report["uploaded"], report["unchanged"]) == (3, 0)
    changed = spare()
    (folder / pictures[0].below).write_bytes(changed.bytes)
    report = shop.lookalike("upload", folder, "--json").expect().json()
    assert (report["uploaded"], report["unchanged"]) == (1, 2)
    shop.until(lambda: result_of(shop.search(changed.bytes, k=1, min_score=0.999), pictures[0].key))


def test_upload_reports_failures_and_continues(shop, spare, tmp_path):
    folder = tmp_path / "some"
    folder.mkdir()
    picture = spare()
    (folder / "good.jpg").write_bytes(picture.bytes)
    (folder / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    report = shop.lookalike("upload", folder, "--json").expect(3).json()
    assert report["uploaded"] == 1
    assert len(report["failed"]) == 1
    assert "dangling.jpg" in report["failed"][0]
    people = shop.lookalike("upload", folder).expect(3)
    assert "dangling.jpg" in people.stderr
    shop.until_found(picture.bytes, "catalog/good.jpg")


def test_upload_takes_product_ids_from_the_csv(shop, spare, tmp_path):
    front, back = spare(), spare()
    folder = tmp_path / "shots" / "bags"
    folder.mkdir(parents=True)
    (folder / "IMG_0001.JPG").write_bytes(front.bytes)
    (folder / "IMG_0002.JPG").write_bytes(back.bytes)
    table = tmp_path / "bags.csv"
    table.write_text("product_id,image\nbag-7,shots/bags/IMG_0001.JPG|shots/bags/IMG_0002.JPG\n")
    # The CSV names images from another folder than the upload: further out, or further in.
    for root, key in ((tmp_path, "catalog/shots/bags/"), (tmp_path / "shots", "catalog/bags/")):
        shop.lookalike("upload", root, "--metadata", table).expect()
        for name, picture in (("IMG_0001.JPG", front), ("IMG_0002.JPG", back)):
            shop.until(lambda: shop.product("bag-7").status_code == 200)
            shop.until(
                lambda k=key + name: k in [i["key"] for i in shop.product("bag-7").json()["images"]]
            )
            assert shop.search(picture.bytes, k=1)["results"][0]["product_id"] == "bag-7"


def test_upload_corrects_the_product_of_an_existing_picture(shop, spare, tmp_path):
    picture = spare()
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "IMG_0009.JPG").write_bytes(picture.bytes)
    shop.lookalike("upload", folder).expect()
    shop.until(lambda: shop.product("IMG_0009").status_code == 200)
    table = tmp_path / "late.csv"
    table.write_text("product_id,image\nlamp-7,late/IMG_0009.JPG\n")
    for uploaded in (1, 0):
        report = shop.lookalike("upload", folder, "--metadata", table, "--json").expect().json()
        assert (report["uploaded"], report["unchanged"]) == (uploaded, 1 - uploaded)
    shop.until(lambda: shop.product("lamp-7").status_code == 200)
    assert shop.search(picture.bytes, k=1)["results"][0]["product_id"] == "lamp-7"
    shop.until(lambda: shop.product("IMG_0009").status_code == 404)


def test_upload_of_a_missing_folder(shop, tmp_path):
    refused = shop.lookalike("upload", tmp_path / "missing").expect(1)
    assert "missing is not a folder" in refused.stderr


# import


def test_import(shop, shop_pictures, tmp_path):
    first, second = shop_pictures[:2]
    table = tmp_path / "prices.csv"
    table.write_text(
        "product_id,name,price,sale,sku\n"
        f'{first.product_id},"Große, rote Jacke",49.90,true,00123\n'
        f"{second.product_id},Hut,5,false,7\n",
        encoding="utf-8",
    )
    imported, updated, *described = shop.lookalike("import", table).expect().stdout.splitlines()
    assert imported == "imported 2 products, 2 of them changed"
    assert re.fullmatch(r"\d images updated in the index, 0 embedded", updated)
    types = {words[0]: words[1] for words in map(str.split, described[3:])}
    assert types == {"name": "text", "price": "number", "sale": "boolean", "sku": "text"}
    metadata = shop.product(first.product_id).json()["metadata"]
    expected = {"name": "Große, rote Jacke", "price": 49.9, "price_text": "49.90", "sale": True}
    expected["sku"] = "00123"
    assert {name: metadata.get(name) for name in expected} == expected
    report = shop.lookalike("import", table, "--json").expect().json()
    columns = report.pop("columns")
    assert [(c["name"], c["type"], c["cells"]) for c in columns] == [
        ("name", "text", 2),
        ("price", "number", 2),
        ("sale", "boolean", 2),
        ("sku", "text", 2),
    ]
    assert report == {
        "imported": 2,
        "changed": 0,
        "bad_lines": [],
        "bad_line_count": 0,
        "not_filterable": [],
        "format": "plain",
        "encoding": "UTF-8",
        "id_column": "product_id",
        "duplicates": [],
        "type_changes": [],
        "notes": [],
        "index": {"updated": 0, "embedded": 0, "waiting": 0},
    }


def test_import_reports_bad_lines_and_imports_the_rest(shop, shop_pictures, tmp_path):
    good, other = shop_pictures[2:4]
    table = tmp_path / "flawed.csv"
    lines = [
        b"product_id,name",
        good.product_id.encode() + ",kept für".encode(),
        b"too,many,fields",
        b",no id",
        b"too-few",
        b"broken,\xff\xfe",
        other.product_id.encode() + b',"over\ntwo lines"',
        b"last," + b"x" * 400_000,
    ]
    table.write_bytes(b"\n".join(lines) + b"\n")
    report = shop.lookalike("import", table, "--json").expect(3).json()
    assert report["imported"] == 2
    assert [bad["line"] for bad in report["bad_lines"]] == [3, 4, 5, 6, 9]
    assert all(bad["reason"] for bad in report["bad_lines"])
    people = shop.lookalike("import", table).expect(3)
    assert "imported 2 products" in people.stdout
    for line in (3, 4, 5, 6, 9):
        assert f"line {line}: " in people.stderr
    assert shop.product(good.product_id).json()["metadata"]["name"] == "kept für"
    assert shop.product(other.product_id).json()["metadata"]["name"] == "over\ntwo lines"


@pytest.mark.parametrize(
    ("content", "mentioned"),
    [(b"sku,name\n1,a\n", "product_id"), (b"", "product_id"), (b"\xff\xfe\x00p", "product_id")],
    ids=["other columns", "empty", "no text"],
)
def test_import_of_another_table(shop, tmp_path, content, mentioned):
    table = tmp_path / "other.csv"
    table.write_bytes(content)
    refused = shop.lookalike("import", table).expect(1)
    assert str(table) in refused.stderr
    assert mentioned in refused.stderr or "UTF-8" in refused.stderr


def test_import_of_a_missing_file(shop, tmp_path):
    assert "missing.csv" in shop.lookalike("import", tmp_path / "missing.csv").expect(1).stderr
