//! The member `query` of a search in JSON.

use lookalike_core::{Area, Fingerprint};
use lookalike_search::{BadQuery, MAX_QUERY_ITEMS, MAX_WEIGHT};
use serde_json::value::RawValue;

use super::base64::decode_image;
use super::item::{Item, Subject};
use super::json_text::invalid;
use super::raw::Raw;
use super::search_params::ImageParams;
use super::values::Values;
use crate::problem::{Problem, ProblemKind};

/// The expected form of a query item.
const EXPECTED: &str = "an object with exactly one of \"image\" (an image in base64), \"key\" (an object key), \
                        \"product\" (an id), \"vector\" (numbers, with \"fingerprint\") and \"part\" (a field of a \
                        form), and with \"weight\", or of an image \"crop\" and \"trim\", beside it";

/// Reads a list of query items.
pub(super) fn read_items(query: &RawValue) -> Result<Vec<Item>, Problem> {
    let items: Vec<&RawValue> = serde_json::from_str(query.get()).map_err(|_| {
        let found = Raw::Json(query).shown();
        invalid(format!("query is {found}, but it must be a list of items"))
    })?;
    // Before any of them is decoded.
    if items.len() > MAX_QUERY_ITEMS {
        return Err(BadQuery::TooMany(items.len()).into());
    }
    let items = items.into_iter().enumerate();
    items.map(|(at, item)| read_item(at, item)).collect()
}

fn read_item(at: usize, item: &RawValue) -> Result<Item, Problem> {
    let this = format!("query[{at}]");
    let about = |problem: Problem| problem.about(&this);
    let members = Values::of_json(item.get().as_bytes(), EXPECTED).map_err(about)?;
    let mut members = members.named(format!("{this}."));
    let [image, key, product, vector, fingerprint, part, weight] = [
        "image",
        "key",
        "product",
        "vector",
        "fingerprint",
        "part",
        "weight",
    ]
    .map(|name| members.take_json(name));
    let area = Area::from(members.take::<ImageParams>()?);
    members.finish().map_err(about)?;

    let text = |name: &str, json: &RawValue| {
        let text = Raw::Json(json).text();
        text.ok_or_else(|| wrong(&format!("{this}.{name}"), json, "a text"))
    };
    let subject = match (image, key, part, product, vector) {
        (Some(image), None, None, None, None) => {
            let base64 = text("image", image)?;
            Subject::Image(decode_image(&format!("{this}.image"), &base64)?, area)
        }
        (None, Some(key), None, None, None) => Subject::Key(text("key", key)?, area),
        (None, None, Some(part), None, None) => Subject::Field(text("part", part)?, area),
        (None, None, None, Some(product), None) => Subject::Product(text("product", product)?),
        (None, None, None, None, Some(vector)) => Subject::Vector(
            read_vector(&format!("{this}.vector"), vector)?,
            read_fingerprint(&format!("{this}.fingerprint"), fingerprint)?,
        ),
        _ => return Err(invalid(format!("{this}: expected {EXPECTED}"))),
    };
    let has_image = !matches!(subject, Subject::Product(_) | Subject::Vector(..));
    if area != Area::default() && !has_image {
        return Err(invalid(format!(
            "{this} has crop or trim, but no image that they could be about"
        )));
    }
    if fingerprint.is_some() && !matches!(subject, Subject::Vector(..)) {
        return Err(invalid(format!(
            "{this}.fingerprint says what made a vector, but there is none"
        )));
    }
    let weight = match weight {
        Some(weight) => read_weight(&format!("{this}.weight"), weight)?,
        None => 1.0,
    };
    Ok(Item { subject, weight })
}

fn read_weight(name: &str, json: &RawValue) -> Result<f32, Problem> {
    // Rounded to 32 bits, a number that is slightly too large would be the maximum.
    let max = f64::from(MAX_WEIGHT);
    let number: Option<f64> = Raw::Json(json).plain();
    let number = number.filter(|number| number.abs() <= max);
    number.map(|number| number as f32).ok_or_else(|| {
        let must = format!("a number from -{max} to {max} other than 0");
        wrong(name, json, &must).of(ProblemKind::InvalidQuery)
    })
}

fn read_vector(name: &str, json: &RawValue) -> Result<Vec<f32>, Problem> {
    let numbers: Option<Vec<f64>> = Raw::Json(json).json();
    // A number too large for f32 becomes infinite, and the search refuses it as such.
    let numbers = numbers.map(|numbers| numbers.into_iter().map(|x| x as f32).collect());
    numbers.ok_or_else(|| {
        let must = "a list of numbers, as long as the vectors of the index are";
        wrong(name, json, must).of(ProblemKind::InvalidVector)
    })
}

fn read_fingerprint(name: &str, json: Option<&RawValue>) -> Result<Fingerprint, Problem> {
    const MUST: &str = "the encoder.fingerprint that GET /index tells: 64 hexadecimal digits";
    let Some(json) = json else {
        let detail = format!("{name} is missing: it must be {MUST}");
        return Err(Problem::new(ProblemKind::InvalidVector, detail));
    };
    let text = Raw::Json(json).text();
    let fingerprint = text.and_then(|text| text.parse().ok());
    fingerprint.ok_or_else(|| wrong(name, json, MUST).of(ProblemKind::InvalidVector))
}

fn wrong(name: &str, json: &RawValue, must: &str) -> Problem {
    Raw::Json(json)
        .refused(name, must)
        .of(ProblemKind::InvalidJson)
}
