//! Shopify's export of products: further lines of a handle are its variants and its other images.

use std::collections::HashMap;

use super::columns_of::Layout;
use super::rows::{ProductRow, ProductRows};
use crate::sheet::{Sheet, SheetRow, plain_name};

/// Number of options that a variant can have.
const OPTIONS: usize = 3;

/// Joins the lines of each handle. The first line counts; later ones add images and the values of options, and fill what
/// is empty of the product itself.
pub(super) fn products(rows: Vec<SheetRow>, sheet: &Sheet, layout: &Layout) -> ProductRows {
    let columns = OptionColumns::of(sheet);
    let price = layout.members.iter().position(|member| member == "price");
    let position = column(sheet, &["image_position"]);
    let of_columns = sheet.columns.iter().enumerate();
    let groups: Vec<ColumnGroup> = of_columns
        .map(|(position, name)| match columns.has(position) {
            true => ColumnGroup::Option,
            false => ColumnGroup::of(name),
        })
        .collect();
    let mut joined = ProductRows::default();
    let mut known: HashMap<String, Joined> = HashMap::new();
    let mut other_prices = 0;
    for row in rows {
        let handle = row.get(layout.id).unwrap_or_default();
        let Joined {
            product,
            names,
            images,
            has_other_price,
            has_variant,
            has_image,
        } = match known.get_mut(handle) {
            Some(joined) => joined,
            None => {
                joined.products.push(ProductRow {
                    line: row.line,
                    product_id: handle.to_owned(),
                    ..ProductRow::default()
                });
                let new = Joined {
                    product: joined.products.len() - 1,
                    ..Joined::default()
                };
                known.entry(handle.to_owned()).or_insert(new)
            }
        };
        let product = &mut joined.products[*product];
        for image in &layout.images {
            if let Some(cell) = row.get(*image) {
                let place = position.and_then(|column| row.get(column)?.parse().ok());
                images.push((place.unwrap_or(u32::MAX), cell.to_owned()));
            }
        }
        for (option, name) in names.iter_mut().enumerate() {
            columns.add(option, name, &row, product);
        }
        let first_price = product.cells.iter().find(|cell| Some(cell.column) == price);
        let differs = first_price.zip(price.and_then(|column| row.get(column)));
        if differs.is_some_and(|(first, here)| first.text != here) && !*has_other_price {
            *has_other_price = true;
            other_prices += 1;
        }
        // The price of one variant beside the SKU of another would be a product that does not exist.
        let has = |group: ColumnGroup| row.cells.iter().any(|cell| groups[cell.column] == group);
        let here = (has(ColumnGroup::Variant), has(ColumnGroup::Image));
        for cell in row.cells {
            let is_taken = match groups[cell.column] {
                ColumnGroup::Product => true,
                ColumnGroup::Option => false,
                ColumnGroup::Variant => !*has_variant,
                ColumnGroup::Image => !*has_image,
            };
            if is_taken {
                product.add(cell, layout);
            }
        }
        *has_variant |= here.0;
        *has_image |= here.1;
    }
    for mut found in known.into_values() {
        found.images.sort_by_key(|(place, _)| *place);
        for (_, cell) in found.images {
            joined.products[found.product].add_images(&cell);
        }
    }
    if other_prices > 0 {
        joined.notes.push(format!(
            "{other_prices} products have variants with different prices: the price of the first variant counts"
        ));
    }
    joined
}

/// The rows of one handle so far.
#[derive(Default)]
struct Joined {
    /// The position of its product.
    product: usize,
    /// The names of its options.
    names: [String; OPTIONS],
    /// Its images, with their positions.
    images: Vec<(u32, String)>,
    has_other_price: bool,
    /// True if a line had cells of a variant, or of an image; these of later lines are left out.
    has_variant: bool,
    has_image: bool,
}

/// What a column describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ColumnGroup {
    /// The product: an empty cell is filled from a later line.
    Product,
    /// One variant.
    Variant,
    /// One image.
    Image,
    /// The names and values of options, which become lists.
    Option,
}

/// Beginnings of the names of columns that describe a variant, in both forms of the export.
const OF_VARIANTS: [&str; 14] = [
    "variant_",
    "sku",
    "barcode",
    "price",
    "compare_at_price",
    "cost_per_item",
    "unit_price_",
    "inventory_",
    "weight_",
    "charge_tax",
    "tax_code",
    "continue_selling_",
    "requires_shipping",
    "fulfillment_service",
];
const OF_IMAGES: [&str; 2] = ["image_", "product_image_"];

impl ColumnGroup {
    fn of(name: &str) -> Self {
        let name = plain_name(name);
        let starts = |with: &[&str]| with.iter().any(|start| name.starts_with(start));
        match (starts(&OF_VARIANTS), starts(&OF_IMAGES)) {
            (true, _) => Self::Variant,
            (false, true) => Self::Image,
            (false, false) => Self::Product,
        }
    }
}

/// The columns of the names and values of options.
struct OptionColumns([(Option<usize>, Option<usize>); OPTIONS]);

impl OptionColumns {
    fn of(sheet: &Sheet) -> Self {
        Self(std::array::from_fn(|option| {
            let number = option + 1;
            let name = format!("option{number}_name");
            let value = format!("option{number}_value");
            (column(sheet, &[&name]), column(sheet, &[&value]))
        }))
    }

    fn has(&self, column: usize) -> bool {
        let columns = self.0.iter().flat_map(|(name, value)| [name, value]);
        columns.flatten().any(|known| *known == column)
    }

    /// Adds the value of an option to the list of its name, which only the first line of a handle has.
    fn add(&self, option: usize, name: &mut String, row: &SheetRow, product: &mut ProductRow) {
        let (names, values) = self.0[option];
        if let Some(found) = names.and_then(|column| row.get(column)) {
            found.clone_into(name);
        }
        // A product without variants has one option with this name.
        if let Some(value) = values.and_then(|column| row.get(column))
            && !name.is_empty()
            && name != "Title"
        {
            product.add_to_list(name, value);
        }
    }
}

fn column(sheet: &Sheet, names: &[&str]) -> Option<usize> {
    let mut columns = sheet.columns.iter();
    columns.position(|column| names.contains(&plain_name(column).as_str()))
}
