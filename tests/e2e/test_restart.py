"""The data folder outlives the process; changes made meanwhile are detected at the start."""

import shutil
import socket

from support.command import SMALL_ENCODER as SMALL
from support.command import lookalike
from support.system import FREE_PORTS, PORT_OPTIONS, result_of


def objects(system):
    """Returns the folder with the catalog bucket's objects."""
    return system.data / "s3" / "catalog"


def verified(system):
    """Returns the report of a verification in which index and bucket agree."""
    return system.lookalike("index", "verify", "--json").expect().json()


def test_changes_made_while_stopped(make_system, catalog, tmp_path):
    pictures = catalog.sample(24)
    start, added, replacement = pictures[:16], pictures[16:20], pictures[20]
    system = make_system().start("--catalog", catalog.copy(start, tmp_path / "pictures"))
    assert system.index()["images"] == 16
    generation = system.index()["generation"]
    system.stop()
    assert not (system.data / "serve.json").exists()

    for picture in added:
        target = objects(system) / "catalog" / "dropped in" / picture.path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.bytes)
    removed, changed = start[0], start[1]
    (objects(system) / removed.key).unlink()
    (objects(system) / changed.key).write_bytes(replacement.bytes)

    system.start()
    assert system.index()["images"] == 16 + len(added) - 1
    assert system.index()["generation"] > generation
    for picture in added:
        key = f"catalog/dropped in/{picture.path.name}"
        found = result_of(system.search(picture.bytes), key)
        assert found["metadata"]["category"] == "dropped in"
    assert result_of(system.search(removed.bytes), removed.key) is None
    assert result_of(system.search(replacement.bytes, k=1, min_score=0.999), changed.key)
    report = verified(system)
    assert report["verify"]["images"] == 19
    assert set(system.stored()) == {item["key"] for item in system.items().values() if "key" in item}


def test_nothing_is_indexed_again_without_a_change(make_system, catalog, tmp_path):
    pictures = catalog.sample(12)
    folder = catalog.copy(pictures, tmp_path / "pictures")
    table = catalog.write_table(pictures, tmp_path / "products.csv")
    arguments = ["--catalog", folder, "--metadata", table]
    system = make_system().start(*arguments)
    before = system.index(), system.items()
    system.stop()
    system.start(*arguments)
    assert (system.index(), system.items()) == before


def test_metadata_of_products_and_objects_survives(make_system, catalog, tmp_path):
    first, second = catalog.sample(2)
    table = tmp_path / "products.csv"
    table.write_text("product_id,name,price\nshirt-1,Hemd ärmellos,12.50\n", encoding="utf-8")
    system = make_system().start("--metadata", table)
    system.put("catalog/a/x.jpg", first.bytes, Metadata={"product-id": "shirt-1"}, ContentType="image/jpeg")
    system.put("uploads/mine.jpg", second.bytes, ContentType="image/jpeg")
    system.until_found(first.bytes, "catalog/a/x.jpg")

    for end in (system.stop, system.kill):
        end()
        system.start()
        found = result_of(system.search(first.bytes), "catalog/a/x.jpg")
        assert found["product_id"] == "shirt-1"
        assert found["metadata"] == {"name": "Hemd ärmellos", "price": 12.5, "price_text": "12.50", "category": "a"}
        head = system.s3.head_object(Bucket="catalog", Key="catalog/a/x.jpg")
        assert head["Metadata"] == {"product-id": "shirt-1"}
        assert head["ContentType"] == "image/jpeg"
        assert system.search("uploads/mine.jpg", k=1)["results"]


def test_a_bad_picture_stays_recorded(make_system, catalog):
    system = make_system().start()
    system.put("catalog/a/good.jpg", catalog.sample(1)[0].bytes)
    system.put("catalog/a/bad.jpg", b"no image")
    system.until(lambda: (found := system.index())["failed"] == 1 and found["images"] == 1)
    system.stop()
    system.start()
    found = system.index()
    assert (found["images"], found["failed"]) == (1, 1)
    system.put("catalog/a/bad.jpg", catalog.sample(2)[1].bytes)
    system.until(lambda: (found := system.index())["failed"] == 0 and found["images"] == 2)


