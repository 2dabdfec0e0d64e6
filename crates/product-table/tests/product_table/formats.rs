//! Formats of shop systems, feeds and data sets.

use lookalike_product_table::{Format, ProductTable, ReadOptions};
use serde_json::json;

use crate::{bad_lines, column, ids, product, read};

#[test]
fn google_merchant_as_a_table() {
    let header = "id\ttitle\tdescription\tlink\timage link\tadditional image link\tprice\tproduct type\tgtin\tavailability";
    let row = "A1\tRed shoe\tSoft, warm\thttps://s.example/a1\thttps://s.example/a1.jpg\t\
               https://s.example/a1b.jpg,https://s.example/a1c.jpg\t1,299.00 EUR\tShoes > Boots\t0012345\tin stock";
    let table = read(&format!("{header}\n{row}\n"));
    assert_eq!(table.format, Format::GoogleMerchant);
    let shoe = product(&table, "A1");
    assert_eq!(
        shoe.image_links,
        [
            "https://s.example/a1.jpg",
            "https://s.example/a1b.jpg",
            "https://s.example/a1c.jpg"
        ]
    );
    assert_eq!(shoe.metadata["name"], "Red shoe");
    assert_eq!(shoe.metadata["category"], "Shoes > Boots");
    assert_eq!(shoe.metadata["price"], 1299);
    assert_eq!(shoe.metadata["price_text"], "1,299.00 EUR");
    assert_eq!(shoe.metadata["gtin"], "0012345");
}

#[test]
fn google_merchant_as_rss_and_atom() {
    let rss = r#"<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title><link>https://s.example</link>
<item><g:id>A1</g:id><g:title>Tom &amp; Co</g:title><description><![CDATA[<b>Soft</b>]]></description>
<g:image_link>https://s.example/a.jpg?w=1&amp;h=2</g:image_link>
<g:additional_image_link>https://s.example/b.jpg</g:additional_image_link>
<g:additional_image_link>https://s.example/c.jpg</g:additional_image_link>
<g:price>19.90 EUR</g:price><g:shipping><g:country>DE</g:country><g:price>5.00 EUR</g:price></g:shipping></item>
<item><g:title>no id</g:title></item>
</channel></rss>"#;
    let table = read(rss);
    assert_eq!(
        (table.format, table.delimiter),
        (Format::GoogleMerchant, None)
    );
    let shoe = product(&table, "A1");
    assert_eq!(
        shoe.image_links,
        [
            "https://s.example/a.jpg?w=1&h=2",
            "https://s.example/b.jpg",
            "https://s.example/c.jpg"
        ]
    );
    assert_eq!(shoe.metadata["name"], "Tom & Co");
    assert_eq!(shoe.metadata["description"], "<b>Soft</b>");
    assert_eq!(
        (&shoe.metadata["price"], &shoe.metadata["shipping_price"]),
        (&json!(19.9), &json!(5))
    );
    assert_eq!(table.bad_lines[0].line, 8);

    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><id>tag:1</id><g:id>B2</g:id><title>Hat</title><link href="https://s.example/b2?a=1&amp;b=2"/>
<g:image_link>https://s.example/b2.jpg</g:image_link></entry></feed>"#;
    let table = read(atom);
    assert_eq!(ids(&table), ["B2"]);
    assert_eq!(
        table.products[0].metadata["link"],
        "https://s.example/b2?a=1&b=2"
    );
}

#[test]
fn shopify_rows_of_one_handle_are_one_product() {
    let table = read(
        "Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,\
         Variant Price,Image Src,Image Position,Variant Image,Status\n\
         boot,Red boot,<p>Warm</p>,Acme,Boots,Size,42,Color,Red,B-42,129.90,https://c.example/2.jpg,2,,active\n\
         boot,,,,,,43,,Red,B-43,139.90,https://c.example/1.jpg,1,https://c.example/v.jpg,\n\
         boot,,,,,,,,,,,https://c.example/3.jpg,3,,\n\
         hat,Hat,,Acme,Hats,Title,Default Title,,,H,20,https://c.example/h.jpg,1,,active\n",
    );
    assert_eq!(table.format, Format::Shopify);
    assert_eq!(ids(&table), ["boot", "hat"]);
    let boot = product(&table, "boot");
    let links = [
        "https://c.example/1.jpg",
        "https://c.example/v.jpg",
        "https://c.example/2.jpg",
        "https://c.example/3.jpg",
    ];
    assert_eq!(boot.image_links, links);
    let expected = json!({
        "name": "Red boot", "category": "Boots", "Vendor": "Acme", "Body (HTML)": "<p>Warm</p>", "Status": "active",
        "price": 129.9, "price_text": "129.90", "Size": ["42", "43"], "Color": ["Red"], "Variant SKU": "B-42",
        "Image Src": "https://c.example/2.jpg", "Image Position": 2,
    });
    assert_eq!(json!(boot.metadata), expected);
    assert!(!product(&table, "hat").metadata.contains_key("Title"));
    assert!(
        table
            .notes
            .iter()
            .any(|note| note.starts_with("1 products have variants with different prices"))
    );
    assert!(table.duplicates.is_empty());
}

