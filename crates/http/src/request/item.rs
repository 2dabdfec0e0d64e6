//! One item of a query, as it was read from the request.

use bytes::Bytes;
use lookalike_core::{Area, Fingerprint};
use lookalike_search::QueryItem;

use crate::problem::Problem;

/// One item; the image of a form field is still to be looked up.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) subject: Subject,
    pub(super) weight: f32,
}

/// The thing that an item searches with.
#[derive(Debug)]
pub(super) enum Subject {
    Image(Bytes, Area),
    Key(String, Area),
    /// The form field with this name.
    Field(String, Area),
    Product(String),
    Vector(Vec<f32>, Fingerprint),
}

impl Item {
    /// Returns an item of weight one.
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            weight: 1.0,
        }
    }

    /// Returns the part of the image that the item is about; `None` if it has no image.
    pub(super) fn area(&mut self) -> Option<&mut Area> {
        match &mut self.subject {
            Subject::Image(_, area) | Subject::Key(_, area) | Subject::Field(_, area) => Some(area),
            Subject::Product(_) | Subject::Vector(..) => None,
        }
    }

    /// Returns the query item; `field` finds the images of a form.
    pub(super) fn resolve(
        self,
        mut field: impl FnMut(&str) -> Result<Bytes, Problem>,
    ) -> Result<QueryItem, Problem> {
        let item = match self.subject {
            Subject::Image(bytes, area) => QueryItem::image(bytes, area),
            Subject::Key(key, area) => QueryItem::key(key, area),
            Subject::Field(name, area) => QueryItem::image(field(&name)?, area),
            Subject::Product(id) => QueryItem::product(id),
            Subject::Vector(numbers, fingerprint) => QueryItem::vector(numbers, fingerprint),
        };
        Ok(item.weighing(self.weight))
    }
}
