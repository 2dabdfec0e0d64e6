//! `multipart/form-data`: images, and the rest of the search as JSON in field `request`.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use lookalike_search::{BadQuery, MAX_QUERY_ITEMS};

use super::ignored::Ignored;
use super::item::{Item, Subject};
use super::json::read_search;
use super::search_params::ImageSearchParams;
use super::values::Values;
use crate::problem::{Problem, ProblemKind, shown};

/// The field that holds JSON.
const REQUEST: &str = "request";
/// The field of an image that no query item names.
const IMAGE: &str = "image";

/// Maximum number of fields, those included that are ignored.
const MAX_FIELDS: usize = 64;

/// A form that was read in full.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) items: Vec<Item>,
    pub(super) params: ImageSearchParams,
    pub(super) images: FormImages,
}

/// The image fields of a form, by name.
#[derive(Debug)]
pub(super) struct FormImages(Vec<(String, Bytes)>);

impl Form {
    pub(super) async fn read(
        headers: &HeaderMap,
        body: Bytes,
        query_string: Values<'_>,
        ignored: &mut Ignored,
    ) -> Result<Self, Problem> {
        let (request, images) = read_fields(headers, body).await?;
        let (items, params) = match request {
            Some(request) => read_search(&request, query_string, ignored)
                .map_err(|problem| problem.about(&format!("field \"{REQUEST}\"")))?,
            None => (None, ImageSearchParams::read(query_string)?),
        };
        let named = items.as_deref().map_or_else(|| vec![IMAGE], part_names);
        let images = images.only(&named, ignored);
        if images.0.len() > MAX_QUERY_ITEMS {
            return Err(BadQuery::TooMany(images.0.len()).into());
        }
        let items = match items {
            Some(items) => {
                images.check_names(&part_names(&items))?;
                items
            }
            None => images.as_items()?,
        };
        Ok(Self {
            items,
            params,
            images,
        })
    }
}

impl FormImages {
    /// Returns the image in the field with this name.
    pub(super) fn find(&self, name: &str) -> Result<Bytes, Problem> {
        let mut images = self.0.iter();
        let found = images.find(|(known, _)| known == name);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| {
            let text = format!(
                "a query item names part {}, but there is no such field",
                shown(name)
            );
            invalid(text)
        })
    }

    /// Returns the fields that are images: those with these names, and [`IMAGE`]. All other fields are ignored, as a page
    /// has them for itself, and so are file inputs in which nothing was chosen beside one with a file.
    fn only(self, named: &[&str], ignored: &mut Ignored) -> Self {
        let is_chosen = |name: &str| {
            let mut fields = self.0.iter();
            fields.any(|(other, bytes)| other == name && !bytes.is_empty())
        };
        let is_image = |name: &str, bytes: &Bytes| match named.contains(&name) {
            true => !bytes.is_empty() || !is_chosen(name),
            false => name == IMAGE && !bytes.is_empty(),
        };
        let (images, others): (Vec<_>, Vec<_>) = self
            .0
            .iter()
            .cloned()
            .partition(|(name, bytes)| is_image(name, bytes));
        others.iter().for_each(|(name, _)| ignored.field(name));
        Self(images)
    }

    /// Returns items for images that the query does not name: all are in one field, which may be repeated.
    fn as_items(&self) -> Result<Vec<Item>, Problem> {
        if self.0.is_empty() {
            return Err(no_image());
        }
        let item = |(_, bytes): &(String, Bytes)| {
            Item::new(Subject::Image(bytes.clone(), Default::default()))
        };
        Ok(self.0.iter().map(item).collect())
    }

    /// Refuses an image that no item names, and names that two fields have.
    fn check_names(&self, named: &[&str]) -> Result<(), Problem> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if self.0[..at].iter().any(|(known, _)| known == name) {
                let text = format!("field {} is given more than once", shown(name));
                return Err(invalid(text));
            }
            if !named.contains(&name.as_str()) {
                let text = format!("no query item names the field {} as its part", shown(name));
                return Err(invalid(text));
            }
        }
        Ok(())
    }
}

/// Returns the names of the fields that items are about.
fn part_names(items: &[Item]) -> Vec<&str> {
    let names = items.iter().filter_map(|item| match &item.subject {
        Subject::Field(name, _) => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

/// Returns the field `request`, and all other fields.
async fn read_fields(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(Option<Bytes>, FormImages), Problem> {
    let mut request = Request::new(Body::from(body));
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, content_type.clone());
    }
    // The body's size was checked when it was read.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| invalid(error.body_text()))?;

    let mut json = None;
    let mut images = Vec::new();
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| invalid(error.body_text()))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await;
        let bytes = bytes.map_err(|error| invalid(error.body_text()))?;
        if name != REQUEST {
            images.push((name, bytes));
        } else if json.replace(bytes).is_some() {
            return Err(invalid(format!(
                "field \"{REQUEST}\" is given more than once"
            )));
        }
        if images.len() > MAX_FIELDS {
            return Err(invalid(format!(
                "the form has more than {MAX_FIELDS} fields"
            )));
        }
    }
    Ok((json, FormImages(images)))
}

/// Returns the problem of a form without an image.
pub(super) fn no_image() -> Problem {
    invalid(format!("field \"{IMAGE}\" is missing"))
}

fn invalid(reason: String) -> Problem {
    Problem::new(
        ProblemKind::InvalidForm,
        format!(
            "{reason}; expected multipart/form-data with the image in field \"{IMAGE}\", or JSON in field \
             \"{REQUEST}\" whose query items name the fields of their images as \"part\""
        ),
    )
}

#[cfg(test)]
mod tests;
