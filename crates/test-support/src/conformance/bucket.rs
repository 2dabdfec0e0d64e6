//! The contracts of images and links.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use lookalike_core::error::StoreErrorKind;
use lookalike_core::model::{Image, ImageHead, ListedImage};
use lookalike_core::ports::{ImageStore, ImageWriter, UrlSigner};

use super::support::{AWKWARD_KEYS, all_pages, done, refused};

const MANY: usize = 120;

/// Tests storing, reading, listing and removing images.
pub async fn images(images: Arc<dyn ImageStore>, writer: Arc<dyn ImageWriter>) {
    let (images, writer) = (&*images, &*writer);
    let missing = "catalog/missing.jpg";
    assert!(done("head of nothing", images.head(missing).await).is_none());
    assert!(done("get nothing", images.get(missing, 10).await).is_none());
    done("remove nothing", writer.delete(missing).await);

    for key in AWKWARD_KEYS {
        expect_round_trip(images, writer, key).await;
    }
    expect_versions(images, writer).await;
    expect_changed_metadata(images, writer).await;
    expect_limit(images, writer).await;
    expect_listing(images, writer).await;
}

async fn expect_round_trip(images: &dyn ImageStore, writer: &dyn ImageWriter, key: &str) {
    let body = Bytes::from(format!("image at {key}"));
    let metadata = BTreeMap::from([
        ("product-id".to_owned(), "größe 42+1%/鞋".to_owned()),
        ("category".to_owned(), "shoes".to_owned()),
    ]);
    let stored = writer.put(key, body.clone(), "image/jpeg", &metadata).await;
    done("store an image", stored);
    let Image { head, body: found } = get(images, key, 1000).await;
    assert_eq!(found, Some(body.clone()), "the bytes of {key:?}");
    assert_eq!(head.bytes, body.len() as u64, "the size of {key:?}");
    assert_eq!(head.metadata, metadata, "the metadata of {key:?}");
    assert_eq!(
        self::head(images, key).await,
        head,
        "head and get agree about {key:?}"
    );
}

async fn expect_versions(images: &dyn ImageStore, writer: &dyn ImageWriter) {
    let key = "catalog/versions.jpg";
    let none = BTreeMap::new();
    let mut etags = Vec::new();
    for body in [&b"one"[..], b"two", b""] {
        let body = Bytes::copy_from_slice(body);
        done(
            "overwrite",
            writer.put(key, body.clone(), "image/png", &none).await,
        );
        let image = get(images, key, 10).await;
        assert_eq!(image.body, Some(body), "the last version is there");
        assert!(image.head.metadata.is_empty(), "no metadata was stored");
        assert!(
            !etags.contains(&image.head.etag),
            "another version has another etag"
        );
        etags.push(image.head.etag);
    }
    done("remove", writer.delete(key).await);
    assert!(done("head of a removed one", images.head(key).await).is_none());
    assert!(done("get a removed one", images.get(key, 10).await).is_none());
}

async fn expect_changed_metadata(images: &dyn ImageStore, writer: &dyn ImageWriter) {
    let key = "catalog/größe & 1%/+1.jpg";
    let none = BTreeMap::new();
    let metadata = BTreeMap::from([("product-id".to_owned(), "größe".to_owned())]);
    let gone = writer.set_metadata(key, "\"etag\"", &metadata).await;
    refused("change nothing", gone, StoreErrorKind::NotFound);
    let body = Bytes::from_static(b"one");
    done(
        "store",
        writer.put(key, body.clone(), "image/png", &none).await,
    );
    let old = head(images, key).await.etag;
    done("change", writer.set_metadata(key, &old, &metadata).await);
    let changed = get(images, key, 10).await;
    assert_eq!(
        (changed.body, &changed.head.metadata),
        (Some(body), &metadata)
    );
    assert_eq!(changed.head.etag, old, "the version is the same");

    let body = Bytes::from_static(b"two");
    done(
        "overwrite",
        writer.put(key, body.clone(), "image/png", &none).await,
    );
    let late = writer.set_metadata(key, &old, &metadata).await;
    refused("change an old version", late, StoreErrorKind::Conflict);
    let kept = get(images, key, 10).await;
    assert_eq!((kept.body, kept.head.metadata), (Some(body), none));
    done("remove", writer.delete(key).await);
}

