#![allow(clippy::unwrap_used)]

use super::*;

fn read(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::read(|name| {
        let found = changes.iter().find(|(changed, _)| *changed == name);
        match (found, name) {
            (Some((_, value)), _) => Some((*value).to_owned()),
            (None, CATALOG_BUCKET) => Some("shop-catalog".to_owned()),
            (None, INDEX_BUCKET) => Some("shop-index".to_owned()),
            (None, TABLE) => Some("shop".to_owned()),
            (None, _) => None,
        }
    })
}

fn refusal(changes: &[(&str, &str)]) -> String {
    read(changes).unwrap_err().to_string()
}

#[test]
fn unset_or_empty_variables_have_defaults() {
    let expected = Settings {
        catalog_bucket: "shop-catalog".to_owned(),
        index_bucket: "shop-index".to_owned(),
        index_prefix: "index".to_owned(),
        table: "shop".to_owned(),
        queue_url: None,
        retry_queue_url: None,
        backfill_queue_url: None,
        indexer_time: Duration::from_secs(900),
        encoder: EncoderSource::Embedded,
        filterable: Filterable::default(),
        refresh: Duration::from_secs(1),
        cors_origins: vec!["*".to_owned()],
        cache: Duration::from_secs(60),
        open: true,
        origin_secret: None,
        public_failures: false,
        audit: None,
        trace: false,
        path_style: false,
    };
    assert_eq!(read(&[]).unwrap(), expected);
    let empty = [
        INDEX_PREFIX,
        QUEUE_URL,
        RETRY_QUEUE_URL,
        BACKFILL_QUEUE_URL,
        INDEXER_SECONDS,
        ENCODER,
        FILTERABLE,
        REFRESH_SECONDS,
        CORS_ORIGINS,
        CACHE_SECONDS,
        AUTHORIZATION,
        ORIGIN_SECRET,
        PUBLIC_FAILURES,
        TRACE,
    ]
    .map(|v| (v, " "));
    assert_eq!(read(&empty).unwrap(), expected);
}

