//! Query parameters. One that is not known is refused: a misspelt `minscore` that changes nothing
//! would look like an answer.

use axum::extract::Query;
use http::Uri;
use lookalike_service::{MAX_K, SearchOptions};

use crate::problem::{Problem, ProblemKind, shown};

/// `k` and `min_score`, each optional.
pub(crate) fn search_options(uri: &Uri) -> Result<SearchOptions, Problem> {
    let mut options = SearchOptions::default();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in pairs(uri)? {
        if seen.contains(&name) {
            return Err(invalid(format!("{name} is given more than once")));
        }
        match name.as_str() {
            "k" => options.k = k(&value)?,
            "min_score" => options.min_score = min_score(&value)?,
            _ => return Err(unknown(&name, "k and min_score")),
        }
        seen.push(name);
    }
    Ok(options)
}

/// Refuses every parameter, for routes that have none.
pub(crate) fn no_parameters(uri: &Uri) -> Result<(), Problem> {
    match pairs(uri)?.first() {
        Some((name, _)) => Err(unknown(name, "none")),
        None => Ok(()),
    }
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| invalid(error.body_text()))
}

fn k(text: &str) -> Result<usize, Problem> {
    let k = text.parse().ok().filter(|k| (1..=MAX_K).contains(k));
    k.ok_or_else(|| {
        invalid(format!(
            "k is {}, but it must be a whole number from 1 to {MAX_K}",
            shown(text)
        ))
    })
}

fn min_score(text: &str) -> Result<f32, Problem> {
    let score = text.parse().ok();
    score
        .filter(|score| (-1.0..=1.0).contains(score))
        .ok_or_else(|| {
            invalid(format!(
                "min_score is {}, but it must be a number from -1 to 1",
                shown(text)
            ))
        })
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
    use super::*;

    fn options(query: &str) -> Result<SearchOptions, Problem> {
        search_options(&format!("/search?{query}").parse().unwrap())
    }

    #[test]
    fn both_parameters_are_optional() {
        assert_eq!(options("").unwrap(), SearchOptions::default());
        let found = options("min_score=-0.5&k=1000").unwrap();
        assert_eq!((found.k, found.min_score), (1000, -0.5));
    }

    #[test]
    fn values_out_of_range_or_of_another_type_are_refused() {
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
        ] {
            let problem = options(query).unwrap_err();
            assert_eq!(problem.kind, ProblemKind::InvalidParameter, "{query}");
            let name = query.split('=').next().unwrap();
            assert!(problem.detail.starts_with(name), "{}", problem.detail);
        }
    }

    #[test]
    fn an_unknown_parameter_names_the_known_ones() {
        let problem = options("minscore=0.5").unwrap_err();
        assert_eq!(problem.kind, ProblemKind::UnknownParameter);
        assert_eq!(
            problem.detail,
            "there is no parameter \"minscore\"; known here: k and min_score"
        );
    }

    #[test]
    fn a_route_without_parameters_takes_none() {
        assert!(no_parameters(&"/index".parse().unwrap()).is_ok());
        assert!(no_parameters(&"/index?".parse().unwrap()).is_ok());
        assert!(no_parameters(&"/index?a=1".parse().unwrap()).is_err());
    }
}
