//! The contract of stored encoders.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lookalike_core::model::EncoderFiles;
use lookalike_core::ports::{EncoderStore, StoredEncoders};
use lookalike_index::Fingerprint;

use super::support::done;

/// Maximum difference between the store's clock and the local one.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(600);

/// Tests storing, reading, listing and removing encoders.
pub async fn encoders(stored: Arc<dyn StoredEncoders>, shelf: Arc<dyn EncoderStore>) {
    let (stored, shelf) = (&*stored, &*shelf);
    let (one, other) = (Fingerprint([1; 32]), Fingerprint([0xfe; 32]));
    let model: Vec<u8> = (0..1_500_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let files = EncoderFiles {
        name: "Größe \"0\"".to_owned(),
        model: Bytes::from(model),
        preprocessing: Bytes::from_static(b"{\"size\": 4}"),
    };
    assert_eq!(done("load none", stored.load(one).await), None);
    assert!(!done("look for none", stored.contains(one).await));
    assert_eq!(done("list none", shelf.list().await), []);

    for _ in 0..2 {
        done("store, also again", stored.put(one, &files).await);
    }
    assert_eq!(
        done("load", stored.load(one).await).as_ref(),
        Some(&files),
        "the files come back as they were"
    );
    assert!(done("look for it", stored.contains(one).await));
    assert!(!done("look for another", stored.contains(other).await));

    let small = EncoderFiles {
        name: String::new(),
        model: Bytes::from_static(b"m"),
        preprocessing: Bytes::new(),
    };
    done("store another", stored.put(other, &small).await);
    assert_eq!(done("load it", stored.load(other).await), Some(small));
    let mut listed = done("list", shelf.list().await);
    listed.sort_unstable_by_key(|encoder| encoder.fingerprint);
    let fingerprints: Vec<_> = listed.iter().map(|encoder| encoder.fingerprint).collect();
    assert_eq!(fingerprints, [one, other], "each encoder once");
    for encoder in &listed {
        let age = match encoder.modified.elapsed() {
            Ok(age) => age,
            Err(ahead) => ahead.duration(),
        };
        assert!(age < CLOCK_DIFFERENCE, "written now, but {age:?} away");
    }

    for _ in 0..2 {
        done("remove, also again", shelf.delete(one).await);
    }
    assert_eq!(done("load a removed one", stored.load(one).await), None);
    assert!(!done("look for a removed one", stored.contains(one).await));
    assert!(
        done("look for the other", stored.contains(other).await),
        "only one encoder was removed"
    );
}
