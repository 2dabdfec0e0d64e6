#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ids::{Fingerprint, SegmentId};
use crate::quantization::QuantizedVector;
use crate::row::{Attributes, Row};
use crate::segment::{Segment, SegmentContent};
use crate::snapshot::Snapshot;
use crate::vector_base::{Field, VectorBaseLayout};

const ENCODER: Fingerprint = Fingerprint([7; 32]);

fn entry(lists: &[usize]) -> VectorBaseEntry {
    let field = |attribute: &str, bands: &[f64]| Field {
        attribute: attribute.to_owned(),
        bands: bands.to_vec(),
    };
    VectorBaseEntry {
        name: "b".parse().unwrap(),
        layout: VectorBaseLayout {
            slots: 4,
            fields: vec![
                field("category", &[]),
                field("price", &[]),
                field("price", &[10.0, 20.0, 50.0]),
                field("tags", &[]),
            ],
        },
        is_serving: true,
        images: 0,
        counted: None,
        writer: 1,
        lists: lists.iter().copied().collect(),
        written: None,
        replaced: None,
        match_thresholds: None,
    }
}

fn cover(filter: &str) -> Cover {
    Cover::new(
        Some(&Filter::from_text(filter).unwrap()),
        &entry(&[3]),
        MAX_CONJUNCTIONS,
    )
}

fn texts(cover: &Cover) -> Vec<String> {
    let text = |terms: &Vec<Term>| {
        let terms: Vec<String> = terms
            .iter()
            .map(|t| format!("{}={}", t.field, t.value))
            .collect();
        terms.join(" ")
    };
    cover.conjunctions.iter().map(text).collect()
}

#[test]
fn equalities_and_ranges_become_terms() {
    assert_eq!(
        texts(&Cover::new(None, &entry(&[]), MAX_CONJUNCTIONS)),
        [""]
    );
    assert_eq!(
        texts(&cover("category=shoes,hats")),
        ["0=shats", "0=sshoes"]
    );
    assert_eq!(texts(&cover("category=7")), ["0=n7", "0=s7"]);
    assert_eq!(texts(&cover("tags=red")), ["3=*", "3=sred"]);
    assert_eq!(texts(&cover("price<20")), ["2=0", "2=1", "2=2"]);
    assert_eq!(texts(&cover("price>=20")), ["2=2", "2=3"]);
    let both = json!({"category": "hats", "price": {"gt": 50, "lt": 60}});
    let both = Cover::new(
        Some(&Filter::from_json(&both).unwrap()),
        &entry(&[]),
        MAX_CONJUNCTIONS,
    );
    assert_eq!(texts(&both), ["0=shats 2=3"]);
    assert_eq!(both.unnarrowed, [] as [String; 0]);
}

#[test]
fn what_has_no_terms_is_named() {
    for (filter, attribute) in [
        ("category!=shoes", "category"),
        ("tags", "tags"),
        ("brand=a", "brand"),
        ("category<m", "category"),
    ] {
        let cover = cover(filter);
        assert_eq!(texts(&cover), [""], "{filter}");
        assert_eq!(cover.unnarrowed, [attribute]);
    }
    let many: Vec<String> = (0..17).map(|n| format!("c{n}")).collect();
    let filter = json!({"category": many, "price": 3});
    let cover = Cover::new(
        Some(&Filter::from_json(&filter).unwrap()),
        &entry(&[]),
        MAX_CONJUNCTIONS,
    );
    assert_eq!(texts(&cover), ["1=n3"]);
    assert_eq!(cover.unnarrowed, ["category"]);
    let nothing = json!({"and": [{"category": "a"}, {"category": "b"}]});
    let cover = Cover::new(
        Some(&Filter::from_json(&nothing).unwrap()),
        &entry(&[]),
        MAX_CONJUNCTIONS,
    );
    assert_eq!(texts(&cover), [] as [String; 0]);
}

