//! The order of processes that write.

use lookalike_core::vector_base::WriterNumber;

use super::bed::Bed;
use super::rows;

/// Lets processes with lower and higher numbers write the same keys, in every order.
pub(super) async fn the_higher_number_stays(bed: &Bed) {
    let old = rows::row("catalog/contended.jpg", "contended", 1);
    let new = rows::row(&old.key, &old.product_id, 2);
    let key = old.key.as_str();
    let slot = bed.address.layout.slot_of(&old.product_id);
    let vector = old.embedding.to_f32();
    let (olds, news) = (std::slice::from_ref(&old), std::slice::from_ref(&new));

    bed.put(news, 5, 1).await;
    bed.put(olds, 4, 0).await;
    bed.expect_state(key, Some(&new), 5).await;
    bed.remove(&[key], 4, 0).await;
    bed.expect_state(key, Some(&new), 5).await;
    bed.put(news, 5, 1).await;
    bed.expect_state(key, Some(&new), 5).await;
    bed.expect_found((slot, &vector, &[], 10), &[&new]).await;
    bed.expect_of_products(&[&old.product_id], news).await;

    bed.remove(&[key], 7, 1).await;
    bed.put(olds, 6, 0).await;
    bed.expect_state(key, None, 7).await;
    bed.remove(&[key], 6, 0).await;
    bed.expect_state(key, None, 7).await;
    bed.expect_found((slot, &vector, &[], 10), &[]).await;
    bed.put(olds, 7, 1).await;
    bed.expect_state(key, Some(&old), 7).await;

    // A removal of what was never there is as good as any other.
    bed.remove(&["catalog/never there.jpg"], 9, 1).await;
    let late = rows::row("catalog/never there.jpg", "late", 3);
    let both = [old.clone(), late.clone()];
    bed.put(&both, 8, 1).await;
    bed.expect_state(&late.key, None, 9).await;
    bed.expect_state(key, Some(&old), 8).await;

    // No number is too large, and numbers are not ordered as texts are.
    bed.put(olds, 10, 1).await;
    bed.put(news, 9, 0).await;
    bed.put(news, WriterNumber::MAX - 1, 1).await;
    bed.put(olds, WriterNumber::MAX, 1).await;
    bed.put(news, WriterNumber::MAX - 1, 0).await;
    bed.expect_state(key, Some(&old), WriterNumber::MAX).await;
    bed.expect_found((slot, &vector, &[], 10), &[&old]).await;
    bed.remove(&[key, &late.key], WriterNumber::MAX, 2).await;
    bed.expect_scan(&[]).await;
}
