//! A search in JSON.

use serde_json::value::RawValue;

use super::base64::decode_image;
use super::ignored::Ignored;
use super::item::{Item, Subject};
use super::items::read_items;
use super::json_text::invalid;
use super::raw::Raw;
use super::search_params::ImageSearchParams;
use super::values::Values;
use crate::problem::{Problem, ProblemKind};

/// The expected form of a search in JSON.
const EXPECTED: &str = "an object with exactly one of \"image\" (an image in base64), \"key\" (an object key) and \
                        \"query\" (a list of items), and options beside it";

/// Reads a search in JSON together with the query string. The items are `None` if there is no query at all, which a
/// form may leave to its images.
pub(super) fn read_search(
    body: &[u8],
    query_string: Values<'_>,
    ignored: &mut Ignored,
) -> Result<(Option<Vec<Item>>, ImageSearchParams), Problem> {
    let mut members = Values::of_json(body, EXPECTED)?;
    let query = members.take_json("query");
    let image = members.take_json("image");
    let key = members.take_json("key");
    let params = ImageSearchParams::read(query_string.and(members, ignored))?;
    let items = match (query, image, key) {
        (None, None, None) => None,
        (Some(query), None, None) => Some(read_items(query)?),
        (None, Some(image), None) => {
            let image = decode_image("image", &text("image", image)?)?;
            Some(vec![Item::new(Subject::Image(image, Default::default()))])
        }
        (None, None, Some(key)) => {
            let key = text("key", key)?;
            Some(vec![Item::new(Subject::Key(key, Default::default()))])
        }
        _ => return Err(no_query()),
    };
    Ok((items, params))
}

/// Returns the problem of JSON that does not say what to search with.
pub(super) fn no_query() -> Problem {
    invalid(format!("expected {EXPECTED}"))
}

