//! AVIF files made from units of AV1.

/// Makes a box with this name and content.
pub fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = (content.len() as u32 + 8).to_be_bytes();
    [&size, &name[..], content].concat()
}

/// Makes a unit of AV1 of this kind, with its size.
pub fn unit(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut unit = vec![kind << 3 | 2];
    let mut size = content.len();
    while size > 127 {
        unit.push(size as u8 | 0x80);
        size >>= 7;
    }
    unit.push(size as u8);
    unit.extend(content);
    unit
}

/// Returns kinds and contents of units that all have sizes.
pub fn units(mut data: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut units = Vec::new();
    while let [header, rest @ ..] = data {
        let length = rest.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let add = |sum, byte: &u8| sum << 7 | usize::from(byte & 0x7F);
        let size = rest[..length].iter().rev().fold(0, add);
        let (content, after) = rest[length..].split_at(size);
        units.push((header >> 3 & 15, content.to_vec()));
        data = after;
    }
    units
}

/// Returns the data of a file that ends with it.
pub fn data(file: &[u8]) -> &[u8] {
    let place = file.windows(4).position(|name| name == b"mdat").unwrap();
    &file[place + 4..]
}

/// The boxes of a directory, which may be changed before they become a file.
pub struct Directory {
    pub boxes: Vec<([u8; 4], Vec<u8>)>,
}

impl Directory {
    /// Makes the directory of an image, item 1, and its opacity if there is one, item 2. The data
    /// is in the directory.
    pub fn new((width, height): (u32, u32), color: &[u8], opacity: Option<&[u8]>) -> Directory {
        let items = 1 + opacity.iter().len() as u8;
        let mut entries = vec![0, 0, 0, 0, 0, items];
        let mut places = vec![1, 0, 0, 0, 0x44, 0, 0, items];
        let mut uses = vec![0, 0, 0, 0, 0, 0, 0, items];
        let mut start = 0;
        for (id, data) in (1u8..).zip(std::iter::once(color).chain(opacity)) {
            let entry = [&[2, 0, 0, 0, 0, id, 0, 0], &b"av01\0"[..]].concat();
            entries.extend(boxed(b"infe", &entry));
            places.extend([0, id, 0, 1, 0, 0, 0, 1]);
            places.extend((start as u32).to_be_bytes());
            places.extend((data.len() as u32).to_be_bytes());
            start += data.len();
            uses.extend([0, id, id, 1, 2]);
            uses.truncate(uses.len() - usize::from(id == 1));
        }
        let sides = [[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat();
        let alpha = b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
        let all = [boxed(b"ispe", &sides), boxed(b"auxC", alpha)].concat();
        let lists = [boxed(b"ipco", &all), boxed(b"ipma", &uses)].concat();
        let data = [color, opacity.unwrap_or_default()].concat();
        let mut boxes = vec![
            (*b"pitm", vec![0, 0, 0, 0, 0, 1]),
            (*b"iinf", entries),
            (*b"iloc", places),
            (*b"iprp", lists),
            (*b"idat", data),
        ];
        if opacity.is_some() {
            let reference = boxed(b"auxl", &[0, 2, 0, 1, 0, 1]);
            boxes.push((*b"iref", [&[0; 4], &reference[..]].concat()));
        }
        Directory { boxes }
    }

    /// Returns the content of a box, which is added if it is missing.
    pub fn content(&mut self, name: &[u8; 4]) -> &mut Vec<u8> {
        let place = self.boxes.iter().position(|(own, _)| own == name);
        let place = place.unwrap_or_else(|| {
            self.boxes.push((*name, vec![0; 4]));
            self.boxes.len() - 1
        });
        &mut self.boxes[place].1
    }

    pub fn file(&self) -> Vec<u8> {
        let mut meta = vec![0; 4];
        for (name, content) in &self.boxes {
            meta.extend(boxed(name, content));
        }
        [
            boxed(b"ftyp", b"avif\0\0\0\0avifmif1miaf"),
            boxed(b"meta", &meta),
        ]
        .concat()
    }
}
