use super::av1_bits::Bits;
use super::av1_colour::colour;

/// What the header of an AV1 sequence says of its frames (AV1, 5.5), as far as it is needed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of a sample: 8, 10 or 12.
    pub(super) bits: u32,
    /// Samples of colour for a hundred pixels, beside those of brightness.
    pub(super) chroma: u64,
    /// Frames that the decoder holds of one: beside the decoded one, one that is widened and one with noise added.
    pub(super) copies: u64,
    frames: Frames,
}

/// What is in front of the size in the header of a frame.
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
        let (depth, chroma) = colour(&mut bits, profile)?;
        Some(Sequence {
            width,
            height,
            bits: depth,
            chroma,
            copies: 1 + u64::from(widened) + u64::from(bits.flag()?),
            frames,
        })
    }

    /// What the header of a frame says; `None` when it is cut off.
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Bytes of zeros and ones, filled up with zeros.
    fn bytes(parts: &[&str]) -> Vec<u8> {
        let bits: Vec<u8> = parts.concat().bytes().filter(|bit| *bit != b' ').collect();
        let byte =
            |bits: &[u8]| (0..8).fold(0, |sum, n| sum << 1 | u8::from(bits.get(n) == Some(&b'1')));
        bits.chunks(8).map(byte).collect()
    }

    /// What follows the operating points: 17x9 pixels, no numbers of frames, no order, own choices by frame, a widened
    /// frame, 12 bits with half of the colours across, and noise.
    const REST: &str = "0100 0011 10000 1000 0 111 0000 0 1 1 100 1 1 0 0 0 1 0 0 1";

    #[test]
    fn what_a_writer_of_films_says_is_read() {
        // libaom's, of an animation.
        let header = bytes(&[
            "0000000000000000000000000000110001000111111111111111111001101101011111001000100000001000011010000011010000100000",
        ]);
        let sequence = Sequence::read(&header).unwrap();
        assert_eq!(
            (sequence.bits, sequence.chroma, sequence.copies),
            (8, 50, 1)
        );
        let kind = |header| sequence.frame(&bytes(&[header])).unwrap();
        assert_eq!(kind("0001 0 0 0 0"), FrameKind::Still);
        assert_eq!(kind("0001 0 0 1 0"), FrameKind::Resized);
        assert_eq!(kind("0001 0 1 0 1"), FrameKind::Resized);
        for other in ["0000 0000", "0011 0000", "1000 1000"] {
            assert_eq!(kind(other), FrameKind::Other);
        }
    }

    #[test]
    fn times_and_points_are_stepped_over() {
        let number = "0".repeat(32);
        let times = [
            "1",
            &number,
            &number,
            "1 00101",
            "1 00011",
            &number,
            "00000 00101",
        ]
        .concat();
        let uneven = times.replacen("1 00101", "0", 1);
        // Two points: one of a high level with delays of four bits, one of a low level without.
        let points = "1 00001 000000000000 01000 1 1 0000 0000 0 1 1111 000000000000 00000 0 0";
        for (times, bits) in [(&times, 0), (&uneven, 6)] {
            let header = bytes(&["010 0 0", times, points, REST]);
            let sequence = Sequence::read(&header).unwrap();
            let found = (
                sequence.width,
                sequence.height,
                sequence.bits,
                sequence.chroma,
            );
            assert_eq!(found, (17, 9, 12, 100));
            assert_eq!((sequence.copies, sequence.frames.time_bits), (3, bits));
            assert_eq!(Sequence::read(&header[..header.len() - 1]), None);
        }
        let short = bytes(&["010 0 0", "0 0 00000 000000000000 00000", REST]);
        assert_eq!(Sequence::read(&short).unwrap().width, 17);
    }

    #[test]
    fn no_other_profile_is_read() {
        assert_eq!(Sequence::read(&[0b0111_1000; 40]), None);
        assert_eq!(Sequence::read(&[]), None);
    }
}
