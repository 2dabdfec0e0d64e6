//! The columns with a meaning of their own.

use super::format::Format;
use super::images::IMAGE;
use crate::error::TableError;
use crate::options::ReadOptions;
use crate::sheet::{Sheet, plain_name};

/// The column of product ids.
const PRODUCT_ID: &str = "product_id";
const NAME: &str = "name";
const CATEGORY: &str = "category";
const PRICE: &str = "price";
/// Columns that a header may name several times.
pub(crate) const REPEATABLE: [&str; 2] = ["image_link", "additional_image_link"];

/// The columns with a meaning of their own.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) format: Format,
    pub(crate) id: usize,
    /// Columns of images, the main one first.
    pub(crate) images: Vec<usize>,
    /// The name of each column in the metadata; empty if its values are not kept.
    pub(crate) members: Vec<String>,
    /// What is left out, for people.
    pub(crate) notes: Vec<String>,
}

impl Layout {
    /// Finds the columns of a table by its format and the choices of a person.
    pub(crate) fn of(sheet: &Sheet, options: &ReadOptions) -> Result<Self, TableError> {
        let format = Format::of(&sheet.columns);
        let find = Finder { sheet };
        let chosen = Chosen::of(&find, options)?;
        let usual = find.all(ids(format)).first().copied();
        let missing = || TableError::NoIdColumn {
            found: sheet.names(),
        };
        let id = chosen.id.or(usual).ok_or_else(missing)?;
        let mut layout = Self {
            format,
            id,
            images: find.all(image_columns(format)),
            members: sheet.columns.clone(),
            notes: Vec::new(),
        };
        if let Some(image) = chosen.image {
            layout.images = vec![image];
            layout.rename(image, IMAGE);
        }
        for (choice, usual, member) in [
            (chosen.name, names(format), NAME),
            (chosen.category, categories(format), CATEGORY),
            (None, prices(format), PRICE),
        ] {
            // A column that was chosen for something else is not taken for what it usually is.
            let usual = || {
                find.all(usual)
                    .into_iter()
                    .find(|column| !chosen.has(*column))
            };
            if let Some(column) = choice.or_else(usual) {
                layout.rename(column, member);
            }
        }
        layout.members[id].clear();
        Ok(layout)
    }

    /// Gives a column another name. A column that has the name already is left out.
    fn rename(&mut self, column: usize, member: &str) {
        for (other, name) in self.members.iter_mut().enumerate() {
            if name == member && other != column {
                name.clear();
                self.notes.push(format!(
                    "column {member:?} is left out, because another column becomes {member:?}"
                ));
            }
        }
        member.clone_into(&mut self.members[column]);
    }
}

/// The columns that a person chose.
struct Chosen {
    id: Option<usize>,
    image: Option<usize>,
    name: Option<usize>,
    category: Option<usize>,
}

impl Chosen {
    fn of(find: &Finder<'_>, options: &ReadOptions) -> Result<Self, TableError> {
        let choices = [
            ("--id-column", &options.id_column),
            ("--image-column", &options.image_column),
            ("--name-column", &options.name_column),
            ("--category-column", &options.category_column),
        ];
        let mut columns = [None; 4];
        for (position, (option, choice)) in choices.into_iter().enumerate() {
            let column = find.chosen(option, choice)?;
            let mut earlier = columns[..position].iter();
            let same = earlier.position(|other| column.is_some() && *other == column);
            if let (Some(same), Some(name)) = (same, choice) {
                return Err(TableError::ColumnOfTwoOptions {
                    first: choices[same].0,
                    second: option,
                    name: name.clone(),
                });
            }
            columns[position] = column;
        }
        let [id, image, name, category] = columns;
        Ok(Self {
            id,
            image,
            name,
            category,
        })
    }

    fn has(&self, column: usize) -> bool {
        let columns = [self.id, self.image, self.name, self.category];
        columns.contains(&Some(column))
    }
}

struct Finder<'a> {
    sheet: &'a Sheet,
}

impl Finder<'_> {
    fn chosen(
        &self,
        option: &'static str,
        choice: &Option<String>,
    ) -> Result<Option<usize>, TableError> {
        let Some(name) = choice else {
            return Ok(None);
        };
        let found = self.sheet.position(name.trim());
        let missing = || TableError::NoSuchColumn {
            option,
            name: name.clone(),
            found: self.sheet.names(),
        };
        found.map(Some).ok_or_else(missing)
    }

    /// Returns all of these columns that exist, in their order.
    fn all(&self, names: &[&str]) -> Vec<usize> {
        let columns = || self.sheet.columns.iter().enumerate();
        let with = |name: &str| {
            let same = columns().filter(move |(_, column)| plain_name(column) == name);
            same.map(|(position, _)| position).collect::<Vec<_>>()
        };
        names.iter().flat_map(|name| with(name)).collect()
    }
}

fn ids(format: Format) -> &'static [&'static str] {
    match format {
        Format::Plain => &[PRODUCT_ID, "productid", "id"],
        Format::Shopify => &["handle", "url_handle"],
        Format::WooCommerce => &["id", "sku"],
        Format::GoogleMerchant | Format::KaggleFashion => &["id"],
    }
}

fn image_columns(format: Format) -> &'static [&'static str] {
    match format {
        Format::Plain | Format::GoogleMerchant => &[IMAGE, "image_link", "additional_image_link"],
        Format::Shopify => &[
            IMAGE,
            "image_src",
            "product_image_url",
            "variant_image",
            "variant_image_url",
        ],
        Format::WooCommerce => &[IMAGE, "images"],
        Format::KaggleFashion => &[IMAGE],
    }
}

fn names(format: Format) -> &'static [&'static str] {
    match format {
        Format::GoogleMerchant | Format::Shopify => &["title"],
        Format::WooCommerce => &["name"],
        Format::KaggleFashion => &["productdisplayname"],
        Format::Plain => &[],
    }
}

fn categories(format: Format) -> &'static [&'static str] {
    match format {
        Format::GoogleMerchant => &["product_type", "google_product_category"],
        Format::Shopify => &["type", "product_category"],
        Format::WooCommerce => &["categories"],
        Format::KaggleFashion => &["articletype"],
        Format::Plain => &[],
    }
}

fn prices(format: Format) -> &'static [&'static str] {
    match format {
        Format::Shopify => &["variant_price", "price"],
        Format::WooCommerce => &["regular_price"],
        Format::Plain | Format::GoogleMerchant | Format::KaggleFashion => &[],
    }
}
