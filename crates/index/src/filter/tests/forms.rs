//! The canonical form, and short forms.

use super::*;
use crate::filter::expr::Bound;

#[test]
fn filters_that_say_the_same_are_equal() {
    let same = [
        vec![
            json!({}),
            json!({"and": [{}, {}]}),
            json!({"or": [{"a": 1}, {}]}),
        ],
        vec![
            json!({"a": "x", "b": 1}),
            json!({"and": [{"b": 1.0}, {"a": ["x", "x"]}]}),
            json!({"not": {"or": [{"not": {"a": "x"}}, {"b": {"ne": 1}}]}}),
            json!({"not": {"not": {"and": [{"and": [{"a": "x"}]}, {"b": [1]}, {}]}}}),
        ],
        vec![
            json!({"a": ["y", "x"]}),
            json!({"or": [{"a": "x"}, {"or": [{"a": "y"}]}, {"a": "x"}]}),
            json!({"not": {"a": {"ne": ["x", "y"]}}}),
            json!({"not": {"and": [{"a": {"ne": "y"}}, {"not": {"a": "x"}}]}}),
        ],
        vec![
            json!({"a": {"ne": ["x", "y"]}}),
            json!({"and": [{"a": {"ne": "x"}}, {"a": {"ne": "y"}}]}),
            json!({"not": {"a": ["x", "y"]}}),
        ],
        vec![
            json!({"a": {"exists": false}}),
            json!({"not": {"a": {"exists": true}}}),
        ],
        vec![json!({"not": {}}), json!({"and": [{"a": 1}, {"not": {}}]})],
        vec![json!({"a": 0}), json!({"a": -0.0})],
    ];
    for group in &same {
        for filter in group {
            let (first, filter) = (json_filter(group[0].clone()), json_filter(filter.clone()));
            assert_eq!(filter, first);
            assert_eq!(filter.to_string(), first.to_string());
        }
    }
    let different = same.iter().map(|group| json_filter(group[0].clone()));
    let different: Vec<Filter> = different.collect();
    for (position, one) in different.iter().enumerate() {
        for other in &different[..position] {
            assert_ne!(one, other);
            assert_ne!(one.to_string(), other.to_string());
        }
    }
    assert!(different[0].is_everything() && !different[5].is_everything());
    // Two conditions on a list cannot be joined: different elements may pass them.
    let two = json_filter(json!({"and": [{"a": "x"}, {"a": "y"}]}));
    assert_ne!(two, json_filter(json!({"a": ["x", "y"]})));
    let apart = json_filter(json!({"and": [{"a": {"gt": 1}}, {"a": {"lt": 2}}]}));
    assert_ne!(apart, json_filter(json!({"a": {"gt": 1, "lt": 2}})));
}

#[test]
fn the_canonical_form_is_fixed() {
    let filter = json!({
        "or": [{"not": {"price": {"lte": 9.5, "gt": 1}}}, {"tag": ["b", "a", true, 3]}],
        "size": {"exists": true},
    });
    assert_eq!(
        json_filter(filter).to_string(),
        r#"{"and":[{"or":[{"not":{"price":{"gt":1,"lte":9.5}}},{"tag":[true,3,"a","b"]}]},{"size":{"exists":true}}]}"#
    );
    // A word may turn out to be a number; a text may not.
    let words = Filter::from_texts(["size=42", "size=\"42\""]).unwrap();
    assert_eq!(
        words.to_string(),
        r#"{"and":[{"size":["42"]},{"size":[{"word":"42"}]}]}"#
    );
}

#[test]
fn short_forms_are_read() {
    let word = |text: &str| Operand::Word(text.to_owned());
    let text = |text: &str| Operand::Text(text.to_owned());
    let one_of = |name: &str, values| Expr::is(name, Test::one_of(values));
    let range = |low: Option<(&str, bool)>, high: Option<(&str, bool)>| {
        let bound = |(value, inclusive)| Bound {
            value: word(value),
            inclusive,
        };
        let (low, high) = (low.map(bound), high.map(bound));
        Expr::is("price", Test::Range(Range { low, high }))
    };
    let cases = [
        ("category=shoes", one_of("category", vec![word("shoes")])),
        (
            " category == red shoes ",
            one_of("category", vec![word("red shoes")]),
        ),
        (
            "category=shoes, hats",
            one_of("category", vec![word("shoes"), word("hats")]),
        ),
        (
            "category!=shoes",
            one_of("category", vec![word("shoes")]).negated(),
        ),
        (
            "category!=a,b",
            one_of("category", vec![word("a"), word("b")]).negated(),
        ),
        ("price<50", range(None, Some(("50", false)))),
        ("price<=50", range(None, Some(("50", true)))),
        ("price > 50", range(Some(("50", false)), None)),
        ("price>=-1e3", range(Some(("-1e3", true)), None)),
        ("price", Expr::is("price", Test::Exists)),
        ("!price", Expr::is("price", Test::Exists).negated()),
        (
            "a=\"x, \\\"y\\\" \\\\\" , z",
            one_of("a", vec![text("x, \"y\" \\"), word("z")]),
        ),
        ("a=\"\"", one_of("a", vec![text("")])),
        ("size=12\"", one_of("size", vec![word("12\"")])),
        ("a=b=c", one_of("a", vec![word("b=c")])),
        ("größe=ü", one_of("größe", vec![word("ü")])),
        (
            " {\"a\": 1}",
            one_of("a", vec![Operand::Number(Number::new(1.0).unwrap())]),
        ),
    ];
    for (short, node) in cases {
        assert_eq!(Filter::from_text(short), Ok(Filter(node)), "{short}");
    }
    let both = Filter::from_texts(["a=1", "b"]).unwrap();
    assert!(both.attributes().eq(["a", "b"]));
    assert!(Filter::from_texts([]).unwrap().is_everything());
}

/// Any JSON, often like a filter.
fn any_json() -> impl Strategy<Value = Value> {
    let name = || {
        let names = ["a", "and", "or", "not", "ne", "lt", "gte", "exists", "ü"];
        proptest::sample::select(names.to_vec())
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..4).prop_map(|members| members
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The canonical form prints as JSON that parses to the same filter.
    #[test]
    fn the_canonical_form_parses_to_itself(json in any_json()) {
        if let Ok(filter) = Filter::from_json(&json) {
            let printed = filter.to_string();
            // Everything, nothing and filters beyond the limits only have their own form.
            let has_empty = printed.contains("[]");
            let read = Filter::from_json(&serde_json::from_str(&printed).unwrap());
            if let (Ok(read), false) = (read, has_empty) {
                prop_assert_eq!(&read, &filter);
                prop_assert_eq!(read.to_string(), printed);
            }
            prop_assert_eq!(Filter(filter.0.clone().negated().negated()), filter);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "[a=!<>\",\\\\ {}:1ü]{0,12}") {
        let _ = Filter::from_text(&text);
    }
}
