//! Filters that are refused.

use super::*;

#[test]
fn malformed_json_is_refused_with_what_was_expected() {
    let cases = [
        (json!(null), "its top", "an object", "null"),
        (json!([{"a": 1}]), "its top", "an object", "a list"),
        (json!({"a": null}), "`a`", "exists", "null"),
        (json!({"a": []}), "`a`", "at least one", "[]"),
        (json!({"a": [1, [2]]}), "`a`", "a text, a number", "a list"),
        (json!({"a": {}}), "`a`", "`lt`, `lte`", "none"),
        (
            json!({"a": {"like": "x"}}),
            "`a.like`",
            "`exists`",
            "`like`",
        ),
        (
            json!({"a": {"lt": true}}),
            "`a.lt`",
            "a number or a text",
            "true",
        ),
        (
            json!({"a": {"lt": [1]}}),
            "`a.lt`",
            "a number or a text",
            "a list",
        ),
        (
            json!({"a": {"lt": 1, "lte": 2}}),
            "`a.lte`",
            "one bound",
            "two",
        ),
        (
            json!({"a": {"gt": 1, "lt": "x"}}),
            "`a`",
            "two numbers or two texts",
            "the text \"x\"",
        ),
        (
            json!({"a": {"exists": 1}}),
            "`a.exists`",
            "true or false",
            "1",
        ),
        (
            json!({"a": {"ne": {"b": 1}}}),
            "`a.ne`",
            "a list",
            "an object",
        ),
        (
            json!({"and": {"a": 1}}),
            "`and`",
            "a list of at least one filter",
            "an object",
        ),
        (
            json!({"or": []}),
            "`or`",
            "a list of at least one filter",
            "[]",
        ),
        (json!({"or": [{"a": 1}, 7]}), "`or.1`", "an object", "7"),
        (json!({"not": [{"a": 1}]}), "`not`", "an object", "a list"),
        (
            json!({"not": {"or": [{"b": {"c": 1}}]}}),
            "`not.or.0.b.c`",
            "`lt`",
            "`c`",
        ),
    ];
    for (filter, at, expected, found) in cases {
        let (was_at, was_expected, was_found) = wrong(filter.clone());
        assert_eq!(was_at, at, "{filter}");
        assert!(was_expected.contains(expected), "{filter}: {was_expected}");
        assert!(was_found.contains(found), "{filter}: {was_found}");
    }
    let long = "x".repeat(1000);
    let error = Filter::from_json(&json!({&long: {&long: 1}})).unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
}

#[test]
fn malformed_short_forms_are_refused_with_what_was_expected() {
    let cases = [
        ("", "an attribute's name", "none"),
        ("!", "an attribute's name", "none"),
        ("=x", "an attribute's name", "none"),
        (" <5", "an attribute's name", "none"),
        ("!a=5", "`a!=`", "`!` before"),
        ("a=", "a value", "none"),
        ("a=x,,y", "a value", "none"),
        ("a=x,", "a value", "none"),
        ("a<", "a value", "none"),
        ("a<1,2", "one value", "2 values"),
        ("a=\"x", "a quote at the end", "none"),
        ("a=\"x\\", "a quote at the end", "none"),
        ("a=\"x\"y", "a comma", "\"y\""),
        ("{\"a\": ", "JSON", "EOF"),
    ];
    for (filter, expected, found) in cases {
        let (at, was_expected, was_found) = wrong_text(filter);
        assert_eq!(at, format!("`{}`", filter.trim()));
        assert!(was_expected.contains(expected), "{filter}: {was_expected}");
        assert!(was_found.contains(found), "{filter}: {was_found}");
    }
    let message = Filter::from_text("price<1,2").unwrap_err().to_string();
    let expected = "the filter is malformed at `price<1,2`: expected one value, found 2 values";
    assert_eq!(message, expected);
}

#[test]
fn filters_have_limits() {
    let clause = |i: usize| json!({ &format!("a{i}"): 1 });
    let clauses = |count: usize| {
        Filter::from_json(&json!({"and": (0..count).map(clause).collect::<Vec<_>>()}))
    };
    assert!(clauses(MAX_CLAUSES).is_ok());
    let max = MAX_CLAUSES;
    assert_eq!(
        clauses(MAX_CLAUSES + 1),
        Err(FilterError::TooManyClauses { max })
    );
    let texts = |count: usize| Filter::from_texts(std::iter::repeat_n("a", count));
    assert!(texts(MAX_CLAUSES).is_ok());
    assert_eq!(
        texts(MAX_CLAUSES + 1),
        Err(FilterError::TooManyClauses { max })
    );
    // Repeated conditions count too, because they are parsed.
    let bounds = json!({"a": {"gt": 1, "lt": 2, "ne": 3, "exists": true}});
    let many = |count: usize| Filter::from_json(&json!({"or": vec![bounds.clone(); count]}));
    assert!(many(MAX_CLAUSES / 3).is_ok() && many(MAX_CLAUSES / 3 + 1).is_err());

    let deep = |depth: usize| {
        let around = |inner, i| match i % 3 {
            0 => json!({"not": inner}),
            1 => json!({"and": [inner]}),
            _ => json!({"or": [inner, {"b": 1}]}),
        };
        Filter::from_json(&(1..depth).fold(json!({"a": 1}), around))
    };
    assert!(deep(MAX_DEPTH).is_ok());
    let max = MAX_DEPTH;
    assert_eq!(deep(MAX_DEPTH + 1), Err(FilterError::TooDeep { max }));
    assert_eq!(deep(1000), Err(FilterError::TooDeep { max }));

    let values = |count: usize| (0..count).collect::<Vec<_>>();
    let texts: Vec<String> = values(MAX_VALUES + 1)
        .iter()
        .map(ToString::to_string)
        .collect();
    let (fits, too_many) = (texts[1..].join(","), texts.join(","));
    assert!(Filter::from_json(&json!({"a": values(MAX_VALUES)})).is_ok());
    assert!(Filter::from_text(&format!("a={fits}")).is_ok());
    let error = FilterError::TooManyValues {
        attribute: "a".to_owned(),
        max: MAX_VALUES,
        found: MAX_VALUES + 1,
    };
    let too_many = [
        Filter::from_json(&json!({"a": values(MAX_VALUES + 1)})),
        Filter::from_json(&json!({"a": {"ne": values(MAX_VALUES + 1)}})),
        Filter::from_text(&format!("a={too_many}")),
        Filter::from_text(&format!("a!={too_many}")),
    ];
    for filter in too_many {
        assert_eq!(filter, Err(error.clone()));
    }
}
