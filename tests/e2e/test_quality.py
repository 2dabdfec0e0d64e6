"""The products found are of the query's category, as often as the encoder allows."""

from concurrent.futures import ThreadPoolExecutor

from support.catalog import files

K = 10


def test_precision_by_category(make_system, catalog, figures):
    system = make_system().start("--catalog", catalog.root, "--metadata", catalog.table)
    pictures = catalog.pictures()
    index = system.index()
    assert index["images"] == len(pictures)
    assert index["failed"] == 0
    assert index["products"] == len({picture.product_id for picture in pictures})

    find = leave_one_out if catalog.is_drawn else found_categories
    drawn = [picture for picture in pictures if picture.is_main]
    queries = drawn if catalog.is_drawn else list(files(catalog.queries))
    with ThreadPoolExecutor(2) as pool:
        ratings = list(pool.map(lambda query: find(system, query), queries))
    first = sum(rating[0] for rating in ratings) / len(ratings)
    ten = sum(sum(rating) for rating in ratings) / sum(map(len, ratings))
    figures(
        f"{'drawn' if catalog.is_drawn else 'real'} catalog, {index['images']} pictures, "
        f"{len(queries)} queries: P@1 {first:.3f}, P@{K} {ten:.3f}"
    )
    if catalog.is_drawn:
        assert first >= 0.9
    else:
        assert first >= 0.75
        assert ten >= 0.68


def found_categories(system, query):
    """Whether each of the products found is of the query photo's category."""
    path, _ = query
    results = system.search(path.read_bytes(), k=K)["results"]
    assert len(results) == K
    return [result["metadata"]["category"] == path.parent.name for result in results]


def leave_one_out(system, picture):
    """The same for a catalog picture, when its own product does not count."""
    results = system.search(picture.bytes, k=K + 1)["results"]
    assert results[0]["product_id"] == picture.product_id
    others = [result for result in results if result["product_id"] != picture.product_id][:K]
    assert len(others) == K
    return [result["metadata"]["category"] == picture.category for result in others]
