//! Image links among the columns of a product.

use lookalike_core::Product;
use serde_json::Value;

use crate::fetch_images::ProductLinks;

/// Columns of links, and the character that separates several in one field.
const COLUMNS: [(&str, Option<char>); 3] = [
    ("image_link", None),
    ("image", Some('|')),
    ("additional_image_link", Some(',')),
];
const CATEGORY: &str = "category";

/// Returns the image links of a product. The column `image` may also have paths, which are left out.
pub(crate) fn product_links(product: &Product) -> ProductLinks {
    let text = |column: &str| match product.metadata.get(column) {
        Some(Value::String(text)) => text.as_str(),
        _ => "",
    };
    let mut image_links = Vec::new();
    for (column, separator) in COLUMNS {
        let parts = text(column).split(|character| Some(character) == separator);
        let links = parts.map(str::trim).filter(|part| is_link(part));
        image_links.extend(links.map(str::to_owned));
    }
    ProductLinks {
        product_id: product.product_id.clone(),
        category: Some(text(CATEGORY))
            .filter(|category| !category.is_empty())
            .map(str::to_owned),
        image_links,
    }
}

fn is_link(part: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        part.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_come_from_three_columns_and_paths_are_left_out() {
        let metadata = [
            (
                "image",
                json!("boots/b1.jpg|https://s/a.jpg | http://s/b.jpg"),
            ),
            ("image_link", json!("HTTPS://s/main,1.jpg")),
            (
                "additional_image_link",
                json!("https://s/2.jpg, https://s/3.jpg"),
            ),
            ("category", json!("boots")),
            ("price", json!(5)),
        ];
        let links = product_links(&Product {
            product_id: "7".to_owned(),
            metadata: metadata
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        });
        let expected = [
            "HTTPS://s/main,1.jpg",
            "https://s/a.jpg",
            "http://s/b.jpg",
            "https://s/2.jpg",
            "https://s/3.jpg",
        ];
        assert_eq!(links.image_links, expected);
        assert_eq!(links.category.as_deref(), Some("boots"));
    }
}