fn text(name: &str, json: &RawValue) -> Result<String, Problem> {
    let raw = Raw::Json(json);
    raw.text()
        .ok_or_else(|| raw.refused(name, "a text").of(ProblemKind::InvalidJson))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(body: &str) -> Result<(Vec<Item>, ImageSearchParams), Problem> {
        let (items, params) =
            read_search(body.as_bytes(), Values::default(), &mut Ignored::default())?;
        Ok((items.ok_or_else(no_query)?, params))
    }

    #[test]
    fn a_key_is_taken_as_it_is() {
        let (items, _) = read(r#"{"key": "catalog/a b+c%20\u00fc.jpg"}"#).unwrap();
        assert!(
            matches!(&items[0].subject, Subject::Key(key, _) if key == "catalog/a b+c%20ü.jpg")
        );
    }

    #[test]
    fn options_stand_beside_the_query() {
        let body = r#"{"query": [{"product": "a"}, {"key": "uploads/b", "weight": -0.5, "trim": false,
            "crop": {"x": 0, "y": 0.5, "w": 1, "h": 0.5, "unit": "share"}}],
            "k": 3, "fields": [], "filter": {"category": "shoes"}, "cursor": null, "collapse": true}"#;
        let (mut items, params) = read(body).unwrap();
        assert_eq!(items[1].weight, -0.5);
        let part = items[1].area().unwrap();
        assert_eq!(part.crop, Some("0%,50%,100%,50%".parse().unwrap()));
        assert_eq!(part.trim, Some(false));
        let options = params.search.options();
        assert_eq!((options.k, options.fields), (3, Some(Vec::new())));
        assert_eq!(options.filter.unwrap()["category"], "shoes");
        assert!(options.collapse && options.cursor.is_none());
    }

    #[test]
    fn anything_but_one_query_is_refused() {
        for body in [
            "",
            "nonsense",
            "{",
            "[]",
            "\"text\"",
            "null",
            "{}",
            "{\"k\": 1}",
            "{\"key\": \"a\", \"image\": \"b\"}",
            "{\"key\": \"a\", \"query\": []}",
            "{} x",
            "\u{0}",
        ] {
            let problem = read(body).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidJson, "{body}");
            assert!(
                problem.detail.contains("exactly one of"),
                "{}",
                problem.detail
            );
        }
        for (body, named) in [
            (
                "{\"url\": \"x\"}",
                "unknown field `url`, expected one of `query`, `image`",
            ),
            ("{\"key\": \"a\", \"key\": \"b\"}", "duplicate field `key`"),
            ("{\"key\": 1}", "key is 1, but it must be a text"),
            (
                "{\"query\": {}}",
                "query is an object, but it must be a list",
            ),
            ("{\"query\": [1]}", "query[0]: expected an object"),
            ("{\"query\": [{}]}", "query[0]: expected an object"),
            (
                "{\"query\": [{\"key\": \"a\", \"product\": \"b\"}]}",
                "query[0]: expected an object",
            ),
            (
                "{\"query\": [{\"key\": \"a\"}, {\"id\": \"b\"}]}",
                "query[1]: unknown field `id`",
            ),
            ("{\"query\": [{\"product\": 7}]}", "query[0].product is 7"),
            (
                "{\"query\": [{\"product\": \"a\", \"crop\": \"1,1,2,2\"}]}",
                "no image",
            ),
            (
                "{\"query\": [{\"product\": \"a\", \"fingerprint\": \"\"}]}",
                "there is none",
            ),
        ] {
            let problem = read(body).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidJson, "{body}");
            assert!(problem.detail.contains(named), "{}", problem.detail);
        }
    }

    #[test]
    fn other_values_are_refused_by_their_own_names() {
        let many = format!("[{}]", ["{\"product\": \"a\"}"; 50].join(","));
        for (item, kind, named) in [
            (
                r#"[{"key": "a", "weight": "1"}]"#,
                ProblemKind::InvalidQuery,
                "query[0].weight is \"1\"",
            ),
            (
                r#"[{"key": "a", "crop": "1,2"}]"#,
                ProblemKind::InvalidCrop,
                "query[0].crop",
            ),
            (
                r#"[{"key": "a", "crop": {"x": 1, "y": 1, "w": 2, "h": 2}}]"#,
                ProblemKind::InvalidCrop,
                "\"unit\"",
            ),
            (
                r#"[{"key": "a", "trim": 1}]"#,
                ProblemKind::InvalidParameter,
                "query[0].trim is 1",
            ),
            (
                r#"[{"vector": [1, 2]}]"#,
                ProblemKind::InvalidVector,
                "query[0].fingerprint is missing",
            ),
            (
                r#"[{"vector": ["x"], "fingerprint": ""}]"#,
                ProblemKind::InvalidVector,
                "list of numbers",
            ),
            (
                r#"[{"vector": [1e999], "fingerprint": ""}]"#,
                ProblemKind::InvalidVector,
                "list of numbers",
            ),
            (
                r#"[{"vector": [1], "fingerprint": "abc"}]"#,
                ProblemKind::InvalidVector,
                "64 hexadecimal",
            ),
            (&many, ProblemKind::InvalidQuery, "50 items, at most 16"),
        ] {
            let problem = read(&format!("{{\"query\": {item}}}")).unwrap_err();
            assert_eq!(problem.kind, kind, "{}", problem.detail);
            assert!(problem.detail.contains(named), "{}", problem.detail);
        }
    }

    #[test]
    fn no_problem_repeats_what_may_be_an_image() {
        let secret = "secret".repeat(1000);
        for body in [
            format!("\"{secret}\""),
            format!("{{\"k\": \"{secret}\", \"key\": \"a\"}}"),
            format!("{{\"query\": \"{secret}\"}}"),
            format!("{{\"query\": [\"{secret}\"]}}"),
            format!("{{\"query\": [{{\"product\": [\"{secret}\"]}}]}}"),
            format!("{{\"query\": [{{\"key\": \"a\", \"crop\": \"{secret}\"}}]}}"),
            format!("{{\"image\": \"{secret}!\"}}"),
            format!("{{\"image\": [\"{secret}\"]}}"),
            format!("{{\"key\": \"a\", \"fields\": \"{secret}\"}}"),
            format!("{{\"key\": \"a\", \"group_by\": \"{secret}\"}}"),
        ] {
            let problem = read(&body).unwrap_err();
            assert!(!problem.detail.contains("secret"), "{}", problem.detail);
        }
        let named = read(&format!("{{\"{secret}\": 1}}")).unwrap_err();
        assert!(named.detail.len() < 500, "{}", named.detail);
    }
}
