use super::directory::Directory;

/// Numbers of the entries that are read (TIFF 6.0; DNG 1.7 for the last).
mod tag {
    pub(super) const KIND: u16 = 254;
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const COLORS: u16 = 262;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES: u16 = 277;
    pub(super) const STRIP_ROWS: u16 = 278;
    pub(super) const STRIP_BYTES: u16 = 279;
    pub(super) const PLANES: u16 = 284;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const TILE_BYTES: u16 = 325;
    pub(super) const OTHER_IMAGES: u16 = 330;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const DNG: u16 = 50706;
}

/// Meaning of the samples.
mod colors {
    pub(super) const WHITE_IS_ZERO: u16 = 0;
    pub(super) const BLACK_IS_ZERO: u16 = 1;
    pub(super) const RGB: u16 = 2;
    pub(super) const PALETTE: u16 = 3;
    pub(super) const CMYK: u16 = 5;
    pub(super) const YCBCR: u16 = 6;
    pub(super) const SENSOR: u16 = 32803;
    pub(super) const LINEAR_SENSOR: u16 = 34892;
}

/// The first directory of a TIFF file, which describes its first image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bits: u32,
    pub(super) samples: u32,
    pub(super) colors: Colors,
    pub(super) packing: Packing,
    /// True if each sample has chunks of its own.
    pub(super) planar: bool,
    pub(super) orientation: u8,
    /// Sides of the strips or tiles.
    pub(super) chunk: (u32, u32),
    /// True for tiles: those at the edges are as large as the others, and partly outside of the
    /// image.
    pub(super) tiled: bool,
    /// Bytes of each chunk in the file.
    pub(super) chunk_bytes: Vec<u64>,
}

/// The meaning of a pixel's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colors {
    Gray,
    Rgb,
    RgbAlpha,
    /// RGB that is already multiplied by its opacity.
    RgbMultiplied,
    Cmyk,
}

/// The compression of the chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Lzw,
    Deflate,
    PackBits,
}

/// The reason why there is no usable header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoHeader {
    /// The file is damaged.
    Broken(String),
    /// The file has a kind with this name, which is not supported.
    Unsupported(String),
}

impl Header {
    /// Reads the first directory.
    pub(super) fn read(file: &[u8]) -> Result<Header, NoHeader> {
        let missing = |what| NoHeader::Broken(format!("{what} is missing"));
        let directory = Directory::first(file).ok_or_else(|| missing("its directory"))?;
        let value = |tag| directory.value(tag);
        refuse_raw(file, &directory)?;
        let width = value(tag::WIDTH).ok_or_else(|| missing("its width"))?;
        let height = value(tag::HEIGHT).ok_or_else(|| missing("its height"))?;
        let bits = value(tag::BITS).unwrap_or(1);
        let samples = value(tag::SAMPLES).unwrap_or(1);
        let packing = packing(value(tag::COMPRESSION).unwrap_or(1))?;
        let kind = value(tag::COLORS).ok_or_else(|| missing("the kind of its colors"))?;
        let colors = colors_of(kind, samples, value(tag::EXTRA_SAMPLES))?;
        let whole = value(tag::SAMPLE_FORMAT).unwrap_or(1) == 1;
        let planar = value(tag::PLANES) == Some(2) && samples > 1;
        let depths: &[u32] = match colors {
            Colors::Gray => &[1, 8, 16],
            _ => &[8, 16],
        };
        if !whole || !depths.contains(&bits) {
            return Err(unsupported(&format!("with {bits} bits a sample")));
        }
        if planar && colors != Colors::Rgb {
            return Err(unsupported("with a plane for each sample"));
        }
        let rows = value(tag::STRIP_ROWS).unwrap_or(height);
        let tile = value(tag::TILE_WIDTH).zip(value(tag::TILE_HEIGHT));
        let list = tile.map_or(tag::STRIP_BYTES, |_| tag::TILE_BYTES);
        let chunk_bytes = directory.values(list);
        Ok(Header {
            width,
            height,
            bits,
            samples,
            colors,
            packing,
            planar,
            orientation: value(tag::ORIENTATION).map_or(1, |value| value as u8),
            chunk: tile.unwrap_or((width, rows.min(height))),
            tiled: tile.is_some(),
            chunk_bytes: chunk_bytes.ok_or_else(|| missing("the list of its parts"))?,
        })
    }

    /// Returns the number of strips or tiles across and down.
    pub(super) fn chunks(&self) -> (u64, u64) {
        let across = self.width.div_ceil(self.chunk.0.max(1));
        let down = self.height.div_ceil(self.chunk.1.max(1));
        (across.into(), down.into())
    }

    /// Returns the sides of all strips or tiles together.
    pub(super) fn padded(&self) -> (u64, u64) {
        if !self.tiled {
            return (self.width.into(), self.height.into());
        }
        let (across, down) = self.chunks();
        let (width, height) = self.chunk;
        (across * u64::from(width), down * u64::from(height))
    }
}

fn unsupported(what: &str) -> NoHeader {
    NoHeader::Unsupported(format!("TIFF {what}"))
}

/// Refuses camera raw files. They are TIFF files whose first image is a small preview, or raw
/// sensor data.
fn refuse_raw(file: &[u8], directory: &Directory<'_>) -> Result<(), NoHeader> {
    let raw = |name: &str| Err(NoHeader::Unsupported(format!("camera raw{name}")));
    if file.get(8..10) == Some(b"CR") {
        return raw(" (CR2)");
    }
    if directory.value(tag::DNG).is_some() {
        return raw(" (DNG)");
    }
    let is_preview = directory.value(tag::KIND).is_some_and(|kind| kind & 1 == 1);
    let sensor = [colors::SENSOR, colors::LINEAR_SENSOR].map(u32::from);
    let kind = directory.value(tag::COLORS).unwrap_or_default();
    if sensor.contains(&kind) || (is_preview && directory.value(tag::OTHER_IMAGES).is_some()) {
        return raw("");
    }
    Ok(())
}

fn packing(number: u32) -> Result<Packing, NoHeader> {
    match number {
        1 => Ok(Packing::None),
        2..=4 => Err(unsupported("with fax compression")),
        5 => Ok(Packing::Lzw),
        6 | 7 => Err(unsupported("with a JPEG inside")),
        8 | 32946 => Ok(Packing::Deflate),
        32773 => Ok(Packing::PackBits),
        // Compressions of cameras: Nikon, Pentax, Sony, Kodak.
        34713 | 65535 | 32767 | 65000 | 32867 => {
            Err(NoHeader::Unsupported("camera raw".to_owned()))
        }
        other => Err(unsupported(&format!("with compression {other}"))),
    }
}

fn colors_of(kind: u32, samples: u32, extra: Option<u32>) -> Result<Colors, NoHeader> {
    let named = match u16::try_from(kind) {
        Ok(colors::WHITE_IS_ZERO | colors::BLACK_IS_ZERO) if samples == 1 => Colors::Gray,
        Ok(colors::RGB) => match (samples, extra) {
            (3, _) => Colors::Rgb,
            (4, Some(1)) => Colors::RgbMultiplied,
            (4, Some(2)) => Colors::RgbAlpha,
            _ => return Err(unsupported(&format!("with {samples} samples a pixel"))),
        },
        Ok(colors::CMYK) if samples == 4 => Colors::Cmyk,
        Ok(colors::PALETTE) => return Err(unsupported("with a palette")),
        Ok(colors::YCBCR) => return Err(unsupported("with YCbCr colors")),
        _ => {
            let what = format!("with {samples} samples a pixel of kind {kind}");
            return Err(unsupported(&what));
        }
    };
    Ok(named)
}
