use std::fmt;

use sha2::{Digest, Sha256};

use crate::decode::Decoded;
use crate::preprocessing::Preprocessing;
use crate::{Area, LoadError, PictureError, View, decode, preprocessor_config, resize, tensor};
use lookalike_network::Network;

pub(crate) const EMBEDDED_NAME: &str = "lite0-clothing";
pub(crate) static EMBEDDED_MODEL: &[u8] =
    include_bytes!("../../../models/lite0-clothing/model.onnx");
pub(crate) static EMBEDDED_CONFIG: &[u8] =
    include_bytes!("../../../models/lite0-clothing/preprocessor_config.json");
/// Computed by the build script from the very file above.
static EMBEDDED_SHA256: &[u8; 32] = include_bytes!(concat!(env!("OUT_DIR"), "/model.sha256"));
/// The same network as the build script prepared it.
static EMBEDDED_NETWORK: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/network.bin")));

/// Bytes that begin a line of the cache, as the weights of a prepared network have to.
#[repr(align(64))]
struct Aligned<B: ?Sized>(B);

/// A network with its preprocessing: turns pictures into embeddings. Building one from an ONNX file takes
/// a few hundred milliseconds, so build it once; all methods may be called from many threads at the same
/// time.
pub struct Encoder {
    name: String,
    network: Network,
    preprocessing: Preprocessing,
    sha256: [u8; 32],
    fingerprint: [u8; 32],
}

impl Encoder {
    /// The encoder that is part of the binary: EfficientNet-Lite0 fine-tuned on photos of clothes, 256
    /// dimensions.
    ///
    /// # Errors
    /// None with an intact build; the files in `models/` decide.
    pub fn embedded() -> Result<Encoder, LoadError> {
        let preprocessing = preprocessor_config::parse(EMBEDDED_CONFIG)?;
        let network = Network::prepared(&EMBEDDED_NETWORK.0, preprocessing.shape())?;
        let sha256 = *EMBEDDED_SHA256;
        Ok(Encoder::new(EMBEDDED_NAME, network, sha256, preprocessing))
    }

    /// An encoder from the bytes of an ONNX file and of a `preprocessor_config.json`. The network takes
    /// pixels `[1, 3, height, width]` (or channels last) and gives `[1, D]` or `[1, D, 1, 1]`.
    ///
    /// # Errors
    /// [`LoadError`] names the file and the field or shape that cannot be used.
    pub fn from_parts(
        name: &str,
        onnx: &[u8],
        preprocessor_config: &[u8],
    ) -> Result<Encoder, LoadError> {
        let preprocessing = preprocessor_config::parse(preprocessor_config)?;
        let network = Network::load(onnx, preprocessing.shape())?;
        let sha256 = Sha256::digest(onnx).into();
        Ok(Encoder::new(name, network, sha256, preprocessing))
    }

    /// Name, ONNX file and `preprocessor_config.json` of the embedded encoder.
    pub fn embedded_files() -> (&'static str, &'static [u8], &'static [u8]) {
        (EMBEDDED_NAME, EMBEDDED_MODEL, EMBEDDED_CONFIG)
    }

    /// The fingerprint of what [`Encoder::from_parts`] makes of these files, without loading the network.
    ///
    /// # Errors
    /// [`LoadError`] names the field of the preprocessing that cannot be used.
    pub fn fingerprint_of(onnx: &[u8], preprocessor_config: &[u8]) -> Result<[u8; 32], LoadError> {
        let preprocessing = preprocessor_config::parse(preprocessor_config)?;
        Ok(preprocessing.fingerprint(Sha256::digest(onnx).into()))
    }

    fn new(
        name: &str,
        network: Network,
        sha256: [u8; 32],
        preprocessing: Preprocessing,
    ) -> Encoder {
        let fingerprint = preprocessing.fingerprint(sha256);
        Encoder {
            name: name.to_owned(),
            network,
            preprocessing,
            sha256,
            fingerprint,
        }
    }

    /// The same network, reading pictures as the earlier release did in which it had this fingerprint. As it
    /// is when there was none, which its fingerprint then tells.
    #[must_use]
    pub fn reading_as(self, fingerprint: [u8; 32]) -> Encoder {
        match self.preprocessing.reading_as(fingerprint, self.sha256) {
            Some(preprocessing) => Encoder {
                preprocessing,
                fingerprint,
                ..self
            },
            None => self,
        }
    }

    /// The name given when it was built; the embedded one is `lite0-clothing`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 over the model's bytes (by their own SHA-256), the preprocessing with its defaults filled
    /// in, and the version of the preprocessing code. Embeddings compare only within one fingerprint.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Length of an embedding.
    pub fn dimensions(&self) -> usize {
        self.network.dimensions()
    }

