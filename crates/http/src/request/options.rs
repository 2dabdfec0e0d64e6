//! The options of a search, each given in the query string or in the body, and in one of them only.

use lookalike_core::{Crop, CropUnit, Match};
use lookalike_search::{GroupBy, Images, MAX_FACETS, MAX_FIELDS, MAX_K, SearchOptions};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::raw::Raw;
use crate::problem::{Problem, ProblemKind};

/// Longest name of a metadata member or an attribute, in bytes.
const MAX_NAME: usize = 1024;

/// The names of all options, as they are written.
pub(super) const OPTIONS: [&str; 13] = [
    "k",
    "min_score",
    "min_match",
    "filter",
    "group_by",
    "images",
    "diversity",
    "collapse",
    "fields",
    "facets",
    "links",
    "cursor",
    "min_generation",
];

/// What can be said beside them of the one picture of a query.
pub(super) const PART_OPTIONS: [&str; 2] = ["crop", "trim"];

/// What one place of a request says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Given {
    k: Option<usize>,
    min_score: Option<f32>,
    min_match: Option<Match>,
    filter: Option<Value>,
    group_by: Option<GroupBy>,
    images: Option<Images>,
    diversity: Option<f32>,
    collapse: Option<bool>,
    fields: Option<Vec<String>>,
    facets: Option<Vec<String>>,
    links: Option<bool>,
    cursor: Option<String>,
    min_generation: Option<u64>,
    /// Of the one picture.
    pub(super) crop: Option<Crop>,
    /// Of the one picture.
    pub(super) trim: Option<bool>,
}

