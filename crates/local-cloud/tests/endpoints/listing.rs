use std::collections::BTreeSet;

use aws_sdk_s3::types::EncodingType;

use crate::lab::{BUCKET, Lab, failure};

const KEYS: [&str; 12] = [
    "a-b/1", "a.txt", "a/1", "a/2", "a/b/3", "a/b/4", "a0", "b", "c d/+e", "c d/e%", "ä/ö",
    "日本/x",
];

/// Returns the listing that S3 would make, computed naively.
fn expected(prefix: &str, delimiter: Option<&str>, after: &str) -> Vec<String> {
    let roll_up = |key: &str| {
        let rest = &key[prefix.len()..];
        let end = delimiter.and_then(|d| rest.find(d).map(|at| prefix.len() + at + d.len()));
        key[..end.unwrap_or(key.len())].to_owned()
    };
    let begins = |key: &&str| key.starts_with(prefix) && **key > *after;
    let entries: BTreeSet<String> = KEYS.into_iter().filter(begins).map(roll_up).collect();
    // A start after a rolled-up prefix is past all of its keys.
    entries.into_iter().filter(|entry| entry != after).collect()
}

#[tokio::test]
async fn every_page_is_right() {
    let lab = Lab::new().await;
    for key in KEYS {
        lab.put(key, key.as_bytes()).await;
    }
    let prefixes = ["", "a", "a/", "a/b", "a/b/", "c d/", "ä", "x", "a/1"];
    for prefix in prefixes {
        for delimiter in [None, Some("/"), Some("b"), Some("b/")] {
            for max_keys in [1, 2, 5, 1000] {
                for after in ["", "a/1", "a/", "b", "zzz"] {
                    let found = list(&lab, prefix, delimiter, max_keys, after).await;
                    let wanted = expected(prefix, delimiter, after);
                    assert_eq!(
                        found, wanted,
                        "{prefix:?} {delimiter:?} {max_keys} {after:?}"
                    );
                }
            }
        }
    }
}

async fn list(
    lab: &Lab,
    prefix: &str,
    delimiter: Option<&str>,
    max_keys: i32,
    after: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = lab
            .s3
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .set_delimiter(delimiter.map(str::to_owned))
            .max_keys(max_keys)
            .start_after(after)
            .set_continuation_token(token)
            .send()
            .await
            .unwrap();
        let mut entries: Vec<String> = page
            .contents()
            .iter()
            .map(|object| object.key().unwrap().to_owned())
            .collect();
        entries.extend(
            page.common_prefixes()
                .iter()
                .map(|common| common.prefix().unwrap().to_owned()),
        );
        entries.sort();
        assert_eq!(
            page.key_count(),
            Some(i32::try_from(entries.len()).unwrap())
        );
        assert!(entries.len() <= usize::try_from(max_keys).unwrap());
        found.extend(entries);
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn entries_tell_about_their_objects() {
    let lab = Lab::new().await;
    let etag = lab.put("x/a b+c.jpg", b"hello").await;
    let head = lab
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("x/a b+c.jpg")
        .send()
        .await
        .unwrap();
    let page = lab
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let [object] = page.contents() else {
        panic!("{page:?}")
    };
    assert_eq!(
        (object.e_tag(), object.size()),
        (Some(etag.as_str()), Some(5))
    );
    assert_eq!(
        object.last_modified().unwrap().secs(),
        head.last_modified().unwrap().secs()
    );
    let url = EncodingType::Url;
    let encoded = lab
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .encoding_type(url)
        .prefix("x/a b")
        .send()
        .await
        .unwrap();
    assert_eq!(encoded.contents()[0].key(), Some("x/a%20b%2Bc.jpg"));
    assert_eq!(encoded.prefix(), Some("x/a%20b"));
    let first = lab
        .s3
        .list_objects()
        .bucket(BUCKET)
        .marker("x")
        .max_keys(1)
        .send()
        .await
        .unwrap();
    assert_eq!(first.contents()[0].key(), Some("x/a b+c.jpg"));
    let none = lab
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .max_keys(0)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (none.key_count(), none.is_truncated()),
        (Some(0), Some(false))
    );
    let bad = lab
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token("!")
        .send()
        .await;
    assert_eq!(failure(bad), (400, "InvalidArgument".to_owned()));
}

#[tokio::test]
async fn pages_have_at_most_1000_entries() {
    let lab = Lab::new().await;
    for number in 0..1005 {
        let path = lab.file(&format!("many/{number:04}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, number.to_string()).unwrap();
    }
    let page = lab
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .max_keys(5000)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (page.contents().len(), page.is_truncated(), page.max_keys()),
        (1000, Some(true), Some(1000))
    );
    let token = page.next_continuation_token().unwrap();
    let rest = lab
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token(token)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (rest.contents().len(), rest.is_truncated()),
        (5, Some(false))
    );
    assert_eq!(rest.contents()[0].key(), Some("many/1000"));
}
