//! The contracts of manifests and segments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use lookalike_core::error::StoreErrorKind;
use lookalike_core::host::{Host, SystemHost};
use lookalike_core::model::{KeptGeneration, LoadedManifest};
use lookalike_core::ports::{Generations, Manifests, SegmentStore, Segments};
use lookalike_index::SegmentId;

use super::support::{done, refused};

/// Number of writers that race for one manifest.
const RACERS: usize = 8;
/// Maximum difference between the store's clock and the local one.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(600);

/// Tests conditional reads and writes of the manifest.
pub async fn manifests(manifests: Arc<dyn Manifests>) {
    let manifests = &*manifests;
    let found = done("load nothing", manifests.load(None).await);
    assert_eq!(found, LoadedManifest::Missing, "nothing was published yet");
    let replaced = manifests
        .swap(Bytes::from_static(b"{}"), Some("\"none\""))
        .await;
    refused("replace a missing one", replaced, StoreErrorKind::Conflict);

    let first = Bytes::from_static(b"{\"n\":1}");
    let etag = done("publish", manifests.swap(first.clone(), None).await);
    expect_found(manifests, None, &etag, &first).await;
    expect_found(manifests, Some("\"other\""), &etag, &first).await;
    let same = done("load the known version", manifests.load(Some(&etag)).await);
    assert_eq!(same, LoadedManifest::Unchanged, "this version is known");
    let again = manifests.swap(first.clone(), None).await;
    refused("create an existing one", again, StoreErrorKind::Conflict);

    let second = Bytes::from_static(b"{\"n\":2}");
    let newer = done("replace", manifests.swap(second.clone(), Some(&etag)).await);
    assert_ne!(newer, etag, "another version has another etag");
    let late = manifests.swap(first, Some(&etag)).await;
    refused("replace an old version", late, StoreErrorKind::Conflict);
    expect_found(manifests, Some(&etag), &newer, &second).await;

    expect_one_winner(manifests, &newer).await;
}

async fn expect_found(manifests: &dyn Manifests, known: Option<&str>, etag: &str, bytes: &Bytes) {
    let expected = LoadedManifest::Found {
        etag: etag.to_owned(),
        bytes: bytes.clone(),
    };
    let found = done("load", manifests.load(known).await);
    assert_eq!(found, expected, "load while knowing {known:?}");
}

async fn expect_one_winner(manifests: &dyn Manifests, etag: &str) {
    let racers = (0..RACERS).map(|racer| {
        let bytes = Bytes::from(format!("{{\"racer\":{racer}}}"));
        async move { (bytes.clone(), manifests.swap(bytes, Some(etag)).await) }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(racers)
        .await
        .into_iter()
        .partition(|(_, result)| result.is_ok());
    for (_, result) in lost {
        refused("lose a race", result, StoreErrorKind::Conflict);
    }
    let [(bytes, Ok(winner))] = &won[..] else {
        panic!("{} of {RACERS} racing writers won", won.len());
    };
    expect_found(manifests, None, winner, bytes).await;
}

/// Tests keeping the manifests of replaced generations.
pub async fn generations(generations: Arc<dyn Generations>) {
    let generations = &*generations;
    assert!(done("load none", generations.load(7).await).is_none());
    assert!(done("list none", generations.list().await).is_empty());
    let (seven, eight) = (
        Bytes::from_static(b"{\"n\":7}"),
        Bytes::from_static(b"{\"n\":8}"),
    );
    for (generation, manifest) in [(7, &seven), (8, &eight), (7, &seven)] {
        done("keep", generations.keep(generation, manifest.clone()).await);
    }
    assert_eq!(done("load", generations.load(7).await), Some(seven));
    let mut kept = done("list", generations.list().await);
    kept.sort_unstable_by_key(|kept| kept.generation);
    let numbers: Vec<u64> = kept.iter().map(|kept| kept.generation).collect();
    assert_eq!(numbers, [7, 8], "each generation once");
    for KeptGeneration { modified, .. } in kept {
        let age = modified.elapsed().unwrap_or_else(|ahead| ahead.duration());
        assert!(age < CLOCK_DIFFERENCE, "it was kept {age:?} ago");
    }
    for _ in 0..2 {
        done("remove, also again", generations.delete(7).await);
    }
    assert!(done("load a removed one", generations.load(7).await).is_none());
    assert_eq!(
        done("load the other", generations.load(8).await),
        Some(eight)
    );
}

/// Tests writing, reading in ranges, listing and removing segments.
pub async fn segments(segments: Arc<dyn Segments>, shelf: Arc<dyn SegmentStore>) {
    let (segments, shelf) = (&*segments, &*shelf);
    let host: &dyn Host = &SystemHost;
    let (large, small) = (host.new_segment_id(), host.new_segment_id());
    // Large enough to be read in several parts.
    let body: Vec<u8> = (0..20_000_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let body = Bytes::from(body);
    let missing = segments.get(large, 0..10).await;
    refused("read no segment", missing, StoreErrorKind::NotFound);
    assert!(
        done("list nothing", shelf.list().await).is_empty(),
        "nothing was stored yet"
    );

    done("store", segments.put(large, body.clone()).await);
    let three = Bytes::from_static(b"abc");
    done("store", segments.put(small, three.clone()).await);
    let length = body.len() as u64;
    for range in [
        0..length,
        0..1,
        1..129,
        length - 1..length,
        700_000..1_400_000,
        3_000_001..19_999_999,
    ] {
        let part = done("read a range", segments.get(large, range.clone()).await);
        let expected = body.slice(range.start as usize..range.end as usize);
        assert!(part == expected, "the bytes in {range:?} differ");
    }
    let whole = done("read past the end", segments.get(small, 0..1_000_000).await);
    assert_eq!(whole, three, "a range ends where the segment ends");
    for start in [0, length - 5] {
        let far = segments.get(large, start..3 * length).await;
        let rest = done("read far past the end", far);
        assert!(
            rest == body.slice(start as usize..),
            "as above, from {start}"
        );
    }
    let behind = segments.get(large, length..2 * length).await;
    assert!(done("read behind the end", behind).is_empty());

    let listed = listed(shelf).await;
    let expected = BTreeMap::from([(large, length), (small, 3)]);
    assert_eq!(listed, expected, "the segments and their sizes");

    for _ in 0..2 {
        done("remove, also again", shelf.delete(large).await);
    }
    let gone = segments.get(large, 0..10).await;
    refused("read a removed segment", gone, StoreErrorKind::NotFound);
    assert!(!self::listed(shelf).await.contains_key(&large));
    let stays = done("read the other", segments.get(small, 0..3).await);
    assert_eq!(stays, three, "only one segment was removed");
}

async fn listed(shelf: &dyn SegmentStore) -> BTreeMap<SegmentId, u64> {
    let stored = done("list segments", shelf.list().await);
    stored
        .into_iter()
        .map(|segment| {
            let age = match segment.modified.elapsed() {
                Ok(age) => age,
                Err(ahead) => ahead.duration(),
            };
            assert!(age < CLOCK_DIFFERENCE, "written now, but {age:?} away");
            (segment.id, segment.bytes)
        })
        .collect()
}
