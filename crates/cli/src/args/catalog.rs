//! The arguments of commands that add images and metadata to a catalog, or draw a sample of both.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use lookalike_product_table::{ReadOptions, TypeChoice, UnknownType};

use super::fetch_images::FetchArguments;
use super::target::TargetArguments;

/// Arguments of `upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadArguments {
    /// Folder of images; the folders in it become categories.
    pub(crate) folder: PathBuf,

    /// Table whose column `image` names the product of an image, if the file name does not. Without it, the products
    /// that were imported before tell.
    #[arg(long, value_name = "FILE")]
    pub(crate) metadata: Option<PathBuf>,

    /// What the product id of an image is, if no table names it: its file name without the extension (`stem`), its
    /// path below the folder without the extension (`path`), or the name of its folder (`folder`). The default is
    /// `stem`, and images of the catalog keep the product that they have.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) product_id: Option<ProductIdSource>,

    /// Upload unchanged images too.
    #[arg(long)]
    pub(crate) force: bool,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    pub(crate) columns: ColumnArguments,
}

/// The part of an image's path that is its product id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProductIdSource {
    /// The file name without the extension.
    #[default]
    Stem,
    /// The path below the folder without the extension.
    Path,
    /// The name of the folder.
    Folder,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Table of products: CSV or TSV with a header, a feed for Google Merchant Center (also RSS and Atom), an export of
    /// Shopify or WooCommerce, or Kaggle's styles.csv. Every column becomes metadata.
    #[arg(value_name = "FILE")]
    pub(crate) csv: PathBuf,

    /// Show how the table is read, and store nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not wait until the index has the metadata of the table.
    #[arg(long)]
    pub(crate) no_wait: bool,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    pub(crate) images: FetchArguments,

    #[command(flatten)]
    pub(crate) columns: ColumnArguments,
}

/// The meaning of columns that is not recognized.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Columns of the table")]
pub(crate) struct ColumnArguments {
    /// Column that identifies the products. The default is `product_id`, or that of a recognized format.
    #[arg(long, value_name = "NAME")]
    pub(crate) id_column: Option<String>,

    /// Column that names the images of a product, separated by `|`. The default is `image`.
    #[arg(long, value_name = "NAME")]
    pub(crate) image_column: Option<String>,

    /// Column that becomes `category`.
    #[arg(long, value_name = "NAME")]
    pub(crate) category_column: Option<String>,

    /// Column that becomes `name`.
    #[arg(long, value_name = "NAME")]
    pub(crate) name_column: Option<String>,

    /// Types of columns, such as `price=number,ean=text`: text, number, decimal-point, decimal-comma, boolean, date,
    /// day-month-year or month-day-year. The default is what the cells of a column show as a whole.
    #[arg(long, value_name = "NAME=TYPE", value_delimiter = ',', value_parser = column_type)]
    pub(crate) types: Vec<(String, TypeChoice)>,
}

impl ColumnArguments {
    /// Returns the choices for reading a table.
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            id_column: self.id_column.clone(),
            image_column: self.image_column.clone(),
            category_column: self.category_column.clone(),
            name_column: self.name_column.clone(),
            types: self.types.iter().cloned().collect(),
        }
    }
}

fn column_type(text: &str) -> Result<(String, TypeChoice), String> {
    let (name, word) = text
        .rsplit_once('=')
        .ok_or("a column and its type are expected, such as price=number")?;
    let choice: Result<TypeChoice, UnknownType> = word.trim().parse();
    Ok((
        name.trim().to_owned(),
        choice.map_err(|error| error.to_string())?,
    ))
}

/// Arguments of `draw`.
#[derive(Debug, Args)]
pub(crate) struct DrawArguments {
    /// Folder to draw into.
    pub(crate) folder: PathBuf,

    /// Number of products.
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) products: u32,

    /// The same seed draws the same catalog.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}
