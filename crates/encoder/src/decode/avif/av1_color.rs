use super::av1_bits::Bits;

/// Reads the color configuration: bits of a sample, and number of color samples for a hundred
/// pixels.
pub(super) fn color(bits: &mut Bits<'_>, profile: u32) -> Option<(u32, u64)> {
    let high = bits.flag()?;
    let depth = match (profile, high) {
        (3.., _) => return None,
        (_, false) => 8,
        (2, true) if bits.flag()? => 12,
        _ => 10,
    };
    let gray = profile != 1 && bits.flag()?;
    let mut kinds = [2; 3];
    if bits.flag()? {
        for kind in &mut kinds {
            *kind = bits.read(8)?;
        }
    }
    if gray {
        bits.flag()?;
        return Some((depth, 0));
    }
    // Plain sRGB has full range and all samples of color.
    let halved = if kinds == [1, 13, 0] {
        (false, false)
    } else {
        bits.flag()?;
        match profile {
            0 => (true, true),
            1 => (false, false),
            _ if depth == 12 => {
                let across = bits.flag()?;
                (across, across && bits.flag()?)
            }
            _ => (true, false),
        }
    };
    if halved == (true, true) {
        bits.read(2)?;
    }
    let _separate = bits.flag()?;
    Some(match halved {
        (true, true) => (depth, 50),
        (true, false) => (depth, 100),
        _ => (depth, 200),
    })
}