async fn expect_limit(images: &dyn ImageStore, writer: &dyn ImageWriter) {
    let key = "catalog/long.jpg";
    let body = Bytes::from(vec![7; 100_000]);
    let none = BTreeMap::new();
    done(
        "store",
        writer.put(key, body.clone(), "image/jpeg", &none).await,
    );
    let whole = get(images, key, 100_000).await;
    assert_eq!(whole.body, Some(body), "within the limit");
    let over = get(images, key, 99_999).await;
    assert!(over.body.is_none(), "one byte over the limit");
    assert_eq!(over.head, whole.head, "the head is there anyway");
    done("remove", writer.delete(key).await);
}

async fn expect_listing(images: &dyn ImageStore, writer: &dyn ImageWriter) {
    let none = BTreeMap::new();
    for i in 0..MANY {
        let key = format!("catalog/many/{i:04}.jpg");
        let body = Bytes::from(format!("{i}"));
        done("store", writer.put(&key, body, "image/jpeg", &none).await);
    }
    let outside = "uploads/outside.jpg";
    let body = Bytes::from_static(b"outside");
    done(
        "store",
        writer.put(outside, body, "image/jpeg", &none).await,
    );

    let all = listed(images, "catalog/").await;
    let mut expected: Vec<String> = AWKWARD_KEYS.map(str::to_owned).into();
    expected.extend((0..MANY).map(|i| format!("catalog/many/{i:04}.jpg")));
    expected.sort_unstable();
    let keys: Vec<&str> = all.iter().map(|image| image.key.as_str()).collect();
    assert_eq!(keys, expected, "each key once, in order, and no others");
    for image in all.iter().take(8) {
        let head = head(images, &image.key).await;
        assert_eq!(image.etag, head.etag, "the version of {:?}", image.key);
        assert_eq!(image.bytes, head.bytes, "the size of {:?}", image.key);
    }
    assert_eq!(listed(images, "catalog/many/000").await.len(), 10);
    assert!(listed(images, "catalog/nothing/").await.is_empty());
}

async fn listed(images: &dyn ImageStore, prefix: &str) -> Vec<ListedImage> {
    let page = async |after: Option<&str>| images.list(prefix, after).await;
    done("list", all_pages(page).await)
}

async fn get(images: &dyn ImageStore, key: &str, max_bytes: u64) -> Image {
    let image = done("get", images.get(key, max_bytes).await);
    image.unwrap_or_else(|| panic!("{key:?} was stored but is missing"))
}

async fn head(images: &dyn ImageStore, key: &str) -> ImageHead {
    let head = done("head", images.head(key).await);
    head.unwrap_or_else(|| panic!("{key:?} was stored but is missing"))
}

/// Tests links to fetch and to store images, as far as possible without following them.
pub async fn links(links: Arc<dyn UrlSigner>) {
    let (one, other) = ("catalog/a.jpg", "catalog/with space+%.jpg");
    let first = done("link", links.fetch(one).await);
    let second = done("link to an awkward key", links.fetch(other).await);
    assert_ne!(first, second, "each key has its own link");
    assert!(first.contains(one), "{first:?} does not lead to {one:?}");

    let key = "uploads/b.png";
    let link = done("upload link", links.upload(key, "image/png", 5).await);
    assert_eq!(link.key, key);
    assert!(link.url.contains(key), "{:?} does not lead there", link.url);
    assert!(link.expires_in > 0, "the link expires at once");
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "5"),
        ("if-none-match", "*"),
    ] {
        let is_signed =
            |(signed, with): (&String, &String)| signed.eq_ignore_ascii_case(name) && with == value;
        assert!(
            link.headers.iter().any(is_signed),
            "{name}: {value} is not among the signed headers {:?}",
            link.headers
        );
    }
}
