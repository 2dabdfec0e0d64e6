"""Product tables and folders as shops and data sets have them: `import`, `upload`, `serve`."""

import shutil
from decimal import Decimal

import pytest
from support.command import lookalike
from support.system import System

DECLARED = ("--filterable", "price,brand")


@pytest.fixture
def system(tmp_path):
    """A running system without images."""
    system = System(tmp_path / "system")
    try:
        yield system.start(*DECLARED)
    finally:
        system.dispose()


@pytest.fixture
def place(catalog):
    """Puts images of the catalog into files of other names."""
    pictures = iter(catalog.sample(60, seed=11))

    def place(root, *names):
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(next(pictures).path, root / name)
        return root

    return place


def write(path, text, encoding="utf-8"):
    path.write_text(text, encoding=encoding)
    return path


# One truth about which image shows which product


ENTRIES = (
    "product_id,{column}\n"
    "D1,./shoes/a.jpg|https://shop.example/extra.jpg\n"
    "D2,imgs\\shoes\\b.jpg\n"
    "D3,/data/imgs/hats/c%20d.jpg\n"
    "D4,HATS/E.JPG\n"
    "D5,hats/missing.jpg\n"
)
SHOWN = {
    "catalog/shoes/a.jpg": "D1",
    "catalog/shoes/b.jpg": "D2",
    "catalog/hats/c d.jpg": "D3",
    "catalog/hats/e.jpg": "D4",
    "catalog/hats/f.jpg": "f",
}


def shown(system):
    """The products that the records of images name, by key."""
    items = system.items().items()
    return {key[1].removeprefix("image#"): key[0] for key, item in items if key[1] != "product"}


@pytest.mark.parametrize("column", ["image", "image_link"])
@pytest.mark.parametrize("order", ["upload first", "import first", "upload with the table"])
def test_columns_of_images_work_in_any_order(system, place, tmp_path, order, column):
    root = place(tmp_path / "imgs", *(key.removeprefix("catalog/") for key in SHOWN))
    table = write(tmp_path / "products.csv", ENTRIES.format(column=column))
    if order == "upload first":
        system.lookalike("upload", root).expect()
        system.until(lambda: len(shown(system)) == len(SHOWN))
        imported = system.lookalike("import", table, "--json").expect().json()
        assert (imported["images"]["matched"], imported["images"]["changed"]) == (4, 4)
        # The command waited for the index.
        assert imported["index"]["waiting"] == 0
        assert {i["key"] for i in system.product("D3").json()["images"]} == {"catalog/hats/c d.jpg"}
        report = imported["images"]
    elif order == "import first":
        said = system.lookalike("import", table).expect().stdout
        assert "none of the 5 images that the table names is in the catalog yet" in said
        report = system.lookalike("upload", root, "--json").expect().json() | {"unmatched": None}
    else:
        report = system.lookalike("upload", root, "--metadata", table, "--json").expect().json()
        system.lookalike("import", table).expect()
    assert report["in_other_case"] == ["HATS/E.JPG"]
    if report["unmatched"] is not None:
        assert report["unmatched"] == [{"product_id": "D5", "entry": "hats/missing.jpg"}]
    system.until(lambda: shown(system) == SHOWN)
    for product_id in ("D1", "D2", "D3", "D4", "f"):
        system.until(lambda p=product_id: system.product(p).status_code == 200)
    assert system.product("a").status_code == 404
    system.lookalike("index", "verify").expect()

    # A second run of everything changes nothing, and a changed image keeps its product.
    again = system.lookalike("import", table, "--json").expect().json()
    assert (again["changed"], again["images"]["changed"]) == (0, 0)
    assert system.lookalike("upload", root, "--json").expect().json()["uploaded"] == 0
    place(root, "shoes/a.jpg")
    assert system.lookalike("upload", root, "--json").expect().json()["uploaded"] == 1
    system.until(lambda: system.lookalike("index", "verify").code == 0)
    assert shown(system) == SHOWN


def test_a_name_that_several_products_give_names_no_image(system, place, tmp_path):
    root = place(tmp_path / "imgs", "a/photo.jpg", "b/photo.jpg", "c/own.jpg")
    system.lookalike("upload", root, "--product-id", "path").expect()
    before = {"catalog/a/photo.jpg": "a/photo", "catalog/b/photo.jpg": "b/photo", "catalog/c/own.jpg": "c/own"}
    system.until(lambda: shown(system) == before)
    table = write(tmp_path / "products.csv", "product_id,image\np1,photo.jpg\np2,photo.jpg\np3,own.jpg\n")
    done = system.lookalike("import", table, "--json").expect().json()["images"]
    assert (done["matched"], done["changed"]) == (1, 1)
    assert [(entry["product_id"], entry["entry"]) for entry in done["ambiguous"]] == [
        ("p1", "photo.jpg"),
        ("p2", "photo.jpg"),
    ]
    assert "unmatched" not in done
    system.until(lambda: shown(system) == before | {"catalog/c/own.jpg": "p3"})
    said = system.lookalike("import", table).expect().stderr
    assert 'warning: other products name the image "photo.jpg" of product "p1" too' in said
    said = system.lookalike("upload", root, "--metadata", table).expect().stderr
    assert 'warning: other products name the image "photo.jpg" of product "p2" too' in said
    assert shown(system) == before | {"catalog/c/own.jpg": "p3"}


