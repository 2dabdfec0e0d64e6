use crate::decode::bytes::Bytes;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;
/// The extension that contains the transparent color.
const GRAPHIC_CONTROL: u8 = 0xF9;
/// Bits of the flags of a screen and of a frame.
const HAS_COLORS: u8 = 0x80;
const INTERLACED: u8 = 0x40;

/// The first frame of a GIF and its screen.
#[derive(Debug)]
pub(super) struct FirstFrame<'a> {
    /// Width and height of the screen in the header.
    pub(super) screen: (u32, u32),
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) interlaced: bool,
    /// Red, green and blue of each color.
    pub(super) colors: &'a [u8],
    pub(super) transparent: Option<u8>,
    /// Number of bits of a color's number in the compressed pixels.
    pub(super) bits: u8,
    pub(super) data: SubBlocks<'a>,
}

impl<'a> FirstFrame<'a> {
    /// Finds the first frame, skipping extensions of any kind. Fails with the reason if there is
    /// none.
    pub(super) fn find(file: &'a [u8]) -> Result<FirstFrame<'a>, String> {
        let cut = "it ends before its first frame";
        let mut bytes = Bytes::new(file.get(6..).unwrap_or_default());
        let (screen, global) = screen(&mut bytes).ok_or(cut)?;
        let mut transparent = None;
        loop {
            match bytes.byte().ok_or(cut)? {
                EXTENSION => {
                    let kind = bytes.byte().ok_or(cut)?;
                    let mut blocks = SubBlocks(bytes);
                    if kind == GRAPHIC_CONTROL
                        && let Some(&[flags, _, _, color, ..]) = blocks.clone().next()
                    {
                        transparent = (flags & 1 == 1).then_some(color);
                    }
                    blocks.by_ref().for_each(drop);
                    bytes = blocks.0;
                }
                IMAGE => return frame(bytes, screen, global, transparent),
                TRAILER => return Err("there is no frame in it".to_owned()),
                // Some writers end a block twice.
                0 => {}
                other => return Err(format!("a block of the unknown kind {other} comes first")),
            }
        }
    }

    /// Returns the sides of the visible area: the screen, enlarged to contain the first frame.
    pub(super) fn sides(&self) -> (u32, u32) {
        let (width, height) = self.screen;
        (
            width.max(self.left + self.width),
            height.max(self.top + self.height),
        )
    }
}

/// Sides of the screen, and its colors.
type Screen<'a> = ((u32, u32), Option<&'a [u8]>);

fn screen<'a>(bytes: &mut Bytes<'a>) -> Option<Screen<'a>> {
    let sides = (bytes.u16()?.into(), bytes.u16()?.into());
    let [flags, _background, _aspect] = bytes.array()?;
    Some((sides, colors(bytes, flags)?))
}

/// Takes the colors that the flags announce; `None` if the file ends before.
fn colors<'a>(bytes: &mut Bytes<'a>, flags: u8) -> Option<Option<&'a [u8]>> {
    match flags & HAS_COLORS {
        0 => Some(None),
        _ => bytes.take(3 << ((flags & 7) + 1)).map(Some),
    }
}

fn frame<'a>(
    mut bytes: Bytes<'a>,
    screen: (u32, u32),
    global: Option<&'a [u8]>,
    transparent: Option<u8>,
) -> Result<FirstFrame<'a>, String> {
    let cut = "it ends before the pixels of its first frame";
    let mut next = || bytes.u16().map(u32::from).ok_or(cut);
    let (left, top, width, height) = (next()?, next()?, next()?, next()?);
    let flags = bytes.byte().ok_or(cut)?;
    let local = colors(&mut bytes, flags).ok_or(cut)?;
    let bits = bytes.byte().ok_or(cut)?;
    if !(1..=8).contains(&bits) {
        return Err(format!("its colors have {bits} bits, 1 to 8 are possible"));
    }
    if width == 0 || height == 0 {
        return Err(format!("its first frame has {width}x{height} pixels"));
    }
    Ok(FirstFrame {
        screen,
        left,
        top,
        width,
        height,
        interlaced: flags & INTERLACED != 0,
        colors: local.or(global).ok_or("there is no table of colors")?,
        transparent,
        bits,
        data: SubBlocks(bytes),
    })
}

/// Blocks of up to 255 bytes until an empty one, or until the file ends; the last may be cut off.
#[derive(Debug, Clone)]
pub(super) struct SubBlocks<'a>(Bytes<'a>);

impl<'a> Iterator for SubBlocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self.0.byte()? {
            0 => None,
            length => Some(self.0.take_up_to(length.into())),
        }
    }
}
