//! A shop in memory, with the router in front of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use lookalike_core::ports::{ImageEncoder, Products};
use lookalike_core::{
    Area, Deadline, EncoderCell, Encoders, Fingerprint, ImageError, ImageFormat, ImageInfo, Product,
};
use lookalike_http::{HttpSettings, router};
use lookalike_indexing::{IndexSettings, Indexer};
use lookalike_search::{SearchSettings, Searcher};
use lookalike_test_support::memory::MemoryCloud;
use serde_json::json;

const PRODUCTS: u8 = 12;
const FILTERABLE: &str = "category,price,sold";

/// The first two bytes of an image are its embedding: decoding images has targets of its own.
struct FirstBytes;

impl ImageEncoder for FirstBytes {
    fn name(&self) -> &str {
        "first-bytes"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([7; 32])
    }

    fn dimensions(&self) -> usize {
        2
    }

    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        let [_, _, ..] = image else {
            return Err(ImageError::Empty);
        };
        Ok(ImageInfo {
            format: ImageFormat::Png,
            width: 1,
            height: 1,
            memory: 1,
        })
    }

    fn embed(&self, image: &[u8], _: &Area) -> Result<Vec<f32>, ImageError> {
        let [x, y, ..] = image else {
            return Err(ImageError::Empty);
        };
        let (x, y) = (1.0 + f32::from(*x), f32::from(*y));
        let length = x.hypot(y);
        Ok(vec![x / length, y / length])
    }
}

fn encoders() -> Encoders {
    EncoderCell::ready(Arc::new(FirstBytes)).into()
}

/// Indexes twelve products of two images each, with attributes of every type.
pub(super) async fn open() -> Router {
    let cloud = MemoryCloud::new();
    let filterable: lookalike_core::Filterable = FILTERABLE.parse().expect("these are names");
    let mut keys = Vec::new();
    for number in 0..PRODUCTS {
        let product_id = format!("p{number:02}");
        for view in ["a", "b"] {
            let key = format!("catalog/things/{number:02}-{view}.png");
            let owner = BTreeMap::from([("product-id".to_owned(), product_id.clone())]);
            cloud.put_image(&key, vec![9 * number, view.as_bytes()[0]], owner);
            keys.push(key);
        }
        let metadata = json!({
            "name": format!("Thing <{number}>"),
            "category": (if number % 2 == 0 { "shoes" } else { "hats" }),
            "price": 1.5 * f32::from(number),
            "sold": number % 3 == 0,
        });
        let metadata = serde_json::from_value(metadata).expect("an object");
        let product = Product {
            product_id,
            metadata,
        };
        cloud.put_many(&[product]).await.expect("it is in memory");
    }
    cloud.put_image("uploads/photo", vec![40, 97], BTreeMap::new());
    let settings = IndexSettings {
        filterable: filterable.clone(),
        ..IndexSettings::default()
    };
    let indexed = Indexer::new(cloud.index_ports(encoders()), settings)
        .index_keys(&keys, Deadline::after(Duration::from_secs(60)))
        .await;
    indexed.expect("it is in memory");
    let settings = SearchSettings {
        // Nothing changes anymore.
        refresh: Duration::from_secs(1 << 30),
        filterable,
        ..SearchSettings::default()
    };
    let searcher = Searcher::new(cloud.search_ports(encoders()), settings);
    searcher.warm_up().await;
    router(Arc::new(searcher), HttpSettings::default())
}
