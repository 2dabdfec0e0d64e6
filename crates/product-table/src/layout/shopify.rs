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
    let columns = Columns::of(sheet, layout);
    let mut joined: Vec<Joined> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let handle = row.get(layout.id).unwrap_or_default();
        let position = match known.get(handle) {
            Some(position) => *position,
            None => {
                known.insert(handle.to_owned(), joined.len());
                joined.push(Joined::new(row.line, handle));
                joined.len() - 1
            }
        };
        joined[position].add(row, &columns, layout);
    }
    let other_prices = joined
        .iter()
        .filter(|joined| joined.has_other_price)
        .count();
    let mut rows = ProductRows::default();
    if other_prices > 0 {
        rows.notes.push(format!(
            "{other_prices} products have variants with different prices: the price of the first variant counts"
        ));
    }
    rows.products = joined.into_iter().map(Joined::into_product).collect();
    rows
}

/// The rows of one handle so far.
#[derive(Default)]
struct Joined {
    product: ProductRow,
    /// The names of its options.
    names: [String; OPTIONS],
    /// Its images, with their positions.
    images: Vec<(u32, String)>,
    has_other_price: bool,
    /// True if a line had cells of a variant, or of an image; these of later lines are left out.
    has_variant: bool,
    has_image: bool,
}

impl Joined {
    fn new(line: u64, handle: &str) -> Self {
        let product = ProductRow {
            line,
            product_id: handle.to_owned(),
            ..ProductRow::default()
        };
        Self {
            product,
            ..Self::default()
        }
    }

    fn add(&mut self, row: SheetRow, columns: &Columns, layout: &Layout) {
        for image in &layout.images {
            if let Some(cell) = row.get(*image) {
                let position = columns.position.and_then(|column| row.get(column));
                let position = position.and_then(|text| text.parse().ok());
                self.images
                    .push((position.unwrap_or(u32::MAX), cell.to_owned()));
            }
        }
        for (option, name) in self.names.iter_mut().enumerate() {
            columns.options.add(option, name, &row, &mut self.product);
        }
        let mut cells = self.product.cells.iter();
        let first_price = cells.find(|cell| Some(cell.column) == columns.price);
        let price = columns.price.and_then(|column| row.get(column));
        let both = first_price.zip(price);
        self.has_other_price |= both.is_some_and(|(first, here)| first.text != here);
        self.add_cells(row, columns, layout);
    }

    /// Adds the cells of a line; those of variants and of images come from one line each, because the price of one
    /// variant beside the SKU of another would be a product that does not exist.
    fn add_cells(&mut self, row: SheetRow, columns: &Columns, layout: &Layout) {
        let (had_variant, had_image) = (self.has_variant, self.has_image);
        for cell in row.cells {
            let is_taken = match columns.groups[cell.column] {
                ColumnGroup::Product => true,
                ColumnGroup::Option => false,
                ColumnGroup::Variant => {
                    self.has_variant = true;
                    !had_variant
                }
                ColumnGroup::Image => {
                    self.has_image = true;
                    !had_image
                }
            };
            if is_taken {
                self.product.add(cell, layout);
            }
        }
    }

    fn into_product(mut self) -> ProductRow {
        self.images.sort_by_key(|(position, _)| *position);
        for (_, cell) in self.images {
            self.product.add_images(&cell);
        }
        self.product
    }
}

/// The columns with a meaning of their own.
struct Columns {
    options: OptionColumns,
    groups: Vec<ColumnGroup>,
    price: Option<usize>,
    /// The position of an image among those of its product.
    position: Option<usize>,
}

impl Columns {
    fn of(sheet: &Sheet, layout: &Layout) -> Self {
        let options = OptionColumns::of(sheet);
        let columns = sheet.columns.iter().enumerate();
        let groups = columns.map(|(column, name)| match options.has(column) {
            true => ColumnGroup::Option,
            false => ColumnGroup::of(name),
        });
        Self {
            groups: groups.collect(),
            options,
            price: layout.members.iter().position(|member| member == "price"),
            position: column(sheet, &["image_position"]),
        }
    }
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
