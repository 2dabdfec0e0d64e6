use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use tokio::task::JoinSet;

use crate::lab::{BUCKET, Lab, failure};

fn body(text: &str) -> ByteStream {
    ByteStream::from(text.as_bytes().to_vec())
}

#[tokio::test]
async fn reads_obey_conditions() {
    let lab = Lab::new().await;
    let etag = lab.put("a", b"one").await;
    let get = || lab.s3.get_object().bucket(BUCKET).key("a");
    let head = || lab.s3.head_object().bucket(BUCKET).key("a");
    let unchanged = get().if_none_match(&etag).send().await;
    let error = unchanged.unwrap_err();
    let response = error.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 304);
    assert_eq!(response.headers().get("etag"), Some(etag.as_str()));
    assert!(response.body().bytes().unwrap().is_empty());
    assert_eq!(failure(head().if_none_match(&etag).send().await).0, 304);
    assert_eq!(
        failure(get().if_match("\"other\"").send().await),
        (412, "PreconditionFailed".to_owned())
    );
    assert_eq!(failure(head().if_match("\"other\"").send().await).0, 412);
    get().if_match(&etag).send().await.unwrap();
    get().if_none_match("\"other\"").send().await.unwrap();
    let modified = *head().send().await.unwrap().last_modified().unwrap();
    assert_eq!(
        failure(get().if_modified_since(modified).send().await).0,
        304
    );
    get().if_unmodified_since(modified).send().await.unwrap();
    lab.put("a", b"two").await;
    get().if_none_match(&etag).send().await.unwrap();
    assert_eq!(failure(get().if_match(&etag).send().await).0, 412);
}

#[tokio::test]
async fn writes_obey_conditions() {
    let lab = Lab::new().await;
    let put = |text| {
        lab.s3
            .put_object()
            .bucket(BUCKET)
            .key("m/a")
            .body(body(text))
    };
    assert_eq!(
        failure(put("0").if_match("\"any\"").send().await),
        (404, "NoSuchKey".to_owned())
    );
    let first = put("1")
        .if_none_match("*")
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    let again = put("2").if_none_match("*").send().await;
    assert_eq!(failure(again), (412, "PreconditionFailed".to_owned()));
    let second = put("3")
        .if_match(&first)
        .send()
        .await
        .unwrap()
        .e_tag
        .unwrap();
    assert_eq!(
        failure(put("4").if_match(&first).send().await),
        (412, "PreconditionFailed".to_owned())
    );
    assert_eq!(lab.get("m/a").await, b"3");
    let odd = put("5").if_none_match(&second).send().await;
    assert_eq!(failure(odd), (501, "NotImplemented".to_owned()));
    let delete = || lab.s3.delete_object().bucket(BUCKET).key("m/a");
    assert_eq!(
        failure(delete().if_match(&first).send().await),
        (412, "PreconditionFailed".to_owned())
    );
    delete().if_match(&second).send().await.unwrap();
    assert_eq!(failure(delete().if_match(&second).send().await).0, 404);
    delete().send().await.unwrap();
    assert_eq!(
        std::fs::read_dir(lab.folder.path().join("s3-incoming"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_eight_creators_wins() {
    let lab = Arc::new(Lab::new().await);
    for round in 0..20 {
        let key = format!("race/{round}");
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let (s3, key) = (lab.s3.clone(), key.clone());
            writers.spawn(async move {
                let put = s3
                    .put_object()
                    .bucket(BUCKET)
                    .key(key)
                    .body(body(&writer.to_string()));
                put.if_none_match("*").send().await.ok().map(|_| writer)
            });
        }
        let winners: Vec<i32> = writers.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(lab.get(&key).await, winners[0].to_string().as_bytes());
    }
}

/// Every increment is a read and a conditional put; none may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_writers_lose_no_update() {
    let lab = Arc::new(Lab::new().await);
    lab.put("counter", b"0").await;
    let mut writers = JoinSet::new();
    for _ in 0..8 {
        let s3 = lab.s3.clone();
        writers.spawn(async move {
            let mut done = 0;
            while done < 10 {
                let object = s3
                    .get_object()
                    .bucket(BUCKET)
                    .key("counter")
                    .send()
                    .await
                    .unwrap();
                let etag = object.e_tag().unwrap().to_owned();
                let bytes = object.body.collect().await.unwrap().to_vec();
                let count: u32 = String::from_utf8(bytes).unwrap().parse().unwrap();
                let next = body(&(count + 1).to_string());
                let put = s3
                    .put_object()
                    .bucket(BUCKET)
                    .key("counter")
                    .body(next)
                    .if_match(etag)
                    .send()
                    .await;
                match put {
                    Ok(_) => done += 1,
                    failed => assert_eq!(failure(failed), (412, "PreconditionFailed".to_owned())),
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(lab.get("counter").await, b"80");
}

/// Bodies are as long as their first byte states, and the content type repeats it: no reader may
/// see the description of another version.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn content_and_description_belong_together() {
    let lab = Arc::new(Lab::new().await);
    let content = |version: usize| vec![b'a' + u8::try_from(version).unwrap(); 1000];
    let etags: Vec<String> = {
        let mut etags = Vec::new();
        for version in 0..4 {
            etags.push(lab.put("probe", &content(version)).await);
        }
        etags
    };
    let write = |lab: Arc<Lab>| async move {
        for turn in 0..60 {
            let version = turn % 4;
            let put = lab
                .s3
                .put_object()
                .bucket(BUCKET)
                .key("k")
                .body(content(version).into());
            put.content_type(format!("v/{version}"))
                .send()
                .await
                .unwrap();
            if turn % 7 == 0 {
                lab.s3
                    .delete_object()
                    .bucket(BUCKET)
                    .key("k")
                    .send()
                    .await
                    .unwrap();
            }
        }
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(write(lab.clone()));
    tasks.spawn(write(lab.clone()));
    for _ in 0..2 {
        let (lab, etags) = (lab.clone(), etags.clone());
        tasks.spawn(async move {
            for _ in 0..150 {
                let Ok(object) = lab.s3.get_object().bucket(BUCKET).key("k").send().await else {
                    continue;
                };
                let kind = object.content_type().unwrap().to_owned();
                let etag = object.e_tag().unwrap().to_owned();
                let bytes = object.body.collect().await.unwrap().to_vec();
                let version = usize::from(bytes[0] - b'a');
                assert_eq!(
                    (kind, etag),
                    (format!("v/{version}"), etags[version].clone())
                );
                let listing = lab
                    .s3
                    .list_objects_v2()
                    .bucket(BUCKET)
                    .prefix("k")
                    .send()
                    .await
                    .unwrap();
                for object in listing.contents() {
                    assert!(
                        etags
                            .iter()
                            .any(|etag| Some(etag.as_str()) == object.e_tag())
                    );
                }
            }
        });
    }
    tasks.join_all().await;
}
