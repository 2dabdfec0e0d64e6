//! Types of columns.

use lookalike_product_table::ColumnType;
use serde_json::{Value, json};

use crate::{column, product, read, read_as};

/// Reads one column, `price`, and returns its type and values.
fn typed(cells: &[&str]) -> (ColumnType, Vec<Value>) {
    typed_as(cells, None)
}

fn typed_as(cells: &[&str], choice: Option<&str>) -> (ColumnType, Vec<Value>) {
    let table = read_as(
        &one_column(cells),
        &choice
            .map(|word| ("price", word))
            .into_iter()
            .collect::<Vec<_>>(),
    );
    let value = |n: usize| {
        product(&table, &n.to_string())
            .metadata
            .get("price")
            .cloned()
    };
    let values = (0..cells.len()).map(|n| value(n).unwrap_or_default());
    (column(&table, "price").kind, values.collect())
}

fn one_column(cells: &[&str]) -> String {
    let rows = cells.iter().enumerate();
    let rows = rows.map(|(n, cell)| format!("{n},\"{}\"\n", cell.replace('"', "\"\"")));
    format!("product_id,price\n{}", rows.collect::<String>())
}

#[test]
fn numbers_are_read_by_what_their_column_shows() {
    for (cells, values) in [
        (
            &["1,299.00", "$19.99", "19.99", "5"][..],
            vec![json!(1299), json!(19.99), json!(19.99), json!(5)],
        ),
        (
            &["1.299,00", "19,99", "1.299"],
            vec![json!(1299), json!(19.99), json!(1299)],
        ),
        (&["1,299", "19.99"], vec![json!(1299), json!(19.99)]),
        (&["90.750", "1.50"], vec![json!(90.75), json!(1.5)]),
        (&["1,299", "1,299,000"], vec![json!(1299), json!(1_299_000)]),
        (
            &["19.99 EUR", "1 299.00 EUR", "€5"],
            vec![json!(19.99), json!(1299), json!(5)],
        ),
        (&["1 299", "899"], vec![json!(1299), json!(899)]),
        (&["1 299 kr", "2 499 kr"], vec![json!(1299), json!(2499)]),
        (&["12'990", "2'499"], vec![json!(12_990), json!(2499)]),
        (
            &["1,299,500", "19.99"],
            vec![json!(1_299_500), json!(19.99)],
        ),
        (&["-49.90", "0"], vec![json!(-49.9), json!(0)]),
    ] {
        assert_eq!(typed(cells), (ColumnType::Number, values), "{cells:?}");
    }
}

#[test]
fn what_stays_open_is_text_and_said() {
    for (cells, reason, lines) in [
        (
            &["1,299", "2,499"][..],
            "may be a decimal mark",
            &[2, 3][..],
        ),
        (
            &["1,299.00", "2,000.50", "19,99"],
            "decimal comma and others a decimal point",
            &[4],
        ),
        (&["$5", "5 EUR", "6"], "several currencies", &[2, 3]),
        (&["12", "call us", "13"], "most cells are numbers", &[3]),
        (&["12", "13", "007", "M"], "most cells are numbers", &[4, 5]),
        (
            &["01/02/2024", "03/04/2024"],
            "order of day and month",
            &[2, 3],
        ),
        (
            &["03-04-2024", "05-06-2024"],
            "order of day and month",
            &[2, 3],
        ),
        (
            &["2024-01-31", "2024-01-31T10:00:00Z"],
            "times are written",
            &[2, 3],
        ),
        (
            &["104,110,116", "122,128,134,140"],
            "the numbers of a list",
            &[2, 3],
        ),
        (&["100 200", "1200"], "the numbers of a list", &[2]),
        (&["128.140", "104.110.116"], "the numbers of a list", &[3]),
        (
            &["2024-01-31", "2024-02-01", "soon"],
            "most cells are dates",
            &[4],
        ),
    ] {
        let table = read(&one_column(cells));
        let price = column(&table, "price");
        assert_eq!(price.kind, ColumnType::Text, "{cells:?}");
        let said = price.reason.as_deref().unwrap_or_default();
        // A number with leading zeros is no number either.
        assert!(
            said.contains(reason) && said.contains("--types"),
            "{cells:?}: {said}"
        );
        let found: Vec<u64> = price.doubtful.first.iter().map(|(line, _)| *line).collect();
        assert_eq!(found, lines, "{cells:?}");
        assert_eq!(price.doubtful.total, lines.len() as u64);
        for (n, cell) in cells.iter().enumerate() {
            assert_eq!(product(&table, &n.to_string()).metadata["price"], *cell);
        }
    }
}

#[test]
fn codes_are_no_currencies() {
    let values = vec![json!("RAL 7016"), json!("RAL 9005")];
    assert_eq!(typed(&["RAL 7016", "RAL 9005"]), (ColumnType::Text, values));
}

