"""`lookalike finetune` on images of several labels: leaving one out, and labels that nearly all images have."""

import pytest
from support.fine_tuning import CATEGORIES, PER_CATEGORY, copy_categories, nothing_written, runner

IMAGES = CATEGORIES * PER_CATEGORY


@pytest.fixture(scope="module")
def pictures(catalog, tmp_path_factory):
    return copy_categories(catalog, tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def finetune(tmp_path_factory):
    """Runs the command with a cache of features that the tests of this file share."""
    return runner(tmp_path_factory.mktemp("cache"))


def write_labels(pictures, path, labels):
    """Writes a table; `labels` gets the number of a category, its name, and the number of an image in it."""
    rows = [f"{image.relative_to(pictures)},{labels(number, folder.name, place)}"
            for number, folder in enumerate(sorted(pictures.iterdir()))
            for place, image in enumerate(sorted(folder.iterdir()))]  # fmt: skip
    path.write_text("\n".join(["image,label", *rows]))
    return path


def parity(number):
    return "even" if number % 2 == 0 else "odd"


def test_a_label_is_left_out_wherever_it_is_among_the_labels(finetune, pictures, tmp_path):
    table = write_labels(pictures, tmp_path / "labels.csv", lambda number, name, _: f"{name}|{parity(number)}")
    options = ["--labels", table, "--leave-one-out", "--validation-share", "0.25", "--json"]
    card = finetune(pictures, tmp_path / "out", *options).expect().json()
    left_out = {entry["category"]: entry for entry in card["left_out"]["categories"]}
    names = {folder.name for folder in pictures.iterdir()}
    assert set(left_out) == names | {"even", "odd"}
    held = round(PER_CATEGORY * 0.25)
    for name in names:
        assert left_out[name]["fine_tuned"]["queries"] == held
    for half in ("even", "odd"):
        # Half of the categories have it, all of them in second place.
        assert left_out[half]["fine_tuned"]["queries"] == held * CATEGORIES / 2
    assert card["left_out"]["fine_tuned"]["queries"] == 2 * held * CATEGORIES


def test_a_label_of_nearly_all_images_is_neither_trained_nor_measured(finetune, pictures, tmp_path):
    plain = write_labels(pictures, tmp_path / "plain.csv", lambda _, name, place: name if place else f"{name}|{name}")
    options = ["--validation-share", "0.25", "--json"]
    expected = finetune(pictures, tmp_path / "plain", "--labels", plain, *options).expect().json()
    # All but one of the images have it, before their category.
    goods = write_labels(pictures, tmp_path / "goods.csv",
                         lambda number, name, place: name if number + place == 0 else f"goods|{name}")  # fmt: skip
    done = finetune(pictures, tmp_path / "out", "--labels", goods, *options).expect()
    card = done.json()
    [note] = [note for note in card["notes"] if '"goods"' in note]
    assert f"{IMAGES - 1} of {IMAGES} images" in note
    assert note in done.stderr
    assert card["data"] == expected["data"]
    assert card["dimensions"] == expected["dimensions"]
    assert (card["validation"], card["confusion"]) == (expected["validation"], expected["confusion"])


@pytest.mark.parametrize("label", ["goods", "goods|{name}"], ids=["one", "among others"])
def test_nothing_is_left_to_tell_apart(finetune, pictures, tmp_path, label):
    # One image has another label; all others have the same one, or one that makes two of them the same.
    def labels(number, name, place):
        return label.format(name="thing") if number + place else "lonely"

    table = write_labels(pictures, tmp_path / "labels.csv", labels)
    refused = finetune(pictures, tmp_path / "out", "--labels", table).expect(1)
    assert '"goods"' in refused.stderr
    assert "nearly all images have" in refused.stderr
    assert nothing_written(tmp_path / "out")
