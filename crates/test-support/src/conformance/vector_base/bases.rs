//! Making and dropping vector bases.

use std::time::Duration;

use lookalike_core::error::StoreErrorKind;
use lookalike_core::vector_base::{BaseAddress, SlotQuery};
use lookalike_index::{BaseName, Fingerprint};
use tokio::time::Instant;

use super::super::support::{done, eventually, refused};
use super::bed::Bed;
use super::rows;

/// Time within which a new base is searchable.
const START: Duration = Duration::from_secs(120);

/// Checks a base that was not made yet.
pub(super) async fn are_missing(bed: &Bed) {
    let Bed {
        base,
        writer,
        admin,
        address,
    } = bed;
    expect_list(bed, &[]).await;
    let searchable = admin.is_searchable(address).await;
    assert!(!done("look at no base", searchable), "it does not exist");
    done("delete no base", admin.delete(&address.name).await);

    let missing = StoreErrorKind::NotFound;
    let row = rows::row("catalog/a.jpg", "p1", 1);
    let keys = [row.key.clone()];
    let put = writer.put(address, std::slice::from_ref(&row), 1).await;
    refused("put into no base", put, missing);
    let removed = writer.remove(address, &keys, 1).await;
    refused("remove from no base", removed, missing);
    refused("get from no base", base.get(address, &keys).await, missing);
    refused("scan no base", base.scan(address, None).await, missing);
    let found = base.of_products(address, &["p1".to_owned()]).await;
    refused("look for a product in no base", found, missing);
    let query = SlotQuery {
        slot: 0,
        vector: &rows::vector(1),
        terms: &[],
        top: 10,
    };
    let found = base.search(address, query).await;
    refused("search no base", found, missing);
}

/// Makes the base, and checks that it is not replaced.
pub(super) async fn are_made_once(bed: &Bed) {
    let (admin, address) = (&bed.admin, &bed.address);
    done("make a base", admin.create(address).await);
    until_searchable(bed).await;
    let row = rows::row("catalog/first.jpg", "first", 1);
    bed.put(std::slice::from_ref(&row), 1, 1).await;
    for _ in 0..2 {
        done("make it again", admin.create(address).await);
    }
    bed.expect_scan(&[row]).await;
    for (what, other) in others(address) {
        let made = admin.create(&other).await;
        refused(what, made, StoreErrorKind::Conflict);
    }
    expect_list(bed, &[&address.name]).await;
    bed.remove(&["catalog/first.jpg"], 1, 1).await;
    bed.expect_scan(&[]).await;
}

/// Drops the base, and makes another one of its name.
pub(super) async fn are_dropped(bed: &Bed) {
    let (admin, address) = (&bed.admin, &bed.address);
    let second = rows::address("base-2");
    done("make another", admin.create(&second).await);
    expect_list(bed, &[&address.name, &second.name]).await;
    for _ in 0..2 {
        done("drop it, also again", admin.delete(&address.name).await);
    }
    expect_list(bed, &[&second.name]).await;
    done("drop the other", admin.delete(&second.name).await);
    expect_list(bed, &[]).await;

    let mut address = address.clone();
    address.layout.fields.pop();
    let bed = Bed {
        address,
        base: bed.base.clone(),
        writer: bed.writer.clone(),
        admin: bed.admin.clone(),
    };
    let made = bed.admin.create(&bed.address).await;
    done("make one of the same name", made);
    bed.expect_scan(&[]).await;
    until_searchable(&bed).await;
    let dropped = bed.admin.delete(&bed.address.name).await;
    done("drop that one", dropped);
}

/// Returns bases of the same name with another layout or other vectors.
fn others(address: &BaseAddress) -> Vec<(&'static str, BaseAddress)> {
    let other = |what, change: fn(&mut BaseAddress)| {
        let mut other = address.clone();
        change(&mut other);
        (what, other)
    };
    vec![
        other("other vectors", |base| {
            base.fingerprint = Fingerprint([8; 32])
        }),
        other("other dimensions", |base| base.dimensions += 1),
        other("more slots", |base| base.layout.slots *= 2),
        other("fewer fields", |base| drop(base.layout.fields.pop())),
        other("other fields", |base| base.layout.fields.reverse()),
        other("other bands", |base| base.layout.fields[1].bands[0] += 0.5),
    ]
}

async fn until_searchable(bed: &Bed) {
    let begun = Instant::now();
    while !done(
        "look at the base",
        bed.admin.is_searchable(&bed.address).await,
    ) {
        assert!(begun.elapsed() < START, "a new base is not searchable");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn expect_list(bed: &Bed, expected: &[&BaseName]) {
    let list = async || {
        let mut names = bed.admin.list().await?;
        names.sort();
        Ok(names)
    };
    let found = eventually(list, |found| found.iter().eq(expected.iter().copied())).await;
    let found: Vec<&BaseName> = found.iter().collect();
    assert_eq!(found, expected, "the bases");
}