#[test]
fn a_shopify_product_has_the_values_of_one_variant() {
    let rows = "shirt,Shirt,Size,S,10,,,,,\nshirt,,Size,M,20,99,SHIRT-M,500,https://c.example/a.jpg,Acme\n";
    for header in [
        "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Compare At Price,Variant SKU,Variant Grams,\
         Image Src,Vendor",
        "URL handle,Title,Option1 name,Option1 value,Price,Compare-at price,SKU,Weight value (grams),\
         Product image URL,Vendor",
    ] {
        let table = read(&format!("{header}\n{rows}"));
        let image = header.split(',').nth(8).unwrap();
        let expected = json!({
            "name": "Shirt", "price": 10, "Size": ["S", "M"], "Vendor": "Acme", image: "https://c.example/a.jpg",
        });
        assert_eq!(json!(product(&table, "shirt").metadata), expected);
    }
}

#[test]
fn woocommerce_parents_are_found_whichever_column_identifies_products() {
    let text = "ID,Type,SKU,Name,Regular price,Categories,Images,Parent,Attribute 1 name,Attribute 1 value(s)\n\
                10,\"variable, downloadable\",SHIRT,Shirt,,Tops,,,price,\"S, M\"\n\
                11,\"variation, downloadable, virtual\",,Shirt - S,25,,https://w.example/s.jpg,id:10,Size,S\n\
                12,variation,SHIRT-M,Shirt - M,26,,https://w.example/m.jpg,SHIRT,Size,M\n\
                13,variation,LOST,Lost,5,,,id:99,Size,M\n";
    for (column, id) in [("SKU", "SHIRT"), ("ID", "10")] {
        let options = ReadOptions {
            id_column: Some(column.to_owned()),
            ..ReadOptions::default()
        };
        let table = ProductTable::read(text.as_bytes(), &options).unwrap();
        assert_eq!(ids(&table), [id]);
        assert_eq!(
            table.products[0].image_links,
            ["https://w.example/s.jpg", "https://w.example/m.jpg"]
        );
        assert_eq!(bad_lines(&table), [5]);
        assert!(
            table
                .notes
                .iter()
                .any(|note| note.starts_with("2 variations"))
        );
        // The column `price` stays one of numbers.
        assert_eq!(table.products[0].metadata["price"], 25);
        assert!(
            table
                .notes
                .iter()
                .any(|note| note.starts_with("the attribute \"price\" of 1 products is left out"))
        );
    }
}

#[test]
fn a_product_with_too_many_images_says_so() {
    let links: Vec<String> = (0..101)
        .map(|n| format!("https://s.example/{n}.jpg"))
        .collect();
    let table = read(&format!(
        "product_id,image\na,{}\nb,{}\n",
        links.join("|"),
        links[1..].join("|")
    ));
    let counts: Vec<(usize, bool)> = table
        .products
        .iter()
        .map(|product| (product.image_links.len(), product.has_more_images))
        .collect();
    assert_eq!(counts, [(100, true), (100, false)]);
    assert_eq!(table.notes.len(), 1);
    assert!(table.notes[0].starts_with("1 products have more than 100 images"));
    let rows: String = (0..101).map(|n| format!("h,T,Size,{n},1\n")).collect();
    let table = read(&format!(
        "Handle,Title,Option1 Name,Option1 Value,Variant Price\n{rows}"
    ));
    assert!(table.notes[0].contains("more than 100 values of a list"));
}

#[test]
fn one_member_names_the_images_of_every_column() {
    for (text, image) in [
        (
            "product_id,image,image_link,additional_image_link,additional_image_link\n\
             1,a.jpg|https://s.example/x.jpg,b.jpg,c.jpg,d.jpg|a.jpg\n",
            Some("a.jpg|https://s.example/x.jpg|b.jpg|c.jpg|d.jpg"),
        ),
        (
            "<rss><item><id>1</id><image_link>a.jpg</image_link><additional_image_link>b.jpg</additional_image_link>\
             <additional_image_link>c.jpg</additional_image_link></item></rss>",
            Some("a.jpg|b.jpg|c.jpg"),
        ),
        ("product_id,image_link\n1,https://s.example/x.jpg\n", None),
    ] {
        let table = read(text);
        let found = table.products[0].metadata.get("image");
        assert_eq!(found.and_then(|image| image.as_str()), image, "{text}");
    }
}

