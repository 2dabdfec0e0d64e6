//! The contract of vector bases.

mod bases;
mod bed;
mod changes;
mod rows;
mod searches;
mod writers;

use std::sync::Arc;

use lookalike_core::vector_base::{VectorBase, VectorBaseAdmin, VectorBaseWriter};

use self::bed::Bed;

/// Tests making and dropping vector bases, writing and finding rows. Searches and lists of products may lag behind.
pub async fn vector_base(
    base: Arc<dyn VectorBase>,
    writer: Arc<dyn VectorBaseWriter>,
    admin: Arc<dyn VectorBaseAdmin>,
) {
    let bed = Bed {
        base,
        writer,
        admin,
        address: rows::address("base-1"),
    };
    bases::are_missing(&bed).await;
    bases::are_made_once(&bed).await;
    searches::an_empty_base_has_nothing(&bed).await;
    let rows = rows::many();
    searches::rows_are_stored(&bed, &rows).await;
    searches::slots_are_searched(&bed, &rows).await;
    searches::terms_narrow_a_search(&bed, &rows).await;
    searches::products_have_rows(&bed, &rows).await;
    changes::rows_change(&bed, &rows).await;
    changes::rows_are_removed(&bed, &rows).await;
    changes::names_may_be_strange(&bed).await;
    writers::the_higher_number_stays(&bed).await;
    bases::are_dropped(&bed).await;
}
