//! Files and lines that cannot be taken.

use lookalike_product_table::{ProductTable, ReadOptions, TableError};

use crate::{bad_lines, ids, read};

fn refused(bytes: &[u8]) -> String {
    refused_with(bytes, &ReadOptions::default())
}

fn refused_with(bytes: &[u8], options: &ReadOptions) -> String {
    ProductTable::read(bytes, options).unwrap_err().to_string()
}

#[test]
fn a_broken_quote_is_refused_with_the_line_where_it_began() {
    for (text, line) in [
        ("product_id,name\n1,a\n2,\"never closed\n3,b\n", 3),
        ("product_id,name\n1,\"a\"b\n2,c\n", 2),
        ("sep=,\nproduct_id,name\n1,\"x\ny\"\n\n2,\"a\" b\"\n", 6),
        ("\"product_id,name\n1,a\n", 1),
    ] {
        let error = ProductTable::read(text.as_bytes(), &ReadOptions::default()).unwrap_err();
        assert!(
            matches!(error, TableError::Quoting { line: found, .. } if found == line),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn a_bad_line_is_reported_with_its_number_and_the_rest_is_read() {
    let mut bytes = "product_id,name\n1,ä\n2,b,c\n,d\n\"3\",\"two\nlines\"\n"
        .as_bytes()
        .to_vec();
    bytes.extend(b"4,\xff\n5,e\n");
    let table = ProductTable::read(&bytes, &ReadOptions::default()).unwrap();
    let lines: Vec<u64> = table.bad_lines.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [3, 4, 7]);
    assert_eq!(ids(&table), ["1", "3", "5"]);
    assert!(table.bad_lines[0].reason.contains("double quotes"));
    assert!(table.bad_lines[2].reason.contains("UTF-8"));
}

#[test]
fn products_that_are_too_large_are_bad_lines() {
    let long = "x".repeat(400_000);
    let table = read(&format!("product_id,name\n1,{long}\n{long},b\n3,c\n"));
    assert_eq!(ids(&table), ["3"]);
    assert_eq!(bad_lines(&table), [2, 3]);
}

#[test]
fn a_file_without_ids_is_refused_with_its_columns() {
    let error = refused(b"sku,name\n1,a\n");
    assert!(
        error.contains("sku, name") && error.contains("--id-column"),
        "{error}"
    );
    assert!(refused(b"").contains("product_id"));
    assert!(refused(b"\n\n").contains("product_id"));
    assert!(refused(b"product_id,name,name\n1,a,b\n").contains("\"name\" twice"));
    assert!(
        refused(b"\n\nproduct_id,Gr\xf6\xdfe,\xc3\xbc\n1,a,b\n")
            .contains("line 3: a name in the header")
    );
    assert!(
        refused(format!("product_id,{}\n", "x".repeat(2000)).as_bytes()).contains("2000 bytes")
    );
    let wide = vec!["c"; 3000].join(";");
    assert!(refused(format!("product_id;{wide}\n").as_bytes()).contains("columns"));
    let options = ReadOptions {
        id_column: Some("SKU".to_owned()),
        ..ReadOptions::default()
    };
    assert!(refused_with(b"sku,name\n1,a\n", &options).contains("--id-column"));
    let options = ReadOptions {
        types: [("prize".to_owned(), "number".parse().unwrap())].into(),
        ..ReadOptions::default()
    };
    assert!(refused_with(b"product_id,price\n1,2\n", &options).contains("--types"));
}

#[test]
fn damaged_or_hostile_xml_is_refused() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><rss><item><id>&b;</id></item></rss>";
    assert!(refused(bomb.as_bytes()).contains("DOCTYPE"));
    assert!(refused("<a>".repeat(1000).as_bytes()).contains("deep"));
    assert!(refused(b"<rss><item><id>1</id>").contains("ends within"));
    assert!(refused(b"<rss>\n<item>\n<id>1</ID></item></rss>").contains("line 3"));
    assert!(refused(b"<html><body>not found</body></html>").contains("RSS"));
}

#[test]
fn options_that_name_one_column_are_refused() {
    let name = |name: &str| Some(name.to_owned());
    let both = ReadOptions {
        name_column: name("Type"),
        category_column: name("Type"),
        ..ReadOptions::default()
    };
    let error = refused_with(b"product_id,Type\n1,a\n", &both);
    assert!(
        error.contains("--name-column and --category-column name the same column \"Type\""),
        "{error}"
    );
    let id = ReadOptions {
        id_column: name("SKU"),
        image_column: name("SKU"),
        ..ReadOptions::default()
    };
    assert!(refused_with(b"SKU,name\n1,a\n", &id).contains("--image-column"));
}

#[test]
fn an_item_that_is_not_utf_8_is_a_bad_line() {
    let parts: [&[u8]; 4] = [
        b"<title>Gr\xf6\xdfe</title>",
        b"<title><![CDATA[\xff]]></title>",
        b"<link href=\"http://s.example/\xff.jpg\"/>",
        b"<gr\xf6sse>1</gr\xf6sse>",
    ];
    for part in parts {
        for declaration in ["", "<?xml version='1.0' encoding='UTF-8'?>"] {
            let mut text = format!("{declaration}<rss><channel><title>ü</title>\n<item><id>1</id>")
                .into_bytes();
            text.extend(part);
            text.extend(b"</item>\n<item><id>2</id></item></channel></rss>");
            let table = ProductTable::read(&text, &ReadOptions::default()).unwrap();
            assert_eq!(ids(&table), ["2"]);
            assert_eq!(bad_lines(&table), [2]);
            assert!(table.bad_lines[0].reason.contains("UTF-8"));
        }
    }
    let text = "<rss><item><id>1</id><link href='&copy;'/></item><item><id>2</id></item></rss>";
    let table = read(text);
    assert!(table.bad_lines[0].reason.contains("&copy;"));
}

#[test]
fn bad_lines_are_counted_and_the_first_are_kept() {
    let rows: String = (0..5000)
        .map(|n| format!("{n},a,too many\n,no id\n"))
        .collect();
    let table = read(&format!("product_id,name\n{rows}last,b\n"));
    assert_eq!(table.bad_line_count, 10_000);
    let lines: Vec<u64> = (2..1002).collect();
    assert_eq!(bad_lines(&table), lines);
    assert_eq!(ids(&table), ["last"]);
    let many = format!("product_id\n{}", "1\n".repeat(2_000_001));
    assert!(refused(many.as_bytes()).contains("2000000 rows: split it"));
}

#[test]
fn control_characters_of_a_header_do_not_reach_the_terminal() {
    let error = refused(b"sku,na\x1b[2Jme\n1,a\n");
    assert!(error.contains("sku, na\\u{1b}[2Jme"), "{error}");
    let error = refused(b"<rss><item><a\x1b>1</b></item></rss>");
    assert!(
        error.contains("\\u{1b}") && !error.contains('\x1b'),
        "{error}"
    );
}

#[test]
fn an_item_with_an_unknown_entity_is_a_bad_line() {
    let table = read(
        "<rss>\n<item><id>1</id><title>a&copy;b</title></item>\n<item><id>2</id><title>&lt;&#65;</title></item></rss>",
    );
    assert_eq!(ids(&table), ["2"]);
    assert_eq!(table.products[0].metadata["title"], "<A");
    assert_eq!(table.bad_lines[0].line, 2);
    assert!(table.bad_lines[0].reason.contains("&copy;"));
}
