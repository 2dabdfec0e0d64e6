#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;

use super::entry_parser::EntryParser;
use super::*;
use crate::Attributes;
use crate::filter::Filter;

/// Returns the values of all columns, entry by entry.
fn held(table: &AttributeTable, entries: usize) -> Vec<Vec<(String, Vec<serde_json::Value>)>> {
    let of_entry = |entry: usize| {
        let columns = table.columns().map(|(name, column)| {
            let codes = column.codes_of(entry as u32).iter();
            let values = codes.map(|&code| column.values().get(code).to_json());
            (name.to_owned(), values.collect::<Vec<_>>())
        });
        columns.filter(|(_, values)| !values.is_empty()).collect()
    };
    (0..entries).map(of_entry).collect()
}

/// Makes the same table with the parser of any JSON.
fn parsed(texts: &[String]) -> AttributeTable {
    let mut parser = EntryParser::default();
    for (entry, text) in (0..).zip(texts) {
        parser.read(entry, text);
    }
    AttributeTable::of(parser, texts.len() as u32)
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let text = prop_oneof![
        "[a-c]{0,2}",
        Just("a\"\\\n".to_owned()),
        Just("größe, } ]".to_owned()),
    ];
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|boolean| json!(boolean)),
        (-20i64..20).prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        (0u32..100_000).prop_map(|cents| json!(f64::from(cents) / 100.0)),
        text.prop_map(|text| json!(text)),
    ];
    let value = scalar.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|list| json!(list)),
            inner.prop_map(|inner| json!({"a": inner})),
        ]
    });
    let name = proptest::sample::select(vec!["a", "ab", "b", "b\"", "c", "ü"]);
    proptest::collection::btree_map(name.prop_map(str::to_owned), value, 0..5)
}

fn written(all: &[Attributes]) -> Vec<String> {
    let texts = all
        .iter()
        .map(|attributes| serde_json::to_string(attributes).unwrap());
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn entries_hold_what_was_written(all in proptest::collection::vec(attributes(), 0..30)) {
        let texts = written(&all);
        let table = AttributeTable::read(texts.iter().map(String::as_str));
        prop_assert_eq!(held(&table, texts.len()), held(&parsed(&texts), texts.len()));
        for (name, column) in table.columns() {
            let values: Vec<Value<'_>> = (0..column.values().codes())
                .map(|code| column.values().get(code))
                .collect();
            prop_assert!(values.is_sorted_by(|a, b| a < b), "{}: {:?}", name, values);
        }
    }

    /// Both parsers read a number as the same `f64`, to the last bit.
    #[test]
    fn numbers_are_those_that_were_written(number in any::<f64>(), cents in any::<u64>(), shift in 0u32..60) {
        let cents = cents >> shift;
        for text in [number.to_string(), cents.to_string(), format!("{}.{:02}", cents / 100, cents % 100)] {
            let table = AttributeTable::read([format!("{{\"a\":{text}}}").as_str()].into_iter());
            let number: f64 = text.parse().unwrap();
            if number.is_finite() {
                let values = table.column("a").unwrap().values();
                let expected = Value::Number(crate::filter::Number::new(number).unwrap());
                prop_assert_eq!(values.get(2), expected, "{}", text);
            }
        }
    }

    /// A valid checksum does not mean that entries are JSON.
    #[test]
    fn any_entry_is_parsed_without_a_panic(
        texts in proptest::collection::vec("[{\"a:,\\[\\]} 1.e\\\\ütrue-]{0,14}|\\{\"a\":[{\"1,\\[\\]}ü]{0,6}", 0..12),
    ) {
        let table = AttributeTable::read(texts.iter().map(String::as_str));
        held(&table, texts.len());
        let filter = Filter::from_text("a").unwrap();
        prop_assert!(table.matching(filter.expr()).count() as usize <= texts.len());
    }
}

/// If most values differ, they are sorted and not looked up; equal values still share a code.
#[test]
fn many_different_values_are_distinguished() {
    let all = (0..30_000).map(|i| {
        let (text, number) = (format!("sku-{}", i % 20_000), f64::from(i % 19_000) / 7.0);
        Attributes::from([
            ("number".to_owned(), json!(number)),
            ("other".to_owned(), json!(i)),
            ("text".to_owned(), json!(text)),
        ])
    });
    let all: Vec<Attributes> = all.collect();
    let texts = written(&all);
    let table = AttributeTable::read(texts.iter().map(String::as_str));
    let codes = |name| table.column(name).unwrap().values().codes();
    assert_eq!((codes("text"), codes("number")), (20_002, 19_002));
    assert_eq!(
        held(&table, texts.len()),
        held(&parsed(&texts), texts.len())
    );
    let filter = Filter::from_text("text=sku-77,sku-19999").unwrap();
    assert_eq!(table.matching(filter.expr()).count(), 3);
}

#[test]
fn types_have_names() {
    let types = |texts, numbers, booleans, lists| {
        ValueTypes {
            texts,
            numbers,
            booleans,
            lists,
        }
        .to_string()
    };
    assert_eq!(types(true, false, false, false), "text");
    assert_eq!(types(false, true, false, false), "number");
    assert_eq!(types(false, false, true, false), "boolean");
    assert_eq!(types(true, false, false, true), "list of texts");
    assert_eq!(types(true, true, false, true), "list of numbers or texts");
    assert_eq!(types(true, true, true, false), "boolean or number or text");
    assert_eq!(types(false, false, false, true), "nothing");
}
