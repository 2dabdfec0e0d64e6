//! What `lookalike search` searches with, as it is said on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use lookalike_core::{Area, Crop};
use lookalike_search::{Query, QueryItem};

use crate::args::SearchArguments;

/// How much results are to be unlike something, where nobody says.
const UNLIKE: f32 = 0.5;

/// Something that results are to be like or unlike: `WHAT` or `WHAT@WEIGHT`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Liked {
    what: What,
    weight: Option<f32>,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    File(PathBuf),
    Key(String),
    Product(String),
}

impl FromStr for Liked {
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
        let what = match what.split_once(':') {
            Some(("key", key)) => What::Key(key.to_owned()),
            Some(("product", id)) => What::Product(id.to_owned()),
            _ if what.is_empty() => return Err("expected a file, product:ID or key:KEY".to_owned()),
            _ => What::File(what.into()),
        };
        Ok(Self { what, weight })
    }
}

impl Liked {
    fn item(&self, area: Area, sign: f32, usual: f32) -> Result<QueryItem> {
        let item = match &self.what {
            What::File(path) => {
                let picture = std::fs::read(path);
                let picture = picture.with_context(|| format!("cannot read {}", path.display()))?;
                QueryItem::image(picture, area)
            }
            What::Key(key) => QueryItem::key(key, area),
            What::Product(id) => QueryItem::product(id),
        };
        Ok(item.weighing(sign * self.weight.unwrap_or(usual)))
    }
}

/// What `--crop` and `--no-trim` say of a picture.
pub(crate) fn area(crop: Option<Crop>, no_trim: bool) -> Area {
    Area {
        crop,
        trim: no_trim.then_some(false),
    }
}

/// The query that the arguments describe.
pub(crate) fn query(arguments: &SearchArguments) -> Result<Query> {
    let area = |crop| area(crop, arguments.no_trim);
    let mut items = Vec::new();
    if let Some(image) = &arguments.image {
        let image = Liked {
            what: What::File(image.clone()),
            weight: None,
        };
        items.push(image.item(area(arguments.crop), 1.0, 1.0)?);
    }
    for liked in &arguments.like {
        items.push(liked.item(area(None), 1.0, 1.0)?);
    }
    for unliked in &arguments.unlike {
        items.push(unliked.item(area(None), -1.0, UNLIKE)?);
    }
    Ok(Query::new(items)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(What, Option<f32>), String> {
        text.parse()
            .map(|Liked { what, weight }: Liked| (what, weight))
    }

    #[test]
    fn files_products_and_keys_with_and_without_weights() {
        for (text, what, weight) in [
            ("a.jpg", What::File("a.jpg".into()), None),
            ("a@2.jpg", What::File("a@2.jpg".into()), None),
            ("a@2.jpg@0.5", What::File("a@2.jpg".into()), Some(0.5)),
            ("product:b-1@2", What::Product("b-1".into()), Some(2.0)),
            ("key:uploads/a b", What::Key("uploads/a b".into()), None),
            ("C:\\a.jpg", What::File("C:\\a.jpg".into()), None),
        ] {
            assert_eq!(parsed(text), Ok((what, weight)), "{text}");
        }
        for text in ["", "@1", "a@0", "a@-1", "a@NaN", "product:a@inf"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
