use crate::decode::bytes::Bytes;

/// Bits of the flags of an extended WebP file.
const HAS_EXIF: u8 = 0x08;

/// The image of a WebP file: a still one, or the first frame of an animation.
#[derive(Debug)]
pub(super) struct Image<'a> {
    pub(super) coding: Coding,
    /// The compressed pixels.
    pub(super) data: &'a [u8],
    pub(super) width: u32,
    pub(super) height: u32,
    /// The opacity of lossy pixels, with the byte before it that describes its packing.
    pub(super) opacity: Option<&'a [u8]>,
    /// Corner of a frame on its screen, and the sides of the screen.
    pub(super) screen: Option<Screen>,
    pub(super) exif: Option<&'a [u8]>,
}

/// The compression of the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Lossy,
    Lossless,
}

/// Position of an animation's first frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A chunk, and the bytes that it should have: there are fewer if the file is cut off.
struct Chunk<'a> {
    name: [u8; 4],
    content: &'a [u8],
    length: usize,
}

fn next_chunk<'a>(bytes: &mut Bytes<'a>) -> Option<Chunk<'a>> {
    let name = bytes.array::<4>()?;
    let length = bytes.array().map(u32::from_le_bytes)?;
    let length = usize::try_from(length).ok()?;
    let content = bytes.take_up_to(length);
    let _padding = bytes.take_up_to(length % 2);
    Some(Chunk {
        name,
        content,
        length,
    })
}

/// Finds the image in the chunks, ignoring the size and the flags before them. Fails with the
/// reason if there is none or it is incomplete.
pub(super) fn image(file: &[u8]) -> Result<Image<'_>, String> {
    let mut bytes = Bytes::new(file.get(12..).unwrap_or_default());
    let (mut flags, mut canvas) = (0, (0, 0));
    let (mut opacity, mut exif) = (None, None);
    let mut found = None;
    while let Some(chunk) = next_chunk(&mut bytes) {
        match &chunk.name {
            b"VP8X" => (flags, canvas) = extended(chunk.content).unwrap_or_default(),
            b"ALPH" if found.is_none() => opacity = opacity.or(Some(chunk)),
            b"VP8 " | b"VP8L" if found.is_none() => found = Some(still(chunk, opacity.take())?),
            b"ANMF" if found.is_none() => found = Some(frame(chunk.content, canvas)?),
            b"EXIF" => exif = exif.or(Some(chunk.content)),
            _ => {}
        }
    }
    let image = found.ok_or("there are no pixels in it")?;
    Ok(Image {
        // Browsers only look for it if the flags announce it.
        exif: exif.filter(|_| flags & HAS_EXIF != 0),
        ..image
    })
}

/// Reads flags and sides of the canvas.
fn extended(content: &[u8]) -> Option<(u8, (u32, u32))> {
    let mut bytes = Bytes::new(content);
    let [flags, _, _, _] = bytes.array()?;
    Some((flags, (length(&mut bytes)? + 1, length(&mut bytes)? + 1)))
}

/// Reads three bytes, low byte first.
fn length(bytes: &mut Bytes<'_>) -> Option<u32> {
    let [low, middle, high] = bytes.array()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}

fn still<'a>(chunk: Chunk<'a>, opacity: Option<Chunk<'a>>) -> Result<Image<'a>, String> {
    let coding = match &chunk.name {
        b"VP8L" => Coding::Lossless,
        _ => Coding::Lossy,
    };
    for part in [Some(&chunk), opacity.as_ref()].into_iter().flatten() {
        if part.content.len() < part.length {
            let (there, all) = (part.content.len(), part.length);
            return Err(format!("{there} of {all} bytes of its pixels are there"));
        }
    }
    let (width, height) = match coding {
        Coding::Lossy => lossy_sides(chunk.content),
        Coding::Lossless => lossless_sides(chunk.content),
    }
    .ok_or("the header of its pixels is damaged")?;
    Ok(Image {
        coding,
        data: chunk.content,
        width,
        height,
        opacity: opacity
            .map(|chunk| chunk.content)
            .filter(|_| coding == Coding::Lossy),
        screen: None,
        exif: None,
    })
}

