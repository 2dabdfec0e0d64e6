"""The images for the tests: real photos if there are any, otherwise drawn ones."""

import csv
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from support.command import lookalike

ENDINGS = {".gif", ".jpeg", ".jpg", ".png", ".webp"}
DRAWN_PRODUCTS = 360


@dataclass(frozen=True)
class Picture:
    """An image file; its parent folder is its category."""

    path: Path
    below: str
    product_id: str

    @property
    def key(self):
        """Its key after an upload of the catalog."""
        return f"catalog/{self.below}"

    @property
    def category(self):
        """Its category."""
        return self.path.parent.name

    @property
    def is_main(self):
        """True if the file has its product's name."""
        return self.path.stem == self.product_id

    @property
    def bytes(self):
        """The file's content."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class Catalog:
    """A folder of images by category, and a CSV of their products."""

    root: Path
    table: Path
    queries: Path | None

    @classmethod
    def open(cls, scratch):
        """The photos of LOOKALIKE_DATASET, or a catalog drawn into `scratch`."""
        dataset = os.environ.get("LOOKALIKE_DATASET")
        if dataset:
            folder = Path(dataset)
            return cls(folder / "train", folder / "products.csv", folder / "validation")
        lookalike("draw", scratch, "--products", DRAWN_PRODUCTS, timeout=300).expect()
        return cls(scratch / "pictures", scratch / "products.csv", None)

    @property
    def is_drawn(self):
        """True if these are drawings."""
        return self.queries is None

    def pictures(self):
        """Every image, in a fixed order."""
        products = self.products_of_pictures()
        return [
            Picture(path, below, products.get(below, path.stem))
            for path, below in files(self.root)
        ]

    def products_of_pictures(self):
        """Product ids by path below the root, from the CSV."""
        products = {}
        for row in self.rows():
            for image in row["image"].split("|"):
                products[image.partition("/")[2]] = row["product_id"]
        return products

    def rows(self):
        """The lines of the CSV."""
        with self.table.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def sample(self, count, seed=0):
        """Returns `count` images of different products, of all categories, in a random but fixed order."""
        chosen = {}
        pictures = [picture for picture in self.pictures() if picture.is_main]
        for picture in random.Random(seed).sample(pictures, len(pictures)):
            chosen.setdefault(picture.product_id, picture)
        assert len(chosen) >= count, f"the catalog has only {len(chosen)} products"
        return list(chosen.values())[:count]

    def copy(self, pictures, folder):
        """Copies images into a new folder, which is their catalog's root."""
        for picture in pictures:
            target = folder / picture.below
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture.path, target)
        return folder

    def write_table(self, pictures, path, **columns):
        """Writes a CSV of only these pictures' products; further columns give a value for each product id."""
        wanted = {picture.product_id for picture in pictures}
        rows = [row for row in self.rows() if row["product_id"] in wanted]
        for row in rows:
            row |= {name: values[row["product_id"]] for name, values in columns.items()}
        with path.open("w", encoding="utf-8", newline="") as lines:
            table = csv.DictWriter(lines, rows[0].keys())
            table.writeheader()
            table.writerows(rows)
        return path


def files(root):
    """Returns path, and path below the root, of every image in a folder tree."""
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in ENDINGS:
            yield path, path.relative_to(root).as_posix()