#[test]
fn everything_can_be_set() {
    let settings = read(&[
        (INDEX_PREFIX, "shops/one"),
        (QUEUE_URL, "http://127.0.0.1:9324/000000000000/changes"),
        (
            RETRY_QUEUE_URL,
            "http://127.0.0.1:9324/000000000000/retries",
        ),
        (ENCODER, "s3://models-bucket/lite/0/"),
        (FILTERABLE, "price, brand,category"),
        (INDEXER_SECONDS, "300"),
        (REFRESH_SECONDS, "0.25"),
        (CORS_ORIGINS, "https://shop.example, http://localhost:3000"),
        (CACHE_SECONDS, "0"),
        (AUTHORIZATION, "AWS_IAM"),
        (ORIGIN_SECRET, "0123456789abcdef"),
        (PUBLIC_FAILURES, "true"),
        (TRACE, "true"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
    ])
    .unwrap();
    assert_eq!(settings.index_prefix, "shops/one");
    assert_eq!(
        settings.queue_url.as_deref(),
        Some("http://127.0.0.1:9324/000000000000/changes")
    );
    assert_eq!(
        settings.retry_queue_url.as_deref(),
        Some("http://127.0.0.1:9324/000000000000/retries")
    );
    assert_eq!(
        settings.encoder,
        EncoderSource::S3 {
            bucket: "models-bucket".to_owned(),
            prefix: "lite/0".to_owned()
        }
    );
    assert_eq!(settings.filterable.to_string(), "brand,category,price");
    assert_eq!(settings.indexer_time, Duration::from_secs(300));
    assert_eq!(settings.refresh, Duration::from_millis(250));
    let origins = ["https://shop.example", "http://localhost:3000"];
    assert_eq!(settings.cors_origins, origins);
    assert_eq!((settings.cache, settings.open), (Duration::ZERO, false));
    assert!(settings.trace && settings.path_style && settings.public_failures);
    let secret = settings.origin_secret.unwrap();
    assert!(secret.matches(b"0123456789abcdef"));
    let directory = read(&[(ENCODER, "models/mine")]).unwrap().encoder;
    assert_eq!(directory, EncoderSource::Directory("models/mine".into()));
}

#[test]
fn a_secret_is_in_no_error_message() {
    let refused = refusal(&[(ORIGIN_SECRET, "too-short")]);
    assert!(
        refused.contains("LOOKALIKE_ORIGIN_SECRET is \"9 characters\""),
        "{refused}"
    );
    assert!(!refused.contains("too-short"), "{refused}");
}

#[test]
fn an_encoder_is_read_alone_as_it_is_among_the_rest() {
    for text in ["", " ", "models/mine", "s3://models-bucket/lite/0/"] {
        let alone: EncoderSource = text.parse().unwrap();
        assert_eq!(alone, read(&[(ENCODER, text)]).unwrap().encoder, "{text:?}");
    }
    let refused = "ftp://models".parse::<EncoderSource>().unwrap_err();
    assert!(
        refused.to_string().contains("s3://bucket/prefix"),
        "{refused}"
    );
}

#[test]
fn every_problem_is_named_at_once() {
    let error = Settings::read(|_| None).unwrap_err();
    let missing: Vec<_> = error
        .problems
        .iter()
        .map(|problem| match problem {
            SettingsProblem::Missing { variable, .. } => *variable,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(missing, [CATALOG_BUCKET, INDEX_BUCKET, TABLE]);
    assert!(
        error
            .to_string()
            .starts_with("LOOKALIKE_CATALOG_BUCKET is not set: set it to the name of a bucket")
    );
}

#[test]
fn wrong_values_are_refused_with_what_to_set() {
    for (variable, value) in [
        (CATALOG_BUCKET, "Shop_Catalog"),
        (CATALOG_BUCKET, "s3://shop"),
        (INDEX_BUCKET, "ab"),
        (INDEX_PREFIX, "/index"),
        (INDEX_PREFIX, "index/"),
        (INDEX_PREFIX, "a/../b"),
        (TABLE, "a b"),
        (QUEUE_URL, "changes"),
        (QUEUE_URL, "arn:aws:sqs:eu-central-1:123456789012:changes"),
        (QUEUE_URL, "https://sqs.eu-central-1.amazonaws.com/changes"),
        (
            QUEUE_URL,
            "https://sqs.eu-central-1.amazonaws.com/12345/changes",
        ),
        (QUEUE_URL, "ftp://127.0.0.1/123456789012/changes"),
        (QUEUE_URL, "https://127.0.0.1/123456789012/changes.fifo"),
        (ENCODER, "https://models.example/one"),
        (ENCODER, "s3://x"),
        (FILTERABLE, "price<50"),
        (FILTERABLE, "price,not"),
        (REFRESH_SECONDS, "soon"),
        (REFRESH_SECONDS, "-1"),
        (REFRESH_SECONDS, "NaN"),
        (REFRESH_SECONDS, "1e30"),
        (CORS_ORIGINS, "*,https://shop.example"),
        (CORS_ORIGINS, "https://shop.example/path"),
        (CORS_ORIGINS, ","),
        (CACHE_SECONDS, "1 minute"),
        (CACHE_SECONDS, "86401"),
        (AUTHORIZATION, "none"),
        (TRACE, "maybe"),
    ] {
        let message = refusal(&[(variable, value)]);
        assert!(
            message.starts_with(&format!("{variable} is {value:?}: set it to ")),
            "{message}"
        );
    }
}

#[test]
fn contradictions_are_refused() {
    let one_bucket = (INDEX_BUCKET, "shop-catalog");
    assert!(read(&[one_bucket]).is_ok());
    for prefix in ["catalog", "catalog/index", "uploads/x"] {
        let message = refusal(&[one_bucket, (INDEX_PREFIX, prefix)]);
        assert!(message.contains("LOOKALIKE_INDEX_PREFIX and"), "{message}");
    }
    let message = refusal(&[(ENCODER, "s3://shop-catalog/catalog/model")]);
    assert!(message.contains("LOOKALIKE_ENCODER and"), "{message}");
    assert!(read(&[(ENCODER, "s3://shop-catalog/models")]).is_ok());
    let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/changes";
    let message = refusal(&[(QUEUE_URL, url), (RETRY_QUEUE_URL, url)]);
    let named = "LOOKALIKE_RETRY_QUEUE_URL and";
    assert!(message.contains(named), "{message}");
}