# Types


PRICES = (
    "product_id,name,price,brand\n"
    'sofa,Sofa,"2,499.00",a\n'
    "lamp,Lamp,$19.50,a\n"
    'cup,Cup,"{cup}",b\n'
)


def test_a_price_that_is_text_is_never_compared_as_letters(system, place, tmp_path):
    root = place(tmp_path / "home", "home/sofa.jpg", "home/lamp.jpg", "home/cup.jpg")
    system.lookalike("upload", root).expect()
    system.until(lambda: system.index()["images"] == 3)
    table = write(tmp_path / "prices.csv", PRICES.format(cup="4,99"))
    done = system.lookalike("import", table).expect()
    assert 'warning: "price" is declared as filterable and is text' in done.stderr
    assert 'line 4 "4,99"' in done.stderr
    query = (root / "home/cup.jpg").read_bytes()
    cheap = lambda: system.post("/search?k=9&min_score=-1&filter=price%3C50", data=query)
    # A search notices a new index within a second.
    system.until(lambda: cheap().status_code == 400)
    refused = cheap()
    assert refused.json()["type"] == "urn:lookalike:problem:filter-type"
    assert "--types price=number" in refused.json()["detail"]

    # The choice decides; the other type in the table is said.
    done = system.lookalike("import", table, "--types", "price=number").expect()
    assert 'warning: "price" is number in this file, but text in the table' in done.stderr
    found = system.until(lambda: len(some := cheap().json().get("results", [])) == 2 and some)
    assert {r["product_id"]: r["metadata"]["price"] for r in found} == {"lamp": 19.5, "cup": 4.99}
    assert {r["metadata"]["price_text"] for r in found} == {"$19.50", "4,99"}

    # So does a column that agrees with itself.
    table = write(tmp_path / "fixed.csv", PRICES.format(cup="4.99"))
    done = system.lookalike("import", table).expect()
    assert "warning" not in done.stderr
    texts = lambda: {r["metadata"].get("price_text") for r in cheap().json()["results"]}
    system.until(lambda: texts() == {"$19.50", None})

    # A part of the catalog in which the price looks like text.
    part = write(tmp_path / "part.csv", 'product_id,price\nnew,"1,299"\n')
    report = system.lookalike("import", part, "--dry-run", "--json").expect().json()
    (change,) = report["type_changes"]
    assert (change["name"], change["stored"], change["file"]) == ("price", "number", "text")


def test_a_dry_run_shows_the_columns_and_stores_nothing(system, tmp_path):
    table = write(tmp_path / "some.csv", "product_id,price,ean\na,1.50,0012\nb,n/a,7\n")
    done = system.lookalike("import", table, "--dry-run").expect()
    assert done.stdout.startswith("2 products, 2 of them would change; nothing was stored\n")
    assert 'read as plain table, separated by \',\', UTF-8; product ids from column "product_id"' in done.stdout
    assert "price   number  2      1.50 = 1.5" in done.stdout
    assert 'line 3 "n/a"' in done.stdout
    assert "ean     text    2      0012" in done.stdout
    assert system.items() == {}
    # Without any system too.
    alone = lookalike("import", table, "--dry-run").expect()
    assert alone.stdout.startswith("2 products; nothing was stored\n")


