//! A file, key or product to search with, and its weight.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use lookalike_core::Area;
use lookalike_search::QueryItem;

/// A subject that results should be like or unlike: `WHAT` or `WHAT@WEIGHT`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryArg {
    subject: Subject,
    weight: Option<f32>,
}

#[derive(Debug, Clone, PartialEq)]
enum Subject {
    File(PathBuf),
    Key(String),
    Product(String),
}

impl FromStr for QueryArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let weighed = text.rsplit_once('@').and_then(|(what, weight)| {
            let weight = weight.parse::<f32>().ok()?;
            Some((what, Some(weight)))
        });
        let (what, weight) = weighed.unwrap_or((text, None));
        if weight.is_some_and(|weight| !(weight > 0.0 && weight.is_finite())) {
            return Err("expected a weight over 0 after the @".to_owned());
        }
        let subject = match what.split_once(':') {
            Some(("key", key)) => Subject::Key(key.to_owned()),
            Some(("product", id)) => Subject::Product(id.to_owned()),
            _ if what.is_empty() => return Err("expected a file, product:ID or key:KEY".to_owned()),
            _ => Subject::File(what.into()),
        };
        Ok(Self { subject, weight })
    }
}

impl QueryArg {
    /// An image file with the usual weight.
    pub(crate) fn file(path: PathBuf) -> Self {
        Self {
            subject: Subject::File(path),
            weight: None,
        }
    }

    /// Returns the query item. Its weight is `usual` unless the argument gives one, times `sign`.
    pub(crate) fn item(&self, area: Area, sign: f32, usual: f32) -> Result<QueryItem> {
        let item = match &self.subject {
            Subject::File(path) => {
                let image = std::fs::read(path);
                let image = image.with_context(|| {
                    let hint = match path.extension() {
                        Some(_) => "",
                        None => "; a product of the catalog is written product:ID",
                    };
                    format!("cannot read {}{hint}", path.display())
                })?;
                QueryItem::image(image, area)
            }
            Subject::Key(key) => QueryItem::key(key, area),
            Subject::Product(id) => QueryItem::product(id),
        };
        Ok(item.weighing(sign * self.weight.unwrap_or(usual)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(Subject, Option<f32>), String> {
        text.parse()
            .map(|QueryArg { subject, weight }: QueryArg| (subject, weight))
    }

    #[test]
    fn files_products_and_keys_with_and_without_weights() {
        for (text, what, weight) in [
            ("a.jpg", Subject::File("a.jpg".into()), None),
            ("a@2.jpg", Subject::File("a@2.jpg".into()), None),
            ("a@2.jpg@0.5", Subject::File("a@2.jpg".into()), Some(0.5)),
            ("product:b-1@2", Subject::Product("b-1".into()), Some(2.0)),
            ("key:uploads/a b", Subject::Key("uploads/a b".into()), None),
            ("C:\\a.jpg", Subject::File("C:\\a.jpg".into()), None),
        ] {
            assert_eq!(parsed(text), Ok((what, weight)), "{text}");
        }
        for text in ["", "@1", "a@0", "a@-1", "a@NaN", "product:a@inf"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
