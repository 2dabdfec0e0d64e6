"""`lookalike evaluate`: measures compared with calculations by hand and by numpy, the report, and bad input."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from support import bad_pictures, colours
from support.command import ROOT, lookalike

CATALOG = {
    "red/1.png": (255, 0, 0),
    "red/2.png": (250, 10, 10),
    "red/3.png": (240, 20, 20),
    "blue/1.png": (0, 0, 255),
    "blue/2.png": (10, 10, 250),
    "blue/3.png": (20, 20, 240),
}
QUERIES = {
    "red/right.png": (245, 5, 5),
    # Three red ones first, then the blue ones.
    "blue/wrong.png": (200, 0, 60),
}
WRONG_AP = (1 / 4 + 2 / 5 + 3 / 6) / 3
VOID_TAGS = {"meta", "img", "br", "link", "input"}


@pytest.fixture
def catalog_folder(tmp_path):
    return colours.pictures(tmp_path / "catalog", CATALOG)


@pytest.fixture
def query_folder(tmp_path):
    return colours.pictures(tmp_path / "queries", QUERIES)


@pytest.fixture
def colour_encoder(tmp_path):
    return colours.encoder(tmp_path / "mean-colour")


@pytest.fixture
def evaluate(catalog_folder, query_folder, colour_encoder):
    """Runs the command on images of one colour, with additional or other arguments."""

    def run(*more, catalog=catalog_folder, queries=query_folder, encoder=colour_encoder, k=3):
        words = ["--catalog", catalog, "--queries", queries, "--encoder", encoder, "--k", k]
        return lookalike("evaluate", *words, *more)

    return run


def means(measures):
    """Returns the measures without their intervals."""
    return {name: estimate["mean"] for name, estimate in measures.items()}


# Figures


def test_measures_by_hand(evaluate):
    found = evaluate("--json").expect().json()
    assert (found["catalog_pictures"], found["queries"], found["leave_one_out"]) == (6, 2, False)
    [report] = found["encoders"]
    assert report["dimensions"] == 3
    expected = {
        "p_at_1": 1 / 2,
        "p_at_k": 1 / 2,
        "r_at_k": 1 / 2,
        "map": (1 + WRONG_AP) / 2,
        "mrr": (1 + 1 / 4) / 2,
    }
    assert means(report["micro"]) == pytest.approx(expected)
    assert means(report["macro"]) == pytest.approx(expected)
    blue, red = report["categories"]
    assert means(blue["measures"])["map"] == pytest.approx(WRONG_AP)
    assert means(red["measures"]) == pytest.approx(dict.fromkeys(expected, 1.0))
    assert report["confusion"] == [[0, 1], [0, 1]]
    assert report["index"]["recall"]["mean"] == 1.0
    assert not report["index"]["walks_a_graph"]
    wrong, right = report["results"]
    assert (wrong["image"], wrong["category"]) == ("blue/wrong.png", "blue")
    assert [n["category"] for n in wrong["neighbours"]] == ["red"] * 3
    assert right["neighbours"][0]["similarity"] == pytest.approx(1, abs=1e-3)


def test_every_query_or_every_category_counts_the_same(evaluate, query_folder):
    colours.pictures(query_folder, {"red/more.png": (251, 3, 3), "red/again.png": (252, 3, 3)})
    [report] = evaluate("--json").expect().json()["encoders"]
    assert report["micro"]["p_at_1"]["mean"] == pytest.approx(3 / 4)
    assert report["macro"]["p_at_1"]["mean"] == pytest.approx(1 / 2)


def test_a_folder_searched_with_itself(evaluate, catalog_folder):
    # A copy of an image counts as that image: it neither finds the copy nor is found by it.
    copy = catalog_folder / "red" / "copy.png"
    copy.write_bytes((catalog_folder / "red" / "1.png").read_bytes())
    colours.pictures(catalog_folder, {"green/alone.png": (0, 255, 0)})
    # The same folder in another notation.
    done = evaluate("--json", queries=catalog_folder / "red" / "..", k=2).expect(3)
    assert "1 queries of \"green\" do not count" in done.stderr
    found = done.json()
    assert found["leave_one_out"]
    assert found["unanswerable"] == [{"category": "green", "queries": 1}]
    [report] = found["encoders"]
    assert report["scored"] == 7
    assert report["micro"]["p_at_1"]["mean"] == 1
    by_image = {result["image"]: result for result in report["results"]}
    for image in ("red/1.png", "red/copy.png"):
        names = [n["image"] for n in by_image[image]["neighbours"]]
        assert names == ["red/2.png", "red/3.png"]
    assert by_image["green/alone.png"]["scores"] is None


def test_the_same_seed_gives_the_same_document(evaluate, catalog_folder):
    # Enough images of both categories in between that every query has a different score.
    mixed = {f"{('red', 'blue')[i * i % 5 % 2]}/mixed-{i}.png": (8 * i, 0, 255 - 8 * i) for i in range(32)}
    colours.pictures(catalog_folder, mixed)

    def run(seed):
        found = evaluate("--json", "--seed", seed, queries=catalog_folder).expect().json()
        del found["seconds"]
        return found

    first, other = run(3), run(4)
    assert run(3) == first
    first, other = (found["encoders"][0]["micro"]["map"] for found in (first, other))
    assert first["mean"] == other["mean"]
    assert first["low"] != other["low"]


def test_measures_agree_with_numpy_and_onnxruntime(catalog, figures, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "crates" / "encoder" / "tests")
    from pillow_reference import Reference

    count = 90 if catalog.is_drawn else 240
    sample = catalog.sample(count, seed=5)
    sides = [catalog.copy(part, tmp_path / name) for name, part in
             (("catalog", sample[: 2 * count // 3]), ("queries", sample[2 * count // 3 :]))]
    done = lookalike("evaluate", "--catalog", sides[0], "--queries", sides[1], "--k", "5", "--json")
    assert done.code in (0, 3), done.stderr
    found = done.json()

    reference = Reference()
    paths = [sorted(side.rglob("*.*")) for side in sides]
    vectors = [np.stack([reference.embedding(path) for path in part]) for part in paths]
    labels = [np.array([path.parent.name for path in part]) for part in paths]
    order = np.argsort(-(vectors[1] @ vectors[0].T), axis=1, kind="stable")
    right = labels[0][order] == labels[1][:, None]
    counted = right.any(axis=1)
    ranks = np.arange(1, right.shape[1] + 1)
    precisions = np.where(right, right.cumsum(axis=1) / ranks, 0).sum(axis=1)
    expected = {
        "p_at_1": right[counted, 0].mean(),
        "p_at_k": right[counted, :5].mean(),
        "r_at_k": right[counted, :5].any(axis=1).mean(),
        "map": (precisions[counted] / right[counted].sum(axis=1)).mean(),
        "mrr": (1 / (right[counted].argmax(axis=1) + 1)).mean(),
    }
    [report] = found["encoders"]
    measured = means(report["micro"])
    figures(
        f"evaluate, {len(paths[1])} queries against {len(paths[0])}: P@1 {measured['p_at_1']:.3f} and "
        f"mAP {measured['map']:.4f}, by numpy {expected['p_at_1']:.3f} and {expected['map']:.4f}"
    )
    assert report["scored"] == counted.sum()
    assert measured["map"] == pytest.approx(expected["map"], abs=0.005)
    # One query may differ.
    assert measured == pytest.approx(expected, abs=1.01 / counted.sum())
    assert report["index"]["recall"]["mean"] > 0.99


# Two encoders


def test_two_encoders_side_by_side(evaluate, colour_encoder, tmp_path):
    # Blind to blue: the mistaken query is equally near to both.
    other = colours.encoder(tmp_path / "rescaled")
    config = (other / "preprocessor_config.json").read_text()
    (other / "preprocessor_config.json").write_text(config.replace("0.5, 0.5]", "0.5, 0.05]", 1))
    found = evaluate("--json", "--compare", other).expect().json()
    ours, theirs = found["encoders"]
    assert (ours["name"], theirs["name"]) == ("mean-colour", "rescaled")
    assert ours["fingerprint"] != theirs["fingerprint"]
    difference = means(found["difference"]["micro"])
    for name, value in difference.items():
        assert value == pytest.approx(ours["micro"][name]["mean"] - theirs["micro"][name]["mean"])
    assert found["difference"]["verdict"].startswith("mean-colour against rescaled: mAP ")
    same = evaluate("--json", "--compare", colour_encoder).expect().json()
    assert "are the same encoder" in same["difference"]["verdict"]
    assert set(means(same["difference"]["micro"]).values()) == {0}
    report = tmp_path / "report.html"
    people = evaluate("--compare", other, "--html", report).expect().stdout
    assert found["difference"]["verdict"] in people
    page = Page(report.read_text(encoding="utf-8"))
    assert "mean-colour against rescaled:" in page.text
    assert page.text.count("P@3 0.00, AP 0.38") >= 1
    assert page.tags.count("ol") == 2 * page.tags.count("article")


# For people


def test_the_table_for_people(evaluate):
    text = evaluate().expect().stdout
    assert text.startswith("2 queries, 6 catalog images, 2 categories\n")
    assert re.search(r"^P@1 +0\.500 \[0\.000, 1\.000\]", text, re.MULTILINE)
    assert text.index("\nblue ") < text.index("\nred "), "worst first"
    assert "100.00 % of the 3 nearest that an exact search finds, looking at every row" in text
    header, *rows = re.search(r"^ +catalog .*\n(?:\w.*\n)+", text, re.MULTILINE).group().splitlines()
    assert {row.index(" [") - row.index("0.") for row in rows if " 0." in row} <= {4}
    assert header.split() == ["catalog", "queries", "P@1", "P@3", "R@3", "mAP", "MRR"]


class Page(HTMLParser):
    """The elements of a report."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.sources, self.text = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href", "srcset")]
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_report_is_self_contained(evaluate, catalog_folder, query_folder, tmp_path):
    strange = '<b onclick="x">&amp;'
    (catalog_folder / "blue").rename(catalog_folder / strange)
    (query_folder / "blue").rename(query_folder / strange)
    report = tmp_path / "report.html"
    report.write_text("old")
    done = evaluate("--html", report).expect()
    assert f"wrote {report}" in done.stderr
    text = report.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert page.sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert not re.search(r"https?://|url\(|@import", text)
    assert '<b onclick' not in text
    assert strange in page.text, "as text"
    assert text.count('class="wrong"') == 3
    assert text.count('class="right"') == 3
    assert page.text.index(f"{strange}mAP") < page.text.index("redmAP"), "worst first"
    assert not list(tmp_path.glob(".report*"))
    assert report.stat().st_mode & 0o444 == 0o444
    fewer = evaluate("--html", report, "--queries-shown", "0").expect()
    assert "data:" not in report.read_text(encoding="utf-8"), fewer.stderr


