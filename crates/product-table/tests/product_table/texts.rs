//! Encodings, delimiters, and lines.

use lookalike_product_table::{ProductTable, ReadOptions};
use serde_json::json;

use crate::{ids, product, read};

#[test]
fn every_column_becomes_typed_metadata() {
    let table = read(
        "product_id,name,price,stock,sold,ean,empty\n1,\"Shoe, red\",-49.5,12,true,0012345,\n",
    );
    let expected =
        json!({"name": "Shoe, red", "price": -49.5, "stock": 12, "sold": true, "ean": "0012345"});
    assert_eq!(json!(table.products[0].metadata), expected);
    assert_eq!(table.bad_lines, []);
    assert_eq!(table.columns.len(), 5);
}

#[test]
fn delimiters_marks_and_line_ends_are_understood() {
    for text in [
        "\u{feff}product_id;name\n1;a\n",
        "product_id\tname\r\n1\ta\r\n",
        "product_id|name\r1|a\r",
        "sep=;\r\nproduct_id;name\r\n1;a\r\n",
        "\n\nproduct_id,name,,\n1,a,,\n",
        "product_id;\"name\";\"price, net\"\n1;a;\n",
    ] {
        let table = read(text);
        assert_eq!(table.products[0].metadata["name"], "a", "{text:?}");
        assert_eq!(table.bad_lines, []);
    }
}

#[test]
fn other_encodings_are_understood_and_said() {
    let utf_16: Vec<u8> = "\u{feff}product_id,name\n1,Größe\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let windows = b"product_id,name\n1,Gr\xf6\xdfe\n".to_vec();
    for (bytes, encoding) in [(utf_16, "UTF-16LE"), (windows, "Windows-1252")] {
        let table = ProductTable::read(&bytes, &ReadOptions::default()).unwrap();
        assert_eq!(table.products[0].metadata["name"], "Größe");
        assert_eq!(table.encoding.to_string(), encoding);
    }
}

#[test]
fn lines_are_counted_through_everything() {
    let text = "sep=,\n\nproduct_id,name\n1,\"two\nlines\"\n\n\nx\n2,b\r\n,c\n3,\"d\",e\n4,f,,\n";
    let table = read(text);
    let lines: Vec<u64> = table.bad_lines.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [8, 10, 11]);
    assert_eq!(ids(&table), ["1", "2", "4"]);
    assert_eq!(table.products[0].line, 4);
    assert_eq!(table.products[2].line, 12);
}

#[test]
fn quotes_within_a_field_are_text() {
    let table = read("product_id,name\n1,\"He said \"\"hi\"\"\"\n2,5\" pipe\n3,\"a\" \n");
    assert_eq!(product(&table, "1").metadata["name"], "He said \"hi\"");
    assert_eq!(product(&table, "2").metadata["name"], "5\" pipe");
    assert_eq!(product(&table, "3").metadata["name"], "a");
}

#[test]
fn ids_are_kept_as_they_are() {
    let text = "product_id,n\n00123,1\n123,2\n1.0,3\n\" padded \",4\ntrue,5\na%2Fb,6\nünï🦀,7\nx1,8\nX1,9\n";
    let expected = [
        "00123",
        "123",
        "1.0",
        "padded",
        "true",
        "a%2Fb",
        "ünï🦀",
        "x1",
        "X1",
    ];
    assert_eq!(ids(&read(text)), expected);
}

#[test]
fn the_last_line_of_a_product_counts_and_the_others_are_said() {
    let table = read("product_id,price\na,1\nb,2\na,3\n\na,4\n");
    assert_eq!(ids(&table), ["b", "a"]);
    assert_eq!(table.products[1].metadata["price"], 4);
    let duplicate = &table.duplicates[..];
    assert_eq!(duplicate.len(), 1);
    assert_eq!(
        (duplicate[0].product_id.as_str(), &duplicate[0].lines[..]),
        ("a", &[2, 4, 6][..])
    );
}

#[test]
fn items_of_one_id_on_one_line_are_one_product() {
    let item = |price: u32| format!("<item><id>a</id><price>{price}</price></item>");
    let table = read(&format!(
        "<rss><channel>{}{}</channel></rss>",
        item(1),
        item(2)
    ));
    assert_eq!(ids(&table), ["a"]);
    assert_eq!(table.products[0].metadata["price"], 2);
    assert_eq!(table.duplicates[0].lines, [1, 1]);
}

#[test]
fn text_belongs_to_the_element_around_it() {
    let item = |content: &str| {
        let table = read(&format!("<rss><item><id>1</id>{content}</item></rss>"));
        json!(table.products[0].metadata)
    };
    for (content, expected) in [
        (
            "<title>Nice <b>red</b> shoe</title>",
            json!({"title": "Nice red shoe"}),
        ),
        (
            "<title><b>Red</b></title>stray<size>4</size>text",
            json!({"title": "Red", "size": 4}),
        ),
        (
            "<title>Red<br/>shoe &amp; <i>very</i> <u>warm</u></title>",
            json!({"title": "Red shoe & very warm"}),
        ),
        (
            "<shipping>\n<country>DE</country>\n<price>5</price>\n</shipping>",
            json!({"shipping_country": "DE", "shipping_price": 5}),
        ),
        ("<a><c><d>deep</d></c></a><e/>", json!({"a_c_d": "deep"})),
    ] {
        assert_eq!(item(content), expected, "{content}");
    }
}

#[test]
fn a_declaration_of_utf_16_in_another_encoding_is_wrong() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?><rss><item><id>1</id><title>Größe</title></item></rss>";
    let table = read(text);
    assert_eq!(table.products[0].metadata["title"], "Größe");
    assert_eq!(table.encoding.to_string(), "UTF-8");
}

#[test]
fn an_assumed_encoding_is_said_with_a_sample() {
    let table = ProductTable::read(
        b"product_id,name\n1,a\n2,Gr\xf6\xdfe\n",
        &ReadOptions::default(),
    );
    let notes = table.unwrap().notes;
    assert!(
        notes[0].contains("Windows-1252 is assumed, in which line 3 has \"Größe\""),
        "{notes:?}"
    );
    let declared = b"<?xml version='1.0' encoding='windows-1252'?><rss><item><id>1</id><t>\xf6</t></item></rss>";
    let table = ProductTable::read(declared, &ReadOptions::default()).unwrap();
    assert_eq!(table.notes, [""; 0]);
}

#[test]
fn cells_of_columns_without_a_name_are_said_to_be_left_out() {
    let table = read("product_id,,name\n1,lost,a\n2,,b\n");
    assert!(
        table.notes[0].starts_with("1 cells are left out"),
        "{:?}",
        table.notes
    );
}
