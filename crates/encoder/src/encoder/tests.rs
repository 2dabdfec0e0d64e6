use super::*;
use crate::decode_scale::DecodeScale;

#[test]
fn the_network_alone_gives_the_direction_of_the_embedding() {
    let image = include_bytes!("../../tests/golden/pictures/baseline-640x480.jpg");
    let encoder = Encoder::embedded().expect("the files in models/ are whole");
    let pixels = encoder.preprocess(image).expect("an image");
    let features = encoder.run(&pixels).expect("pixels of the right shape");
    assert_eq!(unit_length(features), encoder.embed(image));
    assert!(matches!(
        encoder.run(&pixels[1..]),
        Err(ImageError::Inference(reason)) if reason.contains("150528")
    ));
}

#[test]
fn any_length_becomes_one_and_none_is_an_error() {
    assert_eq!(unit_length(vec![3.0, 4.0]), Ok(vec![0.6, 0.8]));
    assert_eq!(unit_length(vec![0.0, f32::MAX]), Ok(vec![0.0, 1.0]));
    assert_eq!(unit_length(vec![0.0, 1e-40]), Ok(vec![0.0, 1.0]));
    for features in [vec![0.0; 4], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
        assert!(matches!(
            unit_length(features),
            Err(ImageError::Inference(_))
        ));
    }
}

/// An index from before large JPEGs were decoded at a part of their size can still be searched.
#[test]
fn old_indexes_get_the_old_preprocessing() {
    // The preprocessing file of that time.
    let load = || {
        let now = Encoder::from_parts(
            "lite0-clothing",
            include_bytes!("../../../../models/lite0-clothing/model.onnx"),
            include_bytes!("../../../../models/lite0-clothing/preprocessor_config.json"),
        );
        let now = now.expect("the files in models/ are whole");
        let untrimmed = Preprocessing {
            trim: false,
            ..now.preprocessing
        };
        Encoder::new(&now.name, now.network, now.sha256, untrimmed)
    };
    let now = load();
    let before = Preprocessing {
        code: 1,
        ..now.preprocessing.clone()
    };
    let before = before.fingerprint(now.sha256);
    // The fingerprint of the default encoder when there was no other way to read JPEGs.
    assert_eq!(before[..6], [0x09, 0xd4, 0x8c, 0x0c, 0x06, 0x7e]);
    let old = load().reading_as(before);
    assert_eq!(old.fingerprint(), before);
    let wave = |place: usize, length: f64| (place as f64 / length).sin() * 60.0;
    let waves = |place: usize| 128.0 + wave(place % 2400, 9.0) + wave(place / 2400, 14.0);
    let samples: Vec<u8> = (0..2400 * 1800).map(|place| waves(place) as u8).collect();
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 60)
        .encode(&samples, 2400, 1800, jpeg_encoder::ColorType::Luma)
        .expect("encoded");
    let whole = decode::decode(&file, &|_, _| DecodeScale::WHOLE).expect("decoded");
    // The decoder of that time rounds differently here and there.
    let samples = image::load_from_memory(&file).expect("decoded").into_rgb8();
    let mut pairs = whole.pixels.iter().zip(samples.iter());
    assert!(pairs.all(|(ours, other)| ours.abs_diff(*other) <= 1));
    let whole = tensor::pixels(&whole, &old.preprocessing, &Augmentation::NONE);
    assert!(old.preprocess(&file) == whole, "all of it is read");
    assert!(now.preprocess(&file) != whole, "a part of it is read");
    assert_eq!(load().reading_as([7; 32]).fingerprint(), now.fingerprint());
}