# Labels from a table


def test_labels_from_a_table(evaluate, catalog_folder, query_folder, tmp_path):
    table = tmp_path / "labels.csv"
    lines = [f"catalog/{name},warm,{name[:3]}" for name in CATALOG if name.startswith("red")]
    lines += [f"catalog/{name},cold,{name[:3]}" for name in CATALOG if name.startswith("blue")]
    lines += ["queries/red/right.png,warm,red", "blue/wrong.png,warm,blu"]
    table.write_text("image,category,kind\n" + "\n".join(lines) + "\n")
    found = evaluate("--json", "--labels", table).expect().json()
    assert found["categories"] == ["cold", "warm"]
    assert found["encoders"][0]["micro"]["p_at_1"]["mean"] == 1, "as the table has it"
    kinds = evaluate("--json", "--labels", table, "--label-column", "kind").expect().json()
    assert kinds["categories"] == ["blu", "red"]

    lines += ["red/gone.png,warm,red", "red/1.png,,"]
    (catalog_folder / "red" / "new.png").write_bytes((catalog_folder / "red" / "1.png").read_bytes())
    table.write_text("image,category,kind\n" + "\n".join(lines) + "\n")
    partly = evaluate("--json", "--labels", table).expect(3)
    reasons = {entry["what"]: entry["reason"] for entry in partly.json()["skipped"]}
    assert reasons["line 10: red/gone.png"] == "there is no such image"
    assert "empty" in reasons["line 11"]
    assert "does not name it" in reasons["red/new.png"]
    assert "left out: line 10: red/gone.png: there is no such image" in partly.stderr


