//! What a JSON body, or the part `request` of a form, says of the query.

use bytes::Bytes;
use lookalike_core::{Area, Crop, Fingerprint};
use lookalike_search::{BadQuery, MAX_QUERY_ITEMS, QueryItem};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::base64::decode_picture;
use super::json::{invalid, parse};
use super::options::{crop, flag};
use super::raw::Raw;
use crate::problem::{Problem, ProblemKind};

/// What a query item may hold, for whoever wrote another.
const EXPECTED: &str = "an object with exactly one of \"image\" (a picture in base64), \"key\" (an object key), \
                        \"product\" (an id), \"vector\" (numbers, with \"fingerprint\") and \"part\" (a field of a \
                        form), and with \"weight\", or of a picture \"crop\" and \"trim\", beside it";

/// One item, of which the pictures of a form are still to be looked up.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) subject: Subject,
    pub(super) weight: f32,
}

/// What an item is about.
#[derive(Debug)]
pub(super) enum Subject {
    Picture(Bytes, Area),
    Key(String, Area),
    /// The form field with this name.
    Field(String, Area),
    Product(String),
    Vector(Vec<f32>, Fingerprint),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    image: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    product: Option<&'a RawValue>,
    #[serde(borrow)]
    vector: Option<&'a RawValue>,
    #[serde(borrow)]
    fingerprint: Option<&'a RawValue>,
    #[serde(borrow)]
    part: Option<&'a RawValue>,
    #[serde(borrow)]
    crop: Option<&'a RawValue>,
    #[serde(borrow)]
    trim: Option<&'a RawValue>,
    #[serde(borrow)]
    weight: Option<&'a RawValue>,
}

impl Item {
    /// An item of weight one.
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            weight: 1.0,
        }
    }

    /// The items of the member `query`.
    pub(super) fn list(query: &RawValue) -> Result<Vec<Self>, Problem> {
        let items: Vec<&RawValue> = serde_json::from_str(query.get()).map_err(|_| {
            let found = Raw::Json(query).shown();
            invalid(format!("query is {found}, but it must be a list of items"))
        })?;
        // Before any of them is decoded.
        if items.len() > MAX_QUERY_ITEMS {
            return Err(BadQuery::TooMany(items.len()).into());
        }
        let items = items.into_iter().enumerate();
        items.map(|(at, item)| Self::read(at, item)).collect()
    }

    fn read(at: usize, item: &RawValue) -> Result<Self, Problem> {
        let name = |member: &str| format!("query[{at}].{member}");
        let members: Members<'_> = parse(item.get().as_bytes(), EXPECTED)
            .map_err(|problem| problem.about(&format!("query[{at}]")))?;
        let part = Area {
            crop: given_crop(&name("crop"), members.crop)?,
            trim: given_flag(&name("trim"), members.trim)?,
        };
        let has_part = part != Area::default();
        let kinds = [
            members.image,
            members.key,
            members.product,
            members.vector,
            members.part,
        ];
        if kinds.iter().flatten().count() != 1 {
            return Err(invalid(format!("query[{at}]: expected {EXPECTED}")));
        }
        let text = |member: &str, raw: &RawValue| {
            let text = Raw::Json(raw).text();
            text.ok_or_else(|| wrong(&name(member), raw, "a text"))
        };
        let subject = if let Some(image) = members.image {
            let name = name("image");
            Subject::Picture(decode_picture(&name, &text("image", image)?)?, part)
        } else if let Some(key) = members.key {
            Subject::Key(text("key", key)?, part)
        } else if let Some(field) = members.part {
            Subject::Field(text("part", field)?, part)
        } else if let Some(product) = members.product {
            Subject::Product(text("product", product)?)
        } else if let Some(vector) = members.vector {
            Subject::Vector(
                numbers(&name("vector"), vector)?,
                fingerprint(&name("fingerprint"), members.fingerprint)?,
            )
        } else {
            return Err(invalid(format!("query[{at}]: expected {EXPECTED}")));
        };
        let is_picture = !matches!(subject, Subject::Product(_) | Subject::Vector(..));
        if has_part && !is_picture {
            let detail =
                format!("query[{at}] has crop or trim, but no picture that they could be about");
            return Err(invalid(detail));
        }
        if members.fingerprint.is_some() && !matches!(subject, Subject::Vector(..)) {
            let detail =
                format!("query[{at}].fingerprint says what made a vector, but there is none");
            return Err(invalid(detail));
        }
        let weight = members.weight.map_or(Ok(1.0), |weight| {
            let number = Raw::Json(weight).plain::<f32>();
            number.ok_or_else(|| {
                let must = "a number other than 0";
                wrong(&name("weight"), weight, must).of(ProblemKind::InvalidQuery)
            })
        })?;
        Ok(Self { subject, weight })
    }

    /// The part of the picture that this is about; `None` for what is no picture.
    pub(super) fn part(&mut self) -> Option<&mut Area> {
        match &mut self.subject {
            Subject::Picture(_, part) | Subject::Key(_, part) | Subject::Field(_, part) => {
                Some(part)
            }
            Subject::Product(_) | Subject::Vector(..) => None,
        }
    }

    /// The item of the query; `fields` finds the pictures of a form.
    pub(super) fn resolve(
        self,
        mut fields: impl FnMut(&str) -> Result<Bytes, Problem>,
    ) -> Result<QueryItem, Problem> {
        let item = match self.subject {
            Subject::Picture(bytes, part) => QueryItem::image(bytes, part),
            Subject::Key(key, part) => QueryItem::key(key, part),
            Subject::Field(name, part) => QueryItem::image(fields(&name)?, part),
            Subject::Product(id) => QueryItem::product(id),
            Subject::Vector(numbers, fingerprint) => QueryItem::vector(numbers, fingerprint),
        };
        Ok(item.weighing(self.weight))
    }
}

fn given_crop(name: &str, raw: Option<&RawValue>) -> Result<Option<Crop>, Problem> {
    raw.map(|raw| crop(name, Raw::Json(raw))).transpose()
}

fn given_flag(name: &str, raw: Option<&RawValue>) -> Result<Option<bool>, Problem> {
    raw.map(|raw| flag(name, Raw::Json(raw))).transpose()
}

fn numbers(name: &str, raw: &RawValue) -> Result<Vec<f32>, Problem> {
    let numbers: Option<Vec<f64>> = Raw::Json(raw).json();
    // One that is too large for the other type becomes infinite, and is refused as such.
    let numbers = numbers.map(|numbers| numbers.into_iter().map(|x| x as f32).collect());
    numbers.ok_or_else(|| {
        let must = "a list of numbers, as long as the vectors of the index are";
        wrong(name, raw, must).of(ProblemKind::InvalidVector)
    })
}

fn fingerprint(name: &str, raw: Option<&RawValue>) -> Result<Fingerprint, Problem> {
    const MUST: &str = "the encoder.fingerprint that GET /index tells: 64 hexadecimal digits";
    let Some(raw) = raw else {
        let detail = format!("{name} is missing: it must be {MUST}");
        return Err(Problem::new(ProblemKind::InvalidVector, detail));
    };
    let text = Raw::Json(raw).text();
    let fingerprint = text.and_then(|text| text.parse().ok());
    fingerprint.ok_or_else(|| wrong(name, raw, MUST).of(ProblemKind::InvalidVector))
}

fn wrong(name: &str, raw: &RawValue, must: &str) -> Problem {
    Raw::Json(raw)
        .refused(name, must)
        .of(ProblemKind::InvalidJson)
}
