//! The query strings of the routes.

use http::Uri;

use super::search_params::SearchParams;
use super::values::{Values, pairs, refused, unknown_parameter};
use crate::problem::{Problem, shown};

/// Items of each list of an audit: by default, and at most, since a reply has to fit through Lambda.
const DEFAULT_AUDIT_ITEMS: usize = 50;
const MAX_AUDIT_ITEMS: usize = 100;

/// Reads the options of a search without an image.
pub(crate) fn similar_params(uri: &Uri) -> Result<SearchParams, Problem> {
    SearchParams::read(Values::of_query(uri)?)
}

/// Refuses every parameter, for routes that have none.
pub(crate) fn no_parameters(uri: &Uri) -> Result<(), Problem> {
    match pairs(uri)?.first() {
        Some((name, _)) => Err(unknown_parameter(name, "none")),
        None => Ok(()),
    }
}

/// Reads the number of items of each list of an audit.
pub(crate) fn audit_limit(uri: &Uri) -> Result<usize, Problem> {
    let mut limit = None;
    for (name, value) in pairs(uri)? {
        if name != "limit" {
            return Err(unknown_parameter(&name, "limit"));
        }
        let number = value.parse().ok();
        let number = number.filter(|n| (1..=MAX_AUDIT_ITEMS).contains(n));
        let number = number.ok_or_else(|| {
            let shown = shown(&value);
            refused(format!(
                "limit is {shown}, but it must be a whole number from 1 to {MAX_AUDIT_ITEMS}"
            ))
        })?;
        if limit.replace(number).is_some() {
            return Err(refused("limit is given more than once".to_owned()));
        }
    }
    Ok(limit.unwrap_or(DEFAULT_AUDIT_ITEMS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use lookalike_search::{GroupBy, Images, SearchOptions};
    use serde_json::json;

    use super::*;
    use crate::problem::ProblemKind;
    use crate::request::search_params::ImageSearchParams;

    fn given(query: &str) -> Result<ImageSearchParams, Problem> {
        ImageSearchParams::read(Values::of_query(
            &format!("/search?{query}").parse().unwrap(),
        )?)
    }

    fn options(query: &str) -> SearchOptions {
        given(query).unwrap().search.options()
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
    fn crop_and_trim_are_about_the_image() {
        let found = given("crop=10%25,10%25,50%25,50%25&trim=false").unwrap();
        assert_eq!(found.image.crop, Some("0.1,0.1,0.5,0.5".parse().unwrap()));
        assert_eq!(found.image.trim, Some(false));
        let uri = "/products/a/similar?crop=1,1,2,2".parse().unwrap();
        let problem = similar_params(&uri).unwrap_err();
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
