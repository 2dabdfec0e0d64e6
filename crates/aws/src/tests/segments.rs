//! Segments as S3 requests.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lookalike_core::StoreErrorKind;
use lookalike_index::SegmentId;

use super::cloud_at;
use super::server::{Reply, Seen, Server};

fn id(number: u128) -> SegmentId {
    SegmentId::new(1_700_000_000_000, number)
}

#[tokio::test]
async fn a_segment_that_exceeds_memory_is_not_requested() {
    let server = Server::replying([Reply::new(206, "234")]).await;
    let segments = cloud_at(server.url()).segments;
    let error = segments.get(id(1), 0..1 << 60).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Invalid);
    assert!(
        error.to_string().contains("do not fit into memory"),
        "{error}"
    );
    assert_eq!(server.count(), 0);
}

/// A manifest may state a larger size than the segment has: the rest is not requested part by part.
#[tokio::test]
async fn a_segment_is_read_to_its_end_and_not_much_further() {
    let server = Server::replying([Reply::new(206, "234")]).await;
    let segments = cloud_at(server.url()).segments;
    assert_eq!(segments.get(id(1), 0..256 << 20).await.unwrap(), "234");
    assert!(server.count() <= 8, "{} requests", server.count());
}

#[tokio::test]
async fn a_segment_is_read_in_ranges() {
    let server = Server::replying([
        Reply::new(206, "234").header("content-range", "bytes 2-4/5"),
        Reply::s3_error(416, "InvalidRange"),
        Reply::s3_error(404, "NoSuchKey"),
    ])
    .await;
    let segments = cloud_at(server.url()).segments;
    assert_eq!(segments.get(id(1), 2..9).await.unwrap(), "234");
    assert!(segments.get(id(1), 5..9).await.unwrap().is_empty());
    assert!(segments.get(id(1), 5..5).await.unwrap().is_empty());
    let error = segments.get(id(1), 0..9).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    assert!(error.to_string().contains(&id(1).to_string()), "{error}");
    let seen = server.seen();
    assert_eq!(seen.len(), 3, "an empty range needs no request");
    assert_eq!(seen[0].header("range"), Some("bytes=2-8"));
    assert_eq!(
        seen[0].path,
        format!("/shop-index/index/segments/{}.seg", id(1))
    );
}

#[tokio::test]
async fn the_shelf_lists_segments_only() {
    let keys = [
        format!("index/segments/{}.seg", id(1)),
        "index/segments/readme.txt".to_owned(),
        format!("index/segments/{}.seg", id(2)),
    ];
    let contents = keys.map(|key| {
        format!(
            "<Contents><Key>{key}</Key><Size>7</Size>\
             <LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
        )
    });
    let page = |contents: &str, token: &str| {
        let truncated = !token.is_empty();
        Reply::new(
            200,
            format!(
                "<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}{contents}</ListBucketResult>"
            ),
        )
    };
    let token = "<NextContinuationToken>t</NextContinuationToken>";
    let server =
        Server::replying([page(&contents[..2].concat(), token), page(&contents[2], "")]).await;
    let shelf = cloud_at(server.url()).shelf;
    let listed = shelf.list().await.unwrap();
    let ids: Vec<_> = listed.iter().map(|segment| segment.id).collect();
    assert_eq!(ids, [id(1), id(2)]);
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    assert_eq!((listed[0].bytes, listed[0].modified), (7, modified));
}

/// Answers the calls of an upload in parts; part `bad` fails.
fn upload_in_parts(request: &Seen, bad: Option<&str>) -> Reply {
    match (request.method.as_str(), request.query.as_str()) {
        ("POST", "uploads" | "uploads=") => Reply::new(
            200,
            "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
        ),
        ("PUT", query) if bad.is_some_and(|bad| query.contains(bad)) => {
            Reply::s3_error(403, "AccessDenied")
        }
        ("PUT", _) => Reply::new(200, "").header("etag", "\"part\""),
        ("POST", _) => Reply::new(
            200,
            "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>",
        ),
        ("DELETE", _) => Reply::new(204, ""),
        other => panic!("unexpected {other:?}"),
    }
}

#[tokio::test]
async fn a_large_segment_goes_up_in_parts() {
    let server = Server::answering(|request, _| upload_in_parts(request, None)).await;
    let segments = cloud_at(server.url()).segments;
    let bytes = Bytes::from(
        (0..(64 << 20) + 5)
            .map(|n: u32| (n >> 20) as u8)
            .collect::<Vec<_>>(),
    );
    segments.put(id(1), bytes.clone()).await.unwrap();
    let seen = server.seen();
    let mut parts: Vec<_> = seen
        .iter()
        .filter(|request| request.method == "PUT")
        .collect();
    assert_eq!(parts.len(), 5);
    parts.sort_by_key(|part| part.query.clone());
    let whole: Vec<u8> = parts.iter().flat_map(|part| part.body.to_vec()).collect();
    assert!(whole == bytes, "the parts make up the whole");
    let completed = String::from_utf8_lossy(&seen[seen.len() - 1].body).into_owned();
    assert_eq!(completed.matches("<PartNumber>").count(), 5, "{completed}");
}

#[tokio::test]
async fn an_upload_that_fails_leaves_no_parts() {
    let server =
        Server::answering(|request, _| upload_in_parts(request, Some("partNumber=3"))).await;
    let segments = cloud_at(server.url()).segments;
    let error = segments
        .put(id(1), vec![1; 64 << 20].into())
        .await
        .unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied);
    let last = server.seen().pop().unwrap();
    assert_eq!(last.method, "DELETE");
    assert!(last.query.contains("uploadId=u1"));
}