#[test]
fn woocommerce_variations_belong_to_their_parents() {
    let table = read(
        "ID,Type,SKU,Name,Published,Regular price,Sale price,Categories,Images,Parent,Attribute 1 name,\
         Attribute 1 value(s)\n\
         10,variable,SHIRT,Shirt,1,,,\"Clothing > Shirts, Sale\",\"https://w.example/a.jpg, https://w.example/b.jpg\",,\
         Size,\"S, M\"\n\
         11,variation,SHIRT-S,Shirt - S,1,25.00,20.00,,https://w.example/s.jpg,SHIRT,Size,S\n\
         12,variation,SHIRT-M,Shirt - M,1,26.00,,,,id:10,Size,M\n\
         13,variation,LOST,Lost,1,5,,,,id:99,Size,M\n\
         20,simple,MUG,Mug,1,9.50,,Kitchen,https://w.example/m.jpg,,,\n",
    );
    assert_eq!(table.format, Format::WooCommerce);
    assert_eq!(ids(&table), ["10", "20"]);
    let shirt = product(&table, "10");
    assert_eq!(
        shirt.image_links,
        [
            "https://w.example/a.jpg",
            "https://w.example/b.jpg",
            "https://w.example/s.jpg"
        ]
    );
    assert_eq!(shirt.metadata["category"], "Clothing > Shirts");
    assert_eq!(shirt.metadata["Size"], json!(["S", "M"]));
    assert_eq!(shirt.metadata["price"], 25);
    assert_eq!(product(&table, "20").metadata["price"], 9.5);
    assert_eq!(bad_lines(&table), [5]);
}

#[test]
fn kaggle_names_may_have_unquoted_commas() {
    let table = read(
        "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n\
         15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Shirt\n\
         6044,Women,Apparel,Topwear,Tops,NA,Summer,2016.0,Casual,White Top, with lace,red\n\
         12369,Men,Apparel,Topwear,Shirts,NA,Fall,,Formal,\n\
         7,too,few\n",
    );
    assert_eq!(table.format, Format::KaggleFashion);
    assert_eq!(ids(&table), ["15970", "6044", "12369"]);
    let top = &product(&table, "6044").metadata;
    assert_eq!(
        (&top["name"], &top["category"]),
        (&json!("White Top, with lace,red"), &json!("Tops"))
    );
    assert_eq!(
        (&top["baseColour"], &top["year"]),
        (&json!("NA"), &json!(2016))
    );
    assert_eq!(bad_lines(&table), [5]);
}

#[test]
fn columns_of_other_tables_can_be_chosen() {
    let options = ReadOptions {
        id_column: Some("sku".to_owned()),
        image_column: Some("Pics".to_owned()),
        category_column: Some("group".to_owned()),
        name_column: Some("label".to_owned()),
        ..ReadOptions::default()
    };
    let text = "sku,Pics,group,label,name\n7,./a.jpg|https://x.example/b.jpg,12,Boot,old\n";
    let table = ProductTable::read(text.as_bytes(), &options).unwrap();
    let boot = product(&table, "7");
    assert_eq!(boot.image_entries, ["./a.jpg"]);
    assert_eq!(boot.image_links, ["https://x.example/b.jpg"]);
    let expected =
        json!({"image": "./a.jpg|https://x.example/b.jpg", "category": "12", "name": "Boot"});
    assert_eq!(json!(boot.metadata), expected);
    assert_eq!(column(&table, "name").column, "label");
    assert!(table.notes[0].contains("\"name\" is left out"));
}

#[test]
fn a_chosen_column_is_not_taken_for_another_meaning() {
    let text = "Handle,Title,Type,Product Category,Variant Price\nboot,Boot,Boots,Shoes,5\n";
    let options = ReadOptions {
        name_column: Some("Type".to_owned()),
        ..ReadOptions::default()
    };
    let table = ProductTable::read(text.as_bytes(), &options).unwrap();
    let expected = json!({"name": "Boots", "Title": "Boot", "category": "Shoes", "price": 5});
    assert_eq!(json!(table.products[0].metadata), expected);
}

#[test]
fn a_column_id_identifies_the_products_of_a_plain_table() {
    let table = read("ID,name\n1,a\n");
    assert_eq!(
        (table.format, table.id_column.as_str()),
        (Format::Plain, "ID")
    );
    assert_eq!(ids(&read("id,product_id\n1,a\n")), ["a"]);
}