impl Given {
    /// Takes the value of an option; whether there is such an option.
    pub(super) fn take(&mut self, name: &str, raw: Raw<'_>) -> Result<bool, Problem> {
        match name {
            "k" => self.k = Some(k(raw)?),
            "min_score" => self.min_score = Some(between(name, raw, -1.0, 1.0)?),
            "min_match" => {
                let choices = Match::ALL.map(|class| (class.name(), class));
                self.min_match = Some(choice(name, raw, choices)?);
            }
            "filter" => self.filter = Some(filter(raw)?),
            "group_by" => {
                let choices = [("product", GroupBy::Product), ("image", GroupBy::Image)];
                self.group_by = Some(choice(name, raw, choices)?);
            }
            "images" => {
                let choices = [("best", Images::Best), ("all", Images::All)];
                self.images = Some(choice(name, raw, choices)?);
            }
            "diversity" => self.diversity = Some(between(name, raw, 0.0, 1.0)?),
            "collapse" => self.collapse = Some(flag(name, raw)?),
            "fields" => self.fields = Some(names(name, raw, MAX_FIELDS)?),
            "facets" => self.facets = Some(names(name, raw, MAX_FACETS)?),
            "links" => self.links = Some(flag(name, raw)?),
            "cursor" => {
                let text = raw.text().filter(|text| !text.is_empty());
                let must = "the next_cursor of the page before";
                self.cursor = Some(text.ok_or_else(|| raw.refused(name, must))?);
            }
            "min_generation" => {
                let number = raw.whole();
                self.min_generation = Some(number.ok_or_else(|| {
                    raw.refused(name, "a whole number from 0 on, as index.generation is")
                })?);
            }
            "crop" => self.crop = Some(crop(name, raw)?),
            "trim" => self.trim = Some(flag(name, raw)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes filters in their short form, all of which have to hold.
    pub(super) fn filter_by(&mut self, short_forms: Vec<Value>) {
        self.filter = Some(Value::Array(short_forms));
    }

    /// Everything that two places say; nothing may be said twice.
    pub(super) fn and(self, other: Given) -> Result<Given, Problem> {
        Ok(Given {
            k: once("k", self.k, other.k)?,
            min_score: once("min_score", self.min_score, other.min_score)?,
            min_match: once("min_match", self.min_match, other.min_match)?,
            filter: once("filter", self.filter, other.filter)?,
            group_by: once("group_by", self.group_by, other.group_by)?,
            images: once("images", self.images, other.images)?,
            diversity: once("diversity", self.diversity, other.diversity)?,
            collapse: once("collapse", self.collapse, other.collapse)?,
            fields: once("fields", self.fields, other.fields)?,
            facets: once("facets", self.facets, other.facets)?,
            links: once("links", self.links, other.links)?,
            cursor: once("cursor", self.cursor, other.cursor)?,
            min_generation: once("min_generation", self.min_generation, other.min_generation)?,
            crop: once("crop", self.crop, other.crop)?,
            trim: once("trim", self.trim, other.trim)?,
        })
    }

    /// The options, with what is usual where nothing was said.
    pub(crate) fn options(self) -> SearchOptions {
        let usual = SearchOptions::default();
        SearchOptions {
            k: self.k.unwrap_or(usual.k),
            min_score: self.min_score.unwrap_or(usual.min_score),
            min_match: self.min_match,
            filter: self.filter,
            group_by: self.group_by.unwrap_or_default(),
            images: self.images.unwrap_or_default(),
            diversity: self.diversity.unwrap_or(usual.diversity),
            collapse: self.collapse.unwrap_or(usual.collapse),
            fields: self.fields,
            facets: self.facets.unwrap_or_default(),
            links: self.links.unwrap_or(usual.links),
            cursor: self.cursor,
            min_generation: self.min_generation,
        }
    }
}

fn once<T>(name: &str, one: Option<T>, other: Option<T>) -> Result<Option<T>, Problem> {
    if one.is_some() && other.is_some() {
        let detail =
            format!("{name} is given in the query string and in the body; give it in one of them");
        return Err(Problem::new(ProblemKind::InvalidParameter, detail));
    }
    Ok(one.or(other))
}

fn k(raw: Raw<'_>) -> Result<usize, Problem> {
    let k = raw.whole().and_then(|k| usize::try_from(k).ok());
    let k = k.filter(|k| (1..=MAX_K).contains(k));
    k.ok_or_else(|| raw.refused("k", &format!("a whole number from 1 to {MAX_K}")))
}

fn between(name: &str, raw: Raw<'_>, least: f32, most: f32) -> Result<f32, Problem> {
    let number = raw.plain().filter(|x| (least..=most).contains(x));
    number.ok_or_else(|| raw.refused(name, &format!("a number from {least} to {most}")))
}

pub(super) fn flag(name: &str, raw: Raw<'_>) -> Result<bool, Problem> {
    let flag = raw.plain();
    flag.ok_or_else(|| raw.refused(name, "true or false"))
}

fn choice<T: Copy, const N: usize>(
    name: &str,
    raw: Raw<'_>,
    choices: [(&str, T); N],
) -> Result<T, Problem> {
    let text = raw.text();
    let chosen = choices
        .iter()
        .find(|(known, _)| text.as_deref() == Some(known));
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let known = choices.map(|(known, _)| known).join(" or ");
        raw.refused(name, &known)
    })
}

/// Names, of which there may be none; each once.
fn names(name: &str, raw: Raw<'_>, most: usize) -> Result<Vec<String>, Problem> {
    let must = format!("at most {most} names of 1 to {MAX_NAME} bytes");
    let names = raw.texts().ok_or_else(|| raw.refused(name, &must))?;
    if names.len() > most {
        let found = names.len();
        let detail = format!("{name} has {found} names, but it must be {must}");
        return Err(Problem::new(ProblemKind::InvalidParameter, detail));
    }
    let is_name = |name: &String| (1..=MAX_NAME).contains(&name.len());
    match names.iter().all(is_name) {
        true => Ok(names),
        false => Err(raw.refused(name, &must)),
    }
}

/// A filter as it was written: what it means, the index tells.
fn filter(raw: Raw<'_>) -> Result<Value, Problem> {
    let filter = raw.json().filter(Value::is_object);
    filter.ok_or_else(|| raw.refused("filter", "an object such as {\"category\": \"shoes\"}"))
}

/// A box: `x,y,w,h`, or in JSON an object.
pub(super) fn crop(name: &str, raw: Raw<'_>) -> Result<Crop, Problem> {
    let must = "x,y,w,h in pixels such as 10,20,300,400, or in shares such as 0.1,0.2,0.5,0.5 or 10%,20%,50%,50%";
    if let Raw::Json(json) = raw
        && json.get().starts_with('{')
    {
        return boxed(name, json);
    }
    let text = raw.text().ok_or_else(|| raw.refused(name, must))?;
    let parsed = text.parse();
    parsed.map_err(|_| raw.refused(name, must).of(ProblemKind::InvalidCrop))
}

/// A box in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CropJson {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    unit: UnitJson,
}

#[derive(Deserialize)]
enum UnitJson {
    #[serde(rename = "px")]
    Pixels,
    #[serde(rename = "share")]
    Shares,
}

fn boxed(name: &str, json: &RawValue) -> Result<Crop, Problem> {
    let read = serde_json::from_str::<CropJson>(json.get());
    let crop = read.ok().and_then(|CropJson { x, y, w, h, unit }| {
        let unit = match unit {
            UnitJson::Pixels => CropUnit::Pixels,
            UnitJson::Shares => CropUnit::Shares,
        };
        Crop::new([x, y, w, h], unit).ok()
    });
    crop.ok_or_else(|| {
        let detail = format!(
            "{name} must have the numbers \"x\", \"y\", \"w\" and \"h\", \"unit\", which is \"px\" or \
             \"share\", and nothing else"
        );
        Problem::new(ProblemKind::InvalidCrop, detail)
    })
}
