use super::av1_bits::Bits;
use super::av1_color::color;

/// The header of an AV1 sequence (AV1, 5.5), as far as it is needed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of a sample: 8, 10 or 12.
    pub(super) bits: u32,
    /// Samples of color for a hundred pixels, beside those of brightness.
    pub(super) chroma: u64,
    /// Frames that the decoder holds of one: beside the decoded one, one that is widened and one with noise added.
    pub(super) copies: u64,
    frames: Frames,
}

/// The fields of a frame header in front of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frames {
    /// There is one frame, and its header leaves out whatever is known of a still image.
    reduced: bool,
    /// Bits of the time at which a frame is shown.
    time_bits: u32,
    /// Each frame says whether it has tools for screens, and whether it then has whole numbers only; or the
    /// answer for all frames.
    screen: Choice,
    whole: Choice,
    /// Bits of a frame's number.
    number_bits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    No,
    Yes,
    ByFrame,
}

/// How a frame is coded and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// Shown, of its own, and of the size that the sequence says.
    Still,
    /// Shown later or never, or made of other frames.
    Other,
    /// It has a size of its own.
    Resized,
}

impl Sequence {
    /// `None` when it is cut off or of a profile that there is not.
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

    /// Reads the header of a frame; `None` when it is cut off.
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

/// Steps over times and operating points, and returns the bits of the time at which a frame is shown.
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

/// Tools that a still image has no use for.
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