    /// The embedding of a picture file: `[dimensions]` numbers, finite, of unit length.
    ///
    /// # Errors
    /// [`PictureError`] says what is wrong with the picture. A network that answers with zeros only
    /// has seen nothing, which is [`PictureError::Network`] too: zeros have no direction.
    pub fn embed(&self, picture: &[u8]) -> Result<Vec<f32>, PictureError> {
        self.embed_area(picture, &Area::default())
    }

    /// The same of a part of the picture.
    ///
    /// # Errors
    /// As [`Encoder::embed`]; and [`PictureError::Crop`] when the box does not lie in the picture.
    pub fn embed_area(&self, picture: &[u8], area: &Area) -> Result<Vec<f32>, PictureError> {
        let pixels = self.preprocess_area(picture, area)?;
        let features = self.network.run(&pixels).map_err(PictureError::Network)?;
        unit_length(features)
    }

    /// What the network gives for one picture's pixels, as [`Encoder::preprocess`] returns them:
    /// `[dimensions]` numbers, not yet of unit length. For tests, and to measure the network alone.
    ///
    /// # Errors
    /// [`PictureError::Network`] when there are more or fewer pixels than the network takes.
    pub fn run(&self, pixels: &[f32]) -> Result<Vec<f32>, PictureError> {
        let expected: usize = self.preprocessing.shape().iter().product();
        if pixels.len() != expected {
            let found = pixels.len();
            let reason = format!("the network takes {expected} numbers, found {found}");
            return Err(PictureError::Network(reason));
        }
        self.network.run(pixels).map_err(PictureError::Network)
    }

    /// What the network is given for a picture file: normalised pixels in the network's shape and
    /// channel order, for tests and tools.
    ///
    /// # Errors
    /// As [`Encoder::embed`].
    pub fn preprocess(&self, picture: &[u8]) -> Result<Vec<f32>, PictureError> {
        self.preprocess_area(picture, &Area::default())
    }

    /// The same of a part of the picture.
    ///
    /// # Errors
    /// As [`Encoder::embed_area`].
    pub fn preprocess_area(&self, picture: &[u8], area: &Area) -> Result<Vec<f32>, PictureError> {
        let decoded = decode::for_view(picture, &self.preprocessing, &View::PLAIN, area)?;
        pixels(&decoded, &self.preprocessing, &View::PLAIN)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Encoder")
            .field("name", &self.name)
            .field("dimensions", &self.dimensions())
            .field("preprocessing", &self.preprocessing)
            .finish_non_exhaustive()
    }
}

/// What the network is given for a view of a decoded picture.
pub(crate) fn pixels(
    decoded: &Decoded,
    how: &Preprocessing,
    view: &View,
) -> Result<Vec<f32>, PictureError> {
    let small = resize::to_network_size(decoded, how, view).map_err(PictureError::Network)?;
    Ok(tensor::from_pixels(&small, how, view))
}

/// Scales to length one. The sum is in f64, where squares of f32 neither overflow nor vanish.
fn unit_length(mut features: Vec<f32>) -> Result<Vec<f32>, PictureError> {
    let squares = features.iter().map(|&value| f64::from(value).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        let reason = format!("expected features of a finite length over 0, found length {length}");
        return Err(PictureError::Network(reason));
    }
    for value in &mut features {
        *value = (f64::from(*value) / length) as f32;
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Reading;

    #[test]
    fn the_network_alone_gives_the_direction_of_the_embedding() {
        let picture = include_bytes!("../tests/golden/pictures/baseline-640x480.jpg");
        let encoder = Encoder::embedded().expect("the files in models/ are whole");
        let pixels = encoder.preprocess(picture).expect("a picture");
        let features = encoder.run(&pixels).expect("pixels of the right shape");
        assert_eq!(unit_length(features), encoder.embed(picture));
        assert!(matches!(
            encoder.run(&pixels[1..]),
            Err(PictureError::Network(reason)) if reason.contains("150528")
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
                Err(PictureError::Network(_))
            ));
        }
    }

    /// An index that was made before large JPEGs were decoded at a part of their size can still be searched.
    #[test]
    fn pictures_are_read_as_before_for_an_index_from_before() {
        // With the preprocessing file of that time.
        let load = || {
            let now = Encoder::embedded().expect("an intact build");
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
        // That of the default encoder when there was no other way to read them.
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
        let whole = decode::decode(&file, &|_, _| Reading::Eighths(8)).expect("decoded");
        // The decoder of that time rounds in another way here and there.
        let samples = image::load_from_memory(&file).expect("decoded").into_rgb8();
        let mut pairs = whole.pixels.iter().zip(samples.iter());
        assert!(pairs.all(|(ours, other)| ours.abs_diff(*other) <= 1));
        let whole = pixels(&whole, &old.preprocessing, &View::PLAIN);
        assert!(old.preprocess(&file) == whole, "all of it is read");
        assert!(now.preprocess(&file) != whole, "a part of it is read");
        assert_eq!(load().reading_as([7; 32]).fingerprint(), now.fingerprint());
    }
}
