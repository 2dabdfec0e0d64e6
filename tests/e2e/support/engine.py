"""The engine that holds the base of shared systems: segments, or DynamoDB's vector index; and further rows in it.

`pytest tests/e2e --engine dynamodb` moves the base of every shared system to a vector base before its tests, and
`--rows N` puts N further images into each, which no test asks for: they look like nothing else, have no category, and
cost less than 5.
"""

import csv
import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from support.system import System

SEGMENTS, DYNAMODB = "segments", "dynamodb"
# Tells products of the tests from the further ones.
COLUMN, OURS, FURTHER = "sold_by", "us", "others"
MINUTES = 60.0


@dataclass(frozen=True)
class Engine:
    """Where the base of an index is, how many further rows it has, and where filled systems are kept."""

    name: str
    finishes: bool
    rows: int
    kept: Path

    @property
    def is_vector_base(self):
        """True if shared systems search a vector base."""
        return self.name == DYNAMODB

    @property
    def declared(self):
        """Returns the environment that declares the column by which products of the tests can be told."""
        return {"LOOKALIKE_FILTERABLE": f"category,{COLUMN}"} if self.rows else {}

    @property
    def ours(self):
        """Returns the parameters of a search that narrow it down to the products of the table of the tests."""
        return {"filter": f"{COLUMN}={OURS}"} if self.rows else {}

    @property
    def ours_in_json(self):
        """Returns the same for a search in JSON."""
        return {"filter": {COLUMN: OURS}} if self.rows else {}

    def columns(self, pictures):
        """Returns further columns for the table of these images' products."""
        return {COLUMN: {picture.product_id: OURS for picture in pictures}} if self.rows else {}

    def start(self, system, name, *arguments, moves=True):
        """Starts a system with the further rows, and moves its base; `name` tells systems with other contents."""
        if not self.rows:
            system.start(*arguments)
            return self.move(system) if moves else system
        filled = self.kept / f"{name}-{self.rows}"
        if not filled.exists():
            copy(self._further(), system.data)
            # The rows of the tests are to be in the base too.
            rebuild(system.start(*arguments))
            system.stop()
            shutil.move(system.data, filled)
        if moves and self.is_vector_base:
            moved = self.kept / f"{filled.name}-{self.name}{'-finished' * self.finishes}"
            if not moved.exists():
                copy(filled, system.data)
                self.move(system.start(*arguments))
                system.stop()
                shutil.move(system.data, moved)
            filled = moved
        copy(filled, system.data)
        return system.start(*arguments)

    def move(self, system):
        """Moves the base of a running system to the engine, once it has one; returns the system."""
        if not self.is_vector_base:
            return system
        index = system.index()
        base = index.get("vector_base")
        if index["images"] == 0 or base and base["state"] == "serving":
            return system
        # One that is being filled goes on.
        if not base and [segment["kind"] for segment in index["segments"]] != ["base"]:
            rebuild(system)
        system.lookalike("reindex", "--engine", self.name, timeout=60 * MINUTES).expect()
        if self.finishes:
            system.lookalike("reindex", "--engine", self.name, "--finish").expect()
        is_moved = lambda base: base and base["state"] == "serving" and base["can_roll_back"] != self.finishes
        # Searchers look for a new generation once a second.
        system.until(lambda: is_moved(system.index().get("vector_base")), what="a vector base that serves")
        return system

    def _further(self):
        """Returns the data folder of a system with the further rows alone."""
        folder = self.kept / f"further-{self.rows}"
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=self.kept) as scratch:
                scratch = Path(scratch)
                table = draw(scratch / "drawn", self.rows)
                system = System(scratch / "system", self.declared)
                try:
                    system.start("--catalog", scratch / "drawn" / "images", "--metadata", table, deadline=60 * MINUTES)
                    assert system.index()["images"] == self.rows
                    system.stop()
                finally:
                    system.dispose()
                shutil.move(system.data, folder)
        return folder


def rebuild(system):
    """Rebuilds the base of an index, which then has all rows."""
    system.lookalike("index", "rebuild", timeout=30 * MINUTES).expect()


def draw(folder, count, seed=11):
    """Draws small images of colored squares, all different, and returns the table of their products."""
    dice = random.Random(seed)
    images, table = folder / "images", folder / "products.csv"
    images.mkdir(parents=True)
    with table.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["product_id", "name", "price", COLUMN])
        for number in range(count):
            squares = Image.frombytes("RGB", (4, 4), dice.randbytes(4 * 4 * 3))
            squares.resize((48, 48), Image.Resampling.NEAREST).save(images / f"further-{number}.png")
            rows.writerow([f"further-{number}", f"Further {number}", 1 + number % 4, FURTHER])
    return table


def copy(data, to):
    """Copies the data folder of a system that does not run."""
    unfinished = to.with_name(f"{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(data, unfinished)
    unfinished.rename(to)
