"""`lookalike finetune` with labels and products of a table, near copies, and images in a wrong folder."""

import csv
import shutil

import pytest
from PIL import Image
from support.fine_tuning import CATEGORIES, PER_CATEGORY, copy_categories, nothing_written, runner


@pytest.fixture(scope="module")
def pictures(catalog, tmp_path_factory):
    return copy_categories(catalog, tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def finetune(tmp_path_factory):
    """Runs the command with a cache of features that the tests of this file share."""
    return runner(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def some(pictures, tmp_path):
    """A copy of the images, to be changed."""
    return shutil.copytree(pictures, tmp_path / "some")


def test_categories_from_a_table(finetune, pictures, tmp_path):
    table = tmp_path / "labels.csv"
    paths = sorted(path for path in pictures.rglob("*.*"))
    with table.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["image", "kind"])
        for number, path in enumerate(paths):
            writer.writerow([path.relative_to(pictures).as_posix(), "even" if number % 2 else "odd"])
        writer.writerow(["gone/away.jpg", "odd"])
    refused = finetune(pictures, tmp_path / "out", "--labels", table).expect(1)
    assert "image, kind" in refused.stderr
    options = ["--labels", table, "--label-column", "kind", "--json"]
    done = finetune(pictures, tmp_path / "out", *options).expect(3)
    assert set(done.json()["data"]) == {"even", "odd"}
    assert "gone/away.jpg" in done.stderr

    table.write_text("image,label\ngone/away.jpg,odd\nfar/away.jpg,even\n")
    refused = finetune(pictures, tmp_path / "all gone", "--labels", table).expect(1)
    assert "names none" in refused.stderr
    assert nothing_written(tmp_path / "all gone")


def test_products_in_a_table_are_held_out_whole(finetune, pictures, tmp_path):
    """Each category has three products of four images: one product of each is held out."""
    table = tmp_path / "labels.csv"
    with table.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["image", "label", "product_id"])
        for folder in pictures.iterdir():
            for number, path in enumerate(sorted(folder.iterdir())):
                below = path.relative_to(pictures).as_posix()
                writer.writerow([below, folder.name, f"{folder.name}-{number % 3}"])
    card = finetune(pictures, tmp_path / "out", "--labels", table, "--json").expect().json()
    counts = {"training": 8, "validation": 4, "skipped": 0}
    assert card["data"] == {folder.name: counts for folder in pictures.iterdir()}
    held_out = card["held_out"]
    assert (held_out["products"], held_out["images"]) == (CATEGORIES, 4 * CATEGORIES)

    # An image of a trained product does not validate, wherever it is.
    other = shutil.copytree(pictures, tmp_path / "train")
    for path in sorted(other.rglob("*.*"))[::4]:
        target = tmp_path / "validation" / path.relative_to(other)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    options = ["--labels", table, "--validation", tmp_path / "validation", "--json"]
    refused = finetune(other, tmp_path / "none", *options).expect(1)
    assert "--validation" in refused.stderr
    assert nothing_written(tmp_path / "none")


def test_products_that_share_a_near_copy_are_held_out_together(finetune, some, tmp_path):
    """In one category, one product shows an image of another with one pixel changed. The third is the only one that is
    not too much for a share of one product in three, whatever the seed."""
    first = sorted(some.iterdir())[0]
    rows = []
    for folder in sorted(some.iterdir()):
        for number, path in enumerate(sorted(folder.iterdir())):
            product = f"{folder.name}-{min(number // 5, 2)}"
            rows.append([path.relative_to(some).as_posix(), folder.name, product])
    with Image.open(sorted(first.iterdir())[0]) as opened:
        copy = opened.convert("RGB")
    copy.putpixel((0, 0), (0, 0, 0))
    copy.save(first / "copy.png")
    rows.append([f"{first.name}/copy.png", first.name, f"{first.name}-1"])
    table = tmp_path / "labels.csv"
    with table.open("w", newline="") as lines:
        csv.writer(lines).writerows([["image", "label", "product_id"], *rows])
    for seed in ("1", "2", "3"):
        options = ["--labels", table, "--seed", seed, "--json"]
        card = finetune(some, tmp_path / seed, *options).expect().json()
        assert card["data"][first.name] == {"training": 11, "validation": 2, "skipped": 0}, seed


def test_near_copies_stay_together_and_wrong_folders_are_suspects(finetune, some, tmp_path):
    first, second = sorted(some.iterdir())[:2]
    # Every image of one folder again, with one pixel changed and stored as PNG.
    for path in sorted(first.iterdir()):
        with Image.open(path) as opened:
            copy = opened.convert("RGB")
        copy.putpixel((0, 0), (0, 0, 0))
        copy.save(first / f"{path.stem}-copy.png")
    moved = sorted(second.iterdir())[0]
    moved.rename(first / f"moved-{moved.name}")
    done = finetune(some, tmp_path / "out", "--json", "--validation-share", "0.25").expect()
    card = done.json()
    [note] = [note for note in card["notes"] if "nearly identical" in note]
    assert int(note.split()[0]) >= 2 * PER_CATEGORY
    # A pair is never divided, so copies do not raise the number of groups that validate.
    assert card["data"][first.name]["validation"] >= 2
    suspects = {suspect["image"]: suspect for suspect in card["suspects"]}
    found = suspects.get(f"{first.name}/moved-{moved.name}")
    assert found and found["suggested"] == second.name, card["suspects"]
    assert "may be in the wrong category" in done.stderr


def test_images_of_several_categories(finetune, pictures, tmp_path):
    names = sorted(folder.name for folder in pictures.iterdir())
    rows = [f"{path.relative_to(pictures)},{path.parent.name}|{'even' if names.index(path.parent.name) % 2 else 'odd'}"
            for path in sorted(pictures.rglob("*.*"))]  # fmt: skip
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(["image,label", *rows]))
    card = finetune(pictures, tmp_path / "out", "--labels", table, "--json").expect().json()
    # Counts are by the first category; all are trained, and sharing one is right.
    assert set(card["data"]) == set(names)
    assert card["validation"]["after"]["map"] > 0.5
    assert set(card["confusion"]) <= set(names)
    components = card["dimensions"] - len(names) - 2
    assert components > 0
