//! What holds for every file.

use lookalike_product_table::{ColumnType, ImageMatcher, ProductTable, ReadOptions};
use proptest::prelude::*;
use serde_json::Value;

use crate::column;

/// Texts with everything that has a meaning in tables.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("product_id".to_owned()),
        Just("id,title,image_link\n".to_owned()),
        Just("Handle,Title,Variant Price\n".to_owned()),
        Just("<item><id>".to_owned()),
        Just("</id></item>".to_owned()),
        "[,;|\t\r\n\" .a-c0-9$€'&<>=-]{0,6}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// Feeds and tables with few ids, so that several items have the same one; items may be on one line.
fn repeated_ids() -> impl Strategy<Value = String> {
    let items = proptest::collection::vec(("[a-c]", "[0-9]", "\n?"), 1..12);
    let starts = [
        "<rss>",
        "product_id;n\n",
        "Handle,Title,Variant Price\n",
        "ID,SKU,Name,Regular price,Categories\n",
    ];
    (items, proptest::sample::select(starts.to_vec())).prop_map(|(items, start)| {
        let row = |(id, n, end): (String, String, String)| match start.chars().next() {
            Some('<') => format!("<item><id>{id}</id><n>{n}</n></item>{end}"),
            Some('p') => format!("{id};{n}\n"),
            Some('H') => format!("{id},t,{n}\n"),
            _ => format!("{id},{n},t,{n},c\n"),
        };
        let end = if start == "<rss>" { "</rss>" } else { "" };
        format!(
            "{start}{}{end}",
            items.into_iter().map(row).collect::<String>()
        )
    })
}

/// A price in cents, written with a decimal mark and a mark between groups.
fn written(cents: u32, decimal: char, grouping: Option<char>) -> String {
    let mut whole = (cents / 100).to_string();
    if let Some(grouping) = grouping {
        let digits = whole.len();
        for position in (1..digits)
            .filter(|position| (digits - position).is_multiple_of(3))
            .rev()
        {
            whole.insert(position, grouping);
        }
    }
    format!("{whole}{decimal}{:02}", cents % 100)
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ProductTable::read(&bytes, &ReadOptions::default());
    }

    #[test]
    fn any_text_is_read_or_refused_and_products_are_distinct(text in prop_oneof![texts(), repeated_ids()]) {
        let Ok(table) = ProductTable::read(text.as_bytes(), &ReadOptions::default()) else {
            return Ok(());
        };
        let mut ids: Vec<&str> = table.products.iter().map(|product| product.product_id.as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
        prop_assert!(table.bad_lines.is_sorted_by_key(|bad| bad.line));
        prop_assert!(ids.iter().all(|id| !id.trim().is_empty()));
    }

    /// A column never mixes types, whatever is in it.
    #[test]
    fn a_column_has_one_type(cells in proptest::collection::vec("[0-9.,$ a-]{0,7}|true|2024-01-3[01]|1/2/2024", 1..12)) {
        let rows: String = cells.iter().enumerate().map(|(n, cell)| format!("{n};\"{cell}\"\n")).collect();
        let table = ProductTable::read(format!("product_id;v\n{rows}").as_bytes(), &ReadOptions::default()).unwrap();
        let values: Vec<&Value> = table.products.iter().filter_map(|p| p.metadata.get("v")).collect();
        let Some(first) = values.first() else { return Ok(()) };
        let kind = column(&table, "v").kind;
        for value in &values {
            let fits = match kind {
                ColumnType::Text | ColumnType::Date => value.is_string(),
                ColumnType::Number => value.is_number(),
                ColumnType::Boolean => value.is_boolean(),
            };
            prop_assert!(fits, "{first} and {value} in a column of {kind}");
        }
        // What was written is never lost.
        for (n, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()) {
            let product = table.products.iter().find(|p| p.product_id == n.to_string()).unwrap();
            let kept = |value: &Value| {
                let shown = value.to_string();
                value.as_str() == Some(cell.trim()) || shown == cell.trim()
            };
            prop_assert!(product.metadata.values().any(kept), "{cell:?}: {:?}", product.metadata);
        }
    }

    /// Prices come back whatever marks a country writes them with.
    #[test]
    fn prices_of_every_country_are_read(
        cents in proptest::collection::vec(1u32..2_000_000_000, 1..10),
        style in proptest::sample::select(vec![
            ('.', Some(',')), (',', Some('.')), (',', Some(' ')), ('.', Some('\'')), (',', Some('\u{a0}')), ('.', None), (',', None),
        ]),
        signs in proptest::sample::select(vec![("", ""), ("$", ""), ("", " EUR"), ("€ ", ""), ("", "\u{a0}zł")]),
    ) {
        let price = |cents: &u32| format!("{}{}{}", signs.0, written(*cents, style.0, style.1), signs.1);
        let rows: String = cents.iter().enumerate().map(|(n, c)| format!("{n},\"{}\"\n", price(c))).collect();
        let table = ProductTable::read(format!("product_id,price\n{rows}").as_bytes(), &ReadOptions::default()).unwrap();
        prop_assert_eq!(column(&table, "price").kind, ColumnType::Number);
        for (product, cents) in table.products.iter().zip(&cents) {
            let value = product.metadata["price"].as_f64().unwrap();
            prop_assert_eq!(value, f64::from(*cents) / 100.0);
        }
    }

    /// Plain fields come back from every delimiter, quoted or not.
    #[test]
    fn fields_come_back(
        fields in proptest::collection::vec("[a-z,;|\t\"\n ]{0,8}", 1..8),
        delimiter in proptest::sample::select(vec![',', ';', '\t', '|']),
    ) {
        let rows: String = fields.iter().enumerate()
            .map(|(n, field)| format!("p{n}{delimiter}\"{}\"\r\n", field.replace('"', "\"\"")))
            .collect();
        let text = format!("product_id{delimiter}v\r\n{rows}");
        let table = ProductTable::read(text.as_bytes(), &ReadOptions::default()).unwrap();
        prop_assert_eq!(table.products.len(), fields.len());
        for (product, field) in table.products.iter().zip(&fields) {
            let value = product.metadata.get("v").map_or("", |value| value.as_str().unwrap());
            prop_assert_eq!(value, field.trim());
        }
    }

    /// An image finds its entry whichever root folders, marks and cases the two are written with.
    #[test]
    fn an_entry_finds_its_image(
        folders in proptest::collection::vec("[a-zäß]{1,4}", 0..4),
        name in "[a-z0-9 %]{1,8}\\.jpg",
        outer in proptest::collection::vec("[x-z]{1,3}", 0..3),
        style in 0..5,
    ) {
        let below = folders.iter().cloned().chain([name]).collect::<Vec<_>>().join("/");
        let entry = outer.iter().cloned().chain([below.clone()]).collect::<Vec<_>>().join("/");
        let entry = match style {
            0 => format!("./{entry}"),
            1 => entry.replace('/', "\\"),
            2 => format!("C:\\{}", entry.replace('/', "\\")),
            3 => entry.to_uppercase(),
            _ => entry,
        };
        // ß has another length in capitals.
        prop_assume!(style != 3 || !entry.contains("SS"));
        let mut matcher = ImageMatcher::new([("p", entry.as_str())]);
        let found = matcher.find(&below, &below);
        prop_assert_eq!(found.map(|found| found.product_id), Some("p".to_owned()), "{} {}", entry, below);
        prop_assert!(matcher.unmatched().is_empty());
    }
}
