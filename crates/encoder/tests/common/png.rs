//! PNG files split into chunks and put together again.

pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A chunk's name and content.
pub type Chunk = (Vec<u8>, Vec<u8>);

pub fn chunks(file: &[u8]) -> Vec<Chunk> {
    let mut rest = &file[SIGNATURE.len()..];
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        chunks.push((after[..4].to_vec(), after[4..4 + length].to_vec()));
        rest = &after[8 + length..];
    }
    chunks
}

/// Makes the file with these chunks, including checksums.
pub fn file(chunks: &[Chunk]) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    for (name, content) in chunks {
        file.extend((content.len() as u32).to_be_bytes());
        let start = file.len();
        file.extend(name);
        file.extend(content);
        let sum = crc32(&file[start..]);
        file.extend(sum.to_be_bytes());
    }
    file
}

pub fn chunk(name: &[u8; 4], content: &[u8]) -> Chunk {
    (name.to_vec(), content.to_vec())
}

/// Makes a header chunk of eight-bit RGB.
pub fn header(width: u32, height: u32) -> Chunk {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[&sides[..], &[8, 2, 0, 0, 0]].concat())
}

pub fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32| {
        if sum & 1 == 1 {
            0xEDB8_8320 ^ (sum >> 1)
        } else {
            sum >> 1
        }
    };
    let update = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum));
    !bytes.iter().fold(!0, update)
}
