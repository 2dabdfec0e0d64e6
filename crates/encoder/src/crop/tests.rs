#![allow(clippy::unwrap_used)]
use super::*;

fn crop(numbers: [f64; 4], unit: CropUnit) -> Crop {
    Crop::new(numbers, unit).unwrap()
}

#[test]
fn texts_determine_the_unit() {
    for (text, numbers, unit) in [
        (
            "10,20,300,400",
            [10.0, 20.0, 300.0, 400.0],
            CropUnit::Pixels,
        ),
        (
            " 10 , 20,300 ,400.5 ",
            [10.0, 20.0, 300.0, 400.5],
            CropUnit::Pixels,
        ),
        ("0,0,1,1", [0.0, 0.0, 1.0, 1.0], CropUnit::Pixels),
        ("0.0,0,1,1", [0.0, 0.0, 1.0, 1.0], CropUnit::Shares),
        ("0,.5,1,.5", [0.0, 0.5, 1.0, 0.5], CropUnit::Shares),
        ("0.5,0.5,1.5,0.5", [0.5, 0.5, 1.5, 0.5], CropUnit::Pixels),
        ("0%,25%,100%,75 %", [0.0, 0.25, 1.0, 0.75], CropUnit::Shares),
        ("-5,0,10,10", [-5.0, 0.0, 10.0, 10.0], CropUnit::Pixels),
    ] {
        assert_eq!(text.parse(), Ok(crop(numbers, unit)), "{text}");
    }
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "1;2;3;4",
        "1,2,3,",
        "1,2,3,4px",
    ] {
        assert_eq!(text.parse::<Crop>(), Err(BadCrop::NotFourNumbers), "{text}");
    }
    assert_eq!("1%,2,3,4".parse::<Crop>(), Err(BadCrop::MixedUnits));
    for text in ["NaN,0,1,1", "0,inf,1,1", "0,0,-inf,1", "0,0,1e999,1"] {
        assert_eq!(text.parse::<Crop>(), Err(BadCrop::NotFinite), "{text}");
    }
}

fn rect(text: &str) -> Result<PixelRect, ImageError> {
    text.parse::<Crop>().unwrap().rect(640, 480)
}

#[test]
fn boxes_are_rounded_to_pixels() {
    for (text, expected) in [
        ("0,0,640,480", PixelRect::whole(640, 480)),
        ("0.0,0.0,1.0,1.0", PixelRect::whole(640, 480)),
        ("-0.6,-1,641,481.5", PixelRect::whole(640, 480)),
        ("10.4,20.6,100,50", PixelRect::between(10, 21, 110, 71)),
        ("25%,50%,50%,25%", PixelRect::between(160, 240, 480, 360)),
        ("639,479,1,1", PixelRect::between(639, 479, 640, 480)),
        ("3.2,3.2,0.1,0.1", PixelRect::between(3, 3, 4, 4)),
        (
            "0.9999,0.9999,0.0001,0.0001",
            PixelRect::between(639, 479, 640, 480),
        ),
    ] {
        assert_eq!(rect(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn empty_boxes_and_others_outside_get_an_error_with_the_size() {
    for text in [
        "0,0,0,10",
        "0,0,10,-1",
        "-2,0,10,10",
        "600,0,50,10",
        "0,470,10,20",
        "700,500,10,10",
        "-50%,0%,50%,50%",
        "0.5,0.5,0.6,0.5",
        "0,0,1e300,1e300",
    ] {
        let error = rect(text).unwrap_err();
        assert_eq!(error.code(), "crop");
        assert!(error.to_string().contains("640x480"), "{error}");
    }
}