def test_a_table_that_cannot_be_used(evaluate, tmp_path):
    table = tmp_path / "labels.csv"
    for text, words, mentioned in (
        ("image,colour\nred/1.png,red\n", [], 'no column "label" or "category", only image, colour'),
        ("image,label\nred/1.png,red\n", ["--label-column", "kind"], 'no column "kind", only image, label'),
        ("picture,label\nred/1.png,red\n", [], 'no column "image", only picture, label'),
        ("image,label\nred/1.png,\n", [], "labels no images"),
        ("image,label\nelsewhere/9.png,red\n", [], "names none of the 6 images"),
    ):
        table.write_text(text)
        refused = evaluate("--labels", table, *words).expect(1)
        assert mentioned in refused.stderr
    assert "cannot read" in evaluate("--labels", tmp_path / "no.csv").expect(1).stderr
    evaluate("--label-column", "kind").expect(2)


# Bad input


def test_folders_with_nothing_to_evaluate(evaluate, catalog_folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    flat = colours.pictures(tmp_path / "flat", {"1.png": "red", "2.png": "blue"})
    one = colours.pictures(tmp_path / "one", {"red/1.png": "red"})
    for catalog, queries, mentioned in (
        (empty, catalog_folder, "has no images"),
        (catalog_folder, empty, "has no images"),
        (tmp_path / "missing", catalog_folder, "is not a folder"),
        (flat, catalog_folder, "has no categories"),
        (catalog_folder, flat, "found 2 images directly in it"),
        (one, catalog_folder, 'found one, "red", with 1 image:'),
        (one, one, "there is nothing to tell apart"),
    ):
        refused = evaluate(catalog=catalog, queries=queries, k=1).expect(1)
        assert mentioned in refused.stderr
        assert refused.stdout == ""


def test_an_impossible_k(evaluate, catalog_folder):
    evaluate(k=0).expect(2)
    assert "a query can find 6 images: choose 1 to 6" in evaluate(k=7).expect(1).stderr
    assert "choose 1 to 5" in evaluate(queries=catalog_folder, k=6).expect(1).stderr
    evaluate(k=6).expect()


def test_a_category_that_only_queries_have(evaluate, query_folder, tmp_path):
    colours.pictures(query_folder, {"green/1.png": (0, 250, 0), "green/2.png": (0, 240, 0)})
    partly = evaluate("--json").expect(3)
    assert partly.json()["unanswerable"] == [{"category": "green", "queries": 2}]
    [report] = partly.json()["encoders"]
    assert report["scored"] == 2
    assert report["micro"]["p_at_1"]["mean"] == 1 / 2, "they do not count"
    assert '2 queries of "green" do not count' in partly.stderr
    alone = colours.pictures(tmp_path / "alone", {"green/1.png": "green"})
    refused = evaluate(queries=alone).expect(1)
    assert "no category in common with the catalog: expected some of blue, red; found green" in refused.stderr


def test_queries_that_are_in_the_catalog(evaluate, catalog_folder, query_folder):
    copied = (catalog_folder / "red" / "1.png").read_bytes()
    (query_folder / "red" / "copied.png").write_bytes(copied)
    done = evaluate("--json").expect()
    assert done.json()["queries_in_catalog"] == 1
    assert "note: 1 queries are also in the catalog" in done.stderr


def test_unreadable_pictures_are_listed(evaluate, catalog_folder, query_folder):
    (catalog_folder / "red" / "bad.jpg").write_bytes(bad_pictures.TEXT)
    (query_folder / "red" / "bad.gif").write_bytes(b"")
    (query_folder / "loose.png").write_bytes((catalog_folder / "red" / "1.png").read_bytes())
    partly = evaluate("--json").expect(3)
    skipped = {entry["what"].rpartition("/")[2]: entry["reason"] for entry in partly.json()["skipped"]}
    assert set(skipped) == {"bad.jpg", "bad.gif", "loose.png"}
    assert "text is not supported" in skipped["bad.jpg"]
    assert "the image is empty" in skipped["bad.gif"]
    assert "in no folder of a category" in skipped["loose.png"]
    assert partly.json()["encoders"][0]["micro"]["p_at_1"]["mean"] == 1 / 2
    assert "bad.jpg: " in evaluate().expect(3).stderr
    for name in QUERIES:
        (query_folder / name).write_bytes(bad_pictures.TEXT)
    refused = evaluate().expect(1)
    assert "none of 3 images can be embedded, such as " in refused.stderr


def test_an_encoder_that_lacks_a_file(evaluate, colour_encoder, tmp_path):
    for words in (["--encoder"], ["--compare"]):
        incomplete = colours.encoder(tmp_path / words[0].strip("-"))
        (incomplete / "preprocessor_config.json").unlink()
        refused = (
            evaluate(encoder=incomplete) if words == ["--encoder"] else evaluate(*words, incomplete)
        ).expect(1)
        assert str(incomplete / "preprocessor_config.json") in refused.stderr
        assert "expected a folder with model.onnx and preprocessor_config.json" in refused.stderr
    (colour_encoder / "model.onnx").write_bytes(b"no network")
    assert "model.onnx cannot be loaded" in evaluate().expect(1).stderr


def test_a_report_that_cannot_be_written_is_refused_first(evaluate, colour_encoder, tmp_path):
    (colour_encoder / "model.onnx").unlink()
    for path in (tmp_path, tmp_path / "no" / "report.html", "/dev/null"):
        refused = evaluate("--html", path).expect(1)
        assert f"cannot write the report to {path}" in refused.stderr
    refused = evaluate("--html", tmp_path / "report.html").expect(1)
    assert "model.onnx" in refused.stderr
    assert not list(tmp_path.glob("*report*")), "a failed run leaves nothing"


# Products and further labels


def test_other_products_alone_count(evaluate, catalog_folder):
    # Each product has two images that are nearer to each other than to anything else.
    colours.pictures(catalog_folder, {
        "red/1-b.png": (255, 1, 0), "red/2-b.png": (250, 11, 10), "red/3-b.png": (240, 21, 20),
        "blue/1-b.png": (0, 1, 255), "blue/2-b.png": (10, 11, 250), "blue/3-b.png": (20, 21, 240),
        # Nearest to its own other image; otherwise to a red one.
        "blue/odd.png": (220, 0, 40), "blue/odd-b.png": (220, 1, 40),
    })  # fmt: skip
    lines = [f"{path.relative_to(catalog_folder)},{path.parent.name},{path.parent.name}-{path.stem.split('-')[0]}"
             for path in sorted(catalog_folder.rglob("*.png"))]
    table = catalog_folder.parent / "labels.csv"
    table.write_text("\n".join(["image,category,product_id", *lines]))
    words = ["--labels", table, "--json"]
    by_image = evaluate(*words, queries=catalog_folder).expect().json()
    assert (by_image["by"], by_image["products"]) == ("image", None)
    assert by_image["encoders"][0]["micro"]["p_at_1"]["mean"] == 1
    found = evaluate(*words, "--by", "product", queries=catalog_folder).expect().json()
    assert (found["by"], found["products"]) == ("product", 7)
    [report] = found["encoders"]
    assert report["micro"]["p_at_1"]["mean"] == pytest.approx(12 / 14)
    results = {result["image"]: result for result in report["results"]}
    assert results["blue/odd.png"]["scores"]["p_at_1"] == 0
    for image, result in results.items():
        own = image.removesuffix(".png").split("-")[0]
        assert not [n for n in result["neighbours"] if n["image"].removesuffix(".png").split("-")[0] == own]
    text = evaluate("--labels", table, "--by", "product", queries=catalog_folder).expect().stdout
    assert "7 products; images of the query's own product do not count" in text


def test_product_ids_come_from_paths_without_a_table(evaluate, catalog_folder, query_folder):
    # Both folders have a file 1.png: one product, which leaves two others of each category.
    colours.pictures(query_folder, {"red/1.png": (255, 0, 0)})
    found = evaluate("--by", "product", "--json", k=2).expect().json()
    [result] = [r for r in found["encoders"][0]["results"] if r["image"] == "red/1.png"]
    assert [n["image"] for n in result["neighbours"]] == ["red/2.png", "red/3.png"]
    whole = evaluate("--by", "product", "--product-id", "path", "--json", k=2).expect().json()
    [result] = [r for r in whole["encoders"][0]["results"] if r["image"] == "red/1.png"]
    assert [n["image"] for n in result["neighbours"]] == ["red/2.png", "red/3.png"]
    # Every image of a folder is one product, so nothing of the category is left.
    done = evaluate("--by", "product", "--product-id", "folder", k=2).expect(1)
    assert "none of the 3 queries" in done.stderr


def test_agreement_in_further_columns(evaluate, catalog_folder):
    rows = ["image,category,color,size", "red/1.png,red,Red|pink,1", "red/2.png,red,red,2", "red/3.png,red,pink,",
            "blue/1.png,blue,blue,1", "blue/2.png,blue,blue,2", "blue/3.png,blue,,3"]  # fmt: skip
    table = catalog_folder.parent / "labels.csv"
    table.write_text("\n".join(rows))
    words = ["--labels", table, "--agree", "color,size"]
    [report] = evaluate(*words, "--json", queries=catalog_folder, k=2).expect().json()["encoders"]
    category, color, size = report["agreement"]
    assert [a["label"] for a in report["agreement"]] == ["category", "color", "size"]
    assert (category["share"]["mean"], category["chance"]) == (1, pytest.approx(2 / 5))
    # red/1 agrees with both others, which do not agree with each other.
    assert color["queries"] == 5
    assert color["share"]["mean"] == pytest.approx((1 + 1 / 2 + 1 / 2 + 1 + 1) / 5)
    assert color["chance"] == pytest.approx((2 + 1 + 1 + 1 + 1) / 4 / 5)
    assert size["share"]["mean"] == 0
    text = evaluate(*words, queries=catalog_folder, k=2).expect().stdout
    assert re.search(r"^color +5 +0\.800 \[.*\] +0\.300$", text, re.MULTILINE)
    refused = evaluate("--labels", table, "--agree", "colour", queries=catalog_folder).expect(1)
    assert 'no column "colour"' in refused.stderr and "color" in refused.stderr


def test_columns_without_a_figure_are_noted(evaluate, catalog_folder, tmp_path):
    rows = ["image,category,empty,rare,color", "red/1.png,red,,,red", "red/2.png,red,,,red", "red/3.png,red,,x,red",
            "blue/1.png,blue,,,blue", "blue/2.png,blue,,,blue", "blue/3.png,blue,,x,blue"]  # fmt: skip
    table = catalog_folder.parent / "labels.csv"
    table.write_text("\n".join(rows))
    report = tmp_path / "report.html"
    words = ["--labels", table, "--agree", "empty,rare,category,color", "--html", report]
    done = evaluate(*words, "--json", queries=catalog_folder, k=2).expect()
    found = done.json()
    # The two images with a rare value are not among the two nearest of each other.
    assert [a["label"] for a in found["encoders"][0]["agreement"]] == ["category", "color"]
    empty, rare, category = found["notes"]
    assert empty.startswith('column "empty" is not measured: 0 of 6 catalog images and 0 of 6 queries have a value')
    assert rare.startswith('column "rare" is not measured: 2 of 6 catalog images and 2 of 6 queries have a value')
    assert category == 'column "category" is the category itself, which is in the row category'
    text = Page(report.read_text(encoding="utf-8")).text
    assert all(f"note: {note}" in done.stderr and note in text for note in found["notes"])
    # Alone, the category's own column still gets its row.
    options = ["--labels", table, "--label-column", "color", "--agree", "color", "--json"]
    alone = evaluate(*options, queries=catalog_folder, k=2).expect().json()
    assert [a["label"] for a in alone["encoders"][0]["agreement"]] == ["category"]
    assert "color" in alone["notes"][0]


def test_copies_of_an_image_are_drawn_together(evaluate, catalog_folder, query_folder):
    """Intervals do not narrow when the same queries come again."""
    colours.pictures(query_folder, {f"red/{i}.png": (255 - i, 0, 0) for i in range(3)})

    def width():
        [report] = evaluate("--json").expect().json()["encoders"]
        estimate = report["micro"]["map"]
        return estimate["high"] - estimate["low"]

    once = width()
    for path in sorted(query_folder.rglob("*.png")):
        for copy in range(4):
            (path.parent / f"{path.stem}-{copy}.png").write_bytes(path.read_bytes())
    assert width() == pytest.approx(once, abs=0.02)


def test_an_image_with_several_labels_is_right_by_any(evaluate, catalog_folder, query_folder):
    table = catalog_folder.parent / "labels.csv"
    images = [f"{path.parent.name}/{path.name}" for path in sorted(catalog_folder.rglob("*.png"))]
    lines = [f"catalog/{image},{image.split('/')[0]}" + "|warm" * image.startswith("red") for image in images]
    table.write_text("\n".join(["image,label", *lines, "queries/red/right.png,green|warm",
                                "queries/blue/wrong.png,blue"]))
    found = evaluate("--labels", table, "--json").expect().json()
    assert found["categories"] == ["blue", "green", "red", "warm"]
    [report] = found["encoders"]
    scores = {result["image"]: result["scores"] for result in report["results"]}
    assert scores["red/right.png"]["ap"] == 1
    assert scores["blue/wrong.png"]["ap"] == pytest.approx(WRONG_AP)
    assert found["notes"] == []


def test_a_category_of_nearly_all_images_does_not_count(evaluate, catalog_folder, query_folder, tmp_path):
    table = tmp_path / "labels.csv"
    images = [f"{path.parent.name}/{path.name}" for path in sorted(catalog_folder.rglob("*.png"))]
    lines = [f"catalog/{image},flat|{image.split('/')[0]}" for image in images]
    queries = ["queries/red/right.png,flat", "queries/blue/wrong.png,flat|blue"]
    table.write_text("\n".join(["image,label", *lines, *queries]))
    report = tmp_path / "report.html"
    done = evaluate("--labels", table, "--json", "--html", report).expect()
    found = done.json()
    assert found["categories"] == ["blue", "red"]
    [note] = found["notes"]
    assert note.startswith('category "flat" does not count: 6 of 6 catalog images have it')
    assert "1 query has no other" in note
    assert f"note: {note}" in done.stderr
    assert note in Page(report.read_text(encoding="utf-8")).text
    [results] = found["encoders"]
    assert results["scored"] == 1, "a query without another category does not count"
    assert results["micro"]["map"]["mean"] == pytest.approx(WRONG_AP)
    assert results["confusion"] == [[0, 1], [0, 0]]

    # All but one of twenty are nearly all, and of fewer images only all are.
    more = colours.pictures(catalog_folder, {f"more/{i}.png": (i, i, i) for i in range(14)})
    flat = [f"catalog/more/{i}.png,flat" for i in range(13)]
    table.write_text("\n".join(["image,label", *lines, *queries, *flat, "more/13.png,red"]))
    twenty = evaluate("--labels", table, "--json").expect().json()
    assert twenty["notes"][0].startswith('category "flat" does not count: 19 of 20 catalog images have it')
    (more / "more" / "12.png").unlink()
    table.write_text("\n".join(["image,label", *lines, *queries, *flat[:12], "more/13.png,red"]))
    fewer = evaluate("--labels", table, "--json").expect().json()
    assert (fewer["categories"], fewer["notes"]) == (["blue", "flat", "red"], [])

    table.write_text("\n".join(["image,label", *[f"{image},flat|thing" for image in images], "right.png,flat"]))
    refused = evaluate("--labels", table, queries=catalog_folder).expect(1)
    assert "nearly all of the 6 images have \"flat\", \"thing\"" in refused.stderr
