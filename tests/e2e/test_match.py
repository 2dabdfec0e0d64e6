"""How often `match` is right on photos, and that near-identical images in the catalog do not change it."""

import io
import json
import random
from dataclasses import dataclass, field

import pytest
from PIL import Image, ImageDraw, ImageEnhance
from support.catalog import files
from support.command import lookalike
from support.system import System
from test_quality import copies_of

PHOTOS = 700
COPIED = 100
K = 10
SHARES = (0.01, 0.04, 0.2)
NEAR = "near-identical-"
AT_LEAST = {
    "same": {"same"},
    "variant": {"same", "variant"},
    "similar": {"same", "variant", "similar"},
}


@dataclass
class Count:
    """The results of one label: how many have it, are right, or both."""

    said: int = 0
    right: int = 0
    both: int = 0

    def add(self, said, right):
        """Counts one result."""
        self.said += said
        self.right += right
        self.both += said and right

    def __str__(self):
        of = lambda count: f"{self.both / count:.3f}" if count else "-"
        return f"precision {of(self.said)}, recall {of(self.right)}"


@dataclass
class Rating:
    """The labels of one catalog."""

    counts: dict = field(default_factory=lambda: {label: Count() for label in AT_LEAST})
    strangers: int = 0
    mistaken: int = 0

    def __str__(self):
        labels = "; ".join(f"`{label}` {count}" for label, count in self.counts.items())
        return f"{labels}; `same` given to {self.mistaken / self.strangers:.2%} of {self.strangers} strangers"


@pytest.fixture
def photos(catalog):
    """Photos of the catalog; the first ones are copied."""
    if catalog.is_drawn:
        pytest.skip("drawn products differ by colour alone: only photos say what is mistaken for what")
    return random.Random(5).sample(catalog.pictures(), PHOTOS)


def test_near_identical_images_do_not_change_what_is_the_same(photos, catalog, make_system, figures, tmp_path):
    copies = [(photo, copy) for photo in photos[:COPIED] for copy in copies_of(photo.bytes)]
    strangers = list(files(catalog.queries))
    vectors = embed(tmp_path, [copy for _, copy in copies], [path for path, _ in strangers])
    copies = [(photo, vector) for (photo, _), vector in zip(copies, vectors)]
    strangers = [(path.parent.name, vector) for (path, _), vector in zip(strangers, vectors[len(copies) :])]

    system = make_system().start()
    for photo in photos:
        put(system, photo.key, photo.bytes, photo.product_id)
    ratings = {"none": measured(system, copies, strangers, 0)}
    # Of one image, then of one image each. None of these images is copied.
    for shape, originals in [("one family", [photos[-1]] * PHOTOS), ("pairs", photos[COPIED:])]:
        dice, added = random.Random(7), []
        for share in SHARES:
            while len(added) < share * PHOTOS:
                original = originals[len(added)]
                added.append(f"catalog/{original.category}/{NEAR}{shape}-{len(added)}.jpg")
                put(system, added[-1], near(original.bytes, dice), added[-1])
            ratings[f"{share:.0%}, {shape}"] = measured(system, copies, strangers, len(added))
        for key in added:
            system.delete(key)
        system.until_images(PHOTOS)
    for name, rating in ratings.items():
        figures(f"match, near-identical images: {name}: {rating}")
    recall = lambda rating: rating.counts["same"].both / rating.counts["same"].right
    without = ratings["none"]
    for share in SHARES[:2]:
        rating = ratings[f"{share:.0%}, one family"]
        assert recall(rating) >= recall(without) - 0.02, share
    assert all(rating.mistaken <= 0.015 * rating.strangers for rating in ratings.values())


def embed(folder, pictures, paths):
    """Returns the vectors of images and of files."""
    written = []
    for number, picture in enumerate(pictures):
        written.append(folder / f"{number}.jpg")
        written[-1].write_bytes(picture)
    told = lookalike("embed", "--json", *written, *paths, timeout=1200).expect().stdout
    return [json.loads(line)["embedding"] for line in told.splitlines()]


def put(system, key, picture, product_id):
    """Stores an image of a product."""
    system.put(key, picture, Metadata={"product-id": product_id})


def near(picture, dice):
    """Returns nearly the same image: cropped, in another light, half of them with a text."""
    photo = Image.open(io.BytesIO(picture)).convert("RGB")
    width, height = photo.size
    left, top, right, bottom = (dice.uniform(0, 0.03) for _ in range(4))
    photo = photo.crop(tuple(map(round, (width * left, height * top, width * (1 - right), height * (1 - bottom)))))
    photo = ImageEnhance.Brightness(photo).enhance(dice.uniform(0.94, 1.06))
    photo = ImageEnhance.Color(photo).enhance(dice.uniform(0.85, 1.15))
    if dice.random() < 0.5:
        ImageDraw.Draw(photo).text((width * 0.05, height * 0.9), f"SHOP {dice.randrange(99)}", fill=(200, 30, 30))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=dice.randint(60, 95))
    return file.getvalue()


def measured(system, copies, strangers, added):
    """Returns the rating of the catalog with so many near-identical images, after a rebuild."""
    system.until_images(PHOTOS + added, deadline=600)
    system.lookalike("index", "rebuild").expect()
    index = system.index()
    search = lambda vector: results(system, vector, index["encoder"]["fingerprint"])
    rating = Rating()
    for photo, vector in copies:
        found = search(vector)
        for result in found:
            rating.counts["same"].add(result["match"] == "same", result["image"]["key"] == photo.key)
        # The copy of a photo that is not found at all is missed too.
        rating.counts["same"].right += all(result["image"]["key"] != photo.key for result in found)
    for category, vector in strangers:
        found = search(vector)
        rating.strangers += 1
        rating.mistaken += found[0]["match"] == "same"
        for result in found:
            product, key = result["product_id"], result["image"]["key"]
            folder = key.split("/")[1]
            if NEAR not in key:
                rating.counts["variant"].add(result["match"] in AT_LEAST["variant"], product == category)
                rating.counts["similar"].add(result["match"] in AT_LEAST["similar"], folder == category)
    return rating


def results(system, vector, fingerprint):
    """Returns the results of a search with a vector."""
    query = [{"vector": vector, "fingerprint": fingerprint}]
    answer = system.post("/search", json={"query": query, "k": K, "links": False})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]
