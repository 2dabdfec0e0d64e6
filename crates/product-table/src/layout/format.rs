//! The formats of tables.

use std::fmt;

use serde::Serialize;

use crate::sheet::plain_name;

/// The format of a table, recognized by its header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One line for each product, with columns of the shop's own.
    #[default]
    Plain,
    /// A feed for Google Merchant Center: tab- or comma-separated, RSS or Atom.
    GoogleMerchant,
    /// The export of products of Shopify: several lines for each product.
    Shopify,
    /// The export of products of WooCommerce.
    #[serde(rename = "woocommerce")]
    WooCommerce,
    /// `styles.csv` of the fashion product images on Kaggle.
    KaggleFashion,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain table",
            Self::GoogleMerchant => "Google Merchant Center feed",
            Self::Shopify => "Shopify export",
            Self::WooCommerce => "WooCommerce export",
            Self::KaggleFashion => "Kaggle fashion styles",
        })
    }
}

impl Format {
    /// Recognizes the format of a table with these columns.
    pub(crate) fn of(columns: &[String]) -> Self {
        let names: Vec<String> = columns.iter().map(|name| plain_name(name)).collect();
        let has = |name: &str| names.iter().any(|known| known == name);
        let has_any = |names: &[&str]| names.iter().any(|name| has(name));
        if has("product_id") {
            Self::Plain
        } else if has("id")
            && has("mastercategory")
            && has("articletype")
            && has("productdisplayname")
        {
            Self::KaggleFashion
        } else if has_any(&["handle", "url_handle"])
            && has("title")
            && has_any(&[
                "variant_price",
                "variant_sku",
                "image_src",
                "option1_name",
                "product_image_url",
            ])
        {
            Self::Shopify
        } else if has_any(&["id", "sku"])
            && has("name")
            && has("regular_price")
            && has("categories")
        {
            Self::WooCommerce
        } else if has("id") && has("title") && has_any(&["image_link", "link", "availability"]) {
            Self::GoogleMerchant
        } else {
            Self::Plain
        }
    }
}

/// True if unquoted commas are allowed in the last column: the names of Kaggle's fashion products have them.
pub(crate) fn joins_last_column(columns: &[String]) -> bool {
    let last = columns
        .last()
        .is_some_and(|name| plain_name(name) == "productdisplayname");
    last && Format::of(columns) == Format::KaggleFashion
}
