"""The encoder of a live catalog changes: searches continue, nothing is lost, and there is a way back."""

import signal
import subprocess
import time

import pytest
from support.command import BINARY, SMALL_ENCODER, environment
from support.load import Load
from support.system import result_of

PICTURES = 80


def reindex(system, *arguments):
    """Runs the command to its end, and returns its JSON."""
    return system.lookalike("reindex", *arguments, "--json").expect().json()


def begin(system, *arguments):
    """Starts the command."""
    command = [BINARY, "reindex", "--data", system.data, "--encoder", SMALL_ENCODER, "--json"]
    return subprocess.Popen(
        [str(part) for part in [*command, *arguments]],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def sides(system):
    """Returns role and encoder of the standby indexes."""
    return [(side["role"], side["encoder"]["name"]) for side in system.index().get("side_indexes", [])]


def all_scores(system, queries):
    """Returns keys and scores of everything, for every query."""
    return [
        {result["image"]["key"]: result["score"] for result in system.search(query.bytes, k=1000)["results"]}
        for query in queries
    ]


def verified(system):
    """Returns the report of a verification in which indexes and bucket agree."""
    return system.lookalike("index", "verify", "--json").expect().json()


def test_the_encoder_changes_under_load(make_system, catalog, tmp_path, figures):
    pictures = catalog.sample(PICTURES + 40)
    start, spare = pictures[:PICTURES], pictures[PICTURES:]
    steady = [picture for picture in start[:20] if picture.product_id == picture.path.stem]
    system = make_system().start("--catalog", catalog.copy(start, tmp_path / "pictures"))
    old = system.index()["encoder"]
    added, removed = spare[:20], start[-10:]
    with Load(system, steady) as load:
        load.wait_for(20)
        began = time.monotonic()
        process = begin(system)
        system.until(lambda: sides(system), what="a side index")
        for number, picture in enumerate(added):
            system.put(picture.key, picture.bytes, Metadata={"product-id": picture.product_id})
            if number < len(removed):
                system.delete(removed[number].key)
        output, errors = process.communicate(timeout=300)
        took = time.monotonic() - began
        assert process.returncode == 0, f"{output}\n{errors}"
        load.wait_for(40)
        # Uploads on both sides of every switch.
        for number, (arguments, encoder) in enumerate(
            [(None, "small"), ("--rollback", old["name"]), ("--rollback", "small")]
        ):
            if arguments:
                reindex(system, arguments)
            # Searchers look for a new generation once a second.
            system.until(lambda: system.index()["encoder"]["name"] == encoder, what=encoder)
            assert len(sides(system)) == 1
            picture = spare[20 + number]
            added.append(picture)
            system.put(picture.key, picture.bytes, Metadata={"product-id": picture.product_id})
            system.until_found(picture.bytes, picture.key)
            load.wait_for(40)
        reindex(system, "--finish")
        load.wait_for(40)
        searches = load.requests
    assert load.failures == []
    figures(
        f"encoder changed under load: {PICTURES} images in {took:.1f} s, {searches} searches, "
        f"0 failed, slowest {load.slowest:.2f} s"
    )

    system.until(lambda: sides(system) == [], what="the end of the old index")
    index = system.index()
    assert index["encoder"]["name"] == "small"
    assert index["images"] == PICTURES + len(added) - len(removed)
    assert verified(system)["verify"]["images"] == index["images"]
    # The same as an index that was made with the new encoder from the start.
    fresh = make_system("fresh", extra_environment={"LOOKALIKE_ENCODER": str(SMALL_ENCODER)})
    left = [picture for picture in [*start, *added] if picture not in removed]
    fresh.start("--catalog", catalog.copy(left, tmp_path / "left"))
    assert fresh.index()["encoder"] == index["encoder"]
    queries = [*steady[:3], *added[:2]]
    for changed, made in zip(all_scores(system, queries), all_scores(fresh, queries), strict=True):
        assert changed.keys() == made.keys()
        assert changed == pytest.approx(made, abs=1e-4)


def test_a_migration_is_interrupted_continued_and_cancelled(make_system, catalog, tmp_path):
    pictures = catalog.sample(41)
    start, late = pictures[:40], pictures[40]
    system = make_system().start("--catalog", catalog.copy(start, tmp_path / "pictures"))
    process = begin(system, "--no-switch")
    system.until(lambda: sides(system) == [("building", "small")], what="a building index")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert system.index()["encoder"]["name"] != "small"
    other = system.lookalike("reindex", "--rollback").expect(1)
    assert "no previous index" in other.stderr
    done = reindex(system, "--encoder", SMALL_ENCODER, "--no-switch")
    assert done["encoder"]["resumed"] and not done["switched"]
    assert (done["pictures"], done["indexed"]) == (40, 40)
    assert "previous index" in system.lookalike("reindex", "--finish").expect(1).stderr
    shown = system.lookalike("status").expect().stdout
    assert "building" in shown and "small" in shown
    served = system.lookalike("reindex").expect(1)
    assert "nothing to do" in served.stderr

    # A restart catches up in both indexes.
    system.stop()
    target = system.data / "s3" / "catalog" / late.key
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(late.bytes)
    system.start()
    report = verified(system)
    assert report["verify"]["images"] == 41
    assert report["verify"]["sides"][0]["images"] == 41

    done = reindex(system, "--encoder", SMALL_ENCODER, "--here")
    assert done["switched"] and done["indexed"] == 41
    system.until(lambda: result_of(system.search(late.bytes, k=1), late.key))
    reindex(system, "--rollback")
    system.until(lambda: sides(system) == [("previous", "small")], what="the way back")
    again = system.lookalike("reindex", "--encoder", SMALL_ENCODER).expect(1)
    assert "--rollback" in again.stderr
    reindex(system, "--finish")
    reindex(system, "--encoder", SMALL_ENCODER, "--no-switch")
    reindex(system, "--cancel")
    system.until(lambda: sides(system) == [], what="no side index")
    assert verified(system)["verify"]["images"] == 41


def test_invalid_encoders_are_refused(make_system, catalog, tmp_path):
    system = make_system().start()
    empty = system.lookalike("reindex", "--encoder", SMALL_ENCODER).expect(1)
    assert "nothing is indexed yet" in empty.stderr
    missing = system.lookalike("reindex", "--encoder", tmp_path / "nowhere").expect(1)
    assert "model.onnx" in missing.stderr
    system.lookalike("reindex", "--rollback", "--finish").expect(2)
    system.lookalike("reindex", "--finish", "--encoder", SMALL_ENCODER).expect(2)