fn value() -> impl Strategy<Value = Value> {
    let texts = ["a", "b", "7", "50", "true"];
    prop_oneof![
        3 => proptest::sample::select(texts.to_vec()).prop_map(|text| json!(text)),
        3 => proptest::sample::select(vec![-1.0, 0.0, 7.0, 10.0, 19.5, 20.0, 50.0, 1e9])
            .prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|boolean| json!(boolean)),
        1 => proptest::sample::subsequence(texts.to_vec(), 1..4).prop_map(|list| json!(list)),
    ]
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let names = vec!["category", "price", "tags", "brand"];
    proptest::collection::btree_map(
        proptest::sample::select(names).prop_map(str::to_owned),
        value(),
        0..4,
    )
}

fn filter() -> impl Strategy<Value = Value> {
    let name = || proptest::sample::select(vec!["category", "price", "tags", "brand"]);
    let scalar = || value().prop_filter("a scalar", |value| !value.is_array());
    let condition = prop_oneof![
        (name(), scalar()).prop_map(|(name, value)| json!({ name: value })),
        (name(), proptest::collection::vec(scalar(), 1..6))
            .prop_map(|(name, values)| json!({ name: values })),
        (name(), scalar()).prop_map(|(name, value)| json!({ name: {"ne": value} })),
        (name(), any::<bool>()).prop_map(|(name, is)| json!({ name: {"exists": is} })),
        (name(), -5.0..60.0).prop_map(|(name, low)| json!({ name: {"gte": low} })),
        (name(), -5.0..60.0, -5.0..60.0)
            .prop_map(|(name, low, high): (_, f64, f64)| json!({ name: {"gt": low, "lte": high} })),
    ];
    condition.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|all| json!({"and": all})),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|any| json!({"or": any})),
            inner.prop_map(|not| json!({ "not": not })),
        ]
    })
}

proptest! {
    #[test]
    fn every_row_that_matches_is_covered(
        rows in proptest::collection::vec(attributes(), 1..40),
        filters in proptest::collection::vec(filter(), 1..8),
        most in 0_usize..20,
    ) {
        let row = |(n, attributes): (usize, &Attributes)| Row {
            key: format!("catalog/{n}.jpg"),
            product_id: n.to_string(),
            etag: "\"1\"".to_owned(),
            attributes: attributes.clone(),
            embedding: QuantizedVector::new(&[1.0, n as f32]).unwrap(),
        };
        let content = SegmentContent {
            rows: rows.iter().enumerate().map(row).collect(),
            ..SegmentContent::default()
        };
        let id = SegmentId::new(0, 0);
        let bytes = content.encode_delta(id, ENCODER, 2).unwrap().bytes.into();
        let segment = Segment::open(&bytes, id, ENCODER).unwrap();
        let snapshot = Snapshot::new(vec![segment], 2).unwrap();
        let mut entry = entry(&[]);
        let of_rows = rows.iter().flat_map(|attributes| entry.layout.terms_of(attributes));
        let lists = of_rows.filter(|term| term.value == Term::LIST).map(|term| term.field);
        entry.lists = lists.collect();
        let names = ["category", "price", "tags", "brand"].map(str::to_owned);
        for filter in filters {
            let Ok(filter) = Filter::from_json(&filter) else { continue };
            let cover = Cover::new(Some(&filter), &entry, most);
            prop_assert!(cover.conjunctions.len() <= most.clamp(1, MAX_CONJUNCTIONS));
            let Ok(selection) = snapshot.select(&filter, &names) else { continue };
            for at in snapshot.live_rows().addresses().filter(|at| selection.contains(*at)) {
                let attributes = snapshot.live_rows().meta(at).attributes(at.row);
                let terms: BTreeSet<Term> = entry.layout.terms_of(&attributes).into_iter().collect();
                let is_covered = |c: &Vec<Term>| c.iter().all(|term| terms.contains(term));
                prop_assert!(
                    cover.conjunctions.iter().any(is_covered),
                    "{} and {:?} by {:?}", filter, attributes, cover
                );
            }
        }
    }
}
