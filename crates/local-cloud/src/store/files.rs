//! Files of objects.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use s3s::crypto::{Checksum as _, Md5};

use super::version::Stamp;
use super::{Address, StoreError};

/// Opens the file of an object. Anything else than a file is not an object.
pub(super) fn open_file(address: &Address) -> Result<File, StoreError> {
    let missing = || StoreError::NoSuchKey(address.key.clone());
    match File::open(address.path()) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(missing()),
        Err(error) if is_missing(&error) => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// True if this error means that there is no file.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

/// Returns the MD5 of a file, and its stamp, which was the same before and after reading.
pub(super) fn digest(file: &mut File, mut stamp: Stamp) -> io::Result<(String, Stamp)> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        let mut md5 = Md5::new();
        file.seek(SeekFrom::Start(0))?;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            md5.update(&buffer[..read]);
        }
        file.seek(SeekFrom::Start(0))?;
        let after = Stamp::of(&file.metadata()?)?;
        if after == stamp {
            return Ok((hex::encode(md5.finalize()), stamp));
        }
        stamp = after;
    }
}
