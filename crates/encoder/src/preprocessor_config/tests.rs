use serde_json::{Value, json};

use super::parse;
use crate::LoadError;
use crate::preprocessing::{CODE_VERSION, ChannelOrder, Filter, Layout, Preprocessing, Resize};

fn parsed(config: &Value) -> Result<Preprocessing, LoadError> {
    parse(config.to_string().as_bytes())
}

fn base() -> Value {
    json!({"size": {"shortest_edge": 256}, "crop_size": 224, "resample": 3})
}

/// Returns the base file with some fields replaced or added.
fn with(changes: &Value) -> Value {
    let mut config = base();
    for (field, value) in changes.as_object().expect("an object") {
        config[field] = value.clone();
    }
    config
}

fn field_at_fault(config: &Value) -> String {
    match parsed(config) {
        Err(LoadError::Preprocessing { field, .. }) => field,
        other => panic!("expected an error, found {other:?}"),
    }
}

#[test]
fn defaults_are_hugging_faces() {
    let expected = Preprocessing {
        code: CODE_VERSION,
        resize: Resize::ShortestEdge(256),
        filter: Filter::Bicubic,
        width: 224,
        height: 224,
        rescale: 1.0 / 255.0,
        mean: [0.0; 3],
        deviation: [1.0; 3],
        channels: ChannelOrder::Rgb,
        layout: Layout::ChannelsFirst,
        trim: false,
    };
    assert_eq!(parsed(&base()), Ok(expected));
}

#[test]
fn sizes_in_all_their_forms() {
    let size = |changes: Value| {
        let how = parsed(&with(&changes)).expect("a valid file");
        (how.resize, how.width, how.height)
    };
    let square = Resize::Exact {
        width: 224,
        height: 224,
    };
    assert_eq!(
        size(json!({"size": 256})),
        (Resize::ShortestEdge(256), 224, 224)
    );
    assert_eq!(
        size(json!({"size": 224, "crop_size": null})),
        (square, 224, 224)
    );
    assert_eq!(
        size(json!({"size": 224, "do_center_crop": false})),
        (square, 224, 224)
    );
    assert_eq!(
        size(
            json!({"size": {"height": 20, "width": 30}, "crop_size": {"height": 10, "width": 12}})
        ),
        (
            Resize::Exact {
                width: 30,
                height: 20
            },
            12,
            10
        )
    );
    assert_eq!(
        size(json!({"do_resize": false, "size": null})),
        (Resize::Keep, 224, 224)
    );
    let fraction = json!({"size": {"shortest_edge": 224}, "crop_size": null, "crop_pct": 0.875});
    assert_eq!(size(fraction), (Resize::ShortestEdge(256), 224, 224));
    let squeezed = json!({"size": {"shortest_edge": 384}, "crop_size": null, "crop_pct": 1.0});
    assert_eq!(
        size(squeezed),
        (
            Resize::Exact {
                width: 384,
                height: 384
            },
            384,
            384
        )
    );
}

#[test]
fn numbers_and_orders() {
    let how = parsed(&with(&json!({
        "do_rescale": false,
        "rescale_factor": 0.5,
        "image_mean": [1, 2, 3],
        "image_std": 4,
        "do_flip_channel_order": true,
        "data_format": "channels_last",
        "resample": 5,
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": true,
    })))
    .expect("a valid file");
    assert_eq!(
        (how.rescale, how.mean, how.deviation),
        (1.0, [1.0, 2.0, 3.0], [4.0; 3])
    );
    assert_eq!(
        (how.channels, how.layout),
        (ChannelOrder::Bgr, Layout::ChannelsLast)
    );
    assert_eq!(how.filter, Filter::Hamming);
    let skipped = json!({"do_normalize": false, "image_mean": [9, 9, 9], "image_std": [0, 0, 0]});
    let how = parsed(&with(&skipped)).expect("a valid file");
    assert_eq!((how.mean, how.deviation), ([0.0; 3], [1.0; 3]));
}

#[test]
fn errors_name_the_field() {
    for (changes, field) in [
        (json!({"size": null}), "size"),
        (json!({"size": 0}), "size"),
        (json!({"size": {"longest_edge": 512}}), "size"),
        (json!({"size": {"shortest_edge": -1}}), "size.shortest_edge"),
        (json!({"size": {"height": 1e9, "width": 5}}), "size.height"),
        (json!({"crop_size": null}), "crop_size"),
        (json!({"crop_size": {"shortest_edge": 5}}), "crop_size"),
        (
            json!({"crop_size": null, "do_center_crop": true}),
            "crop_size",
        ),
        (json!({"crop_size": null, "do_resize": false}), "crop_size"),
        (
            json!({"crop_size": null, "size": {"shortest_edge": 9}, "crop_pct": 0}),
            "crop_pct",
        ),
        (json!({"do_resize": "yes"}), "do_resize"),
        (json!({"resample": null}), "resample"),
        (json!({"resample": 6}), "resample"),
        (json!({"resample": "bicubic"}), "resample"),
        (json!({"rescale_factor": []}), "rescale_factor"),
        (json!({"do_normalize": true}), "image_mean"),
        (json!({"image_mean": [1, 2, 3]}), "image_std"),
        (json!({"image_mean": [1, 2], "image_std": 1}), "image_mean"),
        (
            json!({"image_mean": 0, "image_std": [1, 0, 1]}),
            "image_std",
        ),
        (json!({"channel_order": "grb"}), "channel_order"),
        (
            json!({"channel_order": "rgb", "do_flip_channel_order": true}),
            "channel_order",
        ),
        (json!({"data_format": "nchw"}), "data_format"),
        (json!({"do_pad": true}), "do_pad"),
        (json!({"include_top": true}), "include_top"),
    ] {
        assert_eq!(field_at_fault(&with(&changes)), field, "{changes}");
    }
    assert_eq!(field_at_fault(&json!([])), "(file)");
    assert!(parse(b"{\"size\": ").is_err());
    let error = parse(b"no JSON").expect_err("no JSON").to_string();
    assert!(error.starts_with("preprocessor_config.json"), "{error}");
}
