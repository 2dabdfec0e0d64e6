use lookalike_inference::LoadError;
use serde_json::{Map, Value};

/// Maximum side of a resized or cropped image: far above what encoders use, and low enough that a
/// typing error does not require gigabytes.
const MAX_TARGET_SIDE: u32 = 4096;

/// A size in the form that the file has.
pub(super) enum Size {
    Number(u32),
    ShortestEdge(u32),
    Exact { width: u32, height: u32 },
}

/// Typed access to fields; null counts as absent.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new(fields: Map<String, Value>) -> Fields {
        Fields(fields)
    }

    fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, LoadError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        value
            .as_bool()
            .map(Some)
            .ok_or_else(|| wrong(field, "expected true or false"))
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<f64>, LoadError> {
        self.get(field)
            .map(|value| number(field, value))
            .transpose()
    }

    pub(super) fn text(&self, field: &str) -> Result<Option<String>, LoadError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        value
            .as_str()
            .map(|text| Some(text.to_owned()))
            .ok_or_else(|| wrong(field, "expected text"))
    }

    pub(super) fn three(&self, field: &str) -> Result<Option<[f64; 3]>, LoadError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Array(values)) => match values.as_slice() {
                [first, second, third] => Ok(Some([
                    number(field, first)?,
                    number(field, second)?,
                    number(field, third)?,
                ])),
                _ => {
                    let reason = format!("expected three numbers, found {}", values.len());
                    Err(wrong(field, &reason))
                }
            },
            Some(value) => number(field, value).map(|value| Some([value; 3])),
        }
    }

    pub(super) fn size(&self, field: &str) -> Result<Option<Size>, LoadError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let Value::Object(sides) = value else {
            return side(field, value).map(|side| Some(Size::Number(side)));
        };
        let part = |name: &str| {
            let value = sides.get(name);
            value
                .map(|value| side(&format!("{field}.{name}"), value))
                .transpose()
        };
        match (
            sides.len(),
            part("shortest_edge")?,
            part("height")?,
            part("width")?,
        ) {
            (1, Some(edge), None, None) => Ok(Some(Size::ShortestEdge(edge))),
            (2, None, Some(height), Some(width)) => Ok(Some(Size::Exact { width, height })),
            _ => {
                let reason = "expected a number, {\"shortest_edge\"} or {\"height\", \"width\"}";
                Err(wrong(field, reason))
            }
        }
    }
}

fn number(field: &str, value: &Value) -> Result<f64, LoadError> {
    // Larger numbers exceed the range of f32 on the way to the network.
    let sane = value.as_f64().filter(|number| number.abs() <= 1e6);
    sane.ok_or_else(|| {
        wrong(
            field,
            &format!("expected a number up to a million, found {value}"),
        )
    })
}

fn side(field: &str, value: &Value) -> Result<u32, LoadError> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|side| (1..=MAX_TARGET_SIDE).contains(side))
        .ok_or_else(|| {
            wrong(
                field,
                &format!("expected pixels from 1 to {MAX_TARGET_SIDE}, found {value}"),
            )
        })
}

/// Makes the error for a field of the file.
pub(super) fn wrong(field: &str, reason: &str) -> LoadError {
    LoadError::Preprocessing {
        field: field.to_owned(),
        reason: reason.to_owned(),
    }
}
