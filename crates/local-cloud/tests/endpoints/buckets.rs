use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::lab::{BUCKET, Lab, failure};

#[tokio::test]
async fn many_objects_are_deleted_at_once() {
    let lab = Lab::new().await;
    let mut delete = Delete::builder();
    for number in 0..20 {
        let key = format!("catalog/{number} +%.jpg");
        lab.put(&key, b"x").await;
        delete = delete.objects(ObjectIdentifier::builder().key(key).build().unwrap());
    }
    for key in ["catalog/never there", "../escape"] {
        delete = delete.objects(ObjectIdentifier::builder().key(key).build().unwrap());
    }
    let deleted = lab
        .s3
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.deleted().len(), 22);
    assert!(deleted.errors().is_empty());
    assert!(lab.keys("").await.is_empty());
    let removals = lab
        .events()
        .await
        .iter()
        .filter(|(name, _)| name == "ObjectRemoved:Delete")
        .count();
    assert_eq!(removals, 20);
}

#[tokio::test]
async fn buckets_come_and_go() {
    let lab = Lab::new().await;
    lab.s3.head_bucket().bucket(BUCKET).send().await.unwrap();
    lab.s3
        .get_bucket_location()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(
        failure(lab.s3.head_bucket().bucket("other").send().await).0,
        404
    );
    lab.s3.create_bucket().bucket("other").send().await.unwrap();
    let again = lab.s3.create_bucket().bucket("other").send().await;
    assert_eq!(failure(again), (409, "BucketAlreadyOwnedByYou".to_owned()));
    let buckets = lab.s3.list_buckets().send().await.unwrap();
    let names: Vec<_> = buckets
        .buckets()
        .iter()
        .map(|bucket| bucket.name().unwrap())
        .collect();
    assert_eq!(names, ["other", BUCKET]);
    lab.s3
        .put_object()
        .bucket("other")
        .key("a/b")
        .send()
        .await
        .unwrap();
    let full = lab.s3.delete_bucket().bucket("other").send().await;
    assert_eq!(failure(full), (409, "BucketNotEmpty".to_owned()));
    lab.s3
        .delete_object()
        .bucket("other")
        .key("a/b")
        .send()
        .await
        .unwrap();
    lab.s3.delete_bucket().bucket("other").send().await.unwrap();
    let put = lab.s3.put_object().bucket("other").key("a").send().await;
    assert_eq!(failure(put), (404, "NoSuchBucket".to_owned()));
    let get = lab.s3.get_object().bucket("other").key("a").send().await;
    assert_eq!(failure(get), (404, "NoSuchBucket".to_owned()));
    let list = lab.s3.list_objects_v2().bucket("other").send().await;
    assert_eq!(failure(list), (404, "NoSuchBucket".to_owned()));
}
