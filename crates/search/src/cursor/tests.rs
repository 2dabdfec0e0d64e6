#![allow(clippy::unwrap_used)]

use lookalike_index::{Fingerprint, Match};
use proptest::prelude::*;

use super::*;
use crate::query::QueryItem;

fn binding(product: &str, options: &SearchOptions) -> Binding {
    let query = Query::new(vec![QueryItem::product(product)]).unwrap();
    let manifest = Manifest::empty("test", Fingerprint([1; 32]), 4);
    Binding::new(&query, options, &manifest)
}

fn default_binding() -> Binding {
    binding("a", &SearchOptions::default())
}

fn addresses(rows: &[(usize, u32)]) -> Vec<RowAddress> {
    let address = |&(segment, row)| RowAddress { segment, row };
    rows.iter().map(address).collect()
}

fn cursor(generation: u64, rows: &[(usize, u32)]) -> String {
    let returned = Returned::Rows(addresses(rows));
    Cursor::encode(generation, &returned, &default_binding())
}

fn bound_to(text: &str, other: &Binding) -> bool {
    let cursor = Cursor::decode(text).unwrap();
    let content = cursor.returned.encode(cursor.generation);
    other.of(&cursor.returned, &content) == cursor.binding
}

proptest! {
    #[test]
    fn comes_back_as_it_was(
        generation in any::<u64>(),
        rows in prop::collection::btree_set((0_usize..40, any::<u32>()), 1..1000),
    ) {
        let mut returned: Vec<RowAddress> = addresses(&rows.into_iter().collect::<Vec<_>>());
        returned.reverse();
        let text = Cursor::encode(generation, &Returned::Rows(returned.clone()), &default_binding());
        let read = Cursor::decode(&text).unwrap();
        returned.reverse();
        prop_assert_eq!((read.generation, read.returned), (generation, Returned::Rows(returned)));
        prop_assert!(bound_to(&text, &default_binding()));
    }

    #[test]
    fn images_come_back_too(
        generation in any::<u64>(),
        images in prop::collection::btree_set(any::<[u8; 5]>(), 1..1000),
    ) {
        let returned = Returned::Names(images);
        let text = Cursor::encode(generation, &returned, &default_binding());
        prop_assert!(text.len() < MAX_TEXT_LENGTH);
        let read = Cursor::decode(&text).unwrap();
        prop_assert_eq!((read.generation, read.returned), (generation, returned));
        prop_assert!(bound_to(&text, &default_binding()));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Cursor::decode(&text);
        let _ = Cursor::decode(&BASE64_URL_SAFE_NO_PAD.encode(bytes));
    }
}

#[test]
fn any_change_is_noticed() {
    let text = cursor(7, &[(0, 5), (0, 9), (2, 1)]);
    for at in 0..text.len() {
        for other in ['A', 'z', '_'] {
            let mut changed = text.clone().into_bytes();
            if changed[at] == other as u8 {
                continue;
            }
            changed[at] = other as u8;
            let changed = String::from_utf8(changed).unwrap();
            let read = Cursor::decode(&changed);
            assert!(
                matches!(read, Err(SearchError::InvalidCursor(_))),
                "{at} {other}: {read:?}"
            );
        }
    }
    for changed in [
        "",
        "A",
        &text[1..],
        &text[..text.len() - 1],
        &format!("{text}A"),
    ] {
        assert!(Cursor::decode(changed).is_err(), "{changed}");
    }
}

/// Such a cursor would pass all later checks: they compare the content that was read.
#[test]
fn a_content_has_only_one_cursor() {
    let binding = [5; BINDING];
    let text = |version, content: &[u8]| text(version, binding, content);
    let own = Returned::Rows(addresses(&[(0, 5), (0, 9), (2, 1)])).encode(7);
    assert_eq!(own, [7, 2, 0, 2, 5, 4, 2, 1, 1]);
    assert!(Cursor::decode(&text(1, &own)).is_ok());
    let images = Returned::Names([[1; 5], [2; 5]].into()).encode(7);
    assert!(Cursor::decode(&text(2, &images)).is_ok());
    let reversed = [&images[..2], &images[7..], &images[2..7]].concat();
    assert!(Cursor::decode(&text(2, &reversed)).is_err());
    assert!(Cursor::decode(&text(3, &images)).is_err());
    for other in [
        &[7, 2, 0, 2, 5, 4, 2, 1, 1, 0][..],
        &[0x87, 0, 2, 0, 2, 5, 4, 2, 1, 1],
        &[7, 2, 2, 1, 1, 0, 2, 5, 4],
        &[7, 3, 0, 1, 5, 0, 1, 9, 2, 1, 1],
        &[7, 3, 0, 2, 5, 4, 1, 0, 2, 1, 1],
    ] {
        let read = Cursor::decode(&text(1, other));
        assert!(read.is_err(), "{other:?}: {read:?}");
    }
}

#[test]
fn it_belongs_to_the_query_and_to_what_orders_the_results() {
    let text = cursor(7, &[(0, 5)]);
    let with = |change: fn(&mut SearchOptions)| {
        let mut options = SearchOptions::default();
        change(&mut options);
        bound_to(&text, &binding("a", &options))
    };
    assert!(with(|_| ()));
    assert!(with(|options| options.k = 500));
    assert!(with(|options| options.fields = Some(Vec::new())));
    assert!(!with(|options| options.min_score = 0.1));
    assert!(!with(|options| options.min_match = Some(Match::Similar)));
    assert!(!with(|options| options.collapse = true));
    assert!(!with(|options| options.diversity = 0.5));
    assert!(!with(|options| options.filter = Some("category".into())));
    assert!(!bound_to(&text, &binding("b", &SearchOptions::default())));
}

#[test]
fn a_thousand_results_fit_into_a_link() {
    let rows: Vec<(usize, u32)> = (0..1000).map(|n| (0, n * 100)).collect();
    let text = cursor(1 << 40, &rows);
    assert!(text.len() < 2000, "{}", text.len());
    let spread: Vec<(usize, u32)> = (0..1000)
        .map(|n| (n as usize % 64, n * 4_000_000))
        .collect();
    let text = cursor(u64::MAX, &spread);
    assert!(text.len() < MAX_TEXT_LENGTH, "{}", text.len());
    assert!(Cursor::decode(&text).is_ok());
}
