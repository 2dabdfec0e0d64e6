"""Rows about images: the network, a small and two large JPEG files, two threads."""

import numpy as np

from .arithmetic import Samples, interleave
from .child import Child, baseline
from .problem import Problem
from .table import Row

# Minimum cosine between both sides' vectors of an image, and of a large one, which both decode reduced.
ALIKE, LARGE_ALIKE = 0.999, 0.995
# Maximum time for a large image relative to Pillow, by kind.
LARGE_AT_MOST = {"smooth": 1.3, "detailed": 1.3, "patterned": 1.3, "progressive": 1.5}
# Arguments for Pillow's draft(), fastest first: the network's size, and twice that.
DRAFTS = [224, 448]
ONNXRUNTIME, PILLOW = "onnxruntime", "Pillow + onnxruntime"


def rows(inputs, ours, logs, plan):
    """Returns all rows about the encoder."""
    with Child(baseline("pictures"), logs, "onnxruntime") as other:
        yield network(inputs, ours, other, plan)
        yield small(inputs, ours, other, plan)
        yield from large(inputs, ours, other, plan)
        yield two_threads(inputs, ours, other, logs, plan)


def milliseconds(seconds):
    return Samples([value * 1e3 for value in seconds])


def compared(what, peer_name, at_most, subjects, rounds, note=""):
    """Makes a row from two functions that return seconds; each is called once before, unmeasured."""
    for subject in subjects.values():
        subject()
    times = interleave(subjects, rounds)
    ours, theirs = milliseconds(times["ours"]), milliseconds(times["baseline"])
    return Row(what, peer_name, "ms", ours, theirs, at_most, note=note)


def network(inputs, ours, other, plan):
    picture, pixels = inputs.query_pictures[0], inputs.folder / "pixels.f32"
    ours.ask("preprocess", picture=picture, out=pixels)
    both = [side.ask("network", pixels=pixels, repeats=1)["features"] for side in (ours, other)]
    agree("the network's output", *both, 0.99999)

    def run(side):
        return lambda: side.ask("network", pixels=pixels, repeats=5)["seconds"]

    subjects = {"ours": run(ours), "baseline": run(other)}
    what = "one image through the default backbone, 1 thread"
    return compared(what, ONNXRUNTIME, 1.0, subjects, plan.network_rounds)


def small(inputs, ours, other, plan):
    pictures = inputs.pictures.small(16)
    vectors_agree(inputs, ours, other, pictures, ALIKE)
    subjects = {
        "ours": lambda: ours.ask("picture", pictures=pictures)["seconds"],
        "baseline": lambda: other.ask("picture", pictures=pictures)["seconds"],
    }
    return compared("JPEG 400x533 -> vector, 1 thread", PILLOW, 0.8, subjects, plan.picture_rounds)


def large(inputs, ours, other, plan):
    for kind, path in inputs.pictures.large().items():
        vectors_agree(inputs, ours, other, [path], LARGE_ALIKE)
        draft = quickest_draft(inputs, other, path)
        subjects = {
            "ours": lambda: ours.ask("picture", pictures=[path])["seconds"],
            "baseline": lambda: other.ask("picture", pictures=[path], draft=draft)["seconds"],
        }
        what = f"JPEG 12 MP, {kind}, -> vector, 1 thread"
        note = f"draft({draft}) keeps the vector's cosine to the full path at {LARGE_ALIKE}"
        if not draft:
            note = f"no draft() keeps the vector's cosine to the full path at {LARGE_ALIKE}"
        peer_name = "Pillow with draft + onnxruntime"
        yield compared(what, peer_name, LARGE_AT_MOST[kind], subjects, plan.large_rounds, note)


def quickest_draft(inputs, other, path):
    """Returns the fastest draft that does not change the vector much; None if all do."""
    full = vectors(inputs, other, [path])[0]
    for draft in DRAFTS:
        if cosine(full, vectors(inputs, other, [path], draft=draft)[0]) >= LARGE_ALIKE:
            return draft
    return None


def two_threads(inputs, ours, other, logs, plan):
    pictures = inputs.pictures.small(plan.pictures_at_once)
    with Child(baseline("pictures"), logs, "onnxruntime-2") as another:

        def two_processes():
            sides = [(other, pictures[::2]), (another, pictures[1::2])]
            for side, half in sides:
                side.send("embed_all", pictures=half)
            seconds = max(side.receive()["seconds"] for side, _ in sides)
            return [seconds / len(pictures)]

        def together():
            return [ours.ask("embed_all", pictures=pictures, threads=2)["seconds"] / len(pictures)]

        subjects = {"ours": together, "baseline": two_processes}
        row = compared(
            "images per second, 2 threads (baseline / ours)",
            "onnxruntime + Pillow, 2 processes",
            0.8,
            subjects,
            plan.at_once_rounds,
        )
    row.unit = "per s"
    row.ours, row.theirs = (
        Samples([1e3 / value for value in side.values], True) for side in (row.ours, row.theirs)
    )
    return row


def vectors(inputs, side, pictures, **fields):
    out = inputs.folder / "compared.f32"
    threads = {"threads": 1} if side.name == "lookalike" else {}
    side.ask("embed_all", pictures=pictures, out=out, **threads, **fields)
    return np.fromfile(out, "<f4").reshape(len(pictures), -1)


def vectors_agree(inputs, ours, other, pictures, least):
    for path, mine, theirs in zip(
        pictures, vectors(inputs, ours, pictures), vectors(inputs, other, pictures)
    ):
        agree(path, mine, theirs, least)


def agree(what, mine, theirs, least):
    """Fails if the results differ: speed is worthless then."""
    found = cosine(np.asarray(mine), np.asarray(theirs))
    if not found >= least:
        raise Problem(
            f"{what}: the cosine of both sides' vectors is {found:.6f}, expected at least {least}: they do"
            "not do the same work, so nothing is compared"
        )


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