#[test]
fn identifiers_stay_text() {
    for cells in [
        &["0012345678905", "5901234123457"][..],
        &["12345678901234567890", "1"],
        &["007", "8"],
    ] {
        let values = cells.iter().map(|cell| json!(cell)).collect();
        assert_eq!(typed(cells), (ColumnType::Text, values));
    }
    let table =
        read("product_id,EAN,Item ID,parentId,zip_code,width\n1,5901234123457,7,8,12345,9\n");
    let metadata = json!(product(&table, "1").metadata);
    let expected = json!({"EAN": "5901234123457", "Item ID": "7", "parentId": "8", "zip_code": "12345", "width": 9});
    assert_eq!(metadata, expected);
}

#[test]
fn booleans_and_dates_are_recognized() {
    assert_eq!(
        typed(&["true", "FALSE"]),
        (ColumnType::Boolean, vec![json!(true), json!(false)])
    );
    assert_eq!(typed(&["true", "maybe"]).0, ColumnType::Text);
    let iso = vec![json!("2024-12-31"), json!("2024-01-02")];
    for cells in [
        ["31.12.2024", "2.1.2024"],
        ["12/31/2024", "01/02/2024"],
        ["12-31-2024", "01-02-2024"],
        ["31-12-2024", "02-01-2024"],
        ["2024-12-31", "2024-01-02"],
    ] {
        assert_eq!(typed(&cells), (ColumnType::Date, iso.clone()), "{cells:?}");
    }
}

#[test]
fn words_for_missing_values_are_left_out_and_listed() {
    let (kind, values) = typed(&["5", "N/A", "-", "6.5"]);
    assert_eq!(
        (kind, values),
        (
            ColumnType::Number,
            vec![json!(5), json!(null), json!(null), json!(6.5)]
        )
    );
    let table = read(&one_column(&["5", "N/A"]));
    assert_eq!(
        column(&table, "price").doubtful.first,
        [(3, "N/A".to_owned())]
    );
    assert_eq!(product(&table, "1").metadata["price_text"], "N/A");
    // Among texts it is a text.
    assert_eq!(
        typed(&["Navy", "NA"]),
        (ColumnType::Text, vec![json!("Navy"), json!("NA")])
    );
}

#[test]
fn a_choice_decides_and_cells_that_do_not_fit_are_listed() {
    assert_eq!(typed_as(&["1,299"], Some("number")).1, [json!(1299)]);
    assert_eq!(
        typed_as(&["1,299"], Some("decimal-comma")).1,
        [json!(1.299)]
    );
    assert_eq!(
        typed_as(&["1.299"], Some("decimal-point")).1,
        [json!(1.299)]
    );
    assert_eq!(
        typed_as(&["5", "6"], Some("text")).1,
        [json!("5"), json!("6")]
    );
    assert_eq!(
        typed_as(&["yes", "0"], Some("boolean")).1,
        [json!(true), json!(false)]
    );
    // Numbers that are certain by themselves, although their column contradicts itself.
    let (_, values) = typed_as(&["1,299.00", "19,99", "€1.299,00"], Some("number"));
    assert_eq!(values, [json!(1299), json!(19.99), json!(1299)]);

    let cells = ["5", "cheap", "1.299,00", "7.25"];
    let table = read_as(&one_column(&cells), &[("price", "decimal-point")]);
    let price = column(&table, "price");
    assert_eq!(
        price.doubtful.first,
        [(3, "cheap".to_owned()), (4, "1.299,00".to_owned())]
    );
    let cheap = &product(&table, "1").metadata;
    assert_eq!(json!(cheap), json!({"price_text": "cheap"}));
}

#[test]
fn the_order_of_dates_can_be_chosen() {
    let cells = ["01/02/2024", "03-04-2024", "2024-12-31"];
    let dates = |dates: [&str; 3]| dates.iter().map(|date| json!(date)).collect::<Vec<_>>();
    assert_eq!(
        typed_as(&cells, Some("day-month-year")),
        (
            ColumnType::Date,
            dates(["2024-02-01", "2024-04-03", "2024-12-31"])
        )
    );
    assert_eq!(
        typed_as(&cells, Some("month-day-year")),
        (
            ColumnType::Date,
            dates(["2024-01-02", "2024-03-04", "2024-12-31"])
        )
    );
    // Without an order, nothing is lost.
    let table = read_as(&one_column(&cells[..2]), &[("price", "date")]);
    let price = column(&table, "price");
    let reason = price.reason.as_deref().unwrap();
    assert!(reason.contains("--types chooses day-month-year or month-day-year"));
    assert_eq!(product(&table, "1").metadata["price"], cells[1]);
    let table = read_as(&one_column(&["31/12/2024", "soon"]), &[("price", "date")]);
    assert_eq!(product(&table, "0").metadata["price"], "2024-12-31");
    assert_eq!(column(&table, "price").doubtful.total, 1);
}

#[test]
fn what_was_written_is_kept_for_showing() {
    let table =
        read("product_id,price,weight,weight_text,stock\n1,1.50,2.0,own,7\n2,19.99,2.5,,8\n");
    let expected =
        json!({"price": 1.5, "price_text": "1.50", "weight": 2, "weight_text": "own", "stock": 7});
    assert_eq!(json!(product(&table, "1").metadata), expected);
    assert_eq!(
        json!(product(&table, "2").metadata),
        json!({"price": 19.99, "weight": 2.5, "stock": 8})
    );
    assert_eq!(column(&table, "price").example, "1.50 = 1.5");
}
