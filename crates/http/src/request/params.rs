//! Query parameters. One that is not known is refused: a misspelt `minscore` that changes nothing
//! would look like an answer.

use axum::extract::Query;
use http::Uri;
use serde_json::Value;

use super::options::{Given, OPTIONS, PART_OPTIONS};
use super::raw::Raw;
use crate::problem::{Problem, ProblemKind, shown};

/// Entries of each list of an audit where nobody says, and at most: a reply has to fit through Lambda.
const LISTED: usize = 50;
const MOST_LISTED: usize = 100;

/// The options in the query string of a search by picture, crop and margins of the picture among them.
pub(crate) fn search_parameters(uri: &Uri) -> Result<Given, Problem> {
    read(uri, &[&OPTIONS[..], &PART_OPTIONS[..]].concat())
}

/// The options in the query string of a search without a picture.
pub(crate) fn similar_parameters(uri: &Uri) -> Result<Given, Problem> {
    read(uri, &OPTIONS)
}

/// Refuses every parameter, for routes that have none.
pub(crate) fn no_parameters(uri: &Uri) -> Result<(), Problem> {
    match pairs(uri)?.first() {
        Some((name, _)) => Err(unknown(name, "none")),
        None => Ok(()),
    }
}

/// Entries of the lists of an audit.
pub(crate) fn audit_limit(uri: &Uri) -> Result<usize, Problem> {
    let mut limit = None;
    for (name, value) in pairs(uri)? {
        if name != "limit" {
            return Err(unknown(&name, "limit"));
        }
        let number = value.parse().ok().filter(|n| (1..=MOST_LISTED).contains(n));
        let number = number.ok_or_else(|| {
            let shown = shown(&value);
            invalid(format!(
                "limit is {shown}, but it must be a whole number from 1 to {MOST_LISTED}"
            ))
        })?;
        if limit.replace(number).is_some() {
            return Err(invalid("limit is given more than once".to_owned()));
        }
    }
    Ok(limit.unwrap_or(LISTED))
}

fn read(uri: &Uri, known: &[&str]) -> Result<Given, Problem> {
    let pairs = pairs(uri)?;
    let mut given = Given::default();
    let mut lists: Vec<(&str, String)> = Vec::new();
    let mut filters = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in &pairs {
        let name = name.as_str();
        if !known.contains(&name) {
            return Err(unknown(name, &listed(known)));
        }
        match name {
            // All of them have to hold.
            "filter" => filters.push(Value::from(value.as_str())),
            // Names in several parameters are as good as names between commas.
            "fields" | "facets" => match lists.iter_mut().find(|(known, _)| *known == name) {
                Some((_, list)) => *list = [list.as_str(), value].join(","),
                None => lists.push((name, value.clone())),
            },
            _ if seen.contains(&name) => {
                return Err(invalid(format!("{name} is given more than once")));
            }
            _ => {
                given.take(name, Raw::Text(value))?;
            }
        }
        seen.push(name);
    }
    for (name, list) in lists {
        given.take(name, Raw::Text(&list))?;
    }
    if !filters.is_empty() {
        given.filter_by(filters);
    }
    Ok(given)
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| invalid(error.body_text()))
}

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidParameter, detail)
}

fn unknown(name: &str, known: &str) -> Problem {
    Problem::new(
        ProblemKind::UnknownParameter,
        format!("there is no parameter {}; known here: {known}", shown(name)),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use lookalike_search::{GroupBy, Images, SearchOptions};
    use serde_json::json;

    use super::*;

    fn given(query: &str) -> Result<Given, Problem> {
        search_parameters(&format!("/search?{query}").parse().unwrap())
    }

    fn options(query: &str) -> SearchOptions {
        given(query).unwrap().options()
    }

    #[test]
    fn every_parameter_is_optional() {
        assert_eq!(options(""), SearchOptions::default());
        let found = options(
            "min_score=-0.5&k=1000&group_by=image&images=all&diversity=0.25&collapse=true&fields=name,price&\
             facets=category&links=false&cursor=abc&min_generation=12",
        );
        let expected = SearchOptions {
            k: 1000,
            min_score: -0.5,
            min_match: None,
            filter: None,
            group_by: GroupBy::Image,
            images: Images::All,
            diversity: 0.25,
            collapse: true,
            fields: Some(vec!["name".to_owned(), "price".to_owned()]),
            facets: vec!["category".to_owned()],
            links: false,
            cursor: Some("abc".to_owned()),
            min_generation: Some(12),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn filters_and_names_may_be_repeated_and_no_names_are_names_too() {
        let found = options("filter=category%3Dshoes&filter=price%3C50&fields=a&fields=b,c");
        assert_eq!(found.filter, Some(json!(["category=shoes", "price<50"])));
        assert_eq!(
            found.fields,
            Some(["a", "b", "c"].map(str::to_owned).to_vec())
        );
        assert_eq!(options("fields=").fields, Some(Vec::new()));
    }

    #[test]
    fn crop_and_trim_are_of_the_picture() {
        let found = given("crop=10%25,10%25,50%25,50%25&trim=false").unwrap();
        assert_eq!(found.crop, Some("0.1,0.1,0.5,0.5".parse().unwrap()));
        assert_eq!(found.trim, Some(false));
        let uri = "/products/a/similar?crop=1,1,2,2".parse().unwrap();
        let problem = similar_parameters(&uri).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnknownParameter);
    }

    #[test]
    fn values_out_of_range_or_of_another_type_are_refused() {
        let many = format!("fields={}", "a,".repeat(64) + "a");
        for query in [
            "k=0",
            "k=1001",
            "k=100000",
            "k=abc",
            "k=",
            "k=-1",
            "k=1.5",
            "k=99999999999999999999",
            "k=%F0%9F%A6%80",
            "min_score=NaN",
            "min_score=inf",
            "min_score=1.1",
            "min_score=",
            "min_score=x",
            "k=1&k=2",
            "group_by=shop",
            "images=",
            "diversity=-0.1",
            "diversity=1.5",
            "diversity=nan",
            "collapse=yes",
            "fields=a,,b",
            &many,
            "facets=,",
            "links=no",
            "cursor=",
            "min_generation=-1",
            "min_generation=1.5",
            "trim=1",
        ] {
            let problem = given(query).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidParameter, "{query}");
            let name = query.split('=').next().unwrap();
            assert!(problem.detail.starts_with(name), "{}", problem.detail);
        }
        for query in ["crop=1,2,3", "crop=", "crop=0,0,inf,1", "crop=NaN,0,1,1"] {
            let problem = given(query).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidCrop, "{query}");
        }
    }

    #[test]
    fn an_unknown_parameter_names_the_known_ones() {
        let problem = given("minscore=0.5").unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnknownParameter);
        assert_eq!(
            problem.detail,
            "there is no parameter \"minscore\"; known here: k, min_score, min_match, filter, group_by, images, \
             diversity, collapse, fields, facets, links, cursor, min_generation, crop and trim"
        );
    }

    #[test]
    fn a_route_without_parameters_takes_none() {
        assert!(no_parameters(&"/index".parse().unwrap()).is_ok());
        assert!(no_parameters(&"/index?".parse().unwrap()).is_ok());
        assert!(no_parameters(&"/index?a=1".parse().unwrap()).is_err());
    }
}
