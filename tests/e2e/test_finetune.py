"""`lookalike finetune` makes one ONNX file that finds better neighbours, or reports why it cannot."""

import json
import resource
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from PIL import Image
from support import bad_pictures
from support.command import BINARY, ROOT, environment, lookalike, run
from support.fine_tuning import CATEGORIES, PER_CATEGORY, copy_categories, nothing_written, runner

MIN_COSINE = 0.9999
RESULT = {"model.onnx", "preprocessor_config.json", "card.json"}
DEFAULT = ROOT / "models" / "lite0-general"


@pytest.fixture(scope="module")
def pictures(catalog, tmp_path_factory):
    return copy_categories(catalog, tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def finetune(tmp_path_factory):
    """Runs the command with a cache of features that the tests of this file share."""
    return runner(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def tuned(finetune, pictures, tmp_path_factory):
    """A result, and the output."""
    out = tmp_path_factory.mktemp("result") / "tuned"
    options = ["--licence", "CC0-1.0 photos", "--licence", "Apache-2.0 backbone"]
    return out, finetune(pictures, out, "--validation-share", "0.25", "--json", *options).expect()


@pytest.fixture
def some(pictures, tmp_path):
    """A copy of the images, to be damaged."""
    return shutil.copytree(pictures, tmp_path / "some")


def same_pixels(folder, count=6):
    """Images that need no resizing, so that only the network is compared."""
    dice = np.random.default_rng(5)
    for number in range(count):
        y, x = np.mgrid[0:224, 0:224]
        waves = [np.sin(x / dice.uniform(3, 40) + y / dice.uniform(3, 40)) for _ in range(3)]
        pixels = (np.stack(waves, 2) * 100 + 127 + dice.normal(0, 10, (224, 224, 3))).clip(0, 255)
        path = folder / f"{number}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        yield path


# The result


def test_the_folder_is_complete_and_the_card_correct(tuned, pictures):
    out, printed = tuned
    assert {path.name for path in out.iterdir()} == RESULT
    card = json.loads((out / "card.json").read_text())
    assert printed.json() == card
    model = out / "model.onnx"
    digest = run(["sha256sum", model]).expect().stdout.split()[0]
    assert (card["model_sha256"], card["model_bytes"]) == (digest, model.stat().st_size)
    assert model.stat().st_size <= 20_000_000
    assert (out / "preprocessor_config.json").read_bytes() == (
        DEFAULT / "preprocessor_config.json"
    ).read_bytes()
    parent = run(["sha256sum", DEFAULT / "model.onnx"]).expect().stdout.split()[0]
    nearest, *further = card["parents"]
    assert nearest == {"name": "lite0-general", "sha256": parent}
    assert further == json.loads((DEFAULT / "card.json").read_text())["parents"]
    assert card["licence"] == ["CC0-1.0 photos", "Apache-2.0 backbone"]
    assert (card["name"], card["recipe"]["dimensions"], card["seed"]) == ("tuned", 256, 1)
    # A number for each category, and principal components: at most one fewer than images.
    trained = (PER_CATEGORY - round(PER_CATEGORY * 0.25)) * CATEGORIES
    assert card["dimensions"] == CATEGORIES + trained - 1
    assert card["created_by"].startswith("lookalike ")
    assert card["recipe"]["epochs"] == 4
    held = round(PER_CATEGORY * 0.25)
    counts = {"training": PER_CATEGORY - held, "validation": held, "skipped": 0}
    names = [folder.name for folder in pictures.iterdir()]
    assert card["data"] == {name: counts for name in names}
    for measures in card["validation"].values():
        assert measures["queries"] == held * CATEGORIES
        assert all(0 <= measures[name] <= 1 for name in ("p_at_1", "p_at_10", "map"))
    # The backbone already distinguishes drawings, but not photos.
    assert card["validation"]["after"]["map"] >= card["validation"]["before"]["map"]
    for category, found in card["confusion"].items():
        assert category in names
        assert sum(found.values()) == held
    right = sum(found.get(category, 0) for category, found in card["confusion"].items())
    assert right / (held * CATEGORIES) == pytest.approx(card["validation"]["after"]["p_at_1"])


def test_onnxruntime_computes_the_same(tuned, tmp_path, monkeypatch, figures):
    monkeypatch.syspath_prepend(ROOT / "crates" / "encoder" / "tests")
    from pillow_reference import Reference

    out, made = tuned
    paths = list(same_pixels(tmp_path))
    printed = lookalike("embed", "--json", "--encoder", out, *paths).expect().stdout
    ours = [json.loads(line)["embedding"] for line in printed.splitlines()]
    assert {len(embedding) for embedding in ours} == {made.json()["dimensions"]}
    reference = Reference(out)
    least = min(
        float(reference.embedding(path) @ np.array(embedding))
        for path, embedding in zip(paths, ours, strict=True)
    )
    figures(f"fine-tuned file, least cosine to onnxruntime over {len(paths)} images: {least:.7f}")
    assert least >= MIN_COSINE


def test_the_trained_part_counts_only_for_goods_like_those_of_training(finetune, catalog, pictures, tmp_path):
    own, others = tmp_path / "own", tmp_path / "others"
    categories = sorted(pictures.iterdir())
    for number, folder in enumerate(categories):
        shutil.copytree(folder, (own if number < CATEGORIES // 2 else others) / folder.name)
    out = tmp_path / "gated"
    card = finetune(own, out, "--others", others, "--validation-share", "0.25", "--json").expect().json()
    assert card["others"] == {"others": PER_CATEGORY * CATEGORIES // 2}
    assert card["recipe"]["whitening"] == 0.25

    def trained_share(folder):
        files = sorted(folder.rglob("*.*"))
        lines = lookalike("embed", "--json", "--encoder", out, *files).expect().stdout.splitlines()
        parts = [json.loads(line)["embedding"][: CATEGORIES // 2] for line in lines]
        return float(np.median([np.square(part).sum() for part in parts]))

    # Drawn goods of other categories have nothing in common with those of training, other clothes have something.
    assert trained_share(own) > 0.5
    assert trained_share(others) < (0.05 if catalog.is_drawn else 0.25)
    refused = finetune(own, tmp_path / "none", "--others", tmp_path / "missing")
    assert "missing" in refused.expect(1).stderr
    assert nothing_written(tmp_path / "none")


def test_the_same_seed_gives_the_same_bytes(tuned, finetune, pictures, tmp_path):
    out, _ = tuned
    seeds = {"same": "1", "other": "2"}
    for name, seed in seeds.items():
        options = ["--validation-share", "0.25", "--name", "tuned", "--seed", seed]
        finetune(pictures, tmp_path / name, *options).expect()
    same = (tmp_path / "same" / "model.onnx").read_bytes()
    assert same == (out / "model.onnx").read_bytes()
    assert same != (tmp_path / "other" / "model.onnx").read_bytes()


def test_a_result_is_the_next_backbone(tuned, finetune, pictures, tmp_path):
    out, printed = tuned
    options = ["--backbone", out, "--dimensions", "16", "--validation-share", "0.25", "--json"]
    second = finetune(pictures, tmp_path / "second", *options).expect().json()
    first = printed.json()
    assert second["dimensions"] == 16
    assert second["parents"] == [
        {"name": "tuned", "sha256": first["model_sha256"]},
        *first["parents"],
    ]
    # The features are those of the first backbone, not of the head behind it.
    assert second["validation"]["before"] == first["validation"]["before"]
    picture = next(pictures.rglob("*.*"))
    options = ["--json", "--encoder", tmp_path / "second", picture]
    assert len(lookalike("embed", *options).expect().json()["embedding"]) == 16


def test_the_output_for_people(finetune, pictures, tmp_path):
    options = ["--validation", pictures, "--leave-one-out"]
    # The images are the same on both sides, so that nothing is left for validation.
    refused = finetune(pictures, tmp_path / "none", *options).expect(1)
    assert "--validation" in refused.stderr
    assert nothing_written(tmp_path / "none")
    shown = finetune(pictures, tmp_path / "out", "--leave-one-out").expect()
    for word in ("backbone ", "fine-tuned ", "gain in mAP", " dimensions, "):
        assert word in shown.stdout
    left_out = json.loads((tmp_path / "out" / "card.json").read_text())["left_out"]
    assert len(left_out["categories"]) == CATEGORIES
    gain = left_out["average_precision_gain"]
    assert gain["low"] <= gain["mean"] <= gain["high"]
    difference = left_out["fine_tuned"]["map"] - left_out["backbone"]["map"]
    assert gain["mean"] == pytest.approx(difference)


# Bad input


def test_unreadable_and_repeated_pictures_are_listed(finetune, some, tmp_path):
    first, second = sorted(path for path in some.iterdir())[:2]
    good, third = sorted(first.iterdir())[:2]
    (first / "text.jpg").write_bytes(bad_pictures.TEXT)
    (first / "cut.jpg").write_bytes(bad_pictures.truncated(good.read_bytes()))
    (first / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    shutil.copyfile(good, first / "zz-again.jpg")
    shutil.copyfile(third, second / "zz-elsewhere.jpg")
    (some / "lonely").mkdir()
    (some / "lonely" / "one.png").write_bytes(next(same_pixels(tmp_path, 1)).read_bytes())
    done = finetune(some, tmp_path / "out", "--json").expect(3)
    card = done.json()
    skipped = {entry["what"].rpartition("/")[2]: entry["reason"] for entry in card["skipped"]}
    assert set(skipped) == {"text.jpg", "cut.jpg", "dangling.jpg", "zz-elsewhere.jpg"}
    assert "only one can be right" in skipped["zz-elsewhere.jpg"]
    assert [entry["what"] for entry in card["duplicates"]] == [f"{first.name}/zz-again.jpg"]
    assert card["data"]["lonely"] == {"training": 1, "validation": 0, "skipped": 0}
    assert any("lonely" in note and "one image" in note for note in card["notes"])
    for name in (*skipped, "zz-again.jpg", "lonely"):
        assert name in done.stderr


@pytest.mark.parametrize(
    ("kept", "mentioned"),
    [(0, "no images"), (1, "two categories or more")],
    ids=["no images", "one category"],
)
def test_too_little(finetune, some, tmp_path, kept, mentioned):
    for folder in sorted(some.iterdir())[kept:]:
        shutil.rmtree(folder)
    assert mentioned in finetune(some, tmp_path / "out").expect(1).stderr
    assert nothing_written(tmp_path / "out")


def test_files_that_are_not_pictures(finetune, tmp_path):
    for category in ("a", "b"):
        (tmp_path / "bad" / category).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "bad" / category / f"{number}.jpg").write_bytes(
                bad_pictures.TEXT + f"{category} {number}".encode()
            )
    refused = finetune(tmp_path / "bad", tmp_path / "out").expect(1)
    assert "none of the" in refused.stderr
    assert "text is not supported" in refused.stderr
    assert nothing_written(tmp_path / "out")


@pytest.mark.parametrize("option", ["--images", "--labels", "--validation", "--backbone"])
def test_missing_files_and_folders(finetune, pictures, tmp_path, option):
    options = [option, tmp_path / "missing"] if option != "--images" else []
    images = tmp_path / "missing" if option == "--images" else pictures
    assert "missing" in finetune(images, tmp_path / "out", *options).expect(1).stderr
    assert nothing_written(tmp_path / "out")


def test_no_backbone(finetune, pictures, tmp_path):
    folder = tmp_path / "backbone"
    folder.mkdir()
    model = (DEFAULT / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(model)
    refused = finetune(pictures, tmp_path / "out", "--backbone", folder).expect(1)
    assert "preprocessor_config.json" in refused.stderr
    shutil.copy(DEFAULT / "preprocessor_config.json", folder)
    for content in (b"", bad_pictures.TEXT, model[: len(model) // 2]):
        (folder / "model.onnx").write_bytes(content)
        refused = finetune(pictures, tmp_path / "out", "--backbone", folder).expect(1)
        assert "model.onnx" in refused.stderr
        assert "panic" not in refused.stderr
    assert nothing_written(tmp_path / "out")


def test_the_output_folder(finetune, pictures, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "theirs.txt").write_text("keep me")
    refused = finetune(pictures, full).expect(1)
    assert "not empty" in refused.stderr
    assert [path.name for path in full.iterdir()] == ["theirs.txt"]
    empty = tmp_path / "new" / "empty"
    empty.mkdir(parents=True)
    finetune(pictures, empty).expect()
    assert {path.name for path in empty.iterdir()} == RESULT
    refused = finetune(pictures, full / "theirs.txt" / "below").expect(1)
    assert "theirs.txt" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--validation-share", "0"],
        ["--validation-share", "1"],
        ["--validation-share", "nan"],
        ["--dimensions", "7"],
        ["--epochs", "10001"],
        ["--patience", "0"],
        ["--label-column", "x"],
        ["--validation", "a", "--validation-share", "0.2"],
        ["--data", "a"],
        ["--max-images", "19"],
    ],
    ids=" ".join,
)
def test_wrong_usage(options, tmp_path):
    refused = lookalike("finetune", "--images", tmp_path, "--out", tmp_path / "out", *options)
    assert refused.expect(2).stdout == ""


def test_no_space_for_the_result(finetune, pictures, tmp_path):
    def few_bytes():
        # Writing past the limit fails as on a full disk, once the signal that would end it is ignored.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    out = tmp_path / "out"
    refused = finetune(pictures, out, preexec_fn=few_bytes).expect(1)
    assert "model.onnx" in refused.stderr
    assert "Free some space" in refused.stderr
    assert nothing_written(out)


# Interruption


class Running:
    """The command with enough epochs for hours."""

    def __init__(self, pictures, out, cache):
        endless = ["--epochs", "10000", "--patience", "10000"]
        arguments = ["--images", pictures, "--out", out, "--cache", cache, *endless]
        self.process = subprocess.Popen(
            [BINARY, "--verbose", "finetune", *arguments],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def until_epoch(self, number):
        """Reads the log until an epoch is over."""
        for line in self.process.stderr:
            if f"epoch {number}:" in line:
                return
        pytest.fail("it ended before")

    def end(self):
        """Returns the exit code."""
        self.process.stderr.read()
        return self.process.wait(60)


def test_ctrl_c_keeps_the_best_so_far(finetune, pictures, tmp_path):
    out = tmp_path / "out"
    running = Running(pictures, out, tmp_path / "cache")
    running.until_epoch(2)
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 0
    card = json.loads((out / "card.json").read_text())
    assert card["course"]["interrupted"]
    # Epoch 0 is the start of training.
    assert 0 <= card["course"]["best_epoch"] <= card["course"]["epochs"] < 10000
    assert card["course"]["epochs"] >= 2
    picture = next(pictures.rglob("*.*"))
    lookalike("embed", "--encoder", out, picture).expect()


def test_a_kill_leaves_nothing_and_the_next_run_continues(finetune, pictures, tmp_path):
    out, cache = tmp_path / "out", tmp_path / "cache"
    running = Running(pictures, out, cache)
    deadline = time.monotonic() + 60
    while len(kept(cache)) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    running.process.kill()
    running.end()
    assert not out.exists()
    before = {path: path.stat().st_mtime_ns for path in kept(cache)}
    assert len(before) >= 5
    damaged, *rest = sorted(before)
    size = damaged.stat().st_size
    damaged.write_bytes(damaged.read_bytes()[:-1])
    finetune(pictures, out, cache=cache).expect()
    assert {path.name for path in out.iterdir()} == RESULT
    after = {path: path.stat().st_mtime_ns for path in kept(cache)}
    assert all(after[path] == before[path] for path in rest)
    assert damaged.stat().st_size == size


def kept(cache):
    """Returns the files of features; a temporary one begins with a dot."""
    return [path for path in cache.rglob("*") if path.is_file() and not path.name.startswith(".")]


# What it is made of


def test_no_function_links_the_training_library():
    tree = ["cargo", "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    linked = run([*tree, "-p", "lookalike-searcher", "-p", "lookalike-indexer"], cwd=ROOT).expect().stdout
    names = {line.split()[0] for line in linked.splitlines() if line}
    assert "lookalike-encoder" in names
    assert "lookalike-training" not in names
