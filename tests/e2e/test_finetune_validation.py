"""`lookalike finetune` with a folder of validation images, and with a bounded number of images."""

import csv
import shutil

import pytest
from PIL import Image
from support.fine_tuning import CATEGORIES, PER_CATEGORY, copy_categories, runner

HELD_BACK = 4


@pytest.fixture(scope="module")
def pictures(catalog, tmp_path_factory):
    return copy_categories(catalog, tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def finetune(tmp_path_factory):
    """Runs the command with a cache of features that the tests of this file share."""
    return runner(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def sides(pictures, tmp_path):
    """Folders for training and for validation, with different images of each category."""
    training = shutil.copytree(pictures, tmp_path / "training")
    for folder in sorted(training.iterdir()):
        (tmp_path / "validation" / folder.name).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:HELD_BACK]:
            path.rename(tmp_path / "validation" / folder.name / path.name)
    return training, tmp_path / "validation"


def near_copy(path, target):
    """Stores an image again with one pixel changed."""
    with Image.open(path) as opened:
        copy = opened.convert("RGB")
    copy.putpixel((0, 0), (0, 0, 0))
    copy.save(target)


def write_products(path, sides, product):
    """Writes a table with the products that `product` returns for the side, the category and the file's name."""
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["image", "label", "product_id"])
        for side in sides:
            for image in sorted(side.rglob("*.*")):
                category = image.parent.name
                name = f"{side.name}/{category}/{image.name}"
                writer.writerow([name, category, product(side.name, category, image.name)])
    return path


def test_near_copies_of_training_images_do_not_validate(finetune, sides, tmp_path):
    training, validation = sides
    first = sorted(training.iterdir())[0]
    trained = sorted(first.iterdir())[0]
    # Another image of the product that the copy shows.
    other = sorted((validation / first.name).iterdir())[0]
    near_copy(trained, validation / first.name / "copy.png")
    shown_twice = {("validation", first.name, name) for name in ("copy.png", other.name)}
    product = lambda *image: "shown-twice" if image in shown_twice else "-".join(image)
    table = write_products(tmp_path / "labels.csv", sides, product)
    done = finetune(training, tmp_path / "out", "--validation", validation, "--labels", table, "--json")
    card = done.expect(3).json()
    assert card["data"][first.name] == {"training": PER_CATEGORY - HELD_BACK, "validation": HELD_BACK - 1, "skipped": 2}
    copies = {entry["what"]: entry["reason"] for entry in card["duplicates"]}
    assert f"nearly identical to {first.name}/{trained.name}" in copies[f"{first.name}/copy.png"]
    skipped = {entry["what"]: entry["reason"] for entry in card["skipped"]}
    assert "cannot validate" in skipped[f"{first.name}/{other.name}"]
    [note] = [note for note in card["notes"] if "nearly identical" in note]
    assert note.startswith("1 validation image ")
    assert note in done.stderr
    assert card["validation"]["after"]["queries"] == HELD_BACK * CATEGORIES - 1


def test_products_that_share_an_image_are_drawn_together(finetune, sides, tmp_path):
    training, validation = sides
    first, second = sorted(validation.iterdir())[:2]
    # Each image is a product, and the first two of one category also show the same image.
    one, other, *_ = sorted(first.iterdir())
    shutil.copyfile(one, first / f"zz-{other.name}")
    product = lambda side, category, name: f"{side}-{category}-{name.removeprefix('zz-')}"
    table = write_products(tmp_path / "labels.csv", sides, product)
    options = ["--validation", validation, "--labels", table, "--json"]
    card = finetune(training, tmp_path / "out", *options).expect().json()
    assert len(card["duplicates"]) == 1
    held_out = card["held_out"]
    assert held_out["images"] == HELD_BACK * CATEGORIES
    assert held_out["products"] == HELD_BACK * CATEGORIES - 1


def test_a_bounded_number_of_images_of_each_folder_is_used(finetune, sides, tmp_path):
    training, validation = sides
    others = shutil.copytree(training, tmp_path / "others")
    options = ["--validation", validation, "--others", others, "--max-images", "20", "--json"]
    # Images of other goods are the same here, which does not matter.
    done = finetune(training, tmp_path / "out", *options).expect()
    card = done.json()
    images = (PER_CATEGORY - HELD_BACK) * CATEGORIES
    counts = card["data"].values()
    assert sum(entry["training"] for entry in counts) == 20
    assert sum(entry["validation"] for entry in counts) == HELD_BACK * CATEGORIES
    assert card["others"] == {"others": 20}
    for folder in (training, others):
        note = f"20 of {images} images of {folder} are used (--max-images 20)"
        assert note in card["notes"] and note in done.stderr
    assert not [note for note in card["notes"] if str(validation) in note]