def test_tables_of_other_programs(system, tmp_path):
    header = "Handle,Title,Type,Option1 Name,Option1 Value,Variant Price,Image Src\n"
    rows = "boot,Boot,Boots,Size,41,99.90,https://c.example/1.jpg\nboot,,,,42,99.90,https://c.example/2.jpg\n"
    shopify = write(tmp_path / "shopify.csv", header + rows)
    report = system.lookalike("import", shopify, "--json").expect().json()
    assert (report["format"], report["imported"]) == ("shopify", 1)
    excel = write(tmp_path / "excel.csv", "sep=;\nArtikel;Größe;Preis\nx;klein;1.299,50\n", "utf-16")
    report = system.lookalike("import", excel, "--id-column", "Artikel", "--json").expect().json()
    assert (report["encoding"], report["imported"]) == ("UTF-16LE", 1)
    stored = {key[0]: item["metadata"] for key, item in system.items().items()}
    assert stored["x"] == {"Größe": "klein", "Preis": Decimal("1299.5"), "Preis_text": "1.299,50"}
    assert stored["boot"]["Size"] == ["41", "42"]

    double = write(tmp_path / "double.csv", "product_id,n\na,1\nb,2\na,3\n")
    done = system.lookalike("import", double).expect()
    assert 'warning: 2 lines have the product id "a", the last one counts: 2, 4' in done.stderr
    many = write(tmp_path / "many.csv", "product_id,n\n" + "too,many,fields\n" * 5000)
    done = system.lookalike("import", many).expect(3)
    assert "and 4990 more lines that cannot be used" in done.stderr
    assert len(done.stderr.splitlines()) < 20
    report = system.lookalike("import", many, "--json").expect(3).json()
    assert (report["bad_line_count"], len(report["bad_lines"])) == (5000, 1000)
    broken = write(tmp_path / "broken.csv", 'product_id,n\na,1\nb,"2\nc,3\n')
    refused = system.lookalike("import", broken).expect(1)
    assert "line 3: a quoted field begins here and never ends" in refused.stderr
    assert "c" not in {key[0] for key in system.items()}
    dates = write(tmp_path / "dates.csv", "product_id,since\na,03/04/2024\nb,05-06-2024\n")
    said = system.lookalike("import", dates, "--dry-run").expect().stdout
    assert "--types chooses day-month-year or month-day-year" in said
    system.lookalike("import", dates, "--types", "since=month-day-year").expect()
    stored = {key[0]: item["metadata"] for key, item in system.items().items()}
    assert stored["b"] == {"since": "2024-05-06", "since_text": "05-06-2024"}
    roles = system.lookalike("import", dates, "--name-column", "since", "--category-column", "since").expect(1)
    assert '--name-column and --category-column name the same column "since"' in roles.stderr
    wrong = system.lookalike("import", double, "--types", "n=numeric").expect(2)
    assert '"numeric" is not a type' in wrong.stderr


# Folders, as docs/datasets.md takes them


def test_file_names_that_occur_in_several_folders(system, place, tmp_path):
    names = [f"{folder}/{n}.jpg" for folder in ("Bread", "Dessert", "Noodles-Pasta") for n in (0, 1)]
    root = place(tmp_path / "training", *names)
    (root / "Bread" / "._0.jpg").write_bytes(b"\0\5\x16\7")
    (root / "__MACOSX" / "Bread").mkdir(parents=True)
    (root / "__MACOSX" / "Bread" / "0.jpg").write_bytes(b"\0")
    (root / "Thumbs.db").write_bytes(b"\0")
    done = system.lookalike("upload", root).expect()
    assert "warning: 2 file names occur in several folders" in done.stderr
    assert '"0": 3 images, such as Bread/0.jpg, Dessert/0.jpg, Noodles-Pasta/0.jpg' in done.stderr
    assert "skipped 2 files" in done.stderr
    system.until(lambda: system.index()["images"] == 6)
    assert system.index()["products"] == 2
    audit = system.lookalike("audit", "--json").expect().json()
    assert [(p["product_id"], p["pictures"]["total"]) for p in audit["products_of_several_folders"]["items"]] == [
        ("0", 3),
        ("1", 3),
    ]
    assert "--product-id path" in system.lookalike("audit").expect().stdout

    report = system.lookalike("upload", root, "--product-id", "path", "--json").expect().json()
    assert (report["uploaded"], report.get("shared_names")) == (6, None)
    system.until(lambda: system.index()["products"] == 6)
    assert system.product("Noodles-Pasta/1").status_code == 200
    audit = system.lookalike("audit", "--json").expect().json()
    assert audit["products_of_several_folders"]["total"] == 0
    system.lookalike("upload", root, "--product-id", "folder").expect()
    system.until(lambda: system.index()["products"] == 3)


def test_the_data_sets_of_the_documentation(make_system, place, tmp_path):
    # Kaggle Fashion Product Images (Small)
    fashion = place(tmp_path / "archive" / "images", "15970.jpg", "6044.jpg").parent
    write(
        fashion / "styles.csv",
        "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
        "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt\n"
        "6044,Women,Apparel,Topwear,Tops,White,Summer,2016.0,Casual,Wrangler White Top, with lace\n",
    )
    system = make_system("fashion")
    arguments = ("--catalog", fashion / "images", "--metadata", fashion / "styles.csv")
    system.start(*arguments, "--filterable", "baseColour,gender,season,year")
    query = (fashion / "images" / "15970.jpg").read_bytes()
    answer = system.search(query, k=5, min_score=-1, filter="year>2015")
    (top,) = answer["results"]
    assert (top["product_id"], top["metadata"]["name"]) == ("6044", "Wrangler White Top, with lace")
    assert (top["metadata"]["category"], top["metadata"]["year"]) == ("Tops", 2016)
    system.stop()

    # Food-11
    food = place(tmp_path / "food", "Bread/0.jpg", "Dessert/0.jpg")
    system = make_system("food").start("--catalog", food, "--product-id", "path")
    assert system.index()["products"] == 2
    system.stop()

    # Caltech-256
    caltech = place(tmp_path / "256_ObjectCategories", "001.ak47/001_0001.jpg", "002.american-flag/002_0001.jpg")
    system = make_system("caltech").start("--catalog", caltech)
    assert system.index()["products"] == 2
    assert "several folders" not in system.whole_log()
    system.stop()
