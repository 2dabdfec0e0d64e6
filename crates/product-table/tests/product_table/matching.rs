//! Images and the entries that name them.

use lookalike_product_table::{ImageMatcher, UnmatchedEntry};

fn product(matcher: &mut ImageMatcher, path: &str) -> Option<String> {
    matcher.find(path, path).map(|found| found.product_id)
}

fn products(entries: Vec<UnmatchedEntry>) -> Vec<String> {
    entries.into_iter().map(|entry| entry.product_id).collect()
}

#[test]
fn a_name_by_several_products_names_no_image_in_a_folder() {
    let mut matcher = ImageMatcher::new([
        ("p1", "photo.png"),
        ("p2", "photo.png"),
        ("p3", "c/photo.png"),
    ]);
    assert_eq!(product(&mut matcher, "a/photo.png"), None);
    assert_eq!(product(&mut matcher, "b/Photo.png"), None);
    assert_eq!(product(&mut matcher, "c/photo.png").as_deref(), Some("p3"));
    assert_eq!(products(matcher.ambiguous()), ["p1", "p2"]);
    assert!(matcher.unmatched().is_empty());
    // The image of the table's own folder is named as a whole.
    assert_eq!(product(&mut matcher, "photo.png").as_deref(), Some("p2"));
    let local = matcher.find("/home/me/shop/photo.png", "photo.png");
    assert_eq!(local.unwrap().product_id, "p2");
    assert_eq!(products(matcher.ambiguous()), ["p1"]);
}

#[test]
fn entries_match_however_they_are_written() {
    let mut matcher = ImageMatcher::new([
        ("dot", "./shoes/a.jpg"),
        ("windows", ".\\win\\d.jpg"),
        ("percent", "shoes/my%20shoe.jpg"),
        ("literal", "shoes/100%20.jpg"),
        ("unicode", "Mu\u{308}tze.jpg"),
        ("outer", "imgs/hats/h.jpg"),
        ("absolute", "/data/imgs/hats/i.jpg"),
    ]);
    for (path, expected) in [
        ("shoes/a.jpg", Some("dot")),
        ("win/d.jpg", Some("windows")),
        ("shoes/my shoe.jpg", Some("percent")),
        ("shoes/100%20.jpg", Some("literal")),
        ("caps/M\u{fc}tze.jpg", Some("unicode")),
        ("hats/h.jpg", Some("outer")),
        ("i.jpg", Some("absolute")),
        ("b.jpg", None),
    ] {
        assert_eq!(product(&mut matcher, path).as_deref(), expected, "{path}");
    }
    assert_eq!(matcher.unmatched(), []);
}

#[test]
fn another_case_is_said_and_goes_last() {
    let mut matcher = ImageMatcher::new([
        ("upper", "SHOES/F.JPG"),
        ("same", "a/B.jpg"),
        ("other", "a/b.jpg"),
    ]);
    let found = matcher.find("shoes/f.jpg", "shoes/f.jpg").unwrap();
    assert_eq!(found.product_id, "upper");
    assert_eq!(found.in_other_case.as_deref(), Some("SHOES/F.JPG"));
    let found = matcher.find("a/B.jpg", "a/B.jpg").unwrap();
    assert_eq!(
        (found.product_id.as_str(), found.in_other_case),
        ("same", None)
    );
}

#[test]
fn the_longest_entry_counts_and_the_others_are_listed() {
    let mut matcher = ImageMatcher::new([
        ("short", "1.jpg"),
        ("long", "train/a/1.jpg"),
        ("lost", "none.jpg"),
        ("left", "x/2.jpg"),
        ("right", "y/2.jpg"),
        ("first", "3.jpg"),
        ("last", "3.jpg"),
    ]);
    assert_eq!(
        matcher
            .find("/data/train/a/1.jpg", "a/1.jpg")
            .unwrap()
            .product_id,
        "long"
    );
    assert_eq!(product(&mut matcher, "c/1.jpg").as_deref(), Some("short"));
    assert_eq!(product(&mut matcher, "3.jpg").as_deref(), Some("last"));
    // Two products name an image that ends so: neither is chosen.
    assert_eq!(product(&mut matcher, "2.jpg"), None);
    assert_eq!(products(matcher.unmatched()), ["lost"]);
    assert_eq!(products(matcher.ambiguous()), ["first", "left", "right"]);
}
