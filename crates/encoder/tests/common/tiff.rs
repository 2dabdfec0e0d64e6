//! TIFF files of gray tiles.

/// The content of a file's directory.
pub struct Tiles<'a> {
    pub sides: (u32, u32),
    pub tile: (u32, u32),
    /// Number of the compression: 1 for none, 8 for deflate.
    pub packing: u32,
    /// The tiles' bytes, and the number of bytes that the directory states.
    pub tiles: &'a [(Vec<u8>, u32)],
    /// True if all tiles begin where the first one does.
    pub shared: bool,
}

impl Tiles<'_> {
    pub fn file(&self) -> Vec<u8> {
        let count = self.tiles.len() as u32;
        let lists = 8 + 2 + 9 * 12 + 4;
        let mut start = lists + 8 * count;
        let mut places = Vec::new();
        let mut data = Vec::new();
        for (tile, _) in self.tiles {
            places.push(start);
            if !self.shared || data.is_empty() {
                data.extend_from_slice(tile);
            }
            start += if self.shared { 0 } else { tile.len() as u32 };
        }
        let bytes: Vec<u32> = self.tiles.iter().map(|tile| tile.1).collect();
        let one = |list: &[u32], place| if count == 1 { list[0] } else { place };
        let entries: [(u16, u32, u32); 9] = [
            (256, 1, self.sides.0),
            (257, 1, self.sides.1),
            (258, 1, 8),
            (259, 1, self.packing),
            (262, 1, 1),
            (322, 1, self.tile.0),
            (323, 1, self.tile.1),
            (324, count, one(&places, lists)),
            (325, count, one(&bytes, lists + 4 * count)),
        ];
        let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
        for (tag, count, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(4u16.to_le_bytes());
            file.extend(count.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        file.extend([0; 4]);
        file.extend(places.iter().chain(&bytes).flat_map(|n| n.to_le_bytes()));
        file.extend(data);
        file
    }
}
