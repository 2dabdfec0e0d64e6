//! A shop in memory, with the router in front of it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use lookalike_core::ports::{ImageEncoder, Products};
use lookalike_core::{
    Area, Deadline, EncoderCell, Fingerprint, ImageError, ImageInfo, Product, StoreErrorKind,
};
use lookalike_encoder::Encoder;
use lookalike_http::{HttpSettings, router};
use lookalike_indexing::{IndexSettings, Indexer};
use lookalike_search::{SearchSettings, Searcher};
use lookalike_test_support::memory::MemoryCloud;
use serde_json::Value;
use tower::ServiceExt;

use crate::drawings::{color, disc, stripes};

static ENCODER: LazyLock<Encoder> = LazyLock::new(|| Encoder::embedded().unwrap());

/// The real encoder, with another fingerprint unless `disguise` is 0.
struct TestEncoder {
    disguise: u8,
}

impl ImageEncoder for TestEncoder {
    fn name(&self) -> &str {
        ENCODER.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut bytes = ENCODER.fingerprint();
        bytes[0] ^= self.disguise;
        Fingerprint(bytes)
    }

    fn dimensions(&self) -> usize {
        ENCODER.dimensions()
    }

    fn inspect(&self, image: &[u8]) -> Result<ImageInfo, ImageError> {
        lookalike_encoder::inspect(image)
    }

    fn embed(&self, picture: &[u8], area: &Area) -> Result<Vec<f32>, ImageError> {
        ENCODER.embed_area(picture, area)
    }
}

pub(crate) fn encoder(disguise: u8) -> EncoderCell {
    EncoderCell::ready(Arc::new(TestEncoder { disguise }))
}

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn product_ids(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.json());
        let body = self.json();
        let results = body["results"].as_array().unwrap().iter();
        results
            .map(|found| found["product_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Asserts that this is a problem of the kind and with the status, and returns its detail.
    pub(crate) fn problem(&self, status: u16, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], format!("urn:lookalike:problem:{name}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        for member in ["title", "detail", "instance", "request_id"] {
            let text = body[member].as_str().unwrap();
            assert!(!text.is_empty(), "{member} is empty in {body}");
        }
        body["detail"].as_str().unwrap().to_owned()
    }
}

/// A shop with its stores, and the interface to it.
pub(crate) struct Shop {
    pub(crate) cloud: Arc<MemoryCloud>,
    pub(crate) app: Router,
}

impl Shop {
    /// A shop without images.
    pub(crate) fn empty() -> Self {
        Self::over(MemoryCloud::new(), 0, HttpSettings::default())
    }

    /// Five images of four products: two red, one orange, one blue, and a green one with metadata.
    pub(crate) async fn stocked() -> Self {
        let shop = Self::empty();
        shop.index(&[
            ("catalog/hats/red.png", stripes(200, 30, 30)),
            ("catalog/hats/orange.png", stripes(230, 120, 20)),
            ("catalog/bags/blue one+1%.png", stripes(20, 40, 200)),
            ("catalog/bags/grün.png", stripes(20, 160, 40)),
        ])
        .await;
        let metadata = BTreeMap::from([
            ("name".to_owned(), Value::from("Green <b>bag</b>")),
            ("price".to_owned(), Value::from(12.5)),
            ("in_stock".to_owned(), Value::from(true)),
        ]);
        let green = Product {
            product_id: "grün".to_owned(),
            metadata,
        };
        shop.cloud.put_many(&[green]).await.unwrap();
        shop
    }

    /// The interface over `cloud`, with an encoder in disguise unless that is 0.
    pub(crate) fn over(cloud: Arc<MemoryCloud>, disguise: u8, settings: HttpSettings) -> Self {
        let search = SearchSettings {
            refresh: Duration::ZERO,
            ..SearchSettings::default()
        };
        Self::with(cloud, disguise, settings, search)
    }

    /// Returns the shop with a searcher that checks the index once an hour.
    pub(crate) fn with_hourly_refresh(self) -> Self {
        self.searching_with(SearchSettings {
            refresh: Duration::from_secs(3600),
            ..SearchSettings::default()
        })
    }

    /// Returns the shop with other settings.
    pub(crate) fn searching_with(self, search: SearchSettings) -> Self {
        Self::with(self.cloud, 0, HttpSettings::default(), search)
    }

    fn with(
        cloud: Arc<MemoryCloud>,
        disguise: u8,
        settings: HttpSettings,
        search: SearchSettings,
    ) -> Self {
        let ports = cloud.search_ports(encoder(disguise).into());
        let searcher = Searcher::new(ports, search);
        Self {
            cloud,
            app: router(Arc::new(searcher), settings),
        }
    }

    /// Twelve products of all colors with two images each, one striped and one plain.
    pub(crate) async fn colorful() -> Self {
        let shop = Self::empty();
        for number in 0..12_u8 {
            let (r, g, b) = color(number);
            for (name, picture) in [("a", stripes(r, g, b)), ("b", disc(r, g, b))] {
                let key = format!("catalog/things/{number:02}-{name}.png");
                let metadata = [("product-id".to_owned(), format!("p{number:02}"))];
                shop.cloud
                    .put_image(&key, picture, BTreeMap::from(metadata));
            }
        }
        let keys: Vec<String> = shop.cloud.image_versions().into_keys().collect();
        shop.index_keys(&keys).await;
        shop
    }

    /// Stores images and indexes them.
    pub(crate) async fn index(&self, pictures: &[(&str, Vec<u8>)]) {
        for (key, bytes) in pictures {
            self.cloud.put_image(key, bytes.clone(), BTreeMap::new());
        }
        let keys: Vec<String> = pictures.iter().map(|(key, _)| (*key).to_owned()).collect();
        self.index_keys(&keys).await;
    }

    /// Indexes the images at these keys.
    pub(crate) async fn index_keys(&self, keys: &[String]) {
        let ports = self.cloud.index_ports(encoder(0).into());
        Indexer::new(ports, IndexSettings::default())
            .index_keys(keys, Deadline::after(Duration::from_secs(60)))
            .await
            .unwrap();
    }

    /// Makes every call with this name fail.
    pub(crate) fn break_call(&self, name: &'static str, kind: StoreErrorKind) {
        let fault = move |call: &str| (call == name).then_some(kind);
        self.cloud.set_fault(Some(Box::new(fault)));
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Returns the reply to a search in JSON.
    pub(crate) async fn ask(&self, body: Value) -> Reply {
        self.post("/search", "application/json", body.to_string())
            .await
    }

    /// Posts a body, without a content type if that is empty.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::post(path);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        self.send(request.body(body.into()).unwrap()).await
    }
}
