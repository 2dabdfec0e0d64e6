"""Folders of labeled images, and runs of `lookalike finetune` on them."""

import shutil

from support.command import lookalike

PER_CATEGORY = 12
CATEGORIES = 4
QUICK = ["--epochs", "4"]


def copy_categories(catalog, root):
    """Makes a folder of a few categories with the same number of images each."""
    by_category = {}
    for picture in catalog.pictures():
        by_category.setdefault(picture.category, []).append(picture)
    names = sorted(by_category, key=lambda name: (-len(by_category[name]), name))[:CATEGORIES]
    for name in names:
        chosen = by_category[name][:PER_CATEGORY]
        assert len(chosen) == PER_CATEGORY
        (root / name).mkdir()
        for picture in chosen:
            shutil.copyfile(picture.path, root / name / picture.path.name)
    return root


def runner(cache):
    """Returns a function that runs the command, by default with this cache of features."""

    def run_it(images, out, *options, cache=cache, **how):
        arguments = ["--images", images, "--out", out, "--cache", cache, *QUICK, *options]
        return lookalike("finetune", *arguments, **how)

    return run_it


def nothing_written(out):
    """Checks that neither the folder nor anything temporary beside it exists."""
    return not out.exists() and not list(out.parent.glob(".lookalike-*"))