/// Reads a frame of an animation on a canvas with these sides.
fn frame(content: &[u8], (width, height): (u32, u32)) -> Result<Image<'_>, String> {
    let cut = "it ends before its first frame";
    let mut bytes = Bytes::new(content);
    let (left, top) = (length(&mut bytes), length(&mut bytes));
    let (left, top) = left.zip(top).ok_or(cut)?;
    // Sides, which the pixels repeat, duration and flags.
    bytes.take(10).ok_or(cut)?;
    let mut opacity = None;
    while let Some(chunk) = next_chunk(&mut bytes) {
        match &chunk.name {
            b"ALPH" => opacity = opacity.or(Some(chunk)),
            b"VP8 " | b"VP8L" => {
                let image = still(chunk, opacity)?;
                let (left, top) = (left * 2, top * 2);
                if left + image.width > width || top + image.height > height {
                    return Err("its first frame is beyond its edge".to_owned());
                }
                let screen = Screen {
                    left,
                    top,
                    width,
                    height,
                };
                return Ok(Image {
                    screen: Some(screen),
                    ..image
                });
            }
            _ => {}
        }
    }
    Err(cut.to_owned())
}

/// Returns the sides of a key frame of VP8 (RFC 6386, 9.1).
fn lossy_sides(data: &[u8]) -> Option<(u32, u32)> {
    let mut bytes = Bytes::new(data);
    let [tag, _, _] = bytes.array()?;
    let is_key_frame = tag & 1 == 0 && bytes.take(3)? == [0x9D, 0x01, 0x2A];
    let mut side = || bytes.u16().map(|side| u32::from(side & 0x3FFF));
    let sides = (side()?, side()?);
    (is_key_frame && sides.0 > 0 && sides.1 > 0).then_some(sides)
}

/// Bytes of the header of a lossless image.
pub(super) const LOSSLESS_HEADER: usize = 5;
/// The bit of its numbers that states that opacity counts.
const HAS_OPACITY: u32 = 1 << 28;

/// Returns the sides of a lossless image.
fn lossless_sides(data: &[u8]) -> Option<(u32, u32)> {
    let mut bytes = Bytes::new(data);
    let signature = bytes.byte()?;
    let numbers = bytes.array().map(u32::from_le_bytes)?;
    let sides = ((numbers & 0x3FFF) + 1, (numbers >> 14 & 0x3FFF) + 1);
    (signature == 0x2F && numbers >> 29 == 0).then_some(sides)
}

/// Makes the header of a lossless image with opacity.
pub(super) fn lossless_header(width: u32, height: u32) -> [u8; LOSSLESS_HEADER] {
    let numbers = (width - 1) & 0x3FFF | ((height - 1) & 0x3FFF) << 14 | HAS_OPACITY;
    let [a, b, c, d] = numbers.to_le_bytes();
    [0x2F, a, b, c, d]
}

/// True if the opacity of a lossless image counts.
pub(super) fn lossless_opacity(data: &[u8]) -> bool {
    let numbers = data.get(1..LOSSLESS_HEADER).and_then(<[u8]>::first_chunk);
    numbers.is_some_and(|&numbers| u32::from_le_bytes(numbers) & HAS_OPACITY != 0)
}

/// Makes the header of a file that contains only `length` bytes of pixels.
pub(super) fn simple_header(coding: Coding, length: usize) -> Vec<u8> {
    let length = length as u32;
    let name: &[u8] = match coding {
        Coding::Lossy => b"VP8 ",
        Coding::Lossless => b"VP8L",
    };
    let size = length.saturating_add(12).to_le_bytes();
    [b"RIFF", &size, b"WEBP", name, &length.to_le_bytes()].concat()
}
