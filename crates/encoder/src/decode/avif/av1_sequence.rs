use super::av1_bits::Bits;
use super::av1_color::color;

/// The header of an AV1 sequence (AV1, 5.5), as far as it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of a sample: 8, 10 or 12.
    pub(super) bits: u32,
    /// Number of color samples for a hundred pixels, in addition to those of brightness.
    pub(super) chroma: u64,
    /// Number of frames that the decoder holds for one: besides the decoded frame, one that is
    /// upscaled and one with added noise.
    pub(super) copies: u64,
    frames: Frames,
}

/// The fields of a frame header before its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frames {
    /// True if there is one frame, and its header leaves out everything that is known of a still
    /// image.
    reduced: bool,
    /// Number of bits of the time at which a frame is shown.
    time_bits: u32,
    /// Use of screen content tools, and then of whole-number motion vectors only: stated by each
    /// frame, or once for all frames.
    screen: Choice,
    whole: Choice,
    /// Number of bits of a frame's number.
    number_bits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    No,
    Yes,
    ByFrame,
}

/// Role of a frame, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A shown frame without references, of the size in the sequence header.
    Still,
    /// A frame that is shown later or never, or made from other frames.
    Other,
    /// A frame with a size of its own.
    Resized,
}

impl Sequence {
    /// Reads a sequence header; `None` if it is cut off or has an unknown profile.
    pub(super) fn read(data: &[u8]) -> Option<Sequence> {
        let mut bits = Bits::new(data);
        let profile = bits.read(3)?;
        let _still = bits.flag()?;
        let reduced = bits.flag()?;
        let time_bits = match reduced {
            true => {
                bits.read(5)?;
                0
            }
            false => points(&mut bits)?,
        };
        let (across, down) = (bits.read(4)? + 1, bits.read(4)? + 1);
        let (width, height) = (bits.read(across)? + 1, bits.read(down)? + 1);
        let mut frames = Frames {
            reduced,
            time_bits,
            screen: Choice::ByFrame,
            whole: Choice::ByFrame,
            number_bits: 0,
        };
        if !reduced && bits.flag()? {
            frames.number_bits = bits.read(4)? + bits.read(3)? + 3;
        }
        // Large blocks and two filters of predictions.
        bits.read(3)?;
        if !reduced {
            tools(&mut bits, &mut frames)?;
        }
        let widened = bits.flag()?;
        // Two filters of the result.
        bits.read(2)?;
        let (depth, chroma) = color(&mut bits, profile)?;
        Some(Sequence {
            width,
            height,
            bits: depth,
            chroma,
            copies: 1 + u64::from(widened) + u64::from(bits.flag()?),
            frames,
        })
    }

    /// Reads the header of a frame; `None` if it is cut off.
    pub(super) fn frame(&self, header: &[u8]) -> Option<FrameKind> {
        let frames = &self.frames;
        if frames.reduced {
            return Some(FrameKind::Still);
        }
        let mut bits = Bits::new(header);
        let existing = bits.flag()?;
        let (kind, shown) = (bits.read(2)?, bits.flag()?);
        if existing || kind != 0 || !shown {
            return Some(FrameKind::Other);
        }
        bits.read(frames.time_bits)?;
        let _fixed_codes = bits.flag()?;
        let screen = match frames.screen {
            Choice::ByFrame => bits.flag()?,
            choice => choice == Choice::Yes,
        };
        if screen && frames.whole == Choice::ByFrame {
            bits.flag()?;
        }
        bits.read(frames.number_bits)?;
        Some(match bits.flag()? {
            true => FrameKind::Resized,
            false => FrameKind::Still,
        })
    }
}

/// Skips times and operating points, and returns the number of bits of the time at which a frame is
/// shown.
fn points(bits: &mut Bits<'_>) -> Option<u32> {
    let (mut time_bits, mut delay_bits) = (0, None);
    if bits.flag()? {
        bits.read(32)?;
        bits.read(32)?;
        let even = bits.flag()?;
        if even {
            bits.variable()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.read(5)? + 1);
            bits.read(32)?;
            bits.read(5)?;
            let own = bits.read(5)? + 1;
            time_bits = if even { 0 } else { own };
        }
    }
    let delayed = bits.flag()?;
    for _ in 0..bits.read(5)? + 1 {
        bits.read(12)?;
        if bits.read(5)? > 7 {
            bits.flag()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.read(delay_bits)?;
            bits.read(delay_bits)?;
            bits.flag()?;
        }
        if delayed && bits.flag()? {
            bits.read(4)?;
        }
    }
    Some(time_bits)
}

/// Reads tools that a still image does not use.
fn tools(bits: &mut Bits<'_>, frames: &mut Frames) -> Option<()> {
    bits.read(4)?;
    let ordered = bits.flag()?;
    if ordered {
        bits.read(2)?;
    }
    let choice = |bits: &mut Bits<'_>| {
        let by_frame = bits.flag()?;
        Some(match by_frame {
            true => Choice::ByFrame,
            false if bits.flag()? => Choice::Yes,
            false => Choice::No,
        })
    };
    frames.screen = choice(bits)?;
    if frames.screen != Choice::No {
        frames.whole = choice(bits)?;
    }
    if ordered {
        bits.read(3)?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