def test_a_second_process_on_the_same_folder_is_refused(make_system, catalog):
    system = make_system().start()
    second = lookalike("serve", "--data", system.data, "--json", *FREE_PORTS, timeout=20).expect(1)
    assert "in use by another process" in second.stderr
    assert str(system.data) in second.stderr
    assert second.stdout == ""
    # The first one is not affected, and can still be found through its folder.
    system.put("catalog/a/x.jpg", catalog.sample(1)[0].bytes)
    system.until_images(1)
    system.lookalike("status").expect()


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = str(listener.getsockname()[1])
        for option in PORT_OPTIONS:
            ports = [*FREE_PORTS]
            ports[ports.index(option) + 1] = taken
            refused = lookalike("serve", "--data", tmp_path / "data", *ports, timeout=20).expect(1)
            assert taken in refused.stderr, option
            assert "taken" in refused.stderr, option
            assert "choose another" in refused.stderr, option


def test_a_data_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused = lookalike("serve", "--data", tmp_path / "file", *FREE_PORTS, timeout=20).expect(1)
    assert str(tmp_path / "file") in refused.stderr


def damage(system, offset):
    """Flips a bit of every segment, `offset` bytes from its start."""
    for segment in (system.data / "s3" / "index" / "index" / "segments").iterdir():
        content = bytearray(segment.read_bytes())
        content[offset] ^= 1
        segment.write_bytes(content)


def test_a_damaged_index_is_refused_and_can_be_rebuilt(make_system, catalog, tmp_path):
    system = make_system().start("--catalog", catalog.copy(catalog.sample(10), tmp_path / "pictures"))
    system.stop()
    damage(system, 150)
    refused = lookalike("serve", "--data", system.data, *FREE_PORTS, timeout=60).expect(1)
    assert "--start-over" in refused.stderr
    assert "checksum" in refused.stderr
    system.start("--start-over")
    assert system.index()["images"] == 10
    assert verified(system)["verify"]["problems"] == []


def test_another_encoder_changes_nothing_until_a_reindex(make_system, catalog, tmp_path):
    pictures = catalog.sample(6)
    folder = catalog.copy(pictures, tmp_path / "pictures")
    system = make_system().start("--catalog", folder)
    before = system.index()["encoder"]
    chosen = {"LOOKALIKE_ENCODER": str(SMALL)}
    found = system.lookalike("search", pictures[0].path, "--json", extra_environment=chosen)
    assert result_of(found.expect().json(), pictures[0].key)["score"] > 0.999
    system.stop()

    system.extra_environment = chosen
    system.start()
    added = catalog.sample(7)[6]
    system.put(added.key, added.bytes)
    system.until_found(added.bytes, added.key)
    after = system.index()
    assert after["encoder"] == before
    assert after["configured_encoder"]["name"] == "small"
    status = system.lookalike("status", extra_environment=chosen).expect().stdout
    assert "lookalike reindex" in status and "small" in status
    assert "configured_encoder" not in system.lookalike("status", "--json").expect().json()
    system.stop()

    # Without the stored encoder it cannot continue.
    shutil.rmtree(system.data / "s3" / "index" / "index" / "encoders")
    serve = ["serve", "--data", system.data, *FREE_PORTS]
    refused = lookalike(*serve, extra_environment=chosen, timeout=60).expect(1)
    assert before["fingerprint"] in refused.stderr
    assert "--start-over" in refused.stderr

    system.start("--start-over")
    after = system.index()
    assert after["images"] == 7
    assert after["encoder"]["name"] == "small"
    assert after["encoder"]["fingerprint"] != before["fingerprint"]
    assert result_of(system.search(pictures[0].bytes), pictures[0].key)["score"] > 0.999


def test_damaged_vectors_are_found_and_repaired_while_serving(make_system, catalog, tmp_path):
    pictures = catalog.sample(10)
    system = make_system().start("--catalog", catalog.copy(pictures, tmp_path / "pictures"))
    system.stop()
    damage(system, -40)
    system.start()
    refused = system.post("/search", data=pictures[0].bytes)
    assert refused.status_code == 500
    assert refused.json()["type"] == "urn:lookalike:problem:unreadable-index"
    assert "checksum" in system.lookalike("index", "verify").expect(3).stdout
    system.lookalike("index", "rebuild", "--start-over").expect()
    system.until(lambda: system.post("/search", data=pictures[0].bytes).status_code == 200)
    assert result_of(system.search(pictures[0].bytes), pictures[0].key)
    assert verified(system)["verify"]["images"] == 10
